"""The database refuses to change or delete what versions were blended from."""

from django.db import migrations

from core.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("personas", "0003_authoring")]

    operations = [
        append_only("personas_versionblend"),
        append_only("personas_blendframework"),
    ]
