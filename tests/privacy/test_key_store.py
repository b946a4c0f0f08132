"""Keys destroyed for good, keys that come too late, and a change of the master key."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from cadre.contracts.event import Forgotten
from cadre.shared.database.database import Database, writing
from cadre.shared.deciding.errors import Malformed, PersonForgotten, Unavailable
from cadre.shared.keys import key_store
from cadre.shared.keys.key_store import DATA_KEYS, Lost
from cadre.shared.keys.keyring import KeyName, Keyring
from cadre.shared.keys.master_keys import MasterKeys
from privacy.persons import files_with
from support.environment import Environment

ANA, BO = "c-aaaaaaaaaa", "c-bbbbbbbbbb"
OLD, NEW = b"o" * 32, b"n" * 32
NOTE = "supervision:note:00000000000000000000000000000007"


@dataclass
class Store:
    url: str
    database: Database
    ring: Keyring
    folder: Callable[[], Path]

    @property
    def engine(self) -> AsyncEngine:
        return self.database.engine

    async def token(self, person: str, value: str, purpose: str = "selection") -> str:
        name = KeyName(person, purpose)
        return (await self.ring.keys([name]))[name].seal(value, UUID(int=1), "note")

    async def wrapped(self, person: str) -> list[bytes]:
        query = select(DATA_KEYS.c.wrapped).where(DATA_KEYS.c.person == person)
        async with self.engine.connect() as connection:
            return [bytes(one) for one in await connection.scalars(query)]

    def with_masters(self, current: bytes, previous: bytes | None = None) -> Keyring:
        return Keyring(self.database, MasterKeys(current, previous))


@pytest.fixture
async def store(environment: Environment) -> AsyncIterator[Store]:
    url = environment.database("keys")
    database = Database(url, durable=True)
    ring = Keyring(database, MasterKeys(OLD))
    await ring.create()
    data = await _data_directory(url) if environment.postgres else environment.directory
    yield Store(url, database, ring, lambda: data)
    await database.close()


async def _data_directory(url: str) -> Path:
    """Where the server keeps this database."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    directory = await connection.fetchval("SHOW data_directory")
    oid = await connection.fetchval(
        "SELECT oid FROM pg_database WHERE datname = current_database()"
    )
    await connection.close()
    return Path(directory) / "base" / str(oid)


def _require_files(store: Store) -> None:
    if not store.folder().exists():
        pytest.skip("a container keeps the database's files to itself")


async def test_no_page_of_the_store_keeps_a_destroyed_key(store: Store) -> None:
    for number in range(300):
        await store.ring.keys([KeyName(f"c-{number:010}", "selection")])
    tokens = [await store.token(ANA, "一", purpose) for purpose in ("selection", NOTE)]
    wrapped = await store.wrapped(ANA)
    if store.engine.dialect.name == "postgresql":
        # As the server does by itself from time to time, but of every row.
        async with writing(store.engine) as connection:
            await connection.execute(text("SET LOCAL default_statistics_target = 10000"))
            await connection.execute(text("ANALYZE data_keys"))
    await key_store.compact(store.engine)
    _require_files(store)
    assert all(files_with(store.folder(), one) for one in wrapped), "they can be found"

    assert await store.ring.forget(ANA) == 2
    assert files_with(store.folder(), *wrapped) == {}
    assert [await store.ring.open_value(token) for token in tokens] == [Forgotten(), Forgotten()]
    (kept,) = await store.wrapped("c-0000000007")
    assert files_with(store.folder(), kept)


async def test_one_note_goes_alone(store: Store) -> None:
    note, other = await store.token(ANA, "一", NOTE), await store.token(ANA, "二")
    assert await key_store.destroy(store.engine, ANA, NOTE) == 1
    store.ring.evict(ANA, NOTE)
    assert await store.ring.open_value(note) == Forgotten()
    assert await store.ring.open_value(other) == "二"


async def test_a_key_that_comes_too_late_is_not_kept(store: Store) -> None:
    await store.token(ANA, "一")
    await store.ring.forget(ANA)
    with pytest.raises(PersonForgotten, match="recruited anew"):
        await store.ring.keys([KeyName(ANA, "training"), KeyName(BO, "training")])
    assert await store.wrapped(ANA) == []


async def test_who_is_forgotten_is_refused_alone(store: Store) -> None:
    await store.token(ANA, "一")
    await store.ring.forget(ANA)
    names = [KeyName(who, "training") for who in (ANA, BO)]
    refused, made = await asyncio.gather(
        *(store.ring.keys([name]) for name in names), return_exceptions=True
    )
    assert isinstance(refused, PersonForgotten)
    assert isinstance(made, dict)
    assert list(made) == names[1:]


