"""Quotation marks as people use them."""

import pytest

from tocsin_model import quotations


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ('He said "stay here" and left.', ["stay here"]),
        ("He said “stay here” and left.", ["stay here"]),
        ("He said 'stay here' and left.", ["stay here"]),
        ("He said ‘stay here’ and left.", ["stay here"]),
        ("Il a dit « reste ici » hier.", [" reste ici "]),
        ("Er sagte „bleib hier“ gestern.", ["bleib hier"]),
        ("“She told me ‘run’ and I ran,” he said.", ["She told me ‘run’ and I ran,", "run"]),
        ("It's the boys' dog and don't you forget it", []),
        ("the '90s and rock 'n' roll", []),
        ('5" nails and 6" boards', []),
        ("“One,” he said. “Two.”", ["One,", "Two."]),
        ("““Doubled,” he said.", ["Doubled,"]),
        ("> a line\n> another\nmy answer", ["> a line\n> another"]),
        ("“Never closed, he said.", ["Never closed, he said."]),
        ('He said "never closed and went on.\n\nA new paragraph.', []),
        ("", []),
    ],
)
def test_what_is_quoted(text: str, quoted: list[str]) -> None:
    assert [text[found.start : found.end] for found in quotations.find(text)] == quoted


def test_a_quotation_that_runs_over_paragraphs_goes_on() -> None:
    text = "“First paragraph.\n\n“Second paragraph,” said the mayor."
    first, second = quotations.find(text)
    assert (text[first.start : first.end], first.continues) == ("First paragraph.", False)
    assert (text[second.start : second.end], second.continues) == ("Second paragraph,", True)
