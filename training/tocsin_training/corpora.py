"""The public corpora: where each comes from, its licence, and what its labels mean in ours. The one place of the label mapping.

What a corpus does not say is unknown (``None``), not negative: such a label is left out of the fit of its head.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

csv.field_size_limit(1 << 24)

YES, NO, UNKNOWN = 1, 0, None


@dataclass(frozen=True, slots=True)
class Example:
    """A public text with what is known of it. ``marked`` are the ranges that earned a positive label, where the corpus says."""

    text: str
    source: str
    risk: int | None
    threat: int | None
    incitement: int | None
    glorification: int | None
    marked: tuple[tuple[int, int], ...] = ()


Known = tuple[int | None, int | None, int | None, int | None]  # risk, threat, incitement, glorification
NEGATIVE: Known = (NO, NO, NO, NO)
THREAT: Known = (YES, YES, UNKNOWN, UNKNOWN)
INCITEMENT: Known = (YES, UNKNOWN, YES, UNKNOWN)
VIOLENT: Known = (YES, UNKNOWN, UNKNOWN, UNKNOWN)

# Words without which a "threat" or "incitement" row of the noisier corpora is not one of ours (deportation, slogans, Guantanamo).
VIOLENT_WORDS = re.compile(
    r"\b(?:kill|shoot|shot|hang|hung|hanging|execut\w+|firing squad|noose|rope|gallows|lynch\w*|guillotin\w*|behead\w*|bullet\w*|burn\w*|stab\w*"
    r"|slaughter\w*|exterminat\w*|eradicat\w*|annihilat\w*|gas(?:sed)?|lead|death|die|dead|stone[ds]?|bomb\w*|nuke\w*|blood|woodchipper|lock and load"
    r"|murder\w*|strangle\w*|beat|punch\w*|kick\w*|slap\w*|whip\w*|smash\w*|tar and feather\w*|drown\w*|hunt\w*|genocide|rape[ds]?|civil war)\b",
    re.IGNORECASE,
)
_SUSPECT = re.compile(
    r"\b(?:kill|shoot|hang|execute|lynch|behead|bullet|slaughter|exterminate|burn|stab|punch|beat|slap|choke|smack|bomb|die|murder|rape|hurt)\w*\b",
    re.IGNORECASE,
)


def _rows(path: Path, delimiter: str = ",") -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="", errors="replace") as lines:
        yield from csv.DictReader(lines, delimiter=delimiter)


def _toxic_spans(folder: Path) -> Iterator[Example]:
    for line in (folder / "threat_spans.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["n_threat_annotators"] >= 2:
            marked = tuple((start, end) for spans in row["spans_per_annotator"] for start, end in spans)
            yield Example(row["text"], "toxic_spans", *THREAT, marked=marked)
    for name in ("tsd_train.csv", "tsd_trial.csv"):
        for post in _rows(folder / name):
            if not _SUSPECT.search(post["text"]):
                yield Example(post["text"], "toxic_spans", *NEGATIVE)


def _threatgram(folder: Path) -> Iterator[Example]:
    for row in json.loads((folder / "Labeled_15076.json").read_text(encoding="utf-8")):
        violent = VIOLENT_WORDS.search(row["reply"])
        if row["Label"] == 2 and violent:
            yield Example(row["reply"], "threatgram101", *VIOLENT)
        elif row["Label"] < 2 and not violent:
            yield Example(row["reply"], "threatgram101", *NEGATIVE)


def _edos(folder: Path) -> Iterator[Example]:
    for row in _rows(folder / "edos_labelled_train_dev.csv"):
        vector = row["label_vector"]
        if vector.startswith("1."):
            yield Example(row["text"], "edos", *(VIOLENT if VIOLENT_WORDS.search(row["text"]) else (None,) * 4))
        elif not _SUSPECT.search(row["text"]):
            yield Example(row["text"], "edos", *NEGATIVE)


def _gab(folder: Path) -> Iterator[Example]:
    for row in _rows(folder / "ghc_train.tsv", "\t"):
        if row["cv"] == "1":
            yield Example(row["text"], "gab_hate_corpus", *INCITEMENT)


def _hatemoji(folder: Path) -> Iterator[Example]:
    for name in ("train.csv", "validation.csv"):
        for row in _rows(folder / name):
            threatening = row["type"] == "threateninglanguage"
            yield Example(row["text"], "hatemoji_build", *(VIOLENT if threatening else NEGATIVE))


def _implicit_hate(folder: Path) -> Iterator[Example]:
    for row in _rows(folder / "implicit_hate_v1_stg1_posts.tsv", "\t"):
        if row["class"] == "not_hate" and not _SUSPECT.search(row["post"]):
            yield Example(row["post"], "implicit_hate", *NEGATIVE)


def _davidson(folder: Path) -> Iterator[Example]:
    for row in _rows(folder / "labeled_data.csv"):
        if row["class"] != "0" and not _SUSPECT.search(row["tweet"]):
            yield Example(row["tweet"], "davidson", *NEGATIVE)


def _surge(folder: Path) -> Iterator[Example]:
    for row in _rows(folder / "toxicity_en.csv"):
        if not _SUSPECT.search(row["text"]):
            yield Example(row["text"], "surge_toxicity", *NEGATIVE)


def _goemotions(folder: Path) -> Iterator[Example]:
    for line in (folder / "train.tsv").read_text(encoding="utf-8").splitlines():
        text, emotions, _ = line.split("\t")
        if "2" not in emotions.split(",") or not _SUSPECT.search(text):  # 2 is anger
            yield Example(text, "goemotions", *NEGATIVE)


def _wikipedia(folder: Path) -> Iterator[Example]:
    for row in _rows(folder / "toxicity_nonfuzzed_testset.csv"):
        if row["toxic"] == "False" or not _SUSPECT.search(row["comment"]):
            yield Example(row["comment"], "wikipedia_toxicity", *NEGATIVE)


def _jigsaw(folder: Path) -> Iterator[Example]:
    for row in _rows(folder / "toxic_comments.csv"):
        if row["threat"] == "1":
            yield Example(row["comment_text"], "jigsaw_sample", *THREAT)
        elif row["toxic"] == "0" or not _SUSPECT.search(row["comment_text"]):
            yield Example(row["comment_text"], "jigsaw_sample", *NEGATIVE)


def ethos(folder: Path) -> list[tuple[str, int]]:
    """ETHOS, for evaluation only (GPL-3.0): (comment, 1 where at least half the annotators saw incitement to violence)."""
    violent = {row["comment"]: float(row["violence"]) >= 0.5 for row in _rows(folder / "ethos" / "Ethos_Dataset_Multi_Label.csv", ";")}
    comments = [row["comment"] for row in _rows(folder / "ethos" / "Ethos_Dataset_Binary.csv", ";")]
    return [(comment, int(violent.get(comment, False))) for comment in comments]


def madlibs(folder: Path) -> list[str]:
    """Sentences that name an identity and nothing bad ("I am deaf"): bias slices."""
    rows = _rows(folder / "wikipedia_toxicity" / "intersectional_madlibs.csv")
    return [row["phrase"] for row in rows if row["toxicity"] == "nontoxic"]


LOADERS: dict[str, Callable[[Path], Iterator[Example]]] = {
    "toxic_spans": _toxic_spans,
    "threatgram101": _threatgram,
    "edos": _edos,
    "gab_hate_corpus": _gab,
    "hatemoji_build": _hatemoji,
    "implicit_hate": _implicit_hate,
    "davidson": _davidson,
    "surge_toxicity": _surge,
    "goemotions": _goemotions,
    "wikipedia_toxicity": _wikipedia,
    "jigsaw_sample": _jigsaw,
}


def load(folder: Path, names: list[str]) -> list[Example]:
    """The named corpora of a data folder, each text once (by its letters and digits), first come first kept.

    Raises
    ------
    FileNotFoundError : a named corpus is not in the folder.
    """
    seen: set[str] = set()
    examples = []
    for name in names:
        for example in LOADERS[name](folder / name):
            key = re.sub(r"[\W_]+", "", example.text).lower()
            if key and key not in seen and example.risk is not None:
                seen.add(key)
                examples.append(example)
    return examples
