"""Every address × method × role answers as ``core.access`` says.

Addresses are found by walking the resolver, so that a new one is tested without
being named here, and fails if it declares nothing.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, path, reverse

from core.access import PUBLIC, Needs, rule_for, rules_of
from core.admin import SafeAdmin
from core.models import AuditEntry, BotKey, Invitation, User
from core.roles import TABLE, Action, Role, Scope
from tests.factories import NOW, make_character, make_person

PAGE_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ADMIN_METHODS = ("GET", "POST")
PK = 700_000

VALUES = {
    "pk": PK,
    "number": 1,
    "object_id": PK,
    "item_pk": PK,
    "delivery_pk": PK,
    "book_id": "ruins",
    "entry_id": "00000000-0000-4000-8000-000000000000",
    "form": "world_info",
    "before": 1,
    "import_id": "00000000-0000-4000-8000-000000000000",
    "content_type_id": 1,
    "character_id": "ada",
    "framework_id": "neuro",
    "context_id": "casual",
    "digest": "a" * 64,
    "token": "nonsense",
    "name": "COMMUNITY_NAME",
    "app_label": "core",
    "key": "nonsense",
    "uidb36": "1",
    "url": "no-such-page",
    "source": "ada",
    "target": "bob",
    "trait": "warmth",
    "stage_id": "1",
    "decision_id": "00000000-0000-4000-8000-000000000000",
    "channel_id": "4711",
    "quiet_id": "00000000-0000-4000-8000-000000000000",
}
"""Argument → what stands in its place; some of it exists, so that views run."""

CLOSED = {
    # Signing in by mailed codes is off.
    "account_confirm_login_code",
    # Former addresses of django-allauth, which redirect to its present ones.
    "accounts/social/login/cancelled/",
    "accounts/social/login/error/",
    "accounts/social/signup/",
    "accounts/social/connections/",
}
"""Addresses of packages that are meant to be closed to everybody."""

REFUSING = {
    # Says that signing in elsewhere went wrong.
    "socialaccount_login_error": 401,
    # Nobody here has a password or a second factor to confirm with.
    "account_reauthenticate": 403,
    "mfa_reauthenticate": 403,
}
"""Addresses whose answer looks like a refusal, though everybody may ask."""

ADMIN_OPEN = {
    "index",
    "app_list",
    "jsi18n",
    "logout",
    "password_change",
    "password_change_done",
    "view_on_site",
    "",  # From a row to its page; and whatever matches nothing.
}
"""Addresses of the admin that are for everybody with a role."""

Answer = Literal["open", "sign in", "denied", "no such method"]


@dataclass(frozen=True, slots=True)
class Address:
    """One pattern of the resolver; ``name`` is the route if it has none."""

    route: str
    name: str
    view: Any

    def url(self, values: Mapping[str, Any]) -> str:
        """The route with ``values`` in place of converters and named groups."""
        argument = r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)"
        plain = re.sub(argument, lambda m: str(values[m[1] or m[2]]), self.route)
        return "/" + plain.replace("^", "").replace("$", "")

    @property
    def is_api(self) -> bool:
        return hasattr(self.view, "cls")

    @property
    def is_admin(self) -> bool:
        return self.route.startswith("admin/")

    @property
    def admin_name(self) -> str:
        return self.name.removeprefix("admin:") if self.name != self.route else ""

    @property
    def rules(self) -> Any:
        return rules_of(self.view, name=self.name)


def walk(
    patterns: Iterable[URLPattern | URLResolver],
    *,
    prefix: str = "",
    namespace: str = "",
) -> Iterator[Address]:
    """Each address below ``patterns``."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from walk(
                pattern.url_patterns, prefix=route, namespace=namespace + inner
            )
        else:
            name = f"{namespace}{pattern.name}" if pattern.name else route
            yield Address(route, name, pattern.callback)


def addresses() -> list[Address]:
    return list(walk(get_resolver().url_patterns))


def says_nothing(address: Address) -> bool:
    """Whether nobody has said who may open it."""
    if address.is_admin and address.rules is None:
        return address.admin_name not in {*ADMIN_OPEN, "login", "autocomplete"} and (
            _of_model(address) is None
        )
    return address.rules is None and address.name not in CLOSED


def _of_model(address: Address) -> tuple[Any, str] | None:
    """The admin and the page (``add`` …) that an address of the admin stands for."""
    for model, model_admin in admin.site._registry.items():
        start = f"{model._meta.app_label}_{model._meta.model_name}_"
        page = address.admin_name.removeprefix(start)
        if page in {"changelist", "add", "change", "delete", "history"} and (
            address.admin_name.startswith(start)
        ):
            return model_admin, page
    return None


