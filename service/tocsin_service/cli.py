"""The ``tocsin`` command. Heavy imports wait until a command needs them."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin_service.streams import let_go, put, unread

if TYPE_CHECKING:
    from tocsin_model import Classifier
    from tocsin_service.keys import KeyStore
    from tocsin_service.settings import Settings

DONE, SOME_FAILED, USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 some rows failed, 2 usage."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy's threads only spin: our products are small, and processes share the cores
    parser = _parser()
    chosen = parser.parse_args(arguments)
    try:
        status: int = chosen.run(chosen)
    except KeyboardInterrupt:
        return 130
    except (ValueError, OSError) as error:
        if isinstance(error, BrokenPipeError) and unread(sys.stdout):  # the reader has seen enough
            let_go(sys.stdout)
            return DONE
        put(sys.stderr, f"tocsin: {error}\n")
        return USAGE
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tocsin", description="Threats and violent incitement in English text: scores, spans, voices.")
    parser.add_argument("--version", action="version", version=f"tocsin {version('tocsin')}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    score = commands.add_parser("score", help="score files, or standard input, and print them marked")
    score.add_argument("files", nargs="*", metavar="FILE", help="UTF-8 text, one passage a file; none or '-': standard input")
    score.add_argument("--json", action="store_true", help="print the object of POST /v1/score, one a line")
    score.add_argument("--offsets", choices=("codepoint", "utf16", "byte"), default="codepoint", help="unit of the offsets in --json")
    score.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="auto: on a terminal, unless NO_COLOR is set")
    score.add_argument("--model", help="folder of another model artifact")
    score.set_defaults(run=_score)

    from tocsin_service.bulk import command as bulk

    bulk.add(commands)

    serve = commands.add_parser("serve", help="start the service", description="Every option is also an environment variable, TOCSIN_….")
    from tocsin_service.settings import table

    for row in table():
        flag = "--" + row.name.replace("_", "-")
        serve.add_argument(flag, dest=row.name, metavar=row.name.upper(), help=f"{row.help} Default: {row.default!r}".replace("%", "%%"))
    serve.set_defaults(run=_serve)

    _keys_parser(commands)

    from tocsin_service.reviews import commands as reviews

    reviews.add(commands, _deployed)

    translate = commands.add_parser("translate", help="translate thresholds of another scorer, such as Perspective")
    translate.add_argument("input", metavar="FILE", help="CSV of your own comments with the other scorer's scores")
    translate.add_argument("--text-column", default="text", help="column of the comment (%(default)s)")
    translate.add_argument("--score-column", default="perspective", help="column of the other scorer's score (%(default)s)")
    translate.add_argument("--model", help="folder of another model artifact")
    translate.set_defaults(run=_translate)

    model = commands.add_parser("model", help="show which model is used, and check its files")
    model.add_argument("path", nargs="?", help="folder of another model artifact")
    model.add_argument("--json", action="store_true", help="print the whole card")
    model.set_defaults(run=_model)

    # train, evaluate and data live in the training package, which the service doesn't import: they announce themselves.
    for entry in sorted(entry_points(group="tocsin.commands"), key=lambda entry: entry.name):
        entry.load()(commands)
    return parser


def _keys_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    keys = commands.add_parser("keys", help="make, list and revoke API keys")
    actions = keys.add_subparsers(metavar="ACTION", required=True)
    create = actions.add_parser("create", help="make a key and print it, once")
    create.add_argument("name", help="who it is for")
    create.add_argument("--per-minute", type=int, default=0, help="most passages a minute; 0: any number")
    create.add_argument("--per-day", type=int, default=0, help="most passages a day; 0: any number")
    create.set_defaults(run=_keys_create)
    listing = actions.add_parser("list", help="every key ever made, without its secret")
    listing.set_defaults(run=_keys_list)
    revoke = actions.add_parser("revoke", help="revoke a key at once")
    revoke.add_argument("id", type=int, help="its number in the list")
    revoke.set_defaults(run=_keys_revoke)
    for action in (create, listing, revoke):
        action.add_argument("--keys", default=os.environ.get("TOCSIN_KEYS", ""), help="file of the keys (TOCSIN_KEYS)")


def _keys(chosen: argparse.Namespace) -> KeyStore:
    from tocsin_service.keys import KeyStore

    if not chosen.keys:
        raise ValueError("name the file of the keys with --keys, or set TOCSIN_KEYS")
    return KeyStore(Path(chosen.keys))


def _keys_create(chosen: argparse.Namespace) -> int:
    print(_keys(chosen).create(chosen.name, chosen.per_minute, chosen.per_day))
    print("tocsin: this is the only time the key is shown", file=sys.stderr)
    return DONE


def _keys_list(chosen: argparse.Namespace) -> int:
    for key in _keys(chosen).all():
        made = time.strftime("%Y-%m-%d", time.gmtime(key.created))
        ended = f"revoked {time.strftime('%Y-%m-%d', time.gmtime(key.revoked))}" if key.revoked else "valid"
        limits = f"{key.per_minute or 'any'}/minute {key.per_day or 'any'}/day"
        print(f"{key.id:4}  …{key.hint}  made {made}  {ended:18}  {limits:24}  {key.name}")
    return DONE


def _keys_revoke(chosen: argparse.Namespace) -> int:
    key = _keys(chosen).revoke(chosen.id)
    print(f"revoked: {key.id} {key.name}")
    return DONE


def _score(chosen: argparse.Namespace) -> int:
    from tocsin_service import requests, responses, terminal
    from tocsin_service.problems import Problem
    from tocsin_service.settings import Settings

    classifier = _loaded(chosen.model)
    coloured = chosen.color == "always" or (chosen.color == "auto" and sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    status = DONE
    for name in chosen.files or ["-"]:
        try:
            data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
            asked = requests.parse({"text": data.decode("utf-8"), "offsets": chosen.offsets}, Settings())
        except UnicodeDecodeError as error:
            print(f"tocsin: {name}: not UTF-8 (byte {error.start}); convert it first", file=sys.stderr)
            status = SOME_FAILED
            continue
        except Problem as problem:
            print(f"tocsin: {name}: {problem.detail}", file=sys.stderr)
            status = SOME_FAILED
            continue
        except OSError as error:
            print(f"tocsin: {name}: {error.strerror}", file=sys.stderr)
            status = SOME_FAILED
            continue
        [result] = classifier.score([asked.text])
        if chosen.json:
            print(json.dumps(responses.render(result, asked, classifier.info), allow_nan=False))
        else:
            print(terminal.paint(asked.text, result, coloured))
    return status


def _translate(chosen: argparse.Namespace) -> int:
    import csv

    from tocsin_service.translate import table

    texts, old = [], []
    with Path(chosen.input).open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        for column in (chosen.text_column, chosen.score_column):
            if column not in (reader.fieldnames or ()):
                raise ValueError(f"{chosen.input}: there is no column {column!r}; name it with --text-column or --score-column")
        for row in reader:
            try:
                old.append(float(row[chosen.score_column]))
            except (TypeError, ValueError):
                raise ValueError(f"{chosen.input} line {reader.line_num}: {chosen.score_column} is not a number") from None
            texts.append(row[chosen.text_column] or "")
    print(f"{len(texts)} comments\n  old >=   flagged    share   THREAT >=   VIOLENCE_RISK >=   the same comments")
    for step in table(_loaded(chosen.model), texts, old):
        if step.threat is None or step.risk is None or step.agree is None:
            print(f"  {step.old:6.2f}         0    no comment reaches it")
        else:
            print(f"  {step.old:6.2f}  {step.flagged:8}  {step.share:6.2%}  {step.threat:10.3f}  {step.risk:17.3f}  {step.agree:18.0%}")
    return DONE


def _serve(chosen: argparse.Namespace) -> int:
    from tocsin_service.serve import serve
    from tocsin_service.settings import from_environment, table

    serve(from_environment(os.environ, **{row.name: getattr(chosen, row.name) for row in table()}))
    return DONE


def _model(chosen: argparse.Namespace) -> int:
    info = _loaded(chosen.path).info
    if chosen.json:
        print(json.dumps(info.card | {"digest": info.digest}, indent=1))
    else:
        print(f"{info.name} {info.version}\n{info.digest}\nfiles match the manifest")
    return DONE


def _deployed(settings: Settings) -> Classifier:
    """The classifier that the service would use."""
    from tocsin_service.app import with_thresholds

    return with_thresholds(_loaded(settings.model or None), settings)


def _loaded(path: str | None) -> Classifier:
    from tocsin_model import ArtifactError, load

    try:
        return load(path)
    except ArtifactError as error:
        raise ValueError(str(error)) from error


if __name__ == "__main__":
    sys.exit(main())
