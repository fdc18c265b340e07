"""Tocsin in Spark: a pandas UDF over Arrow, and a data frame with its columns added. Needs the extra ``tocsin[spark]``.

Only the passage goes to Python and only the scores come back; the other columns stay where they are. docs/spark.md says how to
get the package and a model to the executors.
"""

from __future__ import annotations

import zipfile
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tocsin_model import ArtifactMissing, Classifier, Result, load
from tocsin_model.artifact import MANIFEST, VOCABULARY, WEIGHTS
from tocsin_service import requests
from tocsin_service.problems import Problem
from tocsin_service.settings import Settings

try:
    import pandas as pd
    import pyarrow  # noqa: F401 pandas UDFs need it; better said here than at the first job
    from pyspark import SparkFiles
    from pyspark.sql import DataFrame
    from pyspark.sql.functions import col, pandas_udf
    from pyspark.sql.types import ArrayType, BinaryType, DoubleType, IntegerType, StringType, StructField, StructType
except ImportError as error:
    raise ImportError(
        f"tocsin_service.spark can't import {error.name or error}: install PySpark, pandas and PyArrow with pip install 'tocsin[spark]'",
        name=error.name,
    ) from error


SPAN = StructType(
    [
        StructField("start", IntegerType()),  # code point offsets into the passage, half open
        StructField("end", IntegerType()),
        StructField("text", StringType()),  # the passage from start to end
        StructField("label", StringType()),  # threat, incitement or glorification
        StructField("score", DoubleType()),  # probability of the label
        StructField("voice", StringType()),  # author, quoted or reported
        StructField("speaker", StringType()),  # who is quoted or reported, as it stands in the passage, or null
    ]
)

SCHEMA = StructType(
    [
        StructField("risk", DoubleType()),  # probability of at least one label, whoever says it
        StructField("asserted_risk", DoubleType()),  # the same, of what the author says in their own voice
        StructField("band", StringType()),  # low, elevated or high
        StructField("threat", DoubleType()),  # probability of each label
        StructField("incitement", DoubleType()),
        StructField("glorification", DoubleType()),
        StructField("spans", ArrayType(SPAN)),  # sorted by start; none: an empty array
        StructField("language", StringType()),  # ISO 639-1, und if there is too little text; the model is built for en
        StructField("model_digest", StringType()),  # changes whenever a score can
        StructField("error", StringType()),  # null; or why all the others are
    ]
)

MAX_TEXT_CHARS = Settings().max_text_chars
_HELD = "__tocsin__"


def score_dataframe(
    df: DataFrame, text_col: str, *, model: str | None = None, prefix: str = "", max_text_chars: int = MAX_TEXT_CHARS
) -> DataFrame:
    """The data frame with the columns of :data:`SCHEMA` after its own, which it keeps as they are.

    A row whose passage is null, empty, too long or not UTF-8 has the reason in ``error`` and nulls beside it.

    Parameters
    ----------
    df : batch or streaming.
    text_col : column of the passage: a string, or UTF-8 as binary; ``a.b`` for a field of a struct.
    model, max_text_chars : as in :func:`scorer`.
    prefix : put before each new column's name.

    Raises
    ------
    TypeError : ``text_col`` is neither.
    ValueError : ``df`` has a column of a new one's name, case aside, as Spark compares names.
    """
    kind = df.select(text_col).schema.fields[0].dataType
    if not isinstance(kind, StringType | BinaryType):
        raise TypeError(f"column {text_col} is {kind.simpleString()}; the passage must be a string, or UTF-8 as binary")
    names = {prefix + name: name for name in SCHEMA.fieldNames()}
    if taken := sorted({name.lower() for name in df.columns} & {name.lower() for name in names}):
        raise ValueError(f"the data frame already has {', '.join(taken)}; name Tocsin's columns apart, as with prefix='tocsin_'")
    # As bytes, because a string that is not UTF-8 would end the job on its way to Python.
    scored = df.withColumn(_HELD, scorer(model, max_text_chars)(col(text_col).cast("binary")))
    return scored.select("*", *(col(_HELD)[name].alias(new) for new, name in names.items())).drop(_HELD)


