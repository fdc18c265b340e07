"""Formats of files by their extension, and packed bytes of the output."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath


class Kind(StrEnum):
    """How rows lie in a file."""

    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"


class Packing(StrEnum):
    """How the file as a whole is compressed."""

    NONE = "none"
    GZIP = "gzip"
    ZSTD = "zstd"


@dataclass(frozen=True, slots=True)
class Format:
    """A kind and a packing."""

    kind: Kind
    packing: Packing = Packing.NONE


_KINDS = {".jsonl": Kind.JSONL, ".ndjson": Kind.JSONL, ".csv": Kind.CSV, ".tsv": Kind.TSV, ".parquet": Kind.PARQUET}
_PACKINGS = {".gz": Packing.GZIP, ".zst": Packing.ZSTD}


def of(name: str) -> Format:
    """The format that a file's extension names.

    Raises
    ------
    ValueError : another extension, or a format that needs a package which is not installed.
    """
    suffixes = [suffix.lower() for suffix in PurePath(name).suffixes]
    packing = _PACKINGS.get(suffixes[-1], Packing.NONE) if suffixes else Packing.NONE
    rest = suffixes if packing is Packing.NONE else suffixes[:-1]
    kind = _KINDS.get(rest[-1]) if rest else None
    if kind is None:
        raise ValueError(f"{name}: the extension must be .jsonl, .csv, .tsv (each also with .gz or .zst) or .parquet; '-' is JSONL")
    if kind is Kind.PARQUET and packing is not Packing.NONE:
        raise ValueError(f"{name}: Parquet is compressed inside; name it .parquet")
    if kind is Kind.PARQUET or packing is Packing.ZSTD:
        _require_pyarrow(name)
    return Format(kind, packing)


def known(name: str) -> bool:
    """Whether the extension is one of ours."""
    suffixes = [suffix.lower() for suffix in PurePath(name).suffixes]
    if suffixes and suffixes[-1] in _PACKINGS:
        suffixes.pop()
    return bool(suffixes) and suffixes[-1] in _KINDS


def pack(data: bytes, packing: Packing) -> bytes:
    """One gzip member or zstd frame, the same for the same data; concatenated ones are a valid file."""
    if not data or packing is Packing.NONE:
        return data
    if packing is Packing.GZIP:
        return gzip.compress(data, 6, mtime=0)
    import pyarrow as pa  # noqa: PLC0415 an extra

    packed: bytes = pa.Codec("zstd", compression_level=3).compress(data, asbytes=True)
    return packed


def _require_pyarrow(name: str) -> None:
    try:
        import pyarrow  # noqa: F401, PLC0415 an extra
    except ImportError:
        raise ValueError(f"{name}: Parquet and .zst need PyArrow: pip install 'tocsin[parquet]'") from None
