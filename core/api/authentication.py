"""Who calls the API: a bot by its key, or a person by their session."""

from typing import Final
from urllib.parse import unquote_plus

import structlog
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from core.keys import LAST_USES, PREFIX, RING, BotPrincipal
from core.models import User
from core.problems import Problem

_SCHEME: Final = "Bearer"
_log: Final = structlog.get_logger(__name__)


class BotKeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer KEY``.

    ``request.auth`` is then a ``core.keys.BotPrincipal``, and ``request.user``
    nobody, so that no right of a person is ever a bot's.
    """

    def authenticate(
        self, request: Request
    ) -> tuple[AnonymousUser, BotPrincipal] | None:
        """Raises AuthenticationFailed, the same for every key that opens nothing."""
        if PREFIX in unquote_plus(request.META.get("QUERY_STRING", "")):
            # Addresses are written into logs on their way here.
            _log.warning("api.key_in_query")
            raise AuthenticationFailed
        scheme, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != _SCHEME.lower():
            return None
        now = timezone.now()
        principal = RING.find(text.strip(), now=now)
        if principal is None:
            raise AuthenticationFailed
        LAST_USES.note(principal, now=now)
        return AnonymousUser(), principal

    def authenticate_header(self, request: Request) -> str:
        return _SCHEME


class PersonAuthentication(SessionAuthentication):
    """The session of our pages; what changes anything needs its CSRF token."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """Raises Problem (403 csrf_failed)."""
        try:
            found: tuple[User, None] | None = super().authenticate(request)
        except PermissionDenied as error:
            raise Problem(
                "csrf_failed", detail="Send the session's token as X-CSRFToken."
            ) from error
        return found
