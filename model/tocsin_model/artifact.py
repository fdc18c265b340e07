"""The model on disk: a manifest and plain arrays. Nothing is unpickled, and every digest is checked before a file is parsed.

::

    manifest.json       format, name, version, digests and sizes, calibration, thresholds, training data, library versions, metrics
    weights.npz         the arrays of :class:`~tocsin_model.scoring.Weights`, the weight table sparse
    vocabulary.json.gz  words in order, aliases

The model's digest is the SHA-256 of the manifest's ``files`` and decision numbers; it changes when a score can change.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from tocsin_model.classifier import Classifier, ModelInfo
from tocsin_model.errors import ArtifactError, ArtifactIncompatible, ArtifactMissing, ArtifactTampered
from tocsin_model.policy import Thresholds
from tocsin_model.scoring import HEADS, TABLE_BITS, Weights
from tocsin_model.tokens import SHAPES, Vocabulary

FORMAT = 1
MANIFEST, WEIGHTS, VOCABULARY = "manifest.json", "weights.npz", "vocabulary.json.gz"
_ARRAYS = {"fine": np.int32, "pattern": np.int32, "rows": np.int32, "prints": np.uint16, "table": np.int16, "bias": np.float64}


def save(
    folder: Path,
    weights: Weights,
    words: list[str],
    aliases: dict[str, str],
    decision: dict[str, Any],
    card: dict[str, Any],
) -> str:
    """Write an artifact; the same inputs give the same bytes. Returns the model's digest.

    ``decision`` holds ``calibration`` (4 pairs) and ``thresholds``; ``card`` whatever else the manifest should say.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = np.flatnonzero(weights.prints).astype(np.int32)
    arrays = {
        "fine": weights.fine, "pattern": weights.pattern, "rows": rows,
        "prints": weights.prints[rows], "table": weights.table[rows], "bias": weights.bias,
    }  # fmt: skip
    files = {
        WEIGHTS: _npz(arrays),
        VOCABULARY: _gzip(json.dumps({"words": words, "aliases": aliases}, ensure_ascii=False).encode()),
    }
    listed = {name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in files.items()}
    manifest = {"format": FORMAT, "files": listed, "decision": decision, **card}
    for name, data in files.items():
        (folder / name).write_bytes(data)
    write_manifest(folder, manifest)
    return _digest(manifest)


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest alone: the files it lists are there, and stay."""
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load(path: str | os.PathLike[str] | None = None) -> Classifier:
    """The classifier stored in a folder; without a path, the model that ships with the package.

    Raises
    ------
    ArtifactMissing : the folder or one of its files is not there.
    ArtifactTampered : a file is not the one the manifest describes.
    ArtifactIncompatible : the artifact's format or arrays are not this version's.
    """
    folder = shipped() if path is None else Path(path)
    manifest = read_manifest(folder)
    data = {name: _checked(folder / name, listed) for name, listed in manifest["files"].items()}
    try:
        decision = manifest["decision"]
        spoken = json.loads(gzip.decompress(data[VOCABULARY]))
        vocabulary = Vocabulary(spoken["words"], spoken["aliases"])
        weights = _weights(data[WEIGHTS], len(SHAPES) + len(spoken["words"]))
        calibration = np.array(decision["calibration"], np.float64)
        if calibration.shape != (len(HEADS), 2):
            raise ValueError(f"calibration has shape {calibration.shape}")
        limits = decision["thresholds"]
        thresholds = Thresholds(limits["elevated"], limits["high"], tuple(limits["labels"]))
        info = ModelInfo(manifest["name"], manifest["version"], _digest(manifest), _card(manifest))
    except (KeyError, ValueError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ArtifactIncompatible(f"{folder}: not an artifact this version can read ({type(error).__name__}: {error})") from error
    return Classifier(vocabulary, weights, calibration, thresholds, info)


def shipped() -> Path:
    """The folder of the model that ships with this package (in the repository a link to ``model/artifact``)."""
    return Path(__file__).resolve().parent / "shipped"


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of an artifact, its format checked.

    Raises
    ------
    ArtifactError : as :func:`load`.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ArtifactMissing(f"{folder} holds no {MANIFEST}; train a model into it or name another folder") from None
    except (OSError, ValueError) as error:
        raise ArtifactTampered(f"{folder / MANIFEST} can't be read ({type(error).__name__})") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        found = manifest.get("format") if isinstance(manifest, dict) else None
        raise ArtifactIncompatible(f"{folder} has artifact format {found!r}; this version reads format {FORMAT}. Train it again.")
    if set(manifest.get("files", ())) != {WEIGHTS, VOCABULARY}:
        raise ArtifactIncompatible(f"{folder / MANIFEST} must list the files {WEIGHTS} and {VOCABULARY}")
    return manifest


def _checked(path: Path, listed: dict[str, Any]) -> bytes:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ArtifactMissing(f"{path} is missing; the manifest names it") from None
    except OSError as error:
        raise ArtifactError(f"{path} can't be read ({type(error).__name__})") from error
    if len(data) != listed.get("bytes"):
        raise ArtifactTampered(f"{path} has {len(data)} bytes, the manifest says {listed.get('bytes')}: truncated or replaced")
    if hashlib.sha256(data).hexdigest() != listed.get("sha256"):
        raise ArtifactTampered(f"{path} does not have the SHA-256 that the manifest says: changed since it was trained")
    return data


def _weights(data: bytes, vocabulary: int) -> Weights:
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in _ARRAYS}
    for name, kind in _ARRAYS.items():
        if arrays[name].dtype != kind:
            raise ValueError(f"{name} has type {arrays[name].dtype}")
    rows, count = arrays["rows"], len(arrays["rows"])
    if arrays["table"].shape != (count, len(HEADS)) or arrays["prints"].shape != (count,) or arrays["bias"].shape != (len(HEADS),):
        raise ValueError("arrays of different lengths")
    if arrays["fine"].shape != (vocabulary,) or arrays["pattern"].shape != (vocabulary,):
        raise ValueError("the classes are not one a word")
    if count and (rows.min() < 0 or rows.max() >= 1 << TABLE_BITS):
        raise ValueError("a row outside the table")
    prints = np.zeros(1 << TABLE_BITS, np.uint16)
    table = np.zeros((1 << TABLE_BITS, len(HEADS)), np.int16)
    prints[rows] = arrays["prints"]
    table[rows] = arrays["table"]
    return Weights(arrays["fine"], arrays["pattern"], prints, table, arrays["bias"])


def _digest(manifest: dict[str, Any]) -> str:
    scored = {name: manifest[name] for name in ("format", "files", "decision")}
    return "sha256:" + hashlib.sha256(json.dumps(scored, sort_keys=True).encode()).hexdigest()


def _card(manifest: dict[str, Any]) -> dict[str, object]:
    return {name: value for name, value in manifest.items() if name not in ("format", "files")}


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, 9, mtime=0)


def _npz(arrays: dict[str, Any]) -> bytes:
    """Like ``np.savez_compressed``, but without the clock in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0)), member.getvalue(), zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()
