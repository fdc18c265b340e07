"""What the contract says of every result, on ordinary and on hostile text."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import HARMLESS, QUOTED, THREAT

from tocsin_model import Band, Classifier, InputError, Label, Result, Voice

AWKWARD = [
    "",
    " \n\t ",
    "\x00",
    "I will kill you\x00 tonight",
    "\ud800 I will kill you \udfff",
    "a" * 100_000,
    "kill " * 20_000,
    "I will kill you " * 5_000,
    '"' * 5_000,
    "“" * 5_000,
    "’" * 5_000,
    "> " * 5_000,
    "(" * 20_000,
    "\u202eI will kill you\u202c",
    "I will k\u0336i\u0336l\u0336l\u0336 you",
    "e\u0301" * 3_000,
    "🔪" * 3_000,
    "Ich werde dich morgen töten, und dein Haus wird brennen.",
    "我会杀了你",
    "\r\n\r\n> quoted\r\n> more",
    "a.b.c.d." * 5_000,
    "said " * 5_000 + THREAT,
    "I will kill, " * 30 + "you.",
    "“" + THREAT + "” he said " * 500,
]


def well_formed(text: str, result: Result) -> None:
    """Everything that section 1 and 2 of the contract promise."""
    values = [result.risk, result.asserted_risk, *result.labels.values()]
    assert all(math.isfinite(value) and 0 <= value <= 1 for value in values)
    assert result.asserted_risk <= result.risk
    assert set(result.labels) == set(Label)
    assert [span.start for span in result.spans] == sorted(span.start for span in result.spans)
    for span in result.spans:
        assert 0 <= span.start < span.end <= len(text)
        assert span.text == text[span.start : span.end]
        assert span.voice is not Voice.AUTHOR or span.speaker is None
        assert sum(abs(item.weight) for item in span.evidence) <= 1.001
        for item in span.evidence:
            assert span.start <= item.start < item.end <= span.end
    for label in Label:
        own = [span for span in result.spans if span.label is label]
        assert all(before.end <= after.start for before, after in zip(own, own[1:], strict=False))


@pytest.mark.parametrize("text", AWKWARD, ids=lambda text: repr(text[:12]))
def test_awkward_text_is_scored(classifier: Classifier, text: str) -> None:
    [result] = classifier.score([text], sentences=True)
    well_formed(text, result)


@given(st.text(max_size=400))
def test_any_text_is_scored(classifier: Classifier, text: str) -> None:
    [result] = classifier.score([text], sentences=True)
    well_formed(text, result)


PIECES = [
    THREAT,
    QUOTED,
    HARMLESS,
    "He warned that they would all be shot.",
    "\n\n",
    "“",
    "”",
    '"',
    " — ",
    "Kill them all!",
    "😀",
    "lol ",
    "\u200b",
    "...",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_dangerous_text_is_marked_within_bounds(classifier: Classifier, text: str) -> None:
    [result] = classifier.score([text], sentences=True)
    well_formed(text, result)


@given(st.lists(st.sampled_from([*PIECES, HARMLESS * 30, "x"]), min_size=1, max_size=8), st.randoms())
def test_a_score_does_not_depend_on_its_neighbours(classifier: Classifier, texts: list[str], random: object) -> None:
    alone = [classifier.score([text])[0] for text in texts]
    assert classifier.score(texts) == alone
    assert classifier.score(texts[::-1]) == alone[::-1]


def test_a_large_batch_is_scored_as_its_passages_alone(classifier: Classifier) -> None:
    texts = [THREAT, HARMLESS * 60, QUOTED] * 200
    assert classifier.score(texts) == [classifier.score([text])[0] for text in texts[:3]] * 200


def test_spans_and_sentences_change_no_score(classifier: Classifier) -> None:
    [full] = classifier.score([QUOTED], sentences=True)
    [bare] = classifier.score([QUOTED], spans=False)
    assert bare.spans == () and bare.sentences == ()
    assert (bare.risk, bare.asserted_risk, bare.labels) == (full.risk, full.asserted_risk, full.labels)


def test_the_author_threatens(classifier: Classifier) -> None:
    [result] = classifier.score([THREAT])
    assert result.band is Band.HIGH
    assert result.asserted_risk == result.risk
    assert {span.voice for span in result.spans} == {Voice.AUTHOR}


def test_somebody_quoted_threatens(classifier: Classifier) -> None:
    [result] = classifier.score([QUOTED])
    assert result.band is not Band.LOW
    assert result.asserted_risk < classifier.thresholds.elevated
    assert {(span.voice, span.speaker) for span in result.spans} == {(Voice.QUOTED, "Commander Idder Ag Moussa")}


def test_nobody_threatens(classifier: Classifier) -> None:
    [result] = classifier.score([HARMLESS])
    assert result.band is Band.LOW
    assert result.spans == ()


def test_a_page_does_not_drown_a_threat(classifier: Classifier) -> None:
    page = "\n\n".join([HARMLESS + " The minister thanked the members and closed the session."] * 40)
    [alone] = classifier.score([THREAT])
    [within] = classifier.score([page + "\n\n" + THREAT + "\n\n" + page])
    assert within.risk > 0.8 * alone.risk
    assert any(THREAT[:-1].startswith(span.text[:10]) for span in within.spans)


@pytest.mark.parametrize(
    "disguised", ["I will k1ll you", "I will k i l l you", "I will k*ll you", "I will kіll you", "I w\u200bill ki\u200bll you", "Ｉ ｗｉｌｌ ｋｉｌｌ ｙｏｕ", "I WILL KILL YOU"]
)  # fmt: skip
def test_a_disguise_does_not_hide_a_threat(classifier: Classifier, disguised: str) -> None:
    [plain], [hidden] = classifier.score(["I will kill you"]), classifier.score([disguised])
    assert hidden.risk >= classifier.thresholds.elevated
    assert hidden.risk == pytest.approx(plain.risk, abs=0.25)


@pytest.mark.parametrize(("texts", "message"), [("one string", "list"), ([1], r"texts\[0\]"), (["a", None], r"texts\[1\]")])
def test_what_is_no_list_of_strings_is_refused(classifier: Classifier, texts: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        classifier.score(texts)  # type: ignore[arg-type]


def test_no_passages_no_results(classifier: Classifier) -> None:
    assert classifier.score([]) == []


@pytest.mark.parametrize(
    ("text", "code", "supported"),
    [
        ("The quick brown fox jumps over the lazy dog near the river.", "en", True),
        ("Ich werde morgen mit meiner Mutter in die Stadt gehen und Brot kaufen.", "de", False),
        ("Завтра мы пойдём в город и купим хлеба.", "ru", False),
        ("77310 84 !!!", "und", False),
        ("u gonna get wrecked lmao", "en", True),
    ],
)
def test_language(classifier: Classifier, text: str, code: str, supported: bool) -> None:
    [result] = classifier.score([text])
    assert (result.language.code, result.language.supported) == (code, supported)
