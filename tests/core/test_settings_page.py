"""The page of settings."""

from typing import Annotated

import pytest
from django.urls import reverse
from pydantic import Field

from core import policy
from core.models import AuditEntry, PolicySetting, User
from core.policy import PolicySpec
from core.roles import Role
from core.views.settings import form_for
from tests.clients import client_as, client_of
from tests.factories import NOW, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia() -> User:
    return make_person(Role.MANAGER, username="mia")


@pytest.fixture
def manager(mia):
    return client_of(mia)


@pytest.fixture(autouse=True)
def bakery(monkeypatch):
    """A setting of each kind, and no others."""
    monkeypatch.setattr(policy, "_specs", dict(policy._specs))
    for name, annotation, default in (
        ("OPEN", bool, True),
        ("MINUTES", Annotated[int, Field(ge=1, le=600)], 40),
        ("SALT", Annotated[float, Field(ge=0, le=1)], 0.5),
        ("SIGN", Annotated[str, Field(min_length=1, max_length=20)], "Bread"),
    ):
        policy.register(
            PolicySpec(name, annotation, default, name.title(), f"{name}?", "Bakery")
        )


def _list(client):
    return client.get(reverse("core:setting-list"))


def _set(client, name, value):
    data = {} if value is None else {"value": value}
    return client.post(reverse("core:setting-detail", args=[name]), data)


def test_each_kind_has_its_control(manager):
    text = _list(manager).content.decode()

    assert 'class="switch"' in text
    assert 'type="number" name="value" value="40" min="1" max="600"' in text
    assert 'min="0" max="1"' in text
    assert 'maxlength="20"' in text


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("OPEN", None, False),
        ("MINUTES", "55", 55),
        ("SALT", "0.25", 0.25),
        ("SIGN", "  Cake & tea ", "Cake & tea"),
    ],
)
def test_a_manager_changes_it(manager, mia, name, given, expected):
    response = _set(manager, name, given)

    assert response.url == reverse("core:setting-list")
    assert policy.value(name) == expected
    assert PolicySetting.objects.get().author == mia
    assert AuditEntry.objects.get().actor == mia


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MINUTES", "0"),
        ("MINUTES", "601"),
        ("MINUTES", "5.5"),
        ("MINUTES", ""),
        ("SALT", "nan"),
        ("SALT", "1e400"),
        ("SIGN", ""),
        ("SIGN", "x" * 21),
        ("SIGN", "a\0b"),
    ],
)
def test_what_will_not_do_is_said_beside_its_field_alone(manager, name, value):
    response = _set(manager, name, value)

    text = response.content.decode()
    assert response.status_code == 422
    assert text.count('class="errorlist"') == 1
    assert f'id="setting-{name}-value_error"' in text
    assert not PolicySetting.objects.exists()


def test_what_only_the_service_refuses_is_said_there_too(manager):
    policy.register(
        PolicySpec("HEAT", Annotated[float, Field(gt=0)], 1.0, "Heat", "?", "Bakery")
    )

    response = _set(manager, "HEAT", "0")

    assert response.status_code == 422
    assert 'id="setting-HEAT-value_error"' in response.content.decode()


def test_a_type_without_a_control_is_a_mistake_of_ours():
    spec = PolicySpec("LIST", list[str], ["a"], "List", "?", "Bakery")

    with pytest.raises(TypeError, match="no control for array"):
        form_for(spec)


def test_it_goes_back_to_the_default(manager):
    _set(manager, "MINUTES", "55")
    assert "Back to the default" in _list(manager).content.decode()

    manager.post(reverse("core:setting-reset", args=["MINUTES"]))

    assert policy.value("MINUTES") == 40
    assert "Back to the default" not in _list(manager).content.decode()


def test_the_list_says_who_changed_it_last(manager):
    _set(manager, "MINUTES", "55")

    text = _list(manager).content.decode()

    assert "by mia" in text
    assert "Default: 40" in text


def test_the_history_names_values_and_authors(manager, mia):
    for minutes in (50, 55):
        policy.set_value(name="MINUTES", value=minutes, actor=mia, now=NOW)

    response = manager.get(reverse("core:setting-detail", args=["MINUTES"]))

    assert [words for _, words in response.context["rows"]] == ["55", "50"]
    assert "mia" in response.content.decode()


