"""Channels as bots report them, and how characters behave there."""

from django.db import models

from core.fields import OrderedJSONField


class Channel(models.Model):
    """A channel, a thread or a category; unknown ones appear with their first message.

    ``settings`` is a ``ChannelSettings`` (``routing.domain.channels``): what it leaves
    open is inherited from the parent, then from the category.
    """

    channel_id = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200, blank=True)
    category_id = models.CharField(max_length=64, blank=True)
    parent_id = models.CharField(max_length=64, blank=True)
    settings = OrderedJSONField(default=dict, blank=True)
    revision = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name or self.channel_id
