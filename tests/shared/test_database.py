"""Whole transactions on a thread, on both databases; and many rows in few statements."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    Float,
    Integer,
    LargeBinary,
    String,
    create_engine,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError

from cadre.shared.database import on_postgres
from cadre.shared.database.database import Database
from cadre.shared.database.database import create_engine as create_engine_of
from cadre.shared.database.many_rows import ROWS_TOGETHER, insert_missing, insert_new, upsert
from cadre.shared.projecting.read_models_sql import ROWS_REPLACED, write
from cadre.shared.showing.read_models import Change, Drop, Put, ReadModels
from support.environment import Environment, Postgres

THINGS = ReadModels("selection", 1)
TABLE = THINGS.table(
    "things",
    Column("id", String(20), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("title", String),
    Column("on", Date),
    Column("score", Float),
    Column("passed", Boolean),
    Column("raw", LargeBinary),
)


@pytest.fixture
async def database(environment: Environment) -> AsyncIterator[Database]:
    database = Database(environment.database("things"))
    await database.transact(THINGS.metadata.create_all)
    yield database
    await database.close()


def put(connection: Connection, *ids: str) -> None:
    rows = [{"id": one, "part": 1, "title": "一"} for one in ids]
    upsert(TABLE, ("id", "part", "title"), connection.dialect).execute(connection, rows)


def ids(connection: Connection) -> list[str]:
    return list(connection.execute(select(TABLE.c.id).order_by(TABLE.c.id)).scalars())


async def test_what_a_transaction_returns_and_leaves(database: Database) -> None:
    def work(connection: Connection) -> int:
        put(connection, "a", "b")
        return len(ids(connection))

    assert await database.transact(work) == 2
    assert await database.read(ids) == ["a", "b"]


async def test_an_error_undoes_the_whole_transaction(database: Database) -> None:
    def work(connection: Connection) -> None:
        put(connection, "a")
        raise LookupError("no")

    with pytest.raises(LookupError, match="no"):
        await database.transact(work)
    assert await database.read(ids) == []


async def test_what_follows_a_transaction_is_called_before_its_caller_goes_on(
    database: Database,
) -> None:
    told: list[list[str]] = []

    def work(connection: Connection) -> list[str]:
        put(connection, "a")
        return ids(connection)

    def broken(connection: Connection) -> list[str]:
        put(connection, "b")
        raise LookupError("no")

    assert await database.transact(work, told.append) == ["a"]
    assert told == [["a"]]
    with pytest.raises(LookupError, match="no"):
        await database.transact(broken, told.append)
    assert told == [["a"]]


async def test_what_follows_a_transaction_is_called_although_its_caller_went_away(
    database: Database,
) -> None:
    told: list[list[str]] = []
    begun, going_on = threading.Event(), threading.Event()

    def work(connection: Connection) -> list[str]:
        begun.set()
        assert going_on.wait(10)
        put(connection, "a")
        return ids(connection)

    calling = asyncio.create_task(database.transact(work, told.append))
    await asyncio.to_thread(begun.wait, 10)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    going_on.set()
    while not told:
        await asyncio.sleep(0.01)
    assert told == [["a"]] == [await database.read(ids)]


async def test_the_event_loop_and_readers_go_on_while_a_transaction_works(
    database: Database,
) -> None:
    def work(connection: Connection) -> None:
        put(connection, "a")
        time.sleep(0.5)

    begun = time.perf_counter()
    working = asyncio.create_task(database.transact(work))
    seen: list[list[str]] = []
    while not working.done():
        seen.append(await database.read(ids))
        await asyncio.sleep(0.01)
    assert time.perf_counter() - begun >= 0.5
    assert len(seen) > 5
    assert seen[0] == [], "a reader saw what was not committed"
    assert await database.read(ids) == ["a"]


async def test_writers_come_one_after_the_other(database: Database) -> None:
    def add_one(connection: Connection) -> None:
        row = connection.execute(select(TABLE.c.part).where(TABLE.c.id == "n")).scalar_one_or_none()
        time.sleep(0.01)
        connection.execute(text("DELETE FROM things"))
        connection.execute(TABLE.insert(), {"id": "n", "part": (row or 0) + 1})

    await asyncio.gather(*(database.transact(add_one) for _ in range(10)))
    assert await database.read(lambda c: c.execute(select(TABLE.c.part)).scalar_one()) == 10


async def test_closing_waits_for_the_transaction_of_a_cancelled_caller(
    environment: Environment,
) -> None:
    database = Database(environment.database("closing"))
    await database.transact(THINGS.metadata.create_all)

    def work(connection: Connection) -> None:
        time.sleep(0.2)
        put(connection, "a")

    task = asyncio.create_task(database.transact(work))
    await asyncio.sleep(0.05)
    task.cancel()
    await database.close()
    again = Database(environment.database("closing"))
    assert await again.read(ids) == ["a"]
    await again.close()


async def test_rows_of_every_type_come_back_as_they_went_in(database: Database) -> None:
    whole: dict[str, Any] = {
        "id": "a",
        "part": 2,
        "title": "张三",
        "on": date(2026, 3, 2),
        "score": 88.5,
        "passed": True,
        "raw": b"\x00\xff",
    }
    empty: dict[str, Any] = dict.fromkeys(whole) | {"id": "b", "part": 1, "passed": False}

    def work(connection: Connection) -> list[dict[str, Any]]:
        insert_missing(TABLE, connection.dialect).execute(connection, [whole, empty])
        changed = [whole | {"score": 1.0}, {**whole, "id": "c"}]
        insert_missing(TABLE, connection.dialect).execute(connection, changed)
        rows = connection.execute(select(TABLE).order_by(TABLE.c.id)).mappings()
        return [dict(row) for row in rows]

    assert await database.transact(work) == [whole, empty, {**whole, "id": "c"}]


async def test_new_rows_come_back_as_they_went_in_and_none_is_written_twice(
    database: Database,
) -> None:
    whole = {"id": "a", "part": 1, "title": "一", "on": date(2026, 3, 2), "score": 1.5}
    rows = [whole | {"passed": None, "raw": b"\x00", "id": one} for one in "abc"]

    def work(connection: Connection) -> list[dict[str, Any]]:
        connection.execute(select(TABLE.c.id))
        insert_new(connection, TABLE, rows)
        return [dict(row) for row in connection.execute(select(TABLE)).mappings()]

    assert await database.transact(work) == rows
    if database.engine.dialect.name == "postgresql":
        with pytest.raises(DBAPIError):
            await database.transact(work)
    else:
        assert await database.transact(work) == rows


@pytest.mark.parametrize("count", [ROWS_TOGETHER - 1, ROWS_TOGETHER, 2 * ROWS_TOGETHER + 3])
async def test_many_rows_are_put_as_one_is_however_often(database: Database, count: int) -> None:
    first = [
        {"id": f"{n}", "part": 1, "title": "一", "on": date(2026, 3, 2), "passed": n % 2 == 0}
        for n in range(count)
    ]
    then = [row | {"title": None, "on": None} for row in first[1:]]
    # Of other columns, with keys that are there and one that is not.
    scores = [{"score": 0.5, "part": 1, "id": f"{n}"} for n in range(1, count + 1)]

    def work(connection: Connection) -> dict[str, dict[str, Any]]:
        for rows in (first, then, scores):
            upsert(TABLE, tuple(rows[0]), connection.dialect).execute(connection, rows)
        found = connection.execute(select(TABLE)).mappings()
        return {row["id"]: dict(row) for row in found}

    empty = dict.fromkeys(TABLE.columns.keys())
    expected = {
        row["id"]: empty | row
        for row in (*first, scores[-1], *(row | {"score": 0.5} for row in then))
    }
    assert await database.transact(work) == expected
    assert await database.transact(work) == expected


@pytest.mark.parametrize("count", [ROWS_REPLACED - 1, ROWS_REPLACED, 3 * ROWS_TOGETHER])
async def test_changes_of_many_rows_leave_what_each_by_itself_leaves(
    database: Database, count: int
) -> None:
    def key(n: int) -> dict[str, Any]:
        # Keys of two columns: neither one alone tells the rows apart.
        return {"id": f"{n // 2}", "part": n % 2}

    there = [
        Put("things", key(n) | {"title": "一", "passed": True, "raw": b"\x00"})
        for n in range(0, 2 * count, 3)
    ]
    changes: list[Change] = [
        Put("things", key(n) | ({"title": None} if n % 2 else {"on": date(2026, 3, 2)}))
        for n in range(count)
    ]
    changes += [Drop("things", key(n)) for n in range(0, count, 5)]
    changes += [Put("things", key(n) | {"score": 0.5}) for n in range(0, count, 10)]

    def after(*batches: list[Change]) -> Callable[[Connection], list[Any]]:
        def work(connection: Connection) -> list[Any]:
            connection.execute(TABLE.delete())
            for batch in batches:
                write(connection, THINGS.metadata, batch)
            return list(connection.execute(select(TABLE).order_by(TABLE.c.id, TABLE.c.part)))

        return work

    singly = await database.transact(after(*([change] for change in (*there, *changes))))
    assert await database.transact(after([*there], changes)) == singly
    assert len(singly) > count / 2


async def test_a_key_that_does_not_fit_takes_no_row_out(database: Database) -> None:
    if database.engine.dialect.name != "postgresql":
        return
    short = [Put("things", {"id": "x" * 20, "part": n}) for n in range(ROWS_REPLACED)]
    long = [Put("things", {"id": "x" * 21, "part": n}) for n in range(ROWS_REPLACED)]
    await database.transact(lambda c: write(c, THINGS.metadata, short))
    with pytest.raises(DBAPIError, match="too long"):
        await database.transact(lambda c: write(c, THINGS.metadata, long))
    assert len(await database.read(ids)) == ROWS_REPLACED


async def test_a_row_among_many_that_does_not_fit_is_refused_with_all_of_them(
    database: Database,
) -> None:
    rows: list[dict[str, Any]] = [
        {"id": f"{n}", "part": 1, "on": date(2026, 3, 2)} for n in range(99)
    ]
    rows[70]["on"] = "yesterday"

    def work(connection: Connection) -> None:
        upsert(TABLE, ("id", "part", "on"), connection.dialect).execute(connection, rows)

    with pytest.raises((DBAPIError, TypeError)):
        await database.transact(work)
    assert await database.read(ids) == []


async def test_a_text_that_is_too_long_is_refused_not_cut(database: Database) -> None:
    if database.engine.dialect.name == "postgresql":
        with pytest.raises(DBAPIError, match="too long"):
            await database.transact(lambda c: put(c, "x" * 21))
    assert await database.read(ids) == []


async def test_a_query_bears_that_its_connection_was_lost(database: Database) -> None:
    await database.transact(lambda c: put(c, "a"))
    assert await database.query(ids) == ["a"]
    if database.engine.dialect.name == "postgresql":
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> {} AND {}"
        here = others.format("pg_backend_pid()", "datname = current_database()")
        await database.read(lambda c: c.execute(text(here)).all())
    assert await database.query(ids) == ["a"]


async def test_all_queries_of_a_snapshot_see_what_the_first_saw(database: Database) -> None:
    await database.transact(lambda c: put(c, "a"))
    async with database.snapshot(ids) as (connection, found):
        assert found == ["a"]
        await database.transact(lambda c: put(c, "b"))
        assert await connection.run_sync(ids) == ["a"]
    assert await database.read(ids) == ["a", "b"]


async def test_closing_waits_for_the_end_of_what_was_read(
    embedded_postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    end, ended = on_postgres._end, 0

    async def slowly(*of: Any) -> None:
        nonlocal ended
        await asyncio.sleep(0.1)
        await end(*of)
        ended += 1

    monkeypatch.setattr(on_postgres, "_end", slowly)
    database = Database(embedded_postgres_server.new_database())
    await database.transact(THINGS.metadata.create_all)
    for _ in range(30):  # Three times what there is of connections: they come back.
        assert await database.read(ids) == []
    assert ended < 30, "nobody waits for the last"
    await database.close()
    assert ended == 30


async def test_a_snapshot_bears_that_its_connection_was_lost(database: Database) -> None:
    await database.transact(lambda c: put(c, "a"))
    await database.read(ids)
    if database.engine.dialect.name == "postgresql":
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> {} AND {}"
        here = others.format("pg_backend_pid()", "datname = current_database()")
        await database.transact(lambda c: c.execute(text(here)).all())
    async with database.snapshot(ids) as (connection, found):
        assert found == await connection.run_sync(ids) == ["a"]


async def test_a_connection_whose_opening_is_cancelled_is_closed(tmp_path: Path) -> None:
    told: list[str] = []

    class Slow(sqlite3.Connection):
        def __init__(self, *args: Any, **options: Any) -> None:
            time.sleep(0.1)
            super().__init__(*args, **options)
            told.append("opened")

        def close(self) -> None:
            super().close()
            told.append("closed")

    with pytest.MonkeyPatch.context() as patch:
        connect = sqlite3.connect
        patch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **k, factory=Slow))
        engine = create_engine_of(f"sqlite+aiosqlite:///{tmp_path / 'slow.db'}")
        opening = asyncio.ensure_future(engine.connect().__aenter__())
        await asyncio.sleep(0.03)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
    await engine.dispose()
    assert told == ["opened", "closed"]


def put_or_drop() -> st.SearchStrategy[Change]:
    key = st.fixed_dictionaries({"id": st.sampled_from("ab"), "part": st.integers(1, 2)})
    values = st.fixed_dictionaries(
        {},
        optional={
            "title": st.sampled_from(["一", "二", None]),
            "on": st.dates(date(2026, 1, 1), date(2026, 1, 3)),
            "passed": st.booleans(),
        },
    )
    puts = st.builds(lambda k, v: Put("things", {**v, **k}), key, values)
    return puts | st.builds(lambda k: Drop("things", k), key)


@given(changes=st.lists(put_or_drop(), max_size=12), at=st.integers(0, 12))
def test_a_batch_leaves_what_its_changes_leave_one_by_one(changes: list[Change], at: int) -> None:
    def after(batches: list[list[Change]]) -> list[Any]:
        engine = create_engine("sqlite://")
        with engine.begin() as connection:
            THINGS.metadata.create_all(connection)
            for batch in batches:
                write(connection, THINGS.metadata, batch)
            found = connection.execute(select(TABLE).order_by(TABLE.c.id, TABLE.c.part)).all()
        engine.dispose()
        return list(found)

    one_by_one = after([[change] for change in changes])
    assert after([changes]) == one_by_one
    assert after([changes[:at], changes[at:]]) == one_by_one
