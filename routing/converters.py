"""What addresses of this app may hold; importing it makes it known."""

from django.urls import register_converter
from django.urls.converters import PathConverter


class ChannelIdConverter(PathConverter):
    """An id of a chat platform: anything, slashes too, but no control characters.

    Bots cannot report those, and Postgres refuses to look for some of them.
    """

    regex = r"[^\x00-\x1f\x7f-\x9f]+"


register_converter(ChannelIdConverter, "channel")
