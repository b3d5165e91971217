"""The database refuses to change or delete audit entries."""

from django.db import migrations

from core.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("core", "0002_role_groups")]

    operations = [append_only("core_auditentry")]
