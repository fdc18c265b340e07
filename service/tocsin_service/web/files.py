"""Style sheets, scripts and pictures, under an address that changes when one of them does: so a browser need never ask again."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Flask, Response, send_from_directory

FOLDER = Path(__file__).parent / "static"
_YEAR = 31_536_000  # seconds


def install(app: Flask) -> None:
    """Serve the folder as the endpoint ``static``; a script's relative import stays under the address that the script has."""
    ours = _digest()

    def stamp(endpoint: str, values: dict[str, object]) -> None:
        if endpoint == "static":
            values.setdefault("digest", ours)

    def serve(digest: str, filename: str) -> Response:
        response = send_from_directory(FOLDER, filename)
        # Another digest is of a page from before or after an upgrade, whose files are not these.
        response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable" if digest == ours else "no-cache"
        return response

    app.url_defaults(stamp)
    app.add_url_rule("/static/<digest>/<path:filename>", "static", serve)


def _digest() -> str:
    found = hashlib.sha256()
    for path in sorted(FOLDER.iterdir()):
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:12]