def test_without_changes_the_history_says_so(manager):
    response = manager.get(reverse("core:setting-detail", args=["MINUTES"]))

    assert "Never changed" in response.content.decode()


@pytest.mark.parametrize("name", ["setting-detail", "setting-reset"])
def test_unknown_settings_are_not_there(manager, name):
    assert manager.post(reverse(f"core:{name}", args=["NO_SUCH"])).status_code == 404


def test_a_viewer_sees_values_and_no_controls():
    response = _list(client_as(Role.VIEWER))

    text = response.content.decode()
    assert "managers change them" in text
    assert 'name="value"' not in text
    assert "<strong>40</strong>" in text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CURATOR])
def test_others_cannot_change_them(role):
    client = client_as(role)

    changed = _set(client, "MINUTES", "55")
    reset = client.post(reverse("core:setting-reset", args=["MINUTES"]))

    assert (changed.status_code, reset.status_code) == (403, 403)
    assert policy.value("MINUTES") == 40


def test_the_number_of_queries_is_flat(manager, mia, django_assert_num_queries):
    for number in range(30):
        policy.set_value(name="MINUTES", value=number + 1, actor=mia, now=NOW)
        policy.set_value(name="SIGN", value=f"Sign {number}", actor=mia, now=NOW)
    _list(manager)

    # Session, person, role; newest rows; what is in force: a look per setting
    # shown, and one for the header, while no watcher runs.
    with django_assert_num_queries(4 + len(policy.specs()) + 1):
        _list(manager)


def test_the_name_of_the_community_is_on_every_page(manager):
    _set(manager, "COMMUNITY_NAME", "Harbour <Lights>")

    text = _list(manager).content.decode()

    assert "<title>Settings · Harbour &lt;Lights&gt;</title>" in text
    assert "Harbour &lt;Lights&gt;" in text.split("<header")[1].split("</header>")[0]


# -- Settings with a page of their own, and without a value -------------------------


@pytest.fixture
def oven() -> PolicySpec:
    """A setting that is edited on the page of people, as far as this test cares."""
    spec = PolicySpec(
        "OVENS",
        Annotated[tuple[str, ...], Field(max_length=3)],
        ("North", "South"),
        "Ovens",
        "Which are lit.",
        "Bakery",
        page="core:person-list",
        words=" & ".join,
    )
    policy.register(spec)
    return spec


def test_a_setting_with_its_own_page_is_shown_with_the_way_there(manager, oven):
    text = _list(manager).content.decode()

    card = text.split('id="OVENS"')[1].split("</article>")[0]
    assert "<strong>North &amp; South</strong>" in card
    assert f'href="{reverse("core:person-list")}"' in card
    assert 'name="value"' not in card


@pytest.mark.parametrize("name", ["setting-detail", "setting-reset"])
def test_a_setting_with_its_own_page_is_changed_there_alone(manager, oven, name):
    response = manager.post(reverse(f"core:{name}", args=["OVENS"]), {"value": "x"})

    assert response.url == reverse("core:person-list")
    assert not PolicySetting.objects.exists()


def test_its_history_is_in_words_even_where_a_value_is_not_allowed_any_more(
    manager, mia, oven
):
    policy.set_value(name="OVENS", value=("East",), actor=mia, now=NOW)
    PolicySetting.objects.create(name="OVENS", value=[1], effective_at=NOW)

    response = manager.get(reverse("core:setting-detail", args=["OVENS"]))

    words = [words for _, words in response.context["rows"]]
    assert words == ["[1] (not allowed any more)", "East"]
    assert "North &amp; South" in response.content.decode()


@pytest.mark.parametrize(("given", "expected"), [("", None), ("7", 7)])
def test_a_box_may_be_empty_where_nothing_is_a_value(manager, given, expected):
    policy.register(
        PolicySpec("CAP", Annotated[int, Field(ge=1)] | None, 5, "Cap", "?", "Bakery")
    )

    _set(manager, "CAP", given)

    assert policy.value("CAP") == expected


def test_every_registered_setting_has_a_control_or_a_page(manager):
    for spec in policy.specs():
        assert spec.page or form_for(spec).fields["value"]
    assert _list(manager).status_code == 200
