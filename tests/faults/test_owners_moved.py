"""What a running system has open is moved, deleted or replaced under it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cadre.cli.installation import ownership, system
from support.owners import cadre, define_pool, recorded, run_of, started, until, using

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]


def another_directory(data: Path) -> None:
    """A copy takes the directory's place."""
    shutil.copytree(data, data.with_name("copy"))
    data.rename(data.with_name("away"))
    data.with_name("copy").rename(data)


def another_log(data: Path) -> None:
    """The files of the log take the place of themselves, below a folder that stays."""
    shutil.copytree(data / "nats", data / "nats.copy")
    (data / "nats" / "jetstream").rename(data.with_name("away"))
    (data / "nats.copy" / "jetstream").rename(data / "nats" / "jetstream")


def another_key_store(data: Path) -> None:
    shutil.copy(data / "db" / "keys.db", data / "db" / "copy")
    (data / "db" / "copy").rename(data / "db" / "keys.db")


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    with started(tmp_path / "data") as one:
        yield one
    if (away := tmp_path / "away" / "format").exists():
        system.stop(away.parent)


@pytest.mark.parametrize("replace", [another_directory, another_log, another_key_store])
def test_a_system_ends_when_something_else_is_in_the_place_of_its_files(
    data: Path, replace: Callable[[Path], None]
) -> None:
    assert define_pool(run_of(data), "p-before").status_code == 200
    (supervisor,) = ownership.supervisors(data)
    family = [supervisor, *supervisor.children(recursive=True)]
    replace(data)
    assert ownership.ended(family, 20), "nobody goes on writing where nobody looks"
    places = [one for one in (data, data.with_name("away")) if (one / "logs").exists()]
    told = "".join((one / "logs" / "supervisor.log").read_text() for one in places)
    assert "was moved, deleted or replaced" in told
    assert "Traceback" not in told
    # A second system meets nobody, and is whole.
    assert cadre(data, "up").returncode == 0
    assert recorded(data, "p-before")
    assert define_pool(run_of(data), "p-after").status_code == 200


def test_a_system_whose_directory_was_deleted_ends(tmp_path: Path) -> None:
    data = tmp_path / "data"
    system.start(data)
    (supervisor,) = ownership.supervisors(data)
    family = [supervisor, *supervisor.children(recursive=True)]
    shutil.rmtree(data)
    assert ownership.ended(family, 20)
    assert not data.exists(), "and leaves nothing in its place"


def test_a_system_whose_directory_was_moved_leaves_alone_who_came_after(data: Path) -> None:
    away = data.with_name("away")
    data.rename(away)
    with started(data):
        until(lambda: not using(away))
        run = run_of(data)
        assert {one.pid for one in using(data)} >= {run.supervisor_pid, run.nats.pid}
        assert define_pool(run, "p-new").status_code == 200
