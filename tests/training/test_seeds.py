"""The corpus we write: every line sound, the grammars' output as committed, markup read or refused."""

import json
from pathlib import Path

import pytest

from tocsin_model import Label, Voice
from tocsin_training import check, grammar, markup, seeds
from tocsin_training.seeds import GoldSpan, Passage, SeedError
from tocsin_training.splits import fold_of, held_out, near_duplicates

MARKED = """---
@ group=g-1 kind=positive genre=news
“{{TG/q/Idder::Whoever crosses will not go home}},” Idder said, and {{I/r/Idder::urged his men to shoot}}.
---
@ group=g-1 kind=reporting genre=news
Three lorries crossed.
"""


@pytest.fixture(scope="module")
def corpus() -> list[Passage]:
    return seeds.load()


def test_the_corpus_has_no_problem(corpus: list[Passage]) -> None:
    assert check.check(corpus).problems == []


def test_the_corpus_is_what_was_asked_for(corpus: list[Passage]) -> None:
    written = [passage for passage in corpus if passage.origin == "written"]
    assert len(corpus) >= 3_000
    assert len(written) >= 1_500
    assert {label for passage in written for label in passage.labels} == set(Label)
    assert {span.voice for passage in written for span in passage.spans} == set(Voice)
    assert {passage.kind for passage in written} == set(seeds.KINDS)


def test_the_grammars_give_what_is_committed() -> None:
    expanded = "".join(seeds.render(passage) + "\n" for passage in grammar.expand())
    assert grammar.EXPANDED.read_text(encoding="utf-8") == expanded


def test_a_split_never_cuts_through_a_group(corpus: list[Passage]) -> None:
    sides: dict[tuple[bool, str], set[bool]] = {}
    for passage in corpus:
        sides.setdefault((passage.theme.startswith("heldout"), passage.group), set()).add(held_out(passage))
    assert all(len(side) == 1 for side in sides.values())
    assert {fold_of(passage.group, 5) for passage in corpus} == set(range(5))


def test_markup_is_read() -> None:
    first, second = markup.parse(MARKED, "theme")
    assert first.text == "“Whoever crosses will not go home,” Idder said, and urged his men to shoot."
    assert [(first.text[span.start : span.end], sorted(span.labels), span.voice, span.speaker) for span in first.spans] == [
        ("Whoever crosses will not go home", ["glorification", "threat"], Voice.QUOTED, "Idder"),
        ("urged his men to shoot", ["incitement"], Voice.REPORTED, "Idder"),
    ]
    assert first.labels == set(Label)
    assert not first.asserted
    assert second.spans == ()


def test_lines_round_trip(corpus: list[Passage]) -> None:
    for passage in corpus[::50]:
        assert seeds.parse(json.loads(seeds.render(passage)), passage.theme) == passage


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("@ group=a kind=positive\nx", "first line must be"),
        ("@ group=a kind=nice genre=news\nx", "kind 'nice'"),
        ("@ group=a kind=positive genre=news\n{{X/a/::x}}", "can't be read"),
        ("@ group=a kind=positive genre=news\n{{T/a/::x", "can't be read"),
    ],
)
def test_bad_markup_is_named(block: str, message: str) -> None:
    with pytest.raises(SeedError, match=message):
        markup.parse("---\n" + block, "theme")


