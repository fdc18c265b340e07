"""What a folder gives, inputs that change, and runs that were stopped while they gave their files their names."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conftest import HARMLESS, THREAT

import tocsin_model
from tocsin_model import Classifier
from tocsin_service.bulk import chunks, parts, run, work
from tocsin_service.cli import main


@pytest.fixture(autouse=True)
def small_steps(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tocsin_model, "load", lambda _=None: classifier)
    monkeypatch.setattr(chunks, "ROWS", 2)
    monkeypatch.setattr(run, "SECONDS", 0.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one file, of which one row fails."""
    path = tmp_path / "rows"
    path.mkdir()
    (path / "in.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in (THREAT, HARMLESS, "", THREAT, HARMLESS)))
    return path


def batch(*arguments: object) -> int:
    return main(["batch", *map(str, arguments), "--workers", "1"])


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet"])
@pytest.mark.parametrize("pattern", ["", "*.jsonl"])
def test_a_run_goes_on_beside_what_it_has_named(name: str, pattern: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = (folder / pattern, folder / name, "--report", folder / "r.html")
    assert batch(*options) == 1
    whole = contents(folder)
    for path in folder.iterdir():
        if path.name != "in.jsonl":
            path.unlink()
    with monkeypatch.context() as patched:
        patched.setattr(parts, "settle", interrupt)
        assert batch(*options) == 130
    assert set(contents(folder)) == {*whole, f"{name}.checkpoint"}
    assert batch(*options) == 2  # without --resume they are inputs that would be overwritten
    assert batch(*options, "--resume") == 1
    assert contents(folder) == whole


def broken_link(folder: Path) -> None:
    (folder / "more.csv").symlink_to("nowhere.csv")


def linked_folder(folder: Path) -> None:
    (folder.parent / "other").mkdir()
    (folder / "more.parquet").symlink_to("../other")


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "more.jsonl")


@pytest.mark.parametrize("put", [broken_link, linked_folder, pipe])
def test_a_folder_passes_over_nothing(put: Callable[[Path], None], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(folder)
    assert batch(folder, folder.parent / "out.jsonl") == 2
    errors = capsys.readouterr().err
    assert "more." in errors and "remove it, or name the files themselves" in errors


def test_a_folder_that_cannot_be_read_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "closed").mkdir()
    scan = os.scandir

    def closed(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)
    assert batch(folder, folder.parent / "out.jsonl") == 2
    assert "closed: can't be read: Permission denied" in capsys.readouterr().err


def test_other_links_in_a_folder_are_left_alone(folder: Path) -> None:
    (folder / "notes").symlink_to("nowhere")
    (folder / "linked").symlink_to("..")
    assert batch(folder, folder.parent / "out.jsonl") == 1
    assert len((folder.parent / "out.jsonl").read_text().splitlines()) == 5


@pytest.mark.parametrize("options", [(), ("--top", "2")])
def test_an_input_that_changes_while_it_is_read_is_refused(
    options: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = folder / "in.jsonl", folder.parent / "out.jsonl"
    parse = work.rows.parse

    def touched(*arguments: object) -> object:
        os.utime(source, ns=(1, 1))
        return parse(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(work.rows, "parse", touched)
    assert batch(source, out, *options) == 2
    errors = capsys.readouterr().err
    assert "in.jsonl: changed while it was read; run again without --resume" in errors
    assert "with --resume to go on" not in errors
    assert not out.exists()


@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet"])
def test_the_output_is_locked_until_everything_has_its_name(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another command, begun while the first gives its files their names, is refused; also if the first is itself one that goes on."""
    source, out = folder / "in.jsonl", folder.parent / name
    others: list[int] = []
    naming = run._publish

    def meanwhile(*arguments: object) -> None:
        monkeypatch.setattr(run, "_publish", naming)
        others.append(batch(source, out))
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "_publish", meanwhile)
    assert batch(source, out) == 130
    monkeypatch.setattr(run, "_publish", meanwhile)
    assert batch(source, out, "--resume") == 130
    assert others == [2, 2]
    assert "another tocsin batch is writing it" in capsys.readouterr().err
    assert batch(source, out, "--resume") == 1
    assert out.exists()


@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet"])
def test_a_complete_output_that_is_gone_is_no_success(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = folder / "in.jsonl", folder.parent / name
    with monkeypatch.context() as patched:
        patched.setattr(run, "_publish", interrupt)
        assert batch(source, out) == 130
    parts.partial(out).unlink()
    capsys.readouterr()
    assert batch(source, out, "--resume") == 2
    errors = capsys.readouterr().err
    assert "are gone; run again without --resume" in errors and "with --resume to go on" not in errors
    assert batch(source, out) == 1


def test_what_can_not_go_on_is_not_told_to(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = folder / "in.jsonl", folder.parent / "out.jsonl"
    with monkeypatch.context() as patched:
        patched.setattr(run, "_publish", interrupt)
        assert batch(source, out) == 130
    assert "stopped; run it again with --resume to go on" in capsys.readouterr().err
    for change in (("--columns", "scores"), ("--keep", "x")):
        assert batch(source, out, "--resume", *change) == 2
        errors = capsys.readouterr().err
        assert "without --resume" in errors and "with --resume to go on" not in errors
