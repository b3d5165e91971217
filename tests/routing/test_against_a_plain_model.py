"""Whatever happens in whatever order, the site counts as a plain model does.

``SOAK=1`` draws many more and longer stories.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from itertools import combinations
from random import Random
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import Client, TestCase
from django.utils import timezone
from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core import policy
from core.keys import BotPrincipal
from core.roles import Role
from evolution import tasks as evolving
from evolution.domain.deciding import Act
from evolution.models import Crossing, Progress, ProgressDay
from evolution.policy import traits
from evolution.services import applying, stages
from personas.models import Character
from personas.services import drafts, publishing
from relationships.api import views
from relationships.models import Affinity, LedgerRow
from relationships.services import adjusting
from routing.domain.events import Reported
from routing.services import reporting, voiding
from routing.services.voiding import Chosen
from tests.core.api_client import make_key
from tests.factories import NOW, make_character, make_person
from tests.routing.plain_model import KINDS, TRAITS, Model, Passed, Stage
from tests.routing.reports import ONE, assert_adds_up, send, send_all

SOAK = os.environ.get("SOAK") == "1"
EXAMPLES, STEPS = (100, 50) if SOAK else (5, 25)
NAMES = ("ada", "bob", "eve")
USERS = ("u1", "u2", "u3")
SUBJECTS = ("cats", "tea", "ships")
TOPICS = st.sampled_from(["Tea", "tea", "Ships", "old  Ships"])
PAIRS = st.permutations(NAMES).map(lambda names: tuple(names[:2]))
STEPS_OF_TIME = [
    timedelta(minutes=1),
    timedelta(minutes=90),
    timedelta(hours=7),
    timedelta(days=1),
    timedelta(days=3, hours=5),
    timedelta(days=40),
]
# Each once: else halves of a day at one rate might be told apart by the last digit.
RATES = ("0.25", "0.03", "1", "0.6", "0")


@st.composite
def said(draw: st.DrawFn) -> dict[str, Any]:
    """A report without its id; now and then one that is refused."""
    kind = draw(st.sampled_from([*KINDS, "message", "insult", "insult", "hug"]))
    numbers = [1, 2, 3] if kind != "message" else [1, 5, 44, 100]
    return {
        "character_id": draw(st.sampled_from([*NAMES, *NAMES, *NAMES, "nobody"])),
        "other_character_id": draw(st.sampled_from([*NAMES, *NAMES, None])),
        "kind": kind,
        "count": draw(st.sampled_from(numbers)),
        "intensity": draw(st.sampled_from([1.0, 0.5, 2.0, 0.0, 1.337])),
        "user_id": draw(st.sampled_from(USERS)),
        "topics": draw(st.lists(TOPICS, max_size=2)),
    }


def points(milli: int) -> Decimal:
    return Decimal(milli) / 1_000


class Site(RuleBasedStateMachine):
    """The site, and the model beside it."""

    def __init__(self) -> None:
        super().__init__()
        # One story is one transaction of a test, which never ends.
        self._atomic = transaction.atomic()
        self._atomic._from_testcase = True
        self._atomic.__enter__()
        # Known by numbers that begin anew with each story.
        views._bodies = {}
        self._traveller = time_machine.travel(NOW, tick=False)
        self._clock = self._traveller.start()
        self._numbers = iter(range(1, 100_000))
        self._rates = iter(RATES)
        self._moments: list[tuple[Any, dict[Any, Any]]] = []
        with self.committed():
            self.pks = {name: make_character(name).pk for name in NAMES}
            publishing.publish(character_ids=NAMES, note="First", author=None, now=NOW)
            self.manager = make_person(Role.MANAGER)
            key, text = make_key()
            self.client = Client(headers={"Authorization": f"Bearer {text}"})
            self.drafts = {name: ({}, [], []) for name in NAMES}
        self.bot = BotPrincipal(
            key_id=key.pk,
            name=key.name,
            scopes=frozenset(),
            label="",
            is_test=False,
            expires_at=None,
            bot_id=key.pk,
        )
        drift = {
            spec.trait: {kind: points(step) for kind, step in spec.step_of.items()}
            for spec in traits()
        }
        self.model = Model(NAMES, drift=drift)

    def teardown(self) -> None:
        try:
            assert_adds_up()
        finally:
            self._traveller.stop()
            transaction.set_rollback(True)
            self._atomic.__exit__(None, None, None)

    @contextmanager
    def committed(self) -> Iterator[None]:
        """What follows a commit follows."""
        with TestCase.captureOnCommitCallbacks(execute=True):
            yield

    @property
    def now(self) -> Any:
        return timezone.now()

    # -- Bots ------------------------------------------------------------------------

    def _new(self, content: dict[str, Any]) -> dict[str, Any]:
        return {"id": f"e{next(self._numbers)}", **content}

    def _again(self, number: int, *, is_other: bool) -> dict[str, Any]:
        """Something that was reported before, or something else under its id."""
        known = list(self.model.reports.values())
        content = known[number % len(known)].content
        changed = {"count": content["count"] % 100 + 1} if is_other else {}
        return {**content, "topics": content["topics"][::-1], **changed}

    @rule(content=said(), is_rest=st.booleans())
    def report(self, content: dict[str, Any], is_rest: bool) -> None:
        self._report(self._new(content), is_rest=is_rest)

    @precondition(lambda self: self.model.reports)
    @rule(number=st.integers(0, 99), is_other=st.booleans(), is_rest=st.booleans())
    def report_again(self, number: int, is_other: bool, is_rest: bool) -> None:
        self._report(self._again(number, is_other=is_other), is_rest=is_rest)

    def _report(self, event: dict[str, Any], *, is_rest: bool) -> None:
        expected = self.model.report(event, now=self.now)
        with self.committed():
            if is_rest:
                response = send(self.client, event, to=ONE)
                body = response.json()
                status = {201: "accepted", 200: "duplicate"}.get(response.status_code)
                found = (status, body) if status else (body["code"], None)
            else:
                [outcome] = reporting.report(
                    [Reported.model_validate(event)], bot=self.bot, clock=timezone.now
                )
                status = "duplicate" if outcome.is_repeated else "accepted"
                found = (status, outcome.answer)
                if outcome.problem is not None:
                    found = (outcome.problem.code, None)
        assert found == expected

    @rule(
        contents=st.lists(said(), min_size=1, max_size=6),
        repeats=st.lists(st.tuples(st.integers(0, 99), st.booleans()), max_size=3),
        rng=st.randoms(use_true_random=False),
    )
    def report_many(
        self,
        contents: list[dict[str, Any]],
        repeats: list[tuple[int, bool]],
        rng: Random,
    ) -> None:
        """In any order, some twice, some that are known."""
        events = [self._new(content) for content in contents]
        if self.model.reports:
            events += [self._again(n, is_other=other) for n, other in repeats]
        events += rng.sample(events, 1)
        rng.shuffle(events)
        expected = []
        for event in events:
            status, answer = self.model.report(event, now=self.now)
            expected.append((status, answer and {**answer, "status": status}))

        with self.committed():
            results = send_all(self.client, *events)

        assert [result["id"] for result in results] == [e["id"] for e in events]
        assert [
            (result["code"], None)
            if result["status"] == "rejected"
            else (result["status"], result)
            for result in results
        ] == expected

    # -- Time, and what is done meanwhile ----------------------------------------------

    @rule(step=st.sampled_from(STEPS_OF_TIME))
    def wait(self, step: timedelta) -> None:
        self._clock.shift(step)

    @rule()
    def work(self) -> None:
        """What the background does."""
        with self.committed():
            applying.apply_due(clock=timezone.now, rng=Random(1))
            evolving.offer_stages()
        for growing in self.model.growing.values():
            growing.work()

    # -- Managers ----------------------------------------------------------------------

    @rule(
        pair=PAIRS,
        affinity=st.none() | st.integers(-10_000, 10_000),
        resting=st.none() | st.integers(-3_000, 3_000),
    )
    def set_by_hand(
        self, pair: tuple[str, str], affinity: int | None, resting: int | None
    ) -> None:
        assume(affinity is not None or resting is not None)
        source, target = pair
        with self.committed():
            adjusting.set_value(
                source=source,
                target=target,
                affinity=affinity,
                resting=resting,
                reason="By hand.",
                actor=self.manager,
                now=self.now,
            )
        self.model.by_hand(
            source,
            target,
            now=self.now,
            affinity=None if affinity is None else points(affinity),
            resting=None if resting is None else points(resting),
        )

    @rule(pair=PAIRS)
    def reset(self, pair: tuple[str, str]) -> None:
        source, target = pair
        with self.committed():
            adjusting.reset(
                source=source,
                target=target,
                reason="Anew.",
                actor=self.manager,
                now=self.now,
            )
        self.model.by_hand(source, target, now=self.now, is_reset=True)

    @rule(pair=PAIRS, topics=st.lists(TOPICS, max_size=2))
    def set_triggers(self, pair: tuple[str, str], topics: list[str]) -> None:
        source, target = pair
        with self.committed():
            adjusting.set_triggers(
                source=source,
                target=target,
                topics=topics,
                reason="A sore point.",
                actor=self.manager,
                now=self.now,
            )
        self.model.pair(source, target).triggers = {
            " ".join(topic.casefold().split()) for topic in topics
        }

    @precondition(lambda self: any(map(self.model.chosen, USERS)))
    @rule(number=st.integers(0, 2))
    def void(self, number: int) -> None:
        users = [user for user in USERS if self.model.chosen(user)]
        user_id = users[number % len(users)]
        expected = len(self.model.chosen(user_id))
        chosen = Chosen(user_id=user_id)
        assert voiding.preview(chosen).events == expected
        with self.committed():
            voiding.void(
                chosen,
                expected=expected,
                reason="A loop.",
                actor=self.manager,
                now=self.now,
            )
        self.model.void(user_id, now=self.now)

    def _set(self, name: str, value: Any) -> None:
        with self.committed():
            policy.set_value(name=name, value=value, actor=None, now=self.now)

    @initialize(cap=st.sampled_from([None, 4.0]), contents=st.lists(said(), min_size=4))
    def begin(self, cap: float | None, contents: list[dict[str, Any]]) -> None:
        """With a few things said already, for the rest to work on."""
        self._set("AFFINITY_DAILY_CAP", cap)
        self.model.cap = None if cap is None else Decimal(str(cap))
        for pair in combinations(NAMES, 2):
            self.set_triggers(pair=pair, topics=["ships"])
        for name in NAMES[:2]:
            self.edit(
                name=name,
                stages_at={4: "cats"},
                likes={"tea"},
                avoids=set(),
                is_published=True,
            )
        for content in contents[:8]:
            self._report(self._new(content), is_rest=False)
            self._clock.shift(timedelta(hours=1))

    @rule(step=st.sampled_from(STEPS_OF_TIME))
    def change_rate(self, step: timedelta) -> None:
        """And wait for what it does."""
        rate = next(self._rates, None)
        if rate is not None:
            self._set("CONFLICT_DECAY_RATE", float(rate))
            self.model.rates.change(Decimal(rate), now=self.now)
        self._clock.shift(step)

    @rule(is_on=st.booleans())
    def switch_conflicts(self, is_on: bool) -> None:
        self._set("PERSONA_CONFLICTS_ENABLED", is_on)
        self.model.has_conflicts = is_on

    # -- Curators ----------------------------------------------------------------------

    @rule(
        name=st.sampled_from(NAMES),
        stages_at=st.dictionaries(
            st.sampled_from([1, 4, 20, 50, 120]),
            st.sampled_from(["", *SUBJECTS]),
            max_size=3,
        ),
        likes=st.sets(st.sampled_from(SUBJECTS), max_size=2),
        avoids=st.sets(st.sampled_from(SUBJECTS), max_size=1),
        is_published=st.booleans(),
    )
    def edit(
        self,
        name: str,
        stages_at: dict[int, str],
        likes: set[str],
        avoids: set[str],
        is_published: bool,
    ) -> None:
        """Only the draft, which counts for nothing, or what is live as well."""
        title = f"Edit {next(self._numbers)}"
        character = Character.objects.for_sheets().get(character_id=name)
        sheet = character.to_sheet()
        fields = {
            "topic_interests": sorted(likes),
            "topic_avoidances": sorted(avoids),
            "evolution_stages": [
                {
                    "milestone": milestone,
                    "title": title,
                    "changes": {
                        "knowledge": {"add_interests": [interest] if interest else []}
                    },
                }
                for milestone, interest in stages_at.items()
            ],
        }
        with self.committed():
            drafts.save_character(
                character_id=name,
                sheet=type(sheet).model_validate(
                    {**sheet.model_dump(mode="json"), **fields}
                ),
                revision=character.revision,
                actor=None,
                now=self.now,
            )
        plain = {at: Stage(title, interest) for at, interest in stages_at.items()}
        self.drafts[name] = (plain, likes, avoids)
        if is_published:
            self._publish(name)

    def _publish(self, name: str) -> None:
        with self.committed():
            outcome = publishing.publish(
                character_ids=[name], note="Edited", author=None, now=self.now
            )
        assert not outcome.refused
        plain, likes, avoids = self.drafts[name]
        growing = self.model.growing[name]
        growing.likes, growing.avoids = set(likes), set(avoids)
        growing.go_live(plain)

    @rule(name=st.sampled_from(NAMES), mode=st.sampled_from(["auto", "approve"]))
    def set_mode(self, name: str, mode: str) -> None:
        with self.committed():
            stages.set_mode(
                character_id=name, mode=mode, actor=self.manager, now=self.now
            )
        self.model.growing[name].mode = mode

    @precondition(lambda self: self._to_decide())
    @rule(number=st.integers(0, 9))
    def decide(self, number: int) -> None:
        """Have a stage go live, or taken back."""
        found = self._to_decide()
        name, milestone, passed = found[number % len(found)]
        row = Crossing.objects.get(character=self.pks[name], milestone=milestone)
        is_live = passed.status == "applied"
        act = Act.REVERT if is_live else Act.APPROVE
        with self.committed():
            stages.decide_one(
                row.pk, act=act, actor=self.manager, reason="", now=self.now
            )
        passed.wants = "revert" if is_live else "apply"

    def _to_decide(self) -> list[tuple[str, int, Passed]]:
        return [
            (name, milestone, passed)
            for name, growing in self.model.growing.items()
            for milestone, passed in sorted(growing.passed.items())
            if not passed.wants and passed.status != "noted"
        ]

    # -- The same? ---------------------------------------------------------------------

    @invariant()
    def feelings_are_the_same(self) -> None:
        rows = Affinity.objects.select_related("pair", "source", "target")
        found = {
            (row.source.character_id, row.target.character_id): {
                "stored": points(row.stored),
                "at": row.updated_at,
                "resting": points(row.resting),
                "seq": row.seq,
                "events": row.events,
                "traits": {name: points(getattr(row, name)) for name in TRAITS},
                "tension": self.model.rates.faded(
                    points(row.pair.tension), since=row.pair.tension_at, now=self.now
                ),
            }
            for row in rows
        }
        assert found == {
            (source, target): {
                "stored": pair.feelings[source].stored,
                "at": pair.feelings[source].at,
                "resting": pair.feelings[source].resting,
                "seq": pair.seq[source],
                "events": pair.feelings[source].events,
                "traits": pair.feelings[source].traits,
                "tension": pair.tension_now(self.now),
            }
            for pair in self.model.pairs.values()
            for source, target in (pair.names, pair.names[::-1])
        }

    @invariant()
    def growth_is_the_same(self) -> None:
        counts = {row.character_id: row for row in Progress.objects.all()}
        days: dict[str, dict[Any, int]] = {name: {} for name in NAMES}
        names = {pk: name for name, pk in self.pks.items()}
        for day in ProgressDay.objects.all():
            days[names[day.character_id]][day.day] = day.added
        passed: dict[str, Any] = {name: {} for name in NAMES}
        for row in Crossing.objects.all():
            told = (row.status, row.wants, row.title, row.is_flagged)
            passed[names[row.character_id]][row.milestone] = told
        for name, growing in self.model.growing.items():
            row = counts.get(self.pks[name])
            assert (row.count if row else 0) == growing.count
            assert days[name] == growing.days
            assert passed[name] == {
                milestone: (p.status, p.wants, p.title, p.is_flagged)
                for milestone, p in growing.passed.items()
            }
            if row and not growing.is_blunted:
                found = {
                    trait: points(row.traits.get(trait, 0)) for trait in growing.traits
                }
                assert found == growing.traits

    @rule()
    def look(self) -> None:
        """As bots are told, now; time goes by the minute here."""
        response = self.client.get("/api/v1/relationships")
        told = {
            (row["source"], row["target"]): (
                row["affinity"],
                row["resting"],
                row["seq"],
                row["tension"] if self.model.has_conflicts else 0,
            )
            for row in response.json()["pairs"]
        }
        expected = {
            (source, target): (
                float(pair.now(source, now=self.now)),
                float(pair.feelings[source].resting),
                pair.seq[source],
                float(pair.tension_now(self.now)) if self.model.has_conflicts else 0,
            )
            for pair in self.model.pairs.values()
            for source, target in (pair.names, pair.names[::-1])
            if pair.seq[source]
        }
        assert told == expected
        self._moments.append((self.now, expected))

    @precondition(lambda self: self._moments)
    @rule(number=st.integers(0, 99))
    def look_back(self, number: int) -> None:
        """The past stays as it was told then, unless more happened that very moment."""
        moment, expected = self._moments[number % len(self._moments)]
        assume(not LedgerRow.objects.filter(at=moment).exists())
        response = self.client.get("/api/v1/relationships", {"at": moment.isoformat()})
        told = {
            (row["source"], row["target"]): (
                row["affinity"],
                row["resting"],
                row["seq"],
            )
            for row in response.json()["pairs"]
        }
        assert told == {key: values[:3] for key, values in expected.items()}


@pytest.mark.django_db
@pytest.mark.timeout(3_600 if SOAK else 300)
def test_whatever_happens_it_counts_as_a_plain_model_does():
    run_state_machine_as_test(
        Site, settings=settings(max_examples=EXAMPLES, stateful_step_count=STEPS)
    )
