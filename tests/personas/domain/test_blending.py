"""Mixing frameworks."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.domain.blending import SECTIONS, How, blend, mix
from personas.domain.sheets import FrameworkSheet


def framework(**sections) -> FrameworkSheet:
    return FrameworkSheet.model_validate({"name": "Some", **sections})


KNOWN = ("assistant", "caring", "chaotic", "neuro", "own")
IDS = st.sampled_from(KNOWN)
ASKED = st.dictionaries(
    IDS | st.just("nobody"), st.floats(0, 1_000) | st.integers(0, 100), max_size=6
)
# Few keys and few values, so that frameworks meet on them.
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(-2, 2)
    | st.sampled_from(["yes", "Yes", "no", ""])
    | st.text("aAßı", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=4,
)
TREES = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3).map(
    lambda tree: json.loads(json.dumps(tree))
)
FRAMEWORKS = st.fixed_dictionaries(
    {
        framework_id: st.builds(framework, behavioral_patterns=TREES)
        for framework_id in KNOWN
    }
)


def as_json(value) -> str:
    """Tells 1 from 1.0 and from yes, and minds the order of keys."""
    return json.dumps(value)


def merged(asked: dict[str, float], *, own: str = "a", **values):
    """What comes of one key that each named framework has a value for."""
    frameworks = {own: framework()} | {
        framework_id: framework(decision_making={"key": value})
        for framework_id, value in values.items()
    }
    result = blend(asked, frameworks=frameworks, own=own)
    assert result is not None
    return result.report["decision_making"]["key"]


class TestMix:
    def test_weights_become_shares_heaviest_first(self):
        mixture = mix({"caring": 1, "neuro": 3}, known=KNOWN, own="own")

        assert list(mixture.weights.items()) == [("neuro", 0.75), ("caring", 0.25)]
        assert mixture.dropped == {}

    def test_a_tenth_is_dropped_and_the_rest_scaled_again(self):
        mixture = mix({"assistant": 0.9, "neuro": 0.1}, known=KNOWN, own="neuro")

        assert mixture.weights == {"assistant": 1.0}
        assert mixture.dropped == {"neuro": "Its share of 10 % is not above 10 %."}

    def test_just_above_a_tenth_stays(self):
        mixture = mix({"assistant": 89, "neuro": 11}, known=KNOWN, own="neuro")

        assert mixture.weights == {"assistant": 0.89, "neuro": 0.11}

    def test_the_unknown_is_dropped_before_scaling(self):
        mixture = mix(
            {"creative_writer": 0.6, "caring": 0.2, "neuro": 0.2},
            known=KNOWN,
            own="neuro",
        )

        assert mixture.weights == {"neuro": 0.5, "caring": 0.5}
        assert mixture.dropped == {"creative_writer": "There is no such framework."}

    def test_of_equals_the_own_comes_first_then_the_smaller_id(self):
        mixture = mix(
            {"assistant": 1, "caring": 1, "neuro": 1}, known=KNOWN, own="neuro"
        )

        assert list(mixture.weights) == ["neuro", "assistant", "caring"]

    @pytest.mark.parametrize("asked", [{}, {"neuro": 0, "caring": 0.0}, {"nobody": 1}])
    def test_nothing_may_be_left(self, asked):
        mixture = mix(asked, known=KNOWN, own="neuro")

        assert mixture.weights == {}
        assert set(mixture.dropped) == set(asked)

    def test_ten_equals_are_all_too_light(self):
        ids = [f"f{n}" for n in range(10)]

        mixture = mix(dict.fromkeys(ids, 1), known=ids, own="f0")

        assert mixture.weights == {}
        assert set(mixture.dropped) == set(ids)

    @pytest.mark.parametrize("weight", [-0.1, float("inf"), float("nan")])
    def test_weights_that_mean_nothing_are_refused(self, weight):
        with pytest.raises(ValueError, match="weights of 0 or more"):
            mix({"neuro": weight}, known=KNOWN, own="neuro")

    @given(ASKED)
    def test_shares_sum_to_one_and_lie_above_a_tenth(self, asked):
        mixture = mix(asked, known=KNOWN, own="own")

        if mixture.weights:
            assert sum(mixture.weights.values()) == pytest.approx(1, abs=1e-7)
        assert all(share > 0.1 for share in mixture.weights.values())

    @given(ASKED)
    def test_everyone_asked_is_weighed_or_dropped(self, asked):
        mixture = mix(asked, known=KNOWN, own="own")

        assert sorted([*mixture.weights, *mixture.dropped]) == sorted(asked)

    @given(ASKED, st.randoms(use_true_random=False))
    def test_the_order_asked_in_changes_nothing(self, asked, random):
        shuffled = list(asked.items())
        random.shuffle(shuffled)

        one = mix(asked, known=KNOWN, own="own")
        other = mix(dict(shuffled), known=KNOWN[::-1], own="own")

        assert as_json([one.weights, one.dropped]) == as_json(
            [other.weights, other.dropped]
        )

    @given(
        st.dictionaries(IDS, st.integers(0, 1_000), max_size=5),
        st.floats(1e-6, 1e6) | st.sampled_from([0.1, 0.1 * 3, 1 / 3, 1e-9]),
    )
    def test_a_common_factor_changes_nothing(self, asked, factor):
        scaled = {key: weight * factor for key, weight in asked.items()}

        one = mix(asked, known=KNOWN, own="own")
        other = mix(scaled, known=KNOWN, own="own")

        assert as_json([one.weights, one.dropped]) == as_json(
            [other.weights, other.dropped]
        )


class TestRules:
    def test_what_only_one_has_stays(self):
        result = merged({"a": 1, "b": 3}, a=["x"] * 7)

        assert result.value == ["x"] * 7
        assert (result.how, result.weights) == (How.ONLY, {"a": 1.0})

    def test_only_one_of_several_has_it(self):
        frameworks = {"a": framework(), "b": framework(decision_making={"key": None})}

        result = blend({"a": 0.8, "b": 0.2}, frameworks=frameworks, own="a")

        assert result.framework.decision_making == {"key": None}
        assert result.report["decision_making"]["key"].weights == {"b": 0.2}

    @pytest.mark.parametrize("value", ["x", True, 3, 0.5, None])
    def test_what_all_say_stays(self, value):
        result = merged({"a": 1, "b": 3}, a=value, b=value)

        assert as_json(result.value) == as_json(value)
        assert (result.how, result.dropped) == (How.SAME, ())
        assert result.weights == {"b": 0.75, "a": 0.25}

    def test_texts_are_voted_on_by_weight(self):
        result = merged({"a": 0.4, "b": 0.3, "c": 0.3}, a="loud", b="calm", c="calm")

        assert (result.value, result.how) == ("calm", How.VOTE)
        assert result.weights == {"b": 0.3, "c": 0.3}
        assert [(lost.framework_id, lost.value) for lost in result.dropped] == [
            ("a", "loud")
        ]
        assert result.dropped[0].reason == "Outvoted, 40 % to 60 %."

    def test_yes_and_no_are_voted_on_and_never_averaged(self):
        result = merged({"a": 0.6, "b": 0.4}, a=False, b=True)

        assert result.value is False
        assert result.how == How.VOTE

    def test_a_tie_goes_to_the_first_visited(self):
        result = merged({"a": 1, "b": 1}, own="b", a="loud", b="calm")

        assert result.value == "calm"
        assert result.dropped[0].reason.startswith("A tie at 50 %")

    def test_three_sixths_tie_with_a_half(self):
        result = merged(
            {"a": 1, "b": 1, "c": 1, "d": 3}, a="calm", b="calm", c="calm", d="loud"
        )

        assert result.value == "loud"

    def test_float_dust_does_not_break_a_tie(self):
        asked = {"a": 0.5 * 0.3, "b": 0.3 * 0.3, "c": 0.2 * 0.3}

        result = merged(asked, a="loud", b="calm", c="calm")

        assert result.value == "loud"

    def test_numbers_are_averaged_by_weight_without_dust(self):
        result = merged({"a": 0.8, "b": 0.2}, a=0.8, b=0.6)

        assert (result.value, result.how) == (0.76, How.MEAN)
        assert result.weights == {"a": 0.8, "b": 0.2}

    def test_only_those_who_have_a_number_are_averaged(self):
        frameworks = {
            "a": framework(),
            "b": framework(decision_making={"key": 1}),
            "c": framework(decision_making={"key": 4}),
        }

        result = blend({"a": 6, "b": 2, "c": 1}, frameworks=frameworks, own="a")

        assert as_json(result.framework.decision_making) == '{"key": 2}'

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ((1, 3), "2"),
            ((1, 2), "1.5"),
            ((1, 3.0), "2.0"),
            ((-1, 1.0), "0.0"),
            ((10**17, 10**17 + 2), str(10**17 + 1)),
            ((1e-9, 3e-9), "2e-09"),
            ((1.2345678, 1.2345679), "1.234568"),
        ],
    )
    def test_whole_numbers_stay_whole_if_they_can(self, values, expected):
        one, other = values

        result = merged({"a": 1, "b": 1}, a=one, b=other)

        assert as_json(result.value) == expected

    def test_a_third_has_six_digits(self):
        assert merged({"a": 2, "b": 1}, a=0, b=1).value == 0.333333

    def test_list_items_stand_by_weight_then_as_first_seen(self):
        result = merged(
            {"a": 0.5, "b": 0.3, "c": 0.2},
            a=["one", "two"],
            b=["three", "Two"],
            c=["THREE", "four"],
        )

        assert result.value == ["two", "one", "three", "four"]
        assert result.how == How.LIST

    def test_the_best_five_items_stay(self):
        result = merged({"a": 0.6, "b": 0.4}, a=["1", "2", "3", "4"], b=["5", "6", "1"])

        assert result.value == ["1", "2", "3", "4", "5"]
        (lost,) = result.dropped
        assert (lost.framework_id, lost.value) == ("b", "6")
        assert lost.reason == "Only the best 5 items stay; this one has 40 %."

    def test_a_framework_whose_items_are_all_cut_gave_nothing(self):
        result = merged({"a": 0.6, "b": 0.4}, a=list("vwxyz"), b=["1"])

        assert result.weights == {"a": 0.6}

    def test_empty_lists_make_an_empty_list_of_all(self):
        result = merged({"a": 0.6, "b": 0.4}, a=[], b=[])

        assert (result.value, result.weights) == ([], {"a": 0.6, "b": 0.4})

    def test_an_item_said_twice_is_no_heavier(self):
        result = merged({"a": 0.6, "b": 0.4}, a=["x"], b=["y", "Y", "y"])

        assert result.value == ["x", "y"]

    def test_items_of_other_kinds_are_kept_apart(self):
        result = merged({"a": 0.6, "b": 0.4}, a=[1, True, "1"], b=[1.0, "TRUE"])

        assert as_json(result.value) == '[1, true, "1", 1.0, "TRUE"]'

    def test_objects_merge_inside_and_say_how(self):
        result = merged(
            {"a": 0.6, "b": 0.4},
            a={"tone": "loud", "level": 1},
            b={"tone": "calm", "deep": {"x": []}},
        )

        assert result.value == {"tone": "loud", "level": 1, "deep": {"x": []}}
        assert result.how == How.OBJECT
        assert [merged.how for merged in result.keys.values()] == [
            How.VOTE,
            How.ONLY,
            How.ONLY,
        ]
        assert result.keys["tone"].dropped[0].value == "calm"

    def test_kinds_that_differ_are_named(self):
        result = merged({"a": 0.4, "b": 0.6}, a=["x"], b=0.5)

        (lost,) = result.dropped
        assert lost.reason == (
            "Not mixed: b, visited first, has a number; this is a list."
        )

    @pytest.mark.parametrize(
        ("first", "other"),
        [("x", True), (None, "x"), ({}, []), (True, 1), (0.5, "0.5"), ("x", None)],
    )
    def test_mixed_kinds_go_to_the_first_visited(self, first, other):
        result = merged({"a": 0.4, "b": 0.6}, a=other, b=first)

        assert as_json(result.value) == as_json(first)
        assert (result.how, result.weights) == (How.FIRST, {"b": 0.6})
        assert result.dropped[0].framework_id == "a"
        assert result.dropped[0].reason.startswith("Not mixed: b, visited first, has ")


class TestBlend:
    def test_all_but_the_four_sections_is_the_characters_own(self):
        own = FrameworkSheet.model_validate(
            {
                "name": "Own",
                "prompt_template": "Be {identity}",
                "tool_requirements": {"required": ["search"]},
                "context_requirements": {"needs": ["time"]},
                "anti_hallucination": {"mode": "low"},
            }
        )
        other = FrameworkSheet.model_validate(
            {
                "name": "Other",
                "prompt_template": "No",
                "context_requirements": {"other": 1},
                "anti_hallucination": {"mode": "high"},
            }
        )

        result = blend({"other": 1}, frameworks={"own": own, "other": other}, own="own")

        assert result.framework == own.model_copy(
            update={"anti_hallucination": {"mode": "high"}}
        )

    def test_nothing_left_is_no_blend(self):
        assert blend({"x": 1}, frameworks={"own": framework()}, own="own") is None

    def test_served_as_json(self):
        frameworks = {
            "a": framework(
                anti_hallucination={"strict": True, "o": {"n": 1}, "l": ["x"]}
            ),
            "b": framework(
                anti_hallucination={"strict": False, "o": {"n": 2}, "l": ["y"]}
            ),
        }

        result = blend({"a": 3, "b": 1, "x": 1}, frameworks=frameworks, own="a")

        weights = {"a": 0.75, "b": 0.25}
        assert json.loads(json.dumps(result.served())) == {
            "weights": weights,
            "report": {
                "behavioral_patterns": {},
                "decision_making": {},
                "interaction_style": {},
                "anti_hallucination": {
                    "strict": {
                        "value": True,
                        "from": {"a": 0.75},
                        "how": "vote",
                        "dropped": [
                            {
                                "framework_id": "b",
                                "value": False,
                                "reason": "Outvoted, 25 % to 75 %.",
                            }
                        ],
                    },
                    "o": {
                        "value": {"n": 1.25},
                        "from": weights,
                        "how": "merged object",
                        "dropped": [],
                        "keys": {
                            "n": {
                                "value": 1.25,
                                "from": weights,
                                "how": "mean",
                                "dropped": [],
                            }
                        },
                    },
                    "l": {
                        "value": ["x", "y"],
                        "from": weights,
                        "how": "merged list",
                        "dropped": [],
                    },
                },
            },
            "dropped": {"x": "There is no such framework."},
        }

    @given(FRAMEWORKS, ASKED, st.randoms(use_true_random=False))
    def test_input_order_changes_nothing(self, frameworks, asked, random):
        pairs, sheets = list(asked.items()), list(frameworks.items())
        random.shuffle(pairs)
        random.shuffle(sheets)

        one = blend(asked, frameworks=frameworks, own="own")
        other = blend(dict(pairs), frameworks=dict(sheets), own="own")

        assert as_json(one and one.served()) == as_json(other and other.served())

    @given(
        FRAMEWORKS,
        st.dictionaries(IDS, st.integers(0, 100), max_size=5),
        st.floats(1e-3, 1e3),
    )
    def test_a_common_factor_changes_nothing(self, frameworks, asked, factor):
        scaled = {key: weight * factor for key, weight in asked.items()}

        one = blend(asked, frameworks=frameworks, own="own")
        other = blend(scaled, frameworks=frameworks, own="own")

        assert as_json(one and one.served()) == as_json(other and other.served())

    @given(FRAMEWORKS, IDS, st.floats(1e-6, 1e6))
    def test_a_single_framework_gives_exactly_its_own_values(
        self, frameworks, single, weight
    ):
        result = blend({single: weight}, frameworks=frameworks, own="own")

        for section in SECTIONS:
            assert as_json(getattr(result.framework, section)) == as_json(
                getattr(frameworks[single], section)
            )

    @given(FRAMEWORKS, ASKED)
    def test_merged_keys_are_those_of_all_that_count(self, frameworks, asked):
        result = blend(asked, frameworks=frameworks, own="own")

        if result is None:
            return
        for section in SECTIONS:
            keys = {
                key
                for id_ in result.weights
                for key in getattr(frameworks[id_], section)
            }
            assert set(getattr(result.framework, section)) == keys
            assert set(result.report[section]) == keys

    @given(FRAMEWORKS, ASKED)
    def test_the_result_is_a_valid_sheet_and_its_report_json(self, frameworks, asked):
        result = blend(asked, frameworks=frameworks, own="own")

        if result is None:
            return
        dumped = result.framework.model_dump(mode="json")
        assert FrameworkSheet.model_validate(dumped) == result.framework
        assert json.loads(json.dumps(result.served())) == result.served()

    @given(FRAMEWORKS, ASKED)
    def test_no_list_grows_and_the_sources_stay_as_they_were(self, frameworks, asked):
        before = {key: sheet.model_dump_json() for key, sheet in frameworks.items()}

        blend(asked, frameworks=frameworks, own="own")

        assert before == {k: sheet.model_dump_json() for k, sheet in frameworks.items()}
