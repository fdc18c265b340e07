"""Which words are marked, for what, and who says them: (text, marked words, labels, voice, speaker)."""

import pytest

from tocsin_model import Classifier, Voice

A, Q, R = Voice.AUTHOR, Voice.QUOTED, Voice.REPORTED

CASES = [
    ("I will kill you.", "I will kill you", {"threat"}, A, None),
    ("Good morning. I will kill you and your family. Have a nice day.", "I will kill you and your family", {"threat"}, A, None),
    ("“I will shoot every one of you,” said Marek Oduya.", "I will shoot every one of you", {"threat"}, Q, "Marek Oduya"),
    ("\"We will bomb your cities,\" the commander said on Friday.", "We will bomb your cities", {"threat"}, Q, "the commander"),
    ("Marek Oduya told reporters: “We will burn your ships and kill your crews.”", "We will burn your ships and kill your crews", {"threat"}, Q, "Marek Oduya"),
    ("General Marek Oduya warned that his men would kill every prisoner.", "his men would kill every prisoner", {"threat"}, R, "General Marek Oduya"),
    ("My ex threatened to kill me and burn down my house.", "threatened to kill me and burn down my house", {"threat"}, R, "My ex"),
    ("Kill all of them, shoot them on sight.", "Kill all of them, shoot them on sight", {"incitement"}, A, None),
    ("Every soldier of the occupier is a legitimate target.", "Every soldier of the occupier is a legitimate target", {"incitement"}, A, None),
    ("The cleric urged his followers to kill the unbelievers.", "urged his followers to kill the unbelievers", {"incitement"}, R, "The cleric"),
    ("I hope he gets shot and dies slowly.", "I hope he gets shot and dies slowly", {"glorification"}, A, None),
    ("The bomber is a hero, he deserves a medal for killing them.", "The bomber is a hero, he deserves a medal for killing them", {"glorification"}, A, None),
    ("> I will find you and kill you\n\nPlease ban this user.", "I will find you and kill you", {"threat"}, Q, None),
    ("He shouted ‘I will kill you’ at the nurse, and we called the police.", "I will kill you", {"threat"}, Q, "He"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words", "labels", "voice", "speaker"), CASES, ids=[case[0][:40] for case in CASES])
def test_marked(classifier: Classifier, text: str, words: str, labels: set[str], voice: Voice, speaker: str | None) -> None:
    [result] = classifier.score([text])
    start = text.index(words)
    gold = set(range(start, start + len(words)))
    over = [span for span in result.spans if gold & set(range(span.start, span.end))]
    assert over
    assert labels <= {span.label for span in over}
    marked = {place for span in over for place in range(span.start, span.end)}
    assert len(gold & marked) / len(gold | marked) > 0.7
    assert {(span.voice, span.speaker) for span in over} == {(voice, speaker)}


BENIGN = [
    "The parliament approved a law that grants the fighters salaries and pensions.",
    "We always have the right of self-defence.",
    "The last foreign troops left the base on Friday.",
    "Three people were killed when the bomb exploded, police said.",
    "The minister condemned the attack and called for calm.",
    "This heat is killing me.",
    "We destroyed them 5-0 in the final.",
    "You can kill the process with the second command.",
    "Shoot me an email when you are free.",
    "I hate them and I want them out of the country.",
    "He was sentenced to life in prison for murder.",
    "Nobody is going to hurt you.",
    "In the film the hero shoots the general and burns the castle.",
    "As a gay Muslim man I love this city.",
    "You are a pathetic liar and I hope you lose the election.",
    "My boss will kill me if I am late again.",
]


@pytest.mark.parametrize("text", BENIGN)
def test_not_marked(classifier: Classifier, text: str) -> None:
    [result] = classifier.score([text])
    assert result.spans == ()


def test_evidence_lies_where_the_danger_is(classifier: Classifier) -> None:
    text = "I will kill you tomorrow."
    [result] = classifier.score([text])
    strongest = max(result.spans[0].evidence, key=lambda item: item.weight)
    assert text[strongest.start : strongest.end] in {"will", "kill", "you"}


def test_taking_the_marked_words_away_takes_the_danger_away(classifier: Classifier) -> None:
    text = "The weather is fine and the trains run. I will kill you and your family. See you on Monday."
    [result] = classifier.score([text])
    rest = text
    for span in result.spans:
        rest = rest.replace(span.text, " ")
    [without] = classifier.score([rest])
    assert without.risk < classifier.thresholds.elevated < result.risk
