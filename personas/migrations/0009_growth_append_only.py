"""The database refuses to change or delete what growth went into versions."""

from django.db import migrations

from core.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("personas", "0008_growth")]

    operations = [append_only("personas_versiongrowth")]
