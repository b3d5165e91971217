"""Views that use every part of the plumbing, as an app would."""

from typing import Literal

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.urls import include, path
from pydantic import AwareDatetime, BaseModel, Field
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from core.access import PUBLIC, Needs
from core.api.pagination import paginate
from core.api.parameters import Body, PageQuery, Query, read_body, read_query
from core.api.schema import describe
from core.api.throttling import charge
from core.models import AuditEntry
from core.problems import FieldError, Problem
from core.rates import READS
from core.roles import Action, Scope

READ = Needs(action=Action.SEE, scope=Scope.PROMPT_READ)
PUBLISH = Needs(action=Action.PUBLISH, scope=Scope.INTERACTION_WRITE)


class ThingQuery(Query):
    kind: Literal["new", "old"] = "new"
    at: AwareDatetime | None = None
    least: int = Field(0, ge=-10, le=10, alias="min")
    target: list[str] | None = None


class Inner(Body):
    name: str = Field(min_length=1, max_length=5)
    size: int = 1


class ThingBody(Body):
    title: str
    count: int = 0
    at: AwareDatetime | None = None
    inner: Inner | None = None
    items: list[Inner] = Field(default=[], max_length=3)


class ThingAnswer(BaseModel):
    title: str
    count: int


class Things(APIView):
    access = {"GET": READ, "POST": PUBLISH}

    @describe(
        name="things",
        summary="Read things",
        query=ThingQuery,
        answers={200: ThingAnswer},
        problems=["conflict"],
        tag="things",
    )
    def get(self, request):
        query = read_query(request, ThingQuery)
        return Response(query.model_dump(mode="json", by_alias=True))

    @describe(
        name="thing_create",
        summary="Make a thing",
        body=ThingBody,
        answers={201: ThingAnswer, 204: "Nothing"},
        tag="things",
    )
    def post(self, request):
        body = read_body(request, ThingBody)
        return Response(body.model_dump(mode="json"), status=201)


class Thing(APIView):
    access = {"GET": READ}

    @describe(name="thing", summary="One thing", answers={200: ThingAnswer}, tag="x")
    def get(self, request, thing_id):
        """It is found by its id."""
        return Response({"title": thing_id, "count": 1})


class BotsOnly(APIView):
    schema = None
    access = {"GET": Needs(action=None, scope=Scope.ROUTE_DECIDE)}

    def get(self, request):
        return Response({"bot": request.auth.name})


class PeopleOnly(APIView):
    schema = None
    access = {"GET": Needs(action=Action.MANAGE_KEYS, scope=None)}

    def get(self, request):
        return Response({"person": request.user.username})


class Undeclared(APIView):
    schema = None

    def get(self, request):
        return Response({})


class Open(APIView):
    schema = None
    access = {"GET": PUBLIC}

    def get(self, request):
        return Response({"user": request.user is not None})


class Batch(APIView):
    schema = None
    access = {"POST": PUBLISH}

    def post(self, request):
        charge(request, events=len(request.data["events"]))
        return Response({})


class Compose(APIView):
    schema = None
    access = {"POST": READ}
    rate = READS

    def post(self, request):
        return Response({})


class Log(APIView):
    schema = None
    access = {"GET": READ}

    def get(self, request):
        query = read_query(request, PageQuery)
        rows = AuditEntry.objects.all()
        page = paginate(rows, order=("-at", "-id"), query=query)
        return Response(
            {"results": [row.object_id for row in page.results], "next": page.next}
        )


class Row(serializers.Serializer):
    name = serializers.CharField()


class Table(serializers.Serializer):
    rows = Row(many=True)

    def validate(self, attrs):
        raise serializers.ValidationError("Too plain.")


def _serializer_error():
    serializer = Table(data={"rows": [{"name": "a"}, {}]})
    serializer.is_valid(raise_exception=True)


def _plain_error():
    serializer = Table(data={"rows": []})
    serializer.is_valid(raise_exception=True)


def _validation_error():
    ThingBody.model_validate({"count": "x"})


FAILURES = {
    "problem": Problem(
        "conflict",
        detail="Choose another.",
        errors=[FieldError("/title", "invalid", "Taken.")],
        headers={"Retry-After": "7"},
    ),
    "missing": Http404(),
    "forbidden": PermissionDenied(),
    "suspicious": SuspiciousOperation(),
    "database": OperationalError("password=hunter2"),
    "interface": InterfaceError("closed"),
    "framework-missing": exceptions.NotFound("No such thing."),
    "framework-forbidden": exceptions.PermissionDenied("Not you."),
    "parse": exceptions.ParseError("What?"),
    "throttled": exceptions.Throttled(wait=2.5),
    "failed": exceptions.AuthenticationFailed("secret reason"),
    "bug": RuntimeError("a bug"),
}


class Failing(APIView):
    schema = None
    access = {"GET": PUBLIC}

    def get(self, request, how):
        if how == "serializer":
            _serializer_error()
        if how == "plain":
            _plain_error()
        if how == "validation":
            _validation_error()
        raise FAILURES[how]


urlpatterns = [
    path("", include("core.api.ops_urls")),
    path("api/v1/things", Things.as_view(), name="things"),
    path("api/v1/things/<slug:thing_id>", Thing.as_view(), name="thing"),
    path("api/v1/bots", BotsOnly.as_view()),
    path("api/v1/people", PeopleOnly.as_view()),
    path("api/v1/undeclared", Undeclared.as_view()),
    path("api/v1/open", Open.as_view()),
    path("api/v1/batch", Batch.as_view()),
    path("api/v1/compose", Compose.as_view()),
    path("api/v1/log", Log.as_view()),
    path("api/v1/fail/<str:how>", Failing.as_view()),
    path("api/v1/", include("core.api.urls")),
    path("accounts/", include("allauth.urls")),
]

handler400 = "core.views.errors.handler400"
handler403 = "core.views.errors.handler403"
handler404 = "core.views.errors.handler404"
handler500 = "core.views.errors.handler500"
