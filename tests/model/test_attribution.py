"""Who speaks: direct and indirect speech as papers and people write it."""

import pytest

from tocsin_model import attribution
from tocsin_model.passages import segment

WORDS = "We will burn the town"


@pytest.mark.parametrize(
    ("text", "speaker"),
    [
        (f"“{WORDS},” said Marek Oduya.", "Marek Oduya"),
        (f"“{WORDS},” Marek Oduya said on Monday.", "Marek Oduya"),
        (f'"{WORDS}," Marek Oduya, who leads the Red Quay committee, told a crowd.', "Marek Oduya"),
        (f"Marek Oduya said: “{WORDS}.”", "Marek Oduya"),
        (f"Marek Oduya, the secretary general, told reporters on Friday, “{WORDS}.”", "Marek Oduya"),
        (f"According to Marek Oduya, “{WORDS}.”", "Marek Oduya"),
        (f"“{WORDS},” the commander said.", "the commander"),
        (f"“{WORDS},” a spokesman for the Front said.", "a spokesman for the Front"),
        (f"Marek Oduya arrived late. “{WORDS},” he said.", "Marek Oduya"),
        (f"Marek Oduya spoke first. “{WORDS},” Oduya told them.", "Marek Oduya"),
        (f"My ex texted me “{WORDS}” last night.", "My ex"),
        (f"“Stay out.\n\n“{WORDS},” said Marek Oduya.", "Marek Oduya"),
        (f"“{WORDS}”", None),
    ],
)
def test_the_speaker_of_a_quotation(text: str, speaker: str | None) -> None:
    passage = segment(text)
    index = next(place for place, found in enumerate(passage.quotations) if WORDS in text[found.start : found.end])
    assert attribution.of_quotation(passage, index).speaker == speaker


def test_an_author_who_quotes_themself_speaks_in_their_own_voice() -> None:
    passage = segment(f"I told him “{WORDS}” and I meant it.")
    assert attribution.of_quotation(passage, 0).own


@pytest.mark.parametrize(
    ("sentence", "speaker", "content"),
    [
        ("Marek Oduya warned that his men would burn the town.", "Marek Oduya", "his men would burn the town."),
        ("The general vowed to burn the town.", "The general", "vowed to burn the town."),
        ("My ex told me he would burn the house down.", "My ex", "he would burn the house down."),
        ("He threatened to kill her.", "He", "threatened to kill her."),
        ("His men would burn the town, Marek Oduya said.", "Marek Oduya", "His men would burn the town"),
        ("According to the Front, every soldier is a legitimate target.", "the Front", None),
    ],
)
def test_indirect_speech(sentence: str, speaker: str, content: str | None) -> None:
    found = attribution.of_sentence(sentence, 0, len(sentence))
    assert found is not None
    assert found.speaker == speaker
    if content is not None:
        assert sentence[found.content : found.end].strip() == content


@pytest.mark.parametrize(
    "sentence", ["I will burn the town.", "We say that you will burn.", "Burn it all down tonight.", "I told you I would kill you."]
)
def test_the_author_speaks_unless_somebody_else_does(sentence: str) -> None:
    assert attribution.of_sentence(sentence, 0, len(sentence)) is None