async def test_a_damaged_key_fails_its_person_alone(store: Store) -> None:
    names = [KeyName(who, "selection") for who in (ANA, BO)]
    await store.ring.keys(names)
    async with writing(store.engine) as connection:
        damaged = update(DATA_KEYS).where(DATA_KEYS.c.person == ANA).values(wrapped=b"x" * 60)
        await connection.execute(damaged)
    ring = store.with_masters(OLD)
    failed, opened = await asyncio.gather(
        *(ring.keys([name]) for name in names), return_exceptions=True
    )
    assert isinstance(failed, Malformed)
    assert isinstance(opened, dict)
    assert list(opened) == names[1:]


async def test_no_key_outlives_a_forgetting_that_runs_beside_it(store: Store) -> None:
    async def make(purpose: str) -> bool:
        try:
            await store.ring.keys([KeyName(ANA, purpose)])
        except PersonForgotten:
            return False
        return True

    making = [make(f"purpose-{number}") for number in range(12)]
    await asyncio.gather(*making[:6], store.ring.forget(ANA), *making[6:])
    assert await store.wrapped(ANA) == []


async def test_what_the_log_says_is_lost_is_lost_again(store: Store) -> None:
    """A backup that was put back holds keys that were destroyed since."""
    for person in (ANA, BO):
        for purpose in ("selection", NOTE):
            await store.token(person, "一", purpose)
    await store.ring.keys([KeyName("c-cccccccccc", "selection")])
    assert await key_store.lose(store.engine, [Lost(ANA), Lost(BO, NOTE), Lost(BO, "x")]) == 3
    assert len(await store.wrapped(BO)) == 1
    with pytest.raises(PersonForgotten):
        await store.ring.keys([KeyName(ANA, "training")])
    assert await key_store.lose(store.engine, [Lost(ANA), Lost(BO, NOTE)]) == 0


async def test_a_new_master_key_opens_everything_and_the_old_nothing(store: Store) -> None:
    token, before = await store.token(ANA, "一"), await store.wrapped(ANA)
    turning = store.with_masters(NEW, OLD)
    assert await turning.open_value(token) == "一", "both open during the turn"
    made = KeyName(BO, "selection")
    during = (await turning.keys([made]))[made].seal("二", UUID(int=2), "note")

    assert await key_store.rewrap(store.engine, MasterKeys(NEW, OLD)) == 1
    await key_store.compact(store.engine)
    after = store.with_masters(NEW)
    assert [await after.open_value(one) for one in (token, during)] == ["一", "二"]
    with pytest.raises(Malformed, match="CADRE_MASTER_KEY"):
        await store.with_masters(OLD).open_value(token)
    bound = key_store.bound(ANA, "selection", 1)
    with pytest.raises(Malformed):
        MasterKeys(NEW).unwrap(before[0], MasterKeys(NEW).current_id, bound)
    assert files_with(store.folder(), *before) == {}
    assert await key_store.rewrap(store.engine, MasterKeys(NEW, OLD)) == 0


async def test_a_change_that_broke_off_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_store, "REWRAP_ROWS", 2)
    tokens = [await store.token(f"c-{number:010}", str(number)) for number in range(5)]
    wrapped = MasterKeys.wrap
    calls = 0

    def dying(self: MasterKeys, data_key: bytes, bound: bytes) -> bytes:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise ConnectionError
        return wrapped(self, data_key, bound)

    monkeypatch.setattr(MasterKeys, "wrap", dying)
    with pytest.raises(Unavailable):
        await key_store.rewrap(store.engine, MasterKeys(NEW, OLD))
    monkeypatch.setattr(MasterKeys, "wrap", wrapped)

    turning = store.with_masters(NEW, OLD)
    assert [await turning.open_value(token) for token in tokens] == list("01234")
    assert await key_store.rewrap(store.engine, MasterKeys(NEW, OLD)) == 3
    after = store.with_masters(NEW)
    assert [await after.open_value(token) for token in tokens] == list("01234")


async def test_the_servers_own_log_may_keep_bytes_that_no_key_opens(
    environment: Environment, store: Store
) -> None:
    """PostgreSQL keeps segments of its log: so a destroyed key is safe once the master changed."""
    if environment.postgres is None:
        pytest.skip("SQLite's write-ahead log is emptied")
    _require_files(store)
    await store.token(ANA, "一")
    wrapped = await store.wrapped(ANA)
    await store.ring.forget(ANA)
    await key_store.rewrap(store.engine, MasterKeys(NEW, OLD))
    log = store.folder().parents[1] / "pg_wal"
    assert files_with(log, *wrapped), "what is promised is no more than what is so"
    for known in MasterKeys(NEW).ids:
        with pytest.raises(Malformed):
            MasterKeys(NEW).unwrap(wrapped[0], known, key_store.bound(ANA, "selection", 1))
