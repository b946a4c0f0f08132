"""Backups of keys: short-lived, and no way back for whoever was forgotten."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from cadre.cli.installation.data_directory import DataDirectory, DataDirectoryError
from cadre.cli.installation.key_backups import KeyBackups
from cadre.cli.installation.master_change import change_master, masters_of
from cadre.contracts.event import Forgotten
from cadre.selection.working.identities import Identities
from cadre.shared.database.database import Database
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.keys.keyring import KeyName, Keyring
from privacy.persons import BAILI, OUYANG, files_with, keys_of

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Store:
    data: DataDirectory
    ana: str
    bo: str
    tokens: dict[str, str]

    @property
    def backups(self) -> KeyBackups:
        return KeyBackups(self.data)

    async def opened(self) -> dict[str, object]:
        """What each person's token opens to, with the keys and the master of now."""
        database = Database(f"sqlite+aiosqlite:///{self.backups.store}", durable=True)
        ring = Keyring(database, masters_of(self.data.secrets))
        found = {who: await ring.open_value(token) for who, token in self.tokens.items()}
        await database.close()
        return found

    async def forget(self, who: str) -> None:
        database = Database(f"sqlite+aiosqlite:///{self.backups.store}", durable=True)
        await Keyring(database, masters_of(self.data.secrets)).forget(who)
        await database.close()


@pytest.fixture
async def store(tmp_path: Path) -> Store:
    data = DataDirectory.create(tmp_path / "data")
    database = Database(f"sqlite+aiosqlite:///{data.path}/db/keys.db", durable=True)
    ring = Keyring(database, masters_of(data.secrets))
    index = Identities(database, b"i" * 32)
    await ring.create()
    await index.create()
    ids: list[str] = []
    tokens: dict[str, str] = {}
    for number, who in enumerate((OUYANG, BAILI)):
        ids.append(await index.assign(who.id_number, UUID(int=number)))
        name = KeyName(ids[-1], "selection")
        tokens[ids[-1]] = (await ring.keys([name]))[name].seal(who.observed, UUID(int=1), "note")
    await database.close()
    return Store(data, *ids, tokens)


async def test_a_backup_is_whole_and_its_owners_only(store: Store) -> None:
    made = store.backups.make(NOW)
    assert made.name == "keys-20261120T120000Z.db"
    assert (made.stat().st_mode & 0o077, store.backups.folder.stat().st_mode & 0o077) == (0, 0)
    assert keys_of(made, store.ana) == keys_of(store.backups.store, store.ana)
    with pytest.raises(FileExistsError):
        store.backups.make(NOW)


async def test_backups_go_when_their_time_is_up(store: Store) -> None:
    ages = [timedelta(days=31), timedelta(days=30, seconds=1), timedelta(days=30), timedelta(0)]
    made = [store.backups.make(NOW - age) for age in ages]
    assert store.backups.prune(NOW) == made[:2]
    assert [path.exists() for path in made] == [False, False, True, True]
    assert store.backups.prune(NOW, kept_days=1) == [made[2]]


async def test_a_forgotten_person_is_gone_with_the_last_backup(store: Store) -> None:
    (key,) = keys_of(store.backups.store, store.ana)
    made = store.backups.make(NOW - timedelta(days=29))
    await store.forget(store.ana)
    assert list(files_with(store.data.path, key)) == [f"key-backups/{made.name}"]
    store.backups.prune(NOW + timedelta(days=2))
    assert files_with(store.data.path, key) == {}


async def test_what_is_put_back_leaves_the_forgotten_out(store: Store) -> None:
    (key,) = keys_of(store.backups.store, store.ana)
    made = store.backups.make(NOW)
    await store.forget(store.ana)
    with closing(sqlite3.connect(store.backups.store)) as connection, connection:
        connection.execute("DELETE FROM data_keys")
    assert store.backups.restore(made, masters_of(store.data.secrets)) == 1
    assert await store.opened() == {store.ana: Forgotten(), store.bo: BAILI.observed}
    assert files_with(store.data.path / "db", key) == {}
    with closing(sqlite3.connect(store.backups.store)) as connection:
        known = connection.execute("SELECT cadre_id FROM identities").fetchall()
    assert known == [(store.bo,)]


async def test_a_backup_from_before_the_master_changed_is_refused(store: Store) -> None:
    made = store.backups.make(NOW)
    changed = await change_master(store.data)
    assert (changed.keys, changed.resumed) == (2, False)
    with pytest.raises(NotPossible, match="destroyed since"):
        store.backups.restore(made, masters_of(store.data.secrets))
    assert await store.opened() == {store.ana: OUYANG.observed, store.bo: BAILI.observed}
    assert [path.name for path in (store.data.path / "db").iterdir()] == ["keys.db"]


async def test_a_change_of_the_master_that_broke_off_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = store.data.secrets.master_key

    async def dies(*_: object) -> int:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr("cadre.shared.keys.key_store.rewrap", dies)
        with pytest.raises(ConnectionError):
            await change_master(store.data)
    between = store.data.secrets
    assert between.master_key_previous == old
    assert await store.opened() == {store.ana: OUYANG.observed, store.bo: BAILI.observed}
    changed = await change_master(store.data)
    assert (changed.keys, changed.resumed) == (2, True)
    after = store.data.secrets
    assert (after.master_key, after.master_key_previous) == (between.master_key, None)
    assert after.fingerprint_key == between.fingerprint_key is not None


async def test_nothing_is_put_back_or_changed_while_the_system_runs(store: Store) -> None:
    made = store.backups.make(NOW)
    with store.data.lock():
        with pytest.raises(DataDirectoryError):
            store.backups.restore(made, masters_of(store.data.secrets))
        with pytest.raises(DataDirectoryError):
            await change_master(store.data)
    with pytest.raises(NotFound):
        store.backups.restore(made.with_name("nothing.db"), masters_of(store.data.secrets))
