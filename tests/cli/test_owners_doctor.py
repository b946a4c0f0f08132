"""The doctor believes nothing, waits for nobody for long, and never crashes."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cadre.cli import health, looking, watch
from cadre.cli.data_directory import DataDirectory
from cadre.contracts.vocabulary import SERVICES
from support.owners import cadre, called, holding

FAULT = {
    "name": "log-write",
    "detail": "the log acknowledges nothing\x1b[2J[red]",
    "hint": "make room",
    "stops": "commands",
    "age_s": 12.3,
}
STATUS = {
    "position": 5,
    "journal_position": 5,
    "reactions_position": 5,
    "log_position": 5,
    "parked": [],
    "reactions_failed": [],
}


class Answers(BaseHTTPRequestHandler):
    """Answers each path as it is told to; a number of seconds is a silence."""

    told: dict[str, tuple[int, Any]]

    def do_GET(self) -> None:
        status, body = self.told.get(self.path, (404, {"detail": "nothing is here"}))
        if status == 0:
            time.sleep(body)
            return
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[int, Any]]:
    monkeypatch.setattr(health, "ANSWER_S_MAX", 3.0)
    monkeypatch.setattr(looking, "ANSWER_S_MAX", 3.0)
    monkeypatch.setattr(looking, "LOG_S_MAX", 5.0)
    told: dict[str, tuple[int, Any]] = {
        "/health/ready": (200, {"status": "ready", "faults": []}),
        "/projections": (200, STATUS),
    }
    monkeypatch.setattr(Answers, "told", told, raising=False)
    return told


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A directory that somebody has, whose services are all the same one."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    directory = DataDirectory.create(tmp_path / "data")
    with holding(directory.path) as holder:
        one = {"http_url": f"http://127.0.0.1:{server.server_port}", "pid": holder.pid}
        run = {
            "supervisor_pid": holder.pid,
            "api_token": "t",
            "public_keys": {},
            "nats": {
                "url": "nats://127.0.0.1:1",
                "monitor_url": "",
                "pid": holder.pid,
                "credentials": {"subscriber": {"user": "subscriber", "password": "p"}},
            },
            "services": dict.fromkeys(SERVICES, one),
        }
        directory.run_file.write_text(json.dumps(run))
        yield directory.path
    server.shutdown()
    serving.join()
    server.server_close()


def looked(data: Path) -> dict[str, tuple[bool, str]]:
    code, said = called("doctor", "--json", data=data)
    assert code == 1, said
    return {one["name"]: (one["ok"], one["found"]) for one in json.loads(said)}


def test_faults_are_told_with_their_age(data: Path, answers: dict[str, tuple[int, Any]]) -> None:
    answers["/health/ready"] = (503, {"status": "not ready", "faults": [FAULT]})
    ok, found = looked(data)["training log-write"]
    assert (ok, "for 12 s; stops commands" in found) == (False, True)
    code, said = called("doctor", data=data)
    assert code == 1
    assert "\x1b[2J" not in said
    assert "[red]" in said, "what somebody else says is no markup"


@pytest.mark.parametrize(
    "health_answer",
    [
        (200, b"\xff\xfe"),
        (200, []),
        (200, {"faults": "many"}),
        (500, b"<html>"),
        (503, {}),
        (0, 9),
    ],
    ids=["bytes", "list", "faults", "html", "empty", "silence"],
)
def test_a_service_that_talks_nonsense_is_not_ready(
    data: Path, answers: dict[str, tuple[int, Any]], health_answer: tuple[int, Any]
) -> None:
    answers["/health/ready"] = health_answer
    assert not looked(data)["training ready"][0]


@pytest.mark.parametrize(
    "projections",
    [
        (200, b"garbage"),
        (503, {"detail": "the log is away"}),
        (200, STATUS | {"position": -1}),
        (200, {**STATUS, "log_position": None}),
        (0, 9),
    ],
    ids=["garbage", "unavailable", "negative", "null", "silence"],
)
def test_projections_that_cannot_be_read_are_told(
    data: Path, answers: dict[str, tuple[int, Any]], projections: tuple[int, Any]
) -> None:
    answers["/projections"] = projections
    ok, found = looked(data)["training answers"]
    assert not ok
    if projections[0] == 503:
        assert "the log is away" in found


def test_a_lag_is_never_clamped_and_each_reader_counts(
    data: Path, answers: dict[str, tuple[int, Any]]
) -> None:
    answers["/projections"] = (200, STATUS | {"position": 9})
    assert looked(data)["training lag"] == (False, "tables 4 events ahead of the log")
    answers["/projections"] = (200, STATUS | {"reactions_position": 2})
    ok, found = looked(data)["training lag"]
    assert (ok, found.startswith("reactions 3 events")) == (False, True)


def test_a_log_that_takes_the_call_and_says_nothing_is_told(
    data: Path, answers: dict[str, tuple[int, Any]]
) -> None:
    run = json.loads((data / "run.json").read_bytes())
    with socket.create_server(("127.0.0.1", 0)) as mute:
        run["nats"]["url"] = f"nats://127.0.0.1:{mute.getsockname()[1]}"
        (data / "run.json").write_text(json.dumps(run))
        # A process of its own: what the client leaves open of a call that failed ends with it.
        done = cadre(data, "doctor", "--json")
    assert done.returncode == 1, done.stderr
    told = {one["name"]: one["ok"] for one in json.loads(done.stdout)}
    assert told["log"] is False
    assert told["folder db"] is True


def test_a_trial_leaves_nothing_behind(tmp_path: Path) -> None:
    assert watch.trial(tmp_path) is None
    assert not list(tmp_path.iterdir())
    assert watch.trial(tmp_path / "nothing") == "No such file or directory"
