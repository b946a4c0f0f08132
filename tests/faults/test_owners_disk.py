"""A disk that is full for a moment, and one that cannot be written at all."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from cadre.cli.installation import ownership, system
from support.owners import CADRE, cadre, define_pool, run_of, started, until

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount"),
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]

RECOVERED_S_MAX = 60.0


@pytest.fixture(params=["ext4", "tmpfs"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with little room."""
    place = tmp_path / "small"
    place.mkdir()
    if request.param == "tmpfs":
        words = ["mount", "-t", "tmpfs", "-o", "size=120m", "tmpfs", str(place)]
    else:
        image = tmp_path / "image"
        with image.open("wb") as file:
            file.truncate(120_000_000)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
        words = ["mount", "-o", "loop", str(image), str(place)]
    subprocess.run(words, check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def fill(file: Path) -> None:
    """Write until not a byte more goes in."""
    size = 1 << 20
    with file.open("wb", buffering=0) as out:
        while size:
            try:
                out.write(b"x" * size)
            except OSError:
                size //= 2


def status(data: Path, pool: str) -> int:
    """What a command is answered with; 0 for no answer in time."""
    try:
        return define_pool(run_of(data), pool).status_code
    except httpx.HTTPError:
        return 0


def test_after_a_full_disk_all_goes_on_by_itself(small: Path) -> None:
    with started(small / "data") as data:
        (supervisor,) = ownership.supervisors(data)
        assert status(data, "p-before") == 200
        fill(small / "fill")
        refused = [status(data, f"p-full-{n}") for n in range(4)]
        assert refused[-1] in {0, 503, 504}, refused
        told = json.loads(cadre(data, "doctor", "--json").stdout)
        assert [c["ok"] for c in told if c["name"] == "folder nats"] == [False]
        time.sleep(5)
        (small / "fill").unlink()
        freed = time.monotonic()
        until(lambda: status(data, "p-after") == 200, RECOVERED_S_MAX)
        for one in run_of(data).services.values():
            ready = f"{one.http_url}/health/ready"
            left_s = RECOVERED_S_MAX - (time.monotonic() - freed)
            until(lambda url=ready: httpx.get(url).status_code == 200, left_s)
        assert supervisor.is_running()
        assert ownership.supervisors(data) == [supervisor]
        # Nothing that was answered 200 is lost, and the tables have come as far as the log.
        assert cadre(data, "replay").returncode == 0
        assert cadre(data, "audit", "verify").returncode == 0


def test_a_full_disk_costs_a_supervisor_no_process(small: Path) -> None:
    """What dies meanwhile is started again, though nothing about it can be written."""
    with started(small / "data") as data:
        before = run_of(data)
        (supervisor,) = ownership.supervisors(data)
        fill(small / "fill")
        psutil.Process(before.services["training"].pid).kill()
        until(lambda: alive(before.services["training"].http_url))
        assert supervisor.is_running()
        (small / "fill").unlink()
        until(lambda: run_of(data).services["training"].pid != before.services["training"].pid)


def alive(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/live").is_success
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("stopped") / "data"
    with started(data):
        assert define_pool(run_of(data), "p-one").status_code == 200
    assert cadre(data, "audit", "checkpoint").returncode == 0
    return data


@pytest.fixture
def read_only(stopped: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy on a file system that nobody can write."""
    place = tmp_path / "read-only"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(place)], check=True)
    try:
        shutil.copytree(stopped, place / "data")
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        yield place / "data"
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_read_only_directory_is_examined(read_only: Path) -> None:
    verified = cadre(read_only, "audit", "verify", "--json")
    assert verified.returncode == 0, verified.stderr
    assert json.loads(verified.stdout)["events"] == 1
    told = cadre(read_only, "doctor", "--json")
    assert told.returncode == 1, told.stderr
    assert {c["name"] for c in json.loads(told.stdout) if not c["ok"]} >= {
        "folder .",
        "folder nats",
        "folder db",
        "supervisor",
    }
    down = cadre(read_only, "down")
    assert down.returncode == 0, down.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("up",),
        ("audit", "rotate-key", "selection"),
        ("audit", "repair", "--apply", "--reason", "x"),
        ("privacy", "rotate-master"),
        ("privacy", "backup-keys"),
    ],
    ids=" ".join,
)
def test_what_would_change_a_read_only_directory_says_what_it_cannot_write(
    read_only: Path, words: tuple[str, ...]
) -> None:
    done = cadre(read_only, *words)
    assert done.returncode in {2, 3}, done.stdout + done.stderr
    assert "Read-only file system" in done.stderr
    assert str(read_only) in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def foreign(stopped: Path, tmp_path: Path) -> Path:
    """A copy that belongs to another user."""
    copy = tmp_path / "copy"
    shutil.copytree(stopped, copy)
    subprocess.run(["chown", "-R", "65534:65534", str(copy)], check=True)
    return copy


def without_rights(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """As a user whom the permissions of files bind; root is not bound by them."""
    rights = "-dac_override,-dac_read_search,-fowner,-chown"
    return subprocess.run(
        ["setpriv", f"--bounding-set={rights}", *CADRE, *words, "--data", str(data)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"COLUMNS": "300"},
    )


@pytest.mark.parametrize(
    "words", [("up",), ("down",), ("doctor",), ("audit", "verify")], ids=" ".join
)
def test_a_directory_of_somebody_else_is_no_crash(foreign: Path, words: tuple[str, ...]) -> None:
    foreign.chmod(0o755)
    (foreign / "nats").chmod(0o700)
    done = without_rights(foreign, *words)
    # The doctor tells of it among the rest; the others cannot go on.
    assert done.returncode in ({1} if words == ("doctor",) else {2, 3}), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "ermission denied" in done.stdout + done.stderr


def test_a_copy_that_may_only_be_read_is_examined_by_somebody_else(foreign: Path) -> None:
    (foreign / "secrets.json").unlink()
    subprocess.run(["chmod", "-R", "a+rX,a-w", str(foreign)], check=True)
    done = without_rights(foreign, "audit", "verify", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert without_rights(foreign, "up").returncode in {2, 3}
    assert without_rights(foreign, "down").returncode == 0
    assert without_rights(foreign, "doctor").returncode == 1


def test_doctor_and_up_tell_why_a_service_is_not_ready_when_its_server_is_stopped(
    tmp_path: Path,
) -> None:
    with started(tmp_path / "data") as data:
        psutil.Process(run_of(data).nats.pid).suspend()
        told = cadre(data, "doctor", "--json")
        assert told.returncode == 1, told.stderr
        assert not all(c["ok"] for c in json.loads(told.stdout))
        psutil.Process(run_of(data).nats.pid).resume()
        assert system.stop(data)
