"""What every template finds in its context."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from core import navigation, policy
from core.people import role_of


def site(request: HttpRequest) -> dict[str, Any]:
    """``navigation``, ``viewer`` (``None`` when signed out), ``community_name``,
    ``request_id``.
    """
    # Absent where a request fails before it reaches the middleware of sessions.
    user = getattr(request, "user", AnonymousUser())
    viewer = None
    if user.is_authenticated:
        role = role_of(user)
        viewer = {
            "user": user,
            "name": str(user),
            "role": role.label if role else "",
        }
    return {
        "navigation": navigation.links(request) if viewer else [],
        "viewer": viewer,
        "community_name": policy.value("COMMUNITY_NAME"),
        "request_id": getattr(request, "request_id", ""),
    }