def expected(address: Address, *, method: str, role: Role | None) -> Answer:
    if address.is_admin and address.rules is None:
        return _expected_of_admin(address, method=method, role=role)
    if address.rules is None:
        return "denied"
    rule = rule_for(address.rules, method=method)
    if rule is None:
        return "no such method"
    if rule == PUBLIC:
        return "open"
    if role is None:
        return "sign in"
    action = rule.action if isinstance(rule, Needs) else rule
    return "open" if action in TABLE[role] else "denied"


def _expected_of_admin(address: Address, *, method: str, role: Role | None) -> Answer:
    if role is None:
        return "sign in"
    if address.admin_name == "autocomplete":  # It asks for more than an address.
        return "denied" if method == "GET" else "no such method"
    found = _of_model(address)
    if found is None:
        return "open"
    model_admin, page = found
    needed = model_admin.actions_needed
    change = {needed.get("change")}
    # An admin with a history of its own shows it to whoever may see the row.
    has_own_history = type(model_admin).history_view is not SafeAdmin.history_view
    actions = {
        "changelist": {needed.get("view")} | change,
        "add": {needed.get("add")},
        "change": change if method == "POST" else {needed.get("view")} | change,
        "delete": {needed.get("delete")},
        "history": {needed.get("view") if has_own_history else Action.READ_AUDIT},
    }[page]
    return "open" if actions & TABLE[role] else "denied"


def answer_of(response: HttpResponse, *, address: Address) -> Answer | str:
    """What the response amounts to."""
    status = response.status_code
    if status == REFUSING.get(address.name):
        return "open"
    if status >= 500:
        return f"broken ({status})"
    if status == 405:
        return "no such method"
    if status == 403:
        return "denied"
    if status == 401:
        return "sign in"
    if status == 302 and not address.is_api:
        doors = [f"{reverse(name)}?next=" for name in ("account_login", "admin:login")]
        if response.url.startswith(tuple(doors)):
            return "sign in"
        if address.admin_name == "logout" and response.url == reverse("admin:index"):
            return "sign in"
    return "open"


@pytest.fixture
def rows(db):
    """What the arguments name."""
    make_character("ada")
    person = User.objects.create_user(pk=PK, username="sample")
    Invitation.objects.create(
        pk=PK,
        digest="x",
        role="viewer",
        created_by=person,
        created_at=NOW,
        expires_at=NOW,
    )
    BotKey.objects.create(
        pk=PK,
        name="sample",
        public_id="sample",
        digest="x",
        scopes=[Scope.PROMPT_READ],
        created_at=NOW,
    )
    AuditEntry.objects.create(
        pk=PK, at=NOW, actor_name="x", action="x", object_name="x"
    )


def _url(address: Address) -> str:
    """Pages of the admin are asked for a row that is there, if there is one."""
    found = _of_model(address) if address.is_admin else None
    if found is None:
        return address.url(VALUES)
    row = found[0].model.objects.first()
    return address.url({**VALUES, "object_id": quote(row.pk) if row else PK})


def _ask(client: Client, url: str, *, method: str) -> HttpResponse:
    """Whatever the request does is undone, sign-outs too."""
    cookies = deepcopy(client.cookies)
    with transaction.atomic():
        response = client.generic(method, url)
        transaction.set_rollback(True)
    client.cookies = cookies
    return response


@pytest.mark.timeout(300)
@pytest.mark.parametrize("role", [None, *Role])
def test_every_address_answers_as_it_declares(rows, role):
    client = Client(raise_request_exception=False)
    if role is not None:
        client.force_login(make_person(role))

    wrong = []
    for address in addresses():
        url = _url(address)
        for method in ADMIN_METHODS if address.is_admin else PAGE_METHODS:
            response = _ask(client, url, method=method)
            found = answer_of(response, address=address)
            wanted = expected(address, method=method, role=role)
            is_let_through = wanted == "open" and found == "no such method"
            if found != wanted and not is_let_through:
                wrong.append(f"{method} {url}: {found}, not {wanted}")

    assert not wrong, "\n".join(wrong)


def test_every_address_says_who_may_open_it():
    assert [address.route for address in addresses() if says_nothing(address)] == []


def test_an_address_that_says_nothing_is_noticed():
    found = walk([path("new/", lambda request: HttpResponse(), name="new")])

    assert [says_nothing(address) for address in found] == [True]


def test_there_are_addresses():
    assert len(addresses()) > 80
