"""Reports of what happened, each counted exactly once."""

from django.db import models
from django.db.models import F, Q

from core.fields import OrderedJSONField


class Void(models.Model):
    """Reports that a manager declared void together, with the reason.

    ``chosen`` says by what they were chosen: key, user, channel, from, until.
    """

    at = models.DateTimeField()
    chosen = OrderedJSONField()
    events = models.PositiveBigIntegerField()
    reason = models.TextField()
    author = models.ForeignKey("core.User", models.PROTECT, related_name="+")
    author_name = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="void_has_reason")
        ]

    def __str__(self) -> str:
        return f"{self.events} voided at {self.at:%Y-%m-%d %H:%M}"


class Interaction(models.Model):
    """One reported interaction; never deleted, so that no id counts twice.

    ``bot`` is the first key of the bot, whichever of its keys reported; ``digest``
    is that of the content as parsed, ``answer`` what the bot was answered.
    ``created_at`` is ledger time, ``occurred_at`` what the bot says. ``counted`` is
    what it added to the count of the acting character.
    """

    bot = models.ForeignKey("core.BotKey", models.PROTECT, related_name="+")
    event_id = models.CharField(max_length=100)
    character = models.ForeignKey(
        "personas.Character", models.PROTECT, related_name="interactions"
    )
    kind = models.CharField(max_length=64)
    other = models.ForeignKey(
        "personas.Character", models.PROTECT, null=True, blank=True, related_name="+"
    )
    user_id = models.CharField(max_length=64, blank=True)
    channel_id = models.CharField(max_length=64, blank=True)
    server_id = models.CharField(max_length=64, blank=True)
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField()
    intensity = models.PositiveIntegerField(default=1_000)  # thousandths
    count = models.PositiveIntegerField(default=1)
    counted = models.PositiveIntegerField()
    topics = OrderedJSONField(default=list, blank=True)
    digest = models.CharField(max_length=64)
    answer = OrderedJSONField()
    void = models.ForeignKey(
        Void, models.PROTECT, null=True, blank=True, related_name="interactions"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bot", "event_id"], name="interaction_once_per_bot"
            ),
            models.CheckConstraint(
                condition=Q(other=None) | ~Q(other=F("character")),
                name="interaction_not_self",
            ),
            models.CheckConstraint(
                condition=Q(count__range=(1, 100)), name="interaction_count_in_range"
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="interaction_by_time"),
            models.Index(
                fields=["user_id", "created_at"],
                condition=~Q(user_id=""),
                name="interaction_by_user",
            ),
            models.Index(
                fields=["channel_id", "created_at"],
                condition=~Q(channel_id=""),
                name="interaction_by_channel",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id}: {self.kind}"
