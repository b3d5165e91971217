"""The cap on tokens, as every publish checks it."""

import pytest
from django.utils import timezone

from core import policy
from personas.policy import PROMPT_TOKEN_CAP
from personas.services import publishing
from tests.factories import NOW, make_character, make_framework

pytestmark = pytest.mark.django_db


def cap(value):
    policy.set_value(name=PROMPT_TOKEN_CAP, value=value, actor=None, now=timezone.now())


def publish():
    return publishing.publish(character_ids=["ada"], note="Out", author=None, now=NOW)


def test_a_prompt_above_the_cap_is_not_published():
    make_character(description="star " * 60)
    cap(50)

    assert "most allowed is 50" in publish().refused["ada"]

    cap(None)
    assert publish().refused == {}


def test_a_prompt_near_the_cap_is_published_with_a_word_about_it():
    make_character(description="star " * 60)
    cap(75)

    outcome = publish()

    assert outcome.refused == {}
    assert "most allowed is 75" in str(outcome)


def test_a_blended_prompt_counts_too():
    make_framework("neuro")
    make_framework("caring", behavioral_patterns={"warmth": "very " * 60})
    make_character(
        framework_blending={
            "enabled": True,
            "weights": [{"context": "casual", "framework_id": "caring", "weight": 1.0}],
        }
    )
    cap(50)

    assert "kind of conversation “Casual”" in publish().refused["ada"]


def test_a_template_without_places_is_told_by_the_names_of_the_sections():
    make_framework("neuro", prompt_template="{identity} {knowledge} {interaction}")
    make_character()

    (told,) = publish().warnings["ada"]

    assert "no place for “Behavior”, “Staying truthful”: they" in told


@pytest.mark.parametrize("value", [0, -1, 1.5, "many", True])
def test_the_cap_is_a_number_above_zero_or_nothing(value):
    with pytest.raises(policy.InvalidValue):
        cap(value)
