"""A key opens something: the constraint so far compared with a text, not a list."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0006_webhooks"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="botkey",
            name="bot_key_has_scope",
        ),
        migrations.AddConstraint(
            model_name="botkey",
            constraint=models.CheckConstraint(
                condition=models.Q(("scopes", []), _negated=True),
                name="bot_key_has_scope",
            ),
        ),
    ]
