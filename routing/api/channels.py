"""Channels: looked at by anybody, named by bots, given their settings by people."""

import re
from typing import Annotated, Any, Final

import orjson
from django.http import Http404, HttpResponse
from django.utils import timezone
from pydantic import ConfigDict, Field, RootModel
from rest_framework.request import Request
from rest_framework.views import APIView

from core import limits
from core.access import Needs
from core.api.pagination import paginate
from core.api.parameters import Body, PageQuery, Query, read_body, read_query
from core.api.problems import invalid
from core.api.schema import describe
from core.api.throttling import charge
from core.models import User
from core.problems import FieldError, Problem
from core.roles import Action, Scope
from routing.api.channels_schema import CHANNEL, CHANNELS, SYNCED
from routing.domain.channels import ChannelSettings
from routing.models import Channel
from routing.services import channels, switches
from routing.services.channels import (
    MOST_REPORTED,
    ChangedMeanwhile,
    NoSuchChannel,
    NotValid,
    Reported,
)
from routing.services.inheriting import (
    InForce,
    ancestors_of,
    in_force,
    said_by,
    settings_of,
)

READ: Final = Needs(action=Action.SEE, scope=Scope.ROUTE_DECIDE)
WRITE: Final = Needs(action=Action.EDIT_SETTINGS, scope=None)
# What channels there are, bots know; people only say what holds in them.
BOTS: Final = Needs(action=None, scope=Scope.ROUTE_DECIDE)

_TAG: Final = re.compile(rf'(?:W/)?"([0-9]{{1,{limits.INTEGER_DIGITS}}})"')


class SettingsBody(Body):
    """``PUT channels/{channel_id}``."""

    settings: ChannelSettings = Field(
        description="All of them: what is left out, or null, is inherited."
    )


class SyncBody(RootModel[list[Reported]]):
    """``POST channels/sync``."""

    model_config = ConfigDict(frozen=True, strict=True)

    root: Annotated[list[Reported], Field(min_length=1, max_length=MOST_REPORTED)]


class ChannelsView(APIView):
    """All of them."""

    access = {"GET": READ}

    @describe(
        name="channels",
        summary="Channels with their own settings",
        query=PageQuery,
        answers={200: CHANNELS},
        problems=["bad_cursor"],
        tag="channels",
    )
    def get(self, request: Request) -> HttpResponse:
        """Channels, threads and categories, by id: those that bots told of, and those
        of which a message came. What they inherit, each tells by itself."""
        query = read_query(request, PageQuery)
        page = paginate(Channel.objects.all(), order=("channel_id",), query=query)
        results = [_listed(channel) for channel in page.results]
        return _answer({"results": results, "next": page.next})


class ChannelView(APIView):
    """One of them."""

    access = {"GET": READ, "PUT": WRITE}

    @describe(
        name="channel",
        summary="A channel, and what holds in it",
        query=Query,
        answers={200: CHANNEL},
        tag="channels",
    )
    def get(self, request: Request, channel_id: str) -> HttpResponse:
        """Its own settings, those in force, and which quiet switches are on. The
        `ETag` changes with its own settings; send it as `If-Match` to change them."""
        read_query(request, Query)
        channel = Channel.objects.filter(channel_id=channel_id).first()
        if channel is None:
            raise Http404
        return _shown(channel)

    @describe(
        name="channel_set",
        summary="Change a channel's settings",
        query=Query,
        body=SettingsBody,
        answers={200: CHANNEL},
        problems=["if_match_required", "stale"],
        tag="channels",
    )
    def put(self, request: Request, channel_id: str) -> HttpResponse:
        """All settings at once. Needs the `ETag` of the channel as `If-Match`; if
        somebody changed its settings since then, nothing is written, and the answer
        holds what is there, as `current`. Bots tell names with `channels/sync`."""
        read_query(request, Query)
        based_on = _based_on(request)
        body = read_body(request, SettingsBody)
        assert isinstance(request.user, User)  # noqa: S101 - bots are refused before
        try:
            saved = channels.save_settings(
                channel_id=channel_id,
                settings=body.settings,
                based_on=based_on,
                actor=request.user,
                now=timezone.now(),
            )
        except NoSuchChannel as error:
            raise Http404 from error
        except NotValid as error:
            raise invalid(
                FieldError(f"/settings{each.pointer}", each.code, each.detail)
                for each in error.errors
            ) from error
        except ChangedMeanwhile as error:
            raise _stale(error) from error
        return _shown(saved.channel)


