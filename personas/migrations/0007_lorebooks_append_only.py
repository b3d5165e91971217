"""The database refuses to change or delete versions of lorebooks."""

from django.db import migrations

from core.append_only import append_only


class Migration(migrations.Migration):
    dependencies = [("personas", "0006_cards_and_lorebooks")]

    operations = [append_only("personas_lorebookversion")]
