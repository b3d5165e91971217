"""The database refuses to change or delete versions and what they serve."""

from django.db import migrations

from core.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("personas", "0001_initial"),
        ("core", "0003_audit_append_only"),
    ]

    operations = [
        append_only("personas_characterversion"),
        append_only("personas_frameworkversion"),
        append_only("personas_compiledprompt"),
    ]