class SyncView(APIView):
    """What bots know of channels."""

    access = {"POST": BOTS}

    @describe(
        name="channels_sync",
        summary="Tell how channels are called, and where they stand",
        query=Query,
        body=SyncBody,
        answers={200: SYNCED},
        tag="channels",
    )
    def post(self, request: Request) -> HttpResponse:
        """Up to 1,000 channels, threads and categories, as the chat platform has
        them; send all of them when the bot starts, and one when it changes. What is
        left out of one is empty from now on; settings stay, and so do channels that
        are not told of. If one cannot be used, nothing is written. Each counts as a
        tenth of a request."""
        read_query(request, Query)
        reported = read_body(request, SyncBody).root
        charge(request, events=len(reported))
        _check(reported)
        synced = channels.sync(reported, now=timezone.now())
        return _answer(
            {
                "created": synced.created,
                "changed": synced.changed,
                "unchanged": synced.unchanged,
            }
        )


def _check(reported: list[Reported]) -> None:
    """Raises Problem (422) for channels told of twice, and for those in themselves."""
    errors: list[FieldError] = []
    first: dict[str, int] = {}
    for at, each in enumerate(reported):
        if first.setdefault(each.id, at) != at:
            detail = f"Tell of each channel once; this one is also at {first[each.id]}."
            errors.append(FieldError(f"/{at}/id", "invalid", detail))
        errors += [
            FieldError(f"/{at}/{name}", "invalid", "A channel cannot be in itself.")
            for name in ("category_id", "parent_id")
            if getattr(each, name) == each.id
        ]
    if errors:
        raise invalid(errors)


def _based_on(request: Request) -> int | None:
    """The revision that an edit started from; ``None`` for ``*``, which takes any."""
    header = request.headers.get("If-Match")
    if header is None:
        raise Problem(
            "if_match_required",
            detail="Send the ETag of the channel, as GET gave it, as If-Match.",
        )
    if header.strip() == "*":
        return None
    found = _TAG.fullmatch(header.strip())
    if found is None:
        raise Problem(
            "bad_request", detail='Send one ETag of the channel as If-Match: "3".'
        )
    return int(found[1])


def _stale(error: ChangedMeanwhile) -> Problem:
    return Problem(
        "stale",
        detail=f"{error} Look at what is there now, then send it again with its ETag.",
        headers={"ETag": f'"{error.theirs.revision}"'},
        members={"current": _body(error.theirs)},
    )


def _shown(channel: Channel) -> HttpResponse:
    response = _answer(_body(channel))
    response["ETag"] = f'"{channel.revision}"'
    return response


def _answer(body: dict[str, Any]) -> HttpResponse:
    response = HttpResponse(orjson.dumps(body), content_type="application/json")
    response["Cache-Control"] = "private, no-cache"
    response["Vary"] = "Authorization, Cookie"
    return response


# -- Bodies --------------------------------------------------------------------------


def _listed(channel: Channel) -> dict[str, Any]:
    return {
        "id": channel.channel_id,
        "name": channel.name,
        "category_id": channel.category_id or None,
        "parent_id": channel.parent_id or None,
        "settings": settings_of(channel).model_dump(mode="json"),
        "revision": channel.revision,
    }


def _body(channel: Channel) -> dict[str, Any]:
    said = said_by(channel, known=ancestors_of([channel]))
    quiets = switches.read().quiets_in(channel.channel_id, now=timezone.now())
    return {
        **_listed(channel),
        "effective": _effective(in_force(said)),
        "quiet": [
            {
                "quiet_id": each.quiet_id,
                "character_id": each.character_id,
                "other_character_id": each.other_character_id,
            }
            for each in quiets
        ],
    }


def _effective(found: InForce) -> dict[str, Any]:
    return {
        "reply_mode": found.reply_mode,
        "allow": found.allow,
        "deny": found.deny,
        "default_character_id": found.default_character_id,
        "from": dict(found.origins),
    }
