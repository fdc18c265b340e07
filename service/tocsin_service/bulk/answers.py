"""What is written of a row, and the bytes of it in each format."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tocsin_model.types import Label
from tocsin_service.bulk.formats import Format, Kind, pack
from tocsin_service.bulk.inputs import Input

Answer = dict[str, Any]  # as ``responses.render`` makes it, columns passed through after the id; or id, those, and ``error``


class Level(StrEnum):
    """How much is written of a row."""

    SCORES = "scores"
    SPANS = "spans"
    ALL = "all"


_SCORES = ("risk", "asserted_risk", "band", "labels")
_CELLS = ("risk", "asserted_risk", "band", *Label)
RESERVED = frozenset({"id", "model", *_CELLS, "labels", "spans", "sentences", "language", "offsets", "error"})


def cut(answer: Answer, kept: dict[str, Any], level: Level) -> Answer:
    """An answer with the columns passed through, and no more than the level says. By default it is ``answer`` itself."""
    if level is Level.ALL:
        rest = {name: value for name, value in answer.items() if name != "id"}
    else:
        names = _SCORES if level is Level.SCORES else (*_SCORES, "spans")
        rest = {name: answer[name] for name in names}
    return {"id": answer["id"], **kept, **rest}


def line(answer: Answer) -> bytes:
    """One line of JSONL. ASCII, so that even a lone surrogate survives."""
    return (json.dumps(answer, allow_nan=False) + "\n").encode("ascii")


@dataclass(frozen=True, slots=True)
class Writer:
    """Answers to bytes; the bytes of one call after another make a file (of Parquet, what ``tables.publish`` makes one of)."""

    format: Format
    level: Level
    keep: tuple[str, ...] = ()
    schema: Any = None  # of Parquet

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of a table."""
        more = {Level.SCORES: (), Level.SPANS: ("spans",), Level.ALL: ("spans", "language", "model")}[self.level]
        return ("id", *self.keep, *_CELLS, *more, "error")

    def header(self) -> bytes:
        """What the file begins with."""
        return self._sheet([self.names]) if self.format.kind in (Kind.CSV, Kind.TSV) else b""

    def encode(self, answers: Sequence[Answer]) -> bytes:
        """The answers, in order."""
        if not answers:
            return b""
        if self.format.kind is Kind.JSONL:
            return pack(b"".join(map(line, answers)), self.format.packing)
        if self.format.kind is Kind.PARQUET:
            from tocsin_service.bulk import tables  # noqa: PLC0415 an extra

            return tables.stream([self._cells(answer) for answer in answers], self.schema)
        return self._sheet([_printed(cell) for cell in self._cells(answer)] for answer in answers)

    def _sheet(self, rows: Iterable[Sequence[Any]]) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter="\t" if self.format.kind is Kind.TSV else ",").writerows(rows)
        return pack(text.getvalue().encode("utf-8", "replace"), self.format.packing)

    def _cells(self, answer: Answer) -> list[Any]:
        values = {"error": answer["error"]["detail"]} if "error" in answer else dict(answer, error=None)
        if "labels" in values:
            values |= values["labels"]
        if "model" in values:
            values |= {"language": answer["language"]["code"], "model": answer["model"]["digest"]}
        values |= {name: answer[name] for name in ("id", *self.keep)}
        if self.schema is not None:
            for name in ("id", *self.keep):
                if values[name] is not None and str(self.schema.field(name).type) == "string":
                    values[name] = _printed(values[name])
        return [values.get(name) for name in self.names]


def writer(format: Format, level: Level, keep: tuple[str, ...], id_column: str, inputs: Sequence[Input]) -> Writer:
    """The writer of an output; a Parquet one takes the types of the columns passed through from the inputs."""
    plain = Writer(format, level, keep)
    if format.kind is not Kind.PARQUET:
        return plain
    from tocsin_service.bulk import tables  # noqa: PLC0415 an extra

    return Writer(
        format, level, keep, tables.schema(plain.names, tables.kept_types(inputs, {"id": id_column, **{name: name for name in keep}}))
    )


def _printed(value: Any) -> str:
    """A cell as text: nothing for null, JSON for what is neither text nor a number."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, allow_nan=False)
