"""What the linter says of names and topics."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.domain.matching import comparable, find
from routing.domain import linting_names
from routing.domain.everyday_words import EVERYDAY
from routing.domain.linting import FREQUENT_MESSAGES, Linter, findings
from routing.domain.linting_values import (
    OTHERS,
    Finding,
    Kind,
    Phrase,
    PhraseKind,
    Severity,
    Subject,
)


def subject(
    character_id: str,
    *names: str,
    interests: tuple[str, ...] = (),
    avoidances: tuple[str, ...] = (),
    domain: str = "",
    live: tuple[str, ...] = (),
) -> Subject:
    paths = ["display_name", *(f"aliases.{at}" for at in range(len(names)))]
    phrases = [
        *(
            Phrase(PhraseKind.NAME, path, text)
            for path, text in zip(paths, names, strict=False)
        ),
        *(
            Phrase(PhraseKind.INTEREST, f"topic_interests.{at}", text)
            for at, text in enumerate(interests)
        ),
        *(
            Phrase(PhraseKind.AVOIDANCE, f"topic_avoidances.{at}", text)
            for at, text in enumerate(avoidances)
        ),
        *(Phrase(PhraseKind.NAME, "aliases", text, is_live_only=True) for text in live),
    ]
    if domain:
        phrases.append(Phrase(PhraseKind.DOMAIN, "knowledge_domain.primary", domain))
    return Subject(character_id, names[0], tuple(phrases))


def told(*subjects: Subject, **more: list[str]) -> list[tuple[str, str, str]]:
    """Kind, character and path of each."""
    return [
        (each.kind.value, each.character_id, each.path)
        for each in findings(subjects, **more)
    ]


def only(*subjects: Subject, **more: list[str]) -> Finding:
    (found,) = findings(subjects, **more)
    return found


class TestSeveralCharacters:
    def test_names_that_differ_are_fine(self):
        assert (
            findings([subject("mossbeard", "Mossbeard"), subject("tilly", "Tilly")])
            == []
        )

    @pytest.mark.parametrize(
        "other", ["Warm-Hearth", "WARM  HEARTH", "ｗａｒｍ_hearth"]
    )
    def test_the_same_name_as_it_is_compared(self, other):
        first, second = subject("a", "Warm Hearth"), subject("b", other)

        found = findings([first, second])

        assert [(f.kind, f.severity, f.path) for f in found] == [
            (Kind.COLLISION, Severity.PROBLEM, "display_name")
        ] * 2
        assert found[0].others[0].character_id == "b"
        assert found[0].sentence == (
            f"“Warm Hearth” is a name of {other}, too. A draw decides who of them"
            " answers to it. Give each a name of its own."
        )

    def test_a_name_that_is_anothers_alias(self):
        found = told(subject("a", "Tilly"), subject("b", "Matilda", "tilly"))

        assert found == [
            ("collision", "a", "display_name"),
            ("collision", "b", "aliases.0"),
        ]

    def test_one_called_the_same_is_another(self):
        found = findings([subject("a", "Tilly"), subject("b", "Tilly")])

        assert "is a name of another Tilly, too." in found[0].sentence

    def test_of_many_some_are_named_and_the_rest_counted(self):
        many = [subject(f"c{n:02}", f"Name {n:02}x", "Tilly") for n in range(12)]

        found = [f for f in findings(many) if f.kind is Kind.COLLISION]

        assert len(found) == 12
        assert {(len(f.others), f.more) for f in found} == {(OTHERS, 11 - OTHERS)}
        assert all(
            f.character_id not in {o.character_id for o in f.others} for f in found
        )
        assert "Name 04x and 6 more, too." in found[-1].sentence

    def test_a_name_within_another(self):
        found = findings([subject("a", "Toad"), subject("b", "Toad Prince")])

        assert [(f.kind, f.severity, f.character_id) for f in found] == [
            (Kind.CONTAINED, Severity.WARNING, "a"),
            (Kind.CONTAINED, Severity.WARNING, "b"),
        ]
        assert found[0].sentence.startswith("“Toad” stands in “Toad Prince”, a name of")
        assert found[1].sentence.startswith("“Toad Prince” has “Toad” in it, a name of")

    @pytest.mark.parametrize(
        ("short", "long"),
        [
            ("Prince", "The Toad-Prince II"),
            ("C++", "C++ Fan"),
            ("花", "花子"),
            ("Ёж", "Старый ёж"),
        ],
    )
    def test_wherever_it_stands_in_any_script(self, short, long):
        found = findings([subject("a", short), subject("b", long)])

        assert {(f.kind, f.character_id) for f in found} >= {
            (Kind.CONTAINED, "a"),
            (Kind.CONTAINED, "b"),
        }

    def test_a_name_within_ones_own_is_fine(self):
        assert findings([subject("a", "Toad Prince", "Toad", "Prince")]) == []

    def test_who_is_called_both_is_not_told_of_the_inner_one_twice(self):
        found = told(subject("a", "Toad"), subject("b", "Toad Prince", "Toad"))

        assert ("contained", "b", "display_name") not in found
        assert ("collision", "b", "aliases.0") in found

    def test_longer_ones_are_counted_without_ones_own(self):
        many = [subject(f"c{n}", f"Toad Number{n}") for n in range(8)]
        own = subject("a", "Toad", "Old Toad", "Young Toad")

        found = [f for f in findings([own, *many]) if f.character_id == "a"]

        (about,) = [f for f in found if f.phrase == "Toad"]
        assert [o.character_id for o in about.others] == [
            f"c{n}" for n in range(OTHERS)
        ]
        assert about.more == 8 - OTHERS

    def test_a_longer_name_of_two_counts_once(self):
        found = findings(
            [subject("a", "Toad"), subject("b", "Big Toad"), subject("c", "Big Toad")]
        )

        (about,) = [f for f in found if f.character_id == "a"]
        assert (len(about.others), about.more) == (1, 0)

    def test_whole_words_keep_apart_what_only_begins_alike(self):
        found = only(subject("a", "Toad"), subject("b", "Toadette"))

        assert (found.kind, found.severity) == (Kind.PREFIX, Severity.INFORMATION)
        assert found.character_id == "b"
        assert found.sentence == (
            "A word of “Toadette” begins with “Toad”, a name of Toad. Only whole words"
            " count, so the two are never mixed up. Nothing needs to be done."
        )

    def test_a_later_word_may_begin_so(self):
        assert told(subject("a", "Toad"), subject("b", "King Toadette")) == [
            ("prefix", "b", "display_name")
        ]

    @pytest.mark.parametrize("other", ["Atoads", "Étoad", "Mé-toad\u0301x", "Toé"])
    def test_within_a_word_or_very_short_is_not_told(self, other):
        found = told(subject("a", "Toad", "To"), subject("b", other))

        assert [f for f in found if f[1] == "b" and f[0] != "prefix"] == []

    def test_very_long_names_are_only_compared_whole(self):
        long = " ".join(["mossbeard"] * 10)

        assert findings([subject("a", long), subject("b", f"{long} two")]) == []
        assert len(findings([subject("a", long), subject("b", long)])) == 2


class TestOne:
    @pytest.mark.parametrize("word", ["The", "will", "ART"])
    def test_everyday_words(self, word):
        found = only(subject("a", "Mossbeard", word))

        assert (found.kind, found.severity) == (Kind.EVERYDAY, Severity.WARNING)
        assert found.path == "aliases.0"
        assert "addressed to this character" in found.sentence

    @pytest.mark.parametrize(
        ("where", "points"),
        [("interests", "50"), ("avoidances", "100"), ("domain", "30")],
    )
    def test_topics_too(self, where, points):
        value = "Maybe" if where == "domain" else ("Maybe",)

        found = only(subject("a", "Mossbeard", **{where: value}))

        assert found.kind is Kind.EVERYDAY
        assert f"{points} points" in found.sentence

    @pytest.mark.parametrize("word", ["art", "Chess", "MUSIC"])
    def test_what_people_mean_when_they_write_it_is_a_topic_and_no_name(self, word):
        assert findings([subject("a", "Mossbeard", interests=(word,))]) == []
        assert only(subject("a", word)).kind is Kind.EVERYDAY

    def test_an_everyday_word_within_a_phrase_is_fine(self):
        assert (
            findings([subject("a", "The Mossbeard", interests=("art of war",))]) == []
        )

    @pytest.mark.parametrize("name", ["Al", "X", "R2", "Ёж"])
    def test_one_or_two_letters(self, name):
        assert only(subject("a", name)).kind is Kind.SHORT

    @pytest.mark.parametrize("name", ["花", "민수", "C+", "Tim", "🦊"])
    def test_where_two_letters_are_a_name(self, name):
        assert findings([subject("a", name)]) == []

    @pytest.mark.parametrize("text", ["-", "_ _", "‐"])
    def test_what_is_nothing_as_compared(self, text):
        found = only(subject("a", "Mossbeard", interests=(text,)))

        assert (found.kind, found.severity) == (Kind.EMPTY, Severity.PROBLEM)
        assert comparable(text) == ""

    def test_an_interest_that_is_avoided(self):
        one = subject(
            "a", "Mossbeard", interests=("Tea-House",), avoidances=("tea house",)
        )

        found = only(one)

        assert (found.kind, found.severity) == (Kind.CONTRADICTION, Severity.PROBLEM)
        assert (found.path, "gives 50 points" in found.sentence) == (
            "topic_interests.0",
            True,
        )

    def test_a_main_subject_that_is_avoided(self):
        found = only(subject("a", "Mossbeard", domain="Ships", avoidances=("ships",)))

        assert (found.kind, found.path) == (
            Kind.CONTRADICTION,
            "knowledge_domain.primary",
        )
        assert "gives 30 points" in found.sentence

    def test_a_name_that_is_avoided_is_fine(self):
        assert findings([subject("a", "Mossbeard", avoidances=("mossbeard",))]) == []

    def test_another_spelling(self):
        found = only(subject("a", "Mossbeard", interests=("Tea House", "tea-house")))

        assert (found.kind, found.severity, found.path) == (
            Kind.REPEATED,
            Severity.INFORMATION,
            "topic_interests.1",
        )
        assert "same as the interest “Tea House”" in found.sentence

    def test_the_same_twice(self):
        assert (
            "is there twice as a name" in only(subject("a", "Tilly", "Tilly")).sentence
        )

    def test_what_only_live_has_is_told_so(self):
        found = findings(
            [subject("a", "Tilly"), subject("b", "Mossbeard", live=("Tilly",))]
        )

        (about,) = [f for f in found if f.character_id == "b"]
        assert about.is_live_only
        assert (about.path, about.field) == ("aliases", "aliases")
        assert about.sentence.endswith("publish the draft to remove it.")

    def test_what_live_spells_otherwise_is_not_repeated(self):
        assert findings([subject("a", "Tilly", live=("TILLY",))]) == []


class TestMessages:
    TEXTS = (["a storm in the teacup"] * 3 + ["all quiet here"] * 7) * 10

    def test_a_phrase_in_three_of_ten(self):
        found = only(
            subject("a", "Mossbeard", interests=("Teacup",)), messages=self.TEXTS
        )

        assert (found.kind, found.severity) == (Kind.FREQUENT, Severity.WARNING)
        assert "stands in 30 of the newest 100 messages" in found.sentence

    def test_in_fewer_is_fine(self):
        texts = [*self.TEXTS, "one more"]

        assert findings([subject("a", "Teacup")], messages=texts) == []

    @pytest.mark.parametrize("count", [FREQUENT_MESSAGES - 1, FREQUENT_MESSAGES])
    def test_few_messages_tell_nothing(self, count):
        found = findings([subject("a", "Teacup")], messages=["my teacup"] * count)

        assert bool(found) is (count == FREQUENT_MESSAGES)

    def test_a_message_counts_once_and_by_whole_words(self):
        texts = ["teacup teacup teacups"] * 10 + ["teacups"] * 30

        assert findings([subject("a", "Teacup")], messages=texts) == []

    def test_each_character_that_has_it_is_told_once_per_kind(self):
        found = told(
            subject("a", "Mossbeard", interests=("Teacup", "teacup")),
            subject("b", "Tilly", avoidances=("teacup",)),
            messages=["teacup"] * 20,
        )

        assert [f for f in found if f[0] == "frequent"] == [
            ("frequent", "a", "topic_interests.0"),
            ("frequent", "b", "topic_avoidances.0"),
        ]

    def test_other_messages_are_searched_without_a_new_index(self):
        linter = Linter([subject("a", "Teacup")])

        first = linter.frequent(["my teacup"] * 20)

        assert linter.findings == []
        assert linter.frequent(["teacup"] * 20) == first
        assert linter.frequent(["tea"] * 20) == []


def test_the_worst_comes_first_then_character_and_place():
    rows = [
        subject("b", "Toadette", interests=("-",)),
        subject("a", "Toad", *["Al"] * 2, interests=[*"xyzuvwabcdef"]),
    ]

    found = findings(rows)

    assert [f.severity for f in found] == sorted(
        (f.severity for f in found), key=list(Severity).index
    )
    paths = [f.path for f in found if f.path.startswith("topic_") and f.phrase != "-"]
    assert paths == [f"topic_interests.{at}" for at in range(12)]
    assert findings(reversed(rows)) == found


def test_five_thousand_are_looked_at_in_one_pass(monkeypatch):
    many = [
        subject(f"c{n:04}", f"Mossbeard {n:04}", f"Tilly{n}", "Toad")
        for n in range(5_000)
    ]
    looked = []
    edges = linting_names.Edges
    monkeypatch.setattr(
        linting_names, "Edges", lambda text: looked.append(text) or edges(text)
    )

    found = findings(many)

    # Each name once, however many have it.
    assert len(looked) == len(set(looked)) == 10_001
    assert len(found) == 5_000 + sum(
        1 for n in range(5_000) for i in range(1, len(str(n))) if n < 5_000
    )
    assert max(len(f.others) for f in found) == OTHERS


WORDS = st.sampled_from(["toad", "toadette", "Prince", "花", "子", "Ёж", "C++", "a"])
NAMES = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)


@given(st.lists(st.lists(NAMES, min_size=1, max_size=3), min_size=2, max_size=5))
def test_names_collide_and_contain_as_messages_are_searched(casts):
    subjects = [subject(f"c{at}", *names) for at, names in enumerate(casts)]

    found = findings(subjects)

    for at, names in enumerate(casts):
        own = {comparable(name) for name in names}
        theirs = {
            comparable(n) for j, all_ in enumerate(casts) if j != at for n in all_
        }
        mine = [f for f in found if f.character_id == f"c{at}"]
        collide = {comparable(f.phrase) for f in mine if f.kind is Kind.COLLISION}
        assert collide == own & theirs
        within = {
            name
            for name in own
            for other in theirs - own
            if other != name and find(name, phrases=[other])
        }
        longer = {
            comparable(f.phrase)
            for f in mine
            if f.kind is Kind.CONTAINED and "has “" in f.sentence
        }
        assert longer == within


def test_the_list_is_of_words_as_they_are_compared():
    assert 300 <= len(EVERYDAY) <= 600
    assert all(comparable(word) == word for word in EVERYDAY)


def test_a_finding_of_a_field_without_places():
    found = only(subject("a", "Will"))

    assert (found.field, replace(found, path="x.y").field) == ("display_name", "x")