GOOD_SPAN = {"start": 0, "end": 3, "text": "One", "labels": ["threat"], "voice": "author", "speaker": None}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spans": [{"start": 0, "end": 3, "text": "xyz", "labels": ["threat"], "voice": "author", "speaker": None}]}, "does not hold"),
        ({"kind": "nice"}, "kind 'nice'"),
        ({"text": 5}, "text must be"),
        ({"spans": None}, "spans must be a list"),
        ({"spans": [7]}, r"spans\[0\] must be an object"),
        ({"spans": [{"start": 0, "end": True}]}, r"spans\[0\].end must be a whole number"),
        ({"spans": [{"start": -1, "end": 3, "text": "xyz"}]}, "does not hold"),
        ({"spans": [GOOD_SPAN | {"labels": ["rude"]}]}, r"spans\[0\].labels takes threat, incitement, glorification"),
        ({"spans": [GOOD_SPAN | {"labels": [[]]}]}, r"spans\[0\].labels takes threat"),
        ({"spans": [GOOD_SPAN | {"voice": "crowd"}]}, r"spans\[0\].voice takes author, quoted, reported"),
        ({"spans": [GOOD_SPAN | {"speaker": 7}]}, r"spans\[0\].speaker must be a string"),
        ({"group": 7}, "group must be a string"),
    ],
)
def test_a_bad_line_is_named_with_its_number(tmp_path: Path, change: dict[str, object], message: str) -> None:
    good = seeds.render(passage("One two three.", kind="neutral"))
    (tmp_path / "theme.jsonl").write_text(good + "\n" + json.dumps(json.loads(good) | change) + "\n", encoding="utf-8")
    with pytest.raises(SeedError, match=rf"theme\.jsonl line 2: .*{message}") as caught:
        seeds.load(tmp_path)
    assert "two three" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "line 2: not JSON: .* at column 2"),
        (b"[]", "line 2: must be an object"),
        (b'{"text": "one"}', "line 2: kind is missing"),
        (b'{"text": "\xff"}', "line 2: not UTF-8: byte 10"),
        (b"[" * 100_000, "line 2: nested too deeply"),
    ],
)
def test_a_line_that_is_none_is_named_with_its_number(tmp_path: Path, line: bytes, message: str) -> None:
    (tmp_path / "theme.jsonl").write_bytes(b"\n" + line + b"\n")
    with pytest.raises(SeedError, match=message):
        seeds.load(tmp_path)


def test_a_line_ends_at_a_line_feed_only(tmp_path: Path) -> None:
    kept = passage("One\u2028two\x85three.", kind="neutral")
    (tmp_path / "theme.jsonl").write_bytes((seeds.render(kept) + "\r\n").encode())
    assert seeds.load(tmp_path) == [kept]


def passage(text: str, *spans: GoldSpan, ident: str = "a", group: str = "g", kind: str = "positive") -> Passage:
    return Passage(ident, group, "theme", kind, "post", "written", text, spans)


def span(start: int, end: int, voice: Voice = Voice.AUTHOR, speaker: str | None = None) -> GoldSpan:
    return GoldSpan(start, end, frozenset({Label.THREAT}), voice, speaker)


LONG = "the quick brown fox jumps over the lazy dog and runs home"


@pytest.mark.parametrize(
    ("passages", "problem"),
    [
        ([passage("I will", span(0, 6)), passage("they will", span(0, 9))], "used 2 times"),
        ([passage("I will", span(0, 6)), passage("i WILL!", span(0, 6), ident="b")], "the same text"),
        ([passage("I will go", span(0, 6), span(4, 9))], "overlap"),
        ([passage("I will", span(0, 2))], "white space"),
        ([passage("I will", span(0, 6, Voice.AUTHOR, "I"))], "the author's"),
        ([passage("“I will”", span(1, 7, Voice.QUOTED, "Zed"))], "not in the text"),
        ([passage("I will", span(0, 6, Voice.QUOTED))], "quotation marks"),
        ([passage("I will", span(0, 6), kind="sport")], "has a span"),
        ([passage("I will")], "no span"),
        ([passage(LONG, kind="neutral"), passage(LONG + " now", ident="b", group="h", kind="neutral")], "near-duplicates"),
    ],
)
def test_the_validator_finds(passages: list[Passage], problem: str) -> None:
    assert any(problem in found for found in check.check(passages).problems)


def test_twins_of_a_group_may_resemble_each_other() -> None:
    assert near_duplicates([passage(LONG), passage(LONG + " now")]) == []


def test_a_grammar_that_lacks_a_slot_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("<a> = b | c\n\n---\n@ group=g kind=neutral genre=post\nthe <a> and the <d>\n")
    with pytest.raises(SeedError, match="<d> is not defined"):
        grammar.expand(tmp_path)


def test_a_slot_is_filled_the_same_everywhere_in_a_passage(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("<a> = fox | dog | owl\n\n---\n@ group=g kind=neutral genre=post\n<A>, <a>\n")
    assert sorted(found.text for found in grammar.expand(tmp_path)) == ["Dog, dog", "Fox, fox", "Owl, owl"]
