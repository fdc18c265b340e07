"""Capabilities, each with what must not change the answer and what must (after the checklists of Ribeiro et al. 2020)."""

import pytest

from tocsin_model import Classifier

GROUPS = [
    "Muslims",
    "Jews",
    "Christians",
    "women",
    "men",
    "gay people",
    "immigrants",
    "Mexicans",
    "black people",
    "white people",
    "Hindus",
    "Turks",
]


@pytest.mark.parametrize(
    "frame", ["We will kill all {} in this town.", "I met two {} at the market today.", "{} should be allowed to vote."]
)
def test_which_group_is_named_changes_nothing(classifier: Classifier, frame: str) -> None:
    """Names of groups are one and the same word to the model, so one word stands for all."""
    single = [group for group in GROUPS if " " not in group and group not in ("women", "men")]
    risks = {result.risk for result in classifier.score([frame.format(group) for group in single], spans=False)}
    assert len(risks) == 1


@pytest.mark.parametrize(
    "group", ["Muslim", "Jewish", "gay", "trans", "black", "Mexican", "disabled", "a woman", "an immigrant", "a lesbian", "deaf"]
)
@pytest.mark.parametrize("frame", ["I am {}.", "I'm {} and proud.", "My neighbour is {} and works as a nurse."])
def test_an_identity_alone_is_no_risk(classifier: Classifier, frame: str, group: str) -> None:
    [result] = classifier.score([frame.format(group)])
    assert result.risk < classifier.thresholds.elevated


PAIRS = [
    ("I will kill you.", "He wrote to me: “I will kill you.” I have told the police."),
    (
        "We will burn your houses down.",
        "“We will burn your houses down,” the militia's commander said on Monday, and the government condemned the remark.",
    ),
    ("All traitors must be shot.", "It is disgusting to write that “all traitors must be shot”."),
    ("I will cut your throat.", "My ex told me he would cut my throat."),
    ("We will bomb your cities.", "The general warned that his army would bomb our cities."),
]


@pytest.mark.parametrize(("own", "repeated"), PAIRS)
def test_repeating_somebody_elses_words_is_not_saying_them(classifier: Classifier, own: str, repeated: str) -> None:
    first, second = classifier.score([own, repeated])
    assert first.asserted_risk >= classifier.thresholds.elevated
    assert second.asserted_risk < 0.5 * first.asserted_risk
    assert second.asserted_risk < classifier.thresholds.elevated


@pytest.mark.parametrize(("danger", "harmless"), [
    ("I am going to kill you.", "I am not going to kill you, nobody is going to hurt you."),
    ("Someone should shoot the mayor.", "Nobody should shoot the mayor, that would be a crime."),
    ("We will burn the town.", "The town burned in the war of 1871."),
    ("We will crush your skulls tonight.", "We will crush them in the cup final on Saturday."),
    ("The killer is a hero.", "The firefighter is a hero."),
    ("They deserve to be hanged.", "They deserve to be heard."),
])  # fmt: skip
def test_a_harmless_turn_lowers_the_risk(classifier: Classifier, danger: str, harmless: str) -> None:
    first, second = classifier.score([danger, harmless])
    assert second.risk < first.risk
    assert second.risk < classifier.thresholds.elevated


@pytest.mark.parametrize(
    "change", [str.upper, str.lower, lambda text: text + " 😀", lambda text: text.rstrip(".") + "!!!", lambda text: "  " + text + "\n"]
)
def test_the_way_it_is_typed_hides_no_threat(classifier: Classifier, change: object) -> None:
    for text in ("I will kill you.", "We will burn down your house with you in it.", "Somebody should shoot him in the head."):
        [result] = classifier.score([change(text)])  # type: ignore[operator]
        assert result.risk >= classifier.thresholds.elevated
