"""Parquet, by PyArrow. What is written is kept as Arrow streams, one a chunk, until the end: a Parquet file can't be gone on with."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tocsin_model.types import Label
from tocsin_service.bulk.formats import Kind
from tocsin_service.bulk.inputs import Input
from tocsin_service.bulk.parts import check_there, unwritable
from tocsin_service.bulk.readers import Found
from tocsin_service.bulk.rows import Columns, pick

_BATCH = 64  # rows decoded at a time
_NAMES, _NAME = 10, 40  # columns listed in a message, and characters of each
_GROUP_ROWS, _GROUP_BYTES = 1 << 16, 1 << 26  # of a row group written

_WORD = pa.struct([("start", pa.int64()), ("end", pa.int64()), ("weight", pa.float64())])
_TEXTS = ("text", "label", "voice", "speaker")
SPAN = pa.struct(
    [
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("text", pa.string()),
        ("label", pa.string()),
        ("score", pa.float64()),
        ("voice", pa.string()),
        ("speaker", pa.string()),
        ("evidence", pa.list_(_WORD)),
    ]
)


def records(source: Input, columns: Columns) -> Iterator[Found]:
    """As :func:`tocsin_service.bulk.readers.records`; the passage as bytes, other cells as JSON has them."""
    try:
        with pq.ParquetFile(source.name, pre_buffer=False, buffer_size=1 << 20) as file:
            names = file.schema_arrow.names
            picked = pick(names, columns, source.name, f" ({_listed(names)})")
            rows = max(1, file.metadata.num_rows)
            read = [columns.wanted[place] for place, index in enumerate(picked) if index >= 0]
            number = 0
            for batch in file.iter_batches(_BATCH, columns=list(dict.fromkeys(read)), use_threads=False):
                cells = [
                    _cells(batch.column(name), place == 0) if picked[place] >= 0 else [None] * len(batch)
                    for place, name in enumerate(columns.wanted)
                ]
                for record in zip(*cells, strict=True):
                    number += 1
                    yield number, record, source.size * number // rows
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "is not Parquet, or is cut off or damaged"
        raise ValueError(f"{source.name}: {reason}") from None


def _listed(names: Sequence[str]) -> str:
    """The columns of a file, for a message that must end."""
    shown = ", ".join(repr(name[:_NAME]) for name in names[:_NAMES])
    return f"there are {shown}" + (f" and {len(names) - _NAMES} more" if len(names) > _NAMES else "")


def kept_types(inputs: Sequence[Input], columns: Mapping[str, str]) -> dict[str, pa.DataType]:
    """Types of output columns, named with the input column each is copied from.

    Numbers and truth values stay what they are if every input has them so; everything else is text.
    """
    if any(source.format.kind is not Kind.PARQUET for source in inputs):
        return dict.fromkeys(columns, pa.string())
    schemas = [pq.read_schema(source.name) for source in inputs]
    result = {}
    for name, column in columns.items():
        found = {_plain_type(schema.field(column).type) if column in schema.names else pa.string() for schema in schemas}
        result[name] = found.pop() if len(found) == 1 else pa.string()
    return result


def schema(names: Sequence[str], copied: Mapping[str, pa.DataType]) -> pa.Schema:
    """The schema of an output with these columns."""
    numbers = ("risk", "asserted_risk", *Label)
    own = {"spans": pa.list_(SPAN), **dict.fromkeys(numbers, pa.float64())}
    types = dict.fromkeys(names, pa.string()) | own | dict(copied)
    return pa.schema([(name, types[name]) for name in names])


def _plain_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_integer(kind):
        return pa.uint64() if pa.types.is_uint64(kind) else pa.int64()
    if pa.types.is_floating(kind):
        return pa.float64()
    return kind if pa.types.is_boolean(kind) else pa.string()


def _cells(column: pa.Array, passage: bool) -> list[Any]:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        # By way of bytes: a file may call text what is not UTF-8, and only that row is to fail.
        values = column.cast(pa.large_binary() if pa.types.is_large_string(kind) else pa.binary()).to_pylist()
        return values if passage else [value if value is None else value.decode("utf-8", "replace") for value in values]
    if pa.types.is_temporal(kind):
        try:
            return list(column.cast(pa.string()).to_pylist())
        except pa.ArrowException:
            return list(column.cast(pa.int64()).to_pylist())
    return [value if passage and isinstance(value, bytes) else _plain(value) for value in column.to_pylist()]


def _plain(value: Any) -> Any:
    """A value as JSON has it; what JSON lacks as text, and no number as null."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list | tuple):  # a map is a list of pairs
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return str(value)


def stream(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> bytes:
    """Rows as one Arrow stream."""
    columns = [
        pa.array([_fitting(row[place], field.type) for row in rows], field.type) for place, field in enumerate(schema)
    ]  # fmt: skip
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_batch(pa.record_batch(columns, schema=schema))
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def _fitting(value: Any, kind: pa.DataType) -> Any:
    """A cell that Arrow takes: UTF-8 has no lone surrogates."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and pa.types.is_floating(kind):
        return float(value)
    if isinstance(value, list) and pa.types.is_list(kind):
        return [span | {name: _fitting(span[name], pa.string()) for name in _TEXTS} for span in value]
    return value


def publish(part: Path, target: Path, schema: pa.Schema) -> None:
    """The Arrow streams of ``part``, in order, as one Parquet file, which is there whole or not at all; without ``part`` it must be there.

    Raises
    ------
    ValueError : the disk is full, or fails; or both are gone.
    """
    if not part.exists():
        check_there(target)
        return
    unfinished = target.with_name(target.name + ".unfinished")
    try:
        with pa.OSFile(str(part)) as stored, pq.ParquetWriter(unfinished, schema, compression="zstd") as written:
            for table in _tables(stored, schema):
                written.write_table(table)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
    except OSError as error:
        raise unwritable(unfinished, error) from None
    unfinished.replace(target)
    part.unlink()


def _tables(stored: pa.NativeFile, schema: pa.Schema) -> Iterator[pa.Table]:
    """What lies in Arrow streams, by row groups."""
    held: list[pa.RecordBatch] = []
    size = stored.size()
    while stored.tell() < size:
        with pa.ipc.open_stream(stored) as reader:
            held.extend(reader)
        if sum(map(len, held)) >= _GROUP_ROWS or sum(batch.nbytes for batch in held) >= _GROUP_BYTES:
            yield pa.Table.from_batches(held, schema)
            held = []
    if held:
        yield pa.Table.from_batches(held, schema)
