"""The real server: gunicorn, two workers, real sockets."""

import concurrent.futures
import json
import re
import socket
import urllib.error
import urllib.request
from pathlib import Path

from tests.conftest import HARMLESS, THREAT, Server, start_server


def call(url: str, body: object = None, raw: bytes | None = None) -> tuple[int, dict[str, object]]:
    data = raw if raw is not None else None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_it_scores(server: Server) -> None:
    status, answer = call(server.url + "/v1/score", {"text": THREAT, "id": "a"})
    assert (status, answer["id"], answer["band"]) == (200, "a", "high")
    assert call(server.url + "/readyz")[0] == 200


def test_metrics_add_up_over_the_workers(server: Server) -> None:
    def passages() -> float:
        with urllib.request.urlopen(server.url + "/metrics", timeout=10) as page:
            return sum(float(value) for value in re.findall(r"^tocsin_passages_total\{.*\} (\S+)$", page.read().decode(), re.MULTILINE))

    before = passages()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        bodies = [{"items": [{"text": THREAT}, {"text": HARMLESS}]}] * 40
        answers = list(pool.map(lambda body: call(server.url + "/v1/score/batch", body), bodies))
    assert all(status == 200 for status, _ in answers)
    assert len({json.dumps(answer) for _, answer in answers}) == 1
    assert {passages() for _ in range(12)} == {before + 80}


def test_too_large_a_body_is_refused_and_the_server_lives(server: Server) -> None:
    status, problem = call(server.url + "/v1/score", raw=b'{"text": "' + b"a" * 10_000_000 + b'"}')
    assert (status, problem["type"]) == (413, "/problems/too-large")
    assert call(server.url + "/healthz")[0] == 200


def test_a_long_passage_is_scored(server: Server) -> None:
    status, answer = call(server.url + "/v1/score", {"text": (HARMLESS + " ") * 6_000 + THREAT, "spans": True})
    assert (status, answer["band"]) == (200, "high")


def test_broken_http_is_answered(server: Server) -> None:
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Length: nonsense\r\n\r\n")
        assert b" 400 " in connection.recv(4_096).split(b"\r\n")[0]
    assert call(server.url + "/healthz")[0] == 200


def test_it_stops_gracefully_and_logs_no_text(tmp_path: Path) -> None:
    log = tmp_path / "log"
    server = start_server(log, "--workers", "1", "--log-level", "debug")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(call, server.url + "/v1/score", {"text": (HARMLESS + " ") * 10_000 + "Agnes, " + THREAT})
        status, _ = running.result()
    assert status == 200
    assert server.stop() == 0
    assert "Agnes" not in log.read_text()


def test_a_missing_model_keeps_it_alive_and_unready(tmp_path: Path) -> None:
    server = start_server(tmp_path / "log", "--workers", "1", "--model", str(tmp_path))
    try:
        assert call(server.url + "/healthz")[0] == 200
        status, problem = call(server.url + "/readyz")
        assert (status, problem["type"]) == (503, "/problems/model-not-loaded")
    finally:
        server.stop()
