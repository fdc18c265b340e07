"""An artifact is checked before it is read, and refused with a reason."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import THREAT

from tocsin_model import ArtifactIncompatible, ArtifactMissing, ArtifactTampered, artifact, load


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(artifact.shipped(), tmp_path / "artifact"))


def test_a_copy_gives_the_same_scores(copy: Path) -> None:
    assert load(copy).score([THREAT]) == load().score([THREAT])
    assert load(copy).info.digest == load().info.digest


@pytest.mark.parametrize("name", ["weights.npz", "vocabulary.json.gz"])
def test_a_changed_byte_is_refused_before_anything_is_parsed(copy: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    monkeypatch.setattr(np, "load", lambda *_, **__: pytest.fail("parsed"))
    with pytest.raises(ArtifactTampered, match=f"{name}.*SHA-256"):
        load(copy)


@pytest.mark.parametrize("name", ["weights.npz", "vocabulary.json.gz"])
def test_a_truncated_file_is_refused(copy: Path, name: str) -> None:
    data = (copy / name).read_bytes()
    (copy / name).write_bytes(data[:-10])
    with pytest.raises(ArtifactTampered, match="truncated"):
        load(copy)


@pytest.mark.parametrize("name", ["weights.npz", "vocabulary.json.gz", "manifest.json"])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(ArtifactMissing, match=name):
        load(copy)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissing, match="no manifest"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("change", "error"), [({"format": 99}, "format 99"), ({"files": {}}, "must list the files"), ({"decision": {}}, "KeyError")]
)
def test_another_version_is_refused(copy: Path, change: dict[str, object], error: str) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(manifest | change))
    with pytest.raises(ArtifactIncompatible, match=error):
        load(copy)


def test_a_manifest_that_is_no_json(copy: Path) -> None:
    (copy / "manifest.json").write_text("{")
    with pytest.raises(ArtifactTampered, match=r"manifest\.json"):
        load(copy)


def test_nothing_is_pickled(copy: Path) -> None:
    with zipfile.ZipFile(copy / "weights.npz") as archive:
        for name in archive.namelist():
            with archive.open(name) as member:
                np.lib.format.read_array(member, allow_pickle=False)


def test_it_is_small_and_says_what_it_is(copy: Path) -> None:
    assert sum(path.stat().st_size for path in copy.iterdir()) < 25_000_000
    card = load(copy).info.card
    assert {"name", "version", "labels", "training_data", "libraries", "evaluation", "decision"} <= card.keys()
    assert all(entry["licence"] for entry in card["training_data"])  # type: ignore[attr-defined]
