"""The measuring program at tiny sizes: every row is there, complete. No figure is judged."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = [pytest.mark.system, pytest.mark.bench]

BENCH = Path(__file__).parents[2] / "bench"
TINY = ("--events", "90", "--large", "120", "--commands", "64", "--persons", "20", "--runs", "1")
WITHOUT_PEER = {"audit", "audit-signatures", "replicas"}
NAMES = {
    *("command", "commands-http", "commands-nats", "lag", "import"),
    *("projection-postgres", "projection-runner", "projection-sqlite"),
    *("replay", "audit", "audit-signatures", "history", "history-first"),
    *("rebuild", "memory", "start", "replicas"),
}
CURVES = {"lag", "import", "history", "history-first", "rebuild"}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that one run of all groups writes."""
    out, work = tmp_path_factory.mktemp("out"), tmp_path_factory.mktemp("work")
    command = [sys.executable, str(BENCH / "run.py"), *TINY, "--out", str(out)]
    ran = subprocess.run(
        [*command, "--directory", str(work)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert list(work.iterdir()) == []
    assert _processes_in(work) == []
    return out


def _processes_in(folder: Path) -> list[str]:
    lines = (" ".join(p.info["cmdline"] or ()) for p in psutil.process_iter(["cmdline"]))
    return [line for line in lines if str(folder) in line]


def _results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "results.json").read_text("utf-8"))
    return found


@pytest.mark.timeout(900)
def test_every_row_stands_beside_a_limit_and_a_peer(measured: Path) -> None:
    rows = {row["name"]: row for row in _results(measured)["rows"]}

    assert rows.keys() == NAMES
    for name, row in rows.items():
        assert row["ours"] > 0, name
        assert row["limit"] > 0, name
        assert row["ratio"] == pytest.approx(row["ours"] / row["limit"], rel=0.01), name
        assert (row["peer"] is None) == (name in WITHOUT_PEER), name
        assert (row["met"] is None) == (row["goal"] == ""), name
        assert "limit:" in row["note"], name


@pytest.mark.timeout(900)
def test_every_row_names_the_command_that_gives_it_again(measured: Path) -> None:
    told = subprocess.run(
        [sys.executable, str(BENCH / "run.py"), "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for row in _results(measured)["rows"]:
        words = row["command"].split()
        assert words[:3] == ["python", "bench/run.py", "--only"]
        assert words[3] in told
        assert [w for w in words[4:] if w.startswith("--") and w not in told] == []


@pytest.mark.timeout(900)
def test_every_curve_is_drawn(measured: Path) -> None:
    curves = {curve["name"]: curve for curve in _results(measured)["curves"]}

    assert curves.keys() == CURVES
    for name, curve in curves.items():
        assert curve["x"], name
        assert curve["y"], name
        assert all(len(line["x"]) == len(line["y"]) > 0 for line in curve["lines"]), name
    assert {path.stem for path in (measured / "plots").glob("*.svg")} == CURVES


@pytest.mark.timeout(900)
def test_the_coefficients_give_the_tables(measured: Path) -> None:
    document = measured / "scale.md"
    document.write_text((BENCH / "scale.md").read_text("utf-8"), "utf-8")

    assert _scale(measured, "--check") == 1
    assert _scale(measured) == 0
    assert _scale(measured, "--check") == 0


def test_the_document_says_what_its_coefficients_give() -> None:
    assert _scale(BENCH, "--check") == 0


def _scale(folder: Path, *options: str) -> int:
    command = [sys.executable, str(BENCH / "scale.py"), *options, "--folder", str(folder)]
    return subprocess.run(command, check=False).returncode


@pytest.mark.timeout(120)
def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path) -> None:
    work, out = tmp_path / "work", tmp_path / "out"
    work.mkdir()
    out.mkdir()
    command = [sys.executable, str(BENCH / "run.py"), *TINY, "--only", "projection"]
    process = subprocess.Popen([*command, "--directory", str(work), "--out", str(out)])
    while not list(work.glob("*/postgres/postmaster.pid")):
        assert process.poll() is None
    process.send_signal(2)

    assert process.wait(60) == 130
    assert list(work.iterdir()) == []
    assert _processes_in(work) == []


@pytest.mark.timeout(900)
def test_a_profile_tells_who_spends_how_much_and_where(tmp_path: Path) -> None:
    """Needs to be allowed to attach to a process, as root is."""
    tiny = ("--events", "300", "--commands", "64", "--persons", "20")
    file = tmp_path / "profiles.md"
    command = [sys.executable, str(BENCH / "profiles.py"), *tiny, "--out", str(file)]

    subprocess.run([*command, "--directory", str(tmp_path)], check=True, capture_output=True)

    told = file.read_text("utf-8")
    for name in ("command", "commands-http", "query", "replay", "audit", "import"):
        assert f"## {name}\n" in told
    assert told.count("nats-server ") == told.count("## ") == told.count("| the rest |")
    assert "`cadre.shared.log.codec" in told