def scorer(model: str | None = None, max_text_chars: int = MAX_TEXT_CHARS) -> Any:
    """A pandas UDF from a column of passages (string, or UTF-8 as binary) to a struct of :data:`SCHEMA`.

    Parameters
    ----------
    model : an artifact: a folder, or a zip of one, at a path that the executors have or under the name it was distributed with by
        ``SparkContext.addFile``, ``--files`` or ``--archives``; None for the one that ships with the package.
    max_text_chars : longest passage, in code points.
    """
    settings = Settings(max_text_chars=max_text_chars)

    def tocsin(texts: pd.Series) -> pd.DataFrame:
        return _scored(classifier(model), texts, settings)

    # It is deterministic; but then Spark would move a filter on a score below the scoring, and score what passes it twice.
    return pandas_udf(tocsin, SCHEMA).asNondeterministic()


@cache
def classifier(model: str | None) -> Classifier:
    """The classifier of :func:`scorer`'s ``model``, loaded at the first call in a Python worker and kept for its later tasks.

    Raises
    ------
    ArtifactError : there is no such artifact, or it can't be used.
    """
    folder = resources.files("tocsin_model") / "shipped" if model is None else _found(model)
    if isinstance(folder, Path):
        return load(folder)
    with TemporaryDirectory(prefix="tocsin-") as unpacked:  # it lies in a zip: the artifact's own, or the wheel in --py-files
        for name in (MANIFEST, WEIGHTS, VOCABULARY):
            if (folder / name).is_file():
                Path(unpacked, name).write_bytes((folder / name).read_bytes())
        return load(unpacked)


def _found(model: str) -> Traversable:
    places = [Path(model), Path(SparkFiles.get(model))]
    for place in places:
        if (place / MANIFEST).is_file():
            return place
        if zipfile.is_zipfile(place):
            root = zipfile.Path(place)
            for folder in (root, *root.iterdir()):
                if (folder / MANIFEST).is_file():
                    return folder
    raise ArtifactMissing(f"the executor has no model {model!r}: no folder or zip with a {MANIFEST} at {' or '.join(map(str, places))}")


def _scored(model: Classifier, texts: pd.Series, settings: Settings) -> pd.DataFrame:
    asked = [_asked(value, settings) for value in texts]
    results = iter(model.score([text for text in asked if isinstance(text, str)]))
    digest, nothing = model.info.digest, dict.fromkeys(SCHEMA.fieldNames())
    rows = [_row(next(results), digest) if isinstance(text, str) else nothing | {"error": text.detail} for text in asked]
    # Objects, or pandas would turn a null among numbers into NaN.
    return pd.DataFrame(rows, columns=SCHEMA.fieldNames(), dtype=object)


def _asked(value: object, settings: Settings) -> str | Problem:
    try:
        text = value.decode("utf-8") if isinstance(value, bytes) else None if pd.isna(value) else value
        return requests.parse_text({"text": text}, settings)
    except UnicodeDecodeError as error:
        return Problem("invalid-value", f"text is not UTF-8: byte {error.start} can't be decoded. Encode it as UTF-8.", field="text")
    except Problem as problem:
        return problem


def _row(result: Result, digest: str) -> dict[str, Any]:
    return {
        "risk": result.risk,
        "asserted_risk": result.asserted_risk,
        "band": result.band.value,
        **{label.value: score for label, score in result.labels.items()},
        "spans": [
            {
                "start": span.start,
                "end": span.end,
                "text": span.text,
                "label": span.label.value,
                "score": span.score,
                "voice": span.voice.value,
                "speaker": span.speaker,
            }
            for span in result.spans
        ],
        "language": result.language.code,
        "model_digest": digest,
        "error": None,
    }
