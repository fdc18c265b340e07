"""The commands ``tocsin train``, ``tocsin evaluate`` and ``tocsin data``; the command line finds them by entry point."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tocsin_model import Classifier

Commands = Any  # argparse's sub-parsers action, whose type is private


def train(commands: Commands) -> None:
    """Add ``tocsin train``."""
    parser = commands.add_parser("train", help="train a model from the seeds and, if given, the public corpora")
    parser.add_argument("--config", type=Path, help="TOML file of the model (default: the released one)")
    parser.add_argument("--out", type=Path, default=Path("model/artifact"), help="folder to write the artifact to (%(default)s)")
    parser.add_argument("--data", type=Path, default=_data(), help="folder of the public corpora (TOCSIN_DATA); without it, seeds only")
    parser.add_argument("--reviews", type=Path, metavar="FILE", help="reviewed passages to learn from as well (tocsin reviews export)")
    parser.set_defaults(run=_train)


def evaluate(commands: Commands) -> None:
    """Add ``tocsin evaluate``."""
    parser = commands.add_parser("evaluate", help="evaluate a model on the held-out passages")
    parser.add_argument("path", nargs="?", type=Path, help="folder of the artifact (default: the shipped one)")
    parser.add_argument("--data", type=Path, default=_data(), help="folder of the public corpora (TOCSIN_DATA), for ETHOS and bias")
    parser.add_argument("--json", action="store_true", help="every figure, as JSON")
    parser.add_argument(
        "--reviews", type=Path, metavar="FILE", help="evaluate on reviewed passages instead (tocsin reviews export), beside another model"
    )
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="the other model for --reviews (default: the shipped one)")
    parser.add_argument("--save", action="store_true", help="write the figures into the artifact's manifest as well; its digest stays")
    parser.add_argument(
        "--card", action="store_true", help="write the artifact's figures and plots into model/README.md (needs tocsin[plots])"
    )
    parser.set_defaults(run=_evaluate)


def data(commands: Commands) -> None:
    """Add ``tocsin data``."""
    parser = commands.add_parser("data", help="list, verify and fetch the public corpora; check the seeds")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the corpora with their licences")
    listing.set_defaults(run=_list)
    verify = actions.add_parser("verify", help="check a data folder against the pinned SHA-256")
    verify.add_argument("--data", type=Path, default=_data())
    verify.set_defaults(run=_verify)
    fetch = actions.add_parser("fetch", help="download corpora from their original homes; goes on where it stopped")
    fetch.add_argument("names", nargs="*", metavar="NAME", help="corpora (default: all)")
    fetch.add_argument("--data", type=Path, default=_data() or Path("data"))
    fetch.set_defaults(run=_fetch)
    check = actions.add_parser("check", help="check the seeds: offsets, labels, duplicates, splits")
    check.add_argument("folder", nargs="?", type=Path)
    check.set_defaults(run=_check)
    expand = actions.add_parser("expand", help="expand the slot grammars into seeds/grammar.jsonl")
    expand.set_defaults(run=_expand)
    mark = actions.add_parser("mark", help="turn a marked-up text file into lines of a seeds file")
    mark.add_argument("file", type=Path)
    mark.set_defaults(run=_mark)


def _data() -> Path | None:
    named = os.environ.get("TOCSIN_DATA")
    return Path(named) if named else None


def _require_checkout() -> None:
    from tocsin_training.seeds import SEEDS

    if not SEEDS.is_dir():
        raise ValueError("the passages to train and evaluate on are in the repository: clone it and use its .venv/bin/tocsin")


def _train(chosen: argparse.Namespace) -> int:
    from tocsin_training import config
    from tocsin_training.report import summary
    from tocsin_training.train import train as run

    _require_checkout()
    started = time.monotonic()

    def progress(step: str) -> None:
        print(f"[{time.monotonic() - started:6.1f} s] {step}", file=sys.stderr, flush=True)

    settings = config.load(chosen.config or config.CONFIGS / "tocsin-1.toml")
    classifier = run(settings, chosen.out, chosen.data, progress, chosen.reviews)
    print(summary(classifier.info.card))
    print(f"{chosen.out}\n{classifier.info.digest}")
    return 0


def _evaluate(chosen: argparse.Namespace) -> int:
    from tocsin_model import artifact
    from tocsin_training.report import summary
    from tocsin_training.train import figures, record

    if chosen.reviews:
        return _compare(chosen)
    if chosen.against:
        raise ValueError("--against compares on reviewed passages: name their file with --reviews")
    _require_checkout()
    classifier = _loaded(chosen.path)
    if chosen.card:
        from tocsin_training import card

        card.write(classifier)
        return 0
    found = figures(classifier, chosen.data)
    if chosen.save:
        record(chosen.path or artifact.shipped(), found)
    print(json.dumps(found, indent=1) if chosen.json else summary({"evaluation": found}))
    return 0


def _compare(chosen: argparse.Namespace) -> int:
    from tocsin_training import reviews

    models = [_loaded(chosen.path), _loaded(chosen.against)]
    if models[0].info.digest == models[1].info.digest:
        models.pop()
    found = reviews.compare(models, reviews.read(chosen.reviews))
    if found["left_out"]:
        print(f"tocsin: {found['left_out']} reviews are left out, as a model has learned from them or their group", file=sys.stderr)
    print(json.dumps(found, indent=1) if chosen.json else reviews.table(found))
    return 0


def _loaded(path: Path | None) -> Classifier:
    from tocsin_model import ArtifactError, load

    try:
        return load(path)
    except ArtifactError as error:
        raise ValueError(str(error)) from error


def _list(_: argparse.Namespace) -> int:
    from tocsin_training.catalogue import CATALOGUE

    for entry in CATALOGUE.values():
        print(f"{entry.name:20} {entry.licence:28} {entry.use:12} {entry.cite}")
    return 0


def _verify(chosen: argparse.Namespace) -> int:
    from tocsin_training.catalogue import verify

    if chosen.data is None:
        raise ValueError("name the data folder with --data, or set TOCSIN_DATA")
    wrong = verify(chosen.data)
    for problem in wrong:
        print(problem, file=sys.stderr)
    print(f"{chosen.data}: {'every file is as pinned' if not wrong else f'{len(wrong)} files are not as pinned'}")
    return 1 if wrong else 0


def _fetch(chosen: argparse.Namespace) -> int:
    from tocsin_training.catalogue import select
    from tocsin_training.fetch import fetch

    failed = 0
    for entry in select(chosen.names):
        failed += not fetch(entry, chosen.data, sys.stderr)
    return 1 if failed else 0


def _check(chosen: argparse.Namespace) -> int:
    from tocsin_training import seeds
    from tocsin_training.check import check

    found = check(seeds.load(chosen.folder or seeds.SEEDS))
    for problem in found.problems:
        print(problem, file=sys.stderr)
    print(found.summary)
    return 1 if found.problems else 0


def _expand(_: argparse.Namespace) -> int:
    from tocsin_training import grammar, seeds

    passages = grammar.expand()
    grammar.EXPANDED.write_text("".join(seeds.render(passage) + "\n" for passage in passages), encoding="utf-8")
    print(f"{grammar.EXPANDED}: {len(passages)} passages")
    return 0


def _mark(chosen: argparse.Namespace) -> int:
    from tocsin_training import markup, seeds

    for passage in markup.parse(chosen.file.read_text(encoding="utf-8"), chosen.file.stem):
        print(seeds.render(passage))
    return 0
