"""Records of who was shown what: gone before their time, or altered, is named."""

import asyncio
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from audit.installations import ANA, AUDITOR, SERVICE, Histories, Installation
from audit.test_tampering import append
from cadre.audit.blocks import Record, key_of, records
from cadre.audit.checkpoint import Checkpoint
from cadre.audit.checkpointing import make_checkpoint
from cadre.audit.differences import Difference, Kind
from cadre.audit.note import split
from cadre.audit.readings import KEPT, ReadingsLog
from cadre.shared.log.readings import STREAM, NamedReader, Readings
from cadre.shared.log.stream import Log
from support.nats_server import NatsServer

FOLDER = f"nats/jetstream/CADRE/streams/{STREAM}"
BLOCK = f"{FOLDER}/msgs/1.blk"
FIRST, SECOND, END = 4, 9, 11
ELSEWHERE = json.dumps(
    {
        "at": "2026-01-01T00:00:00Z",
        "service": "training",
        "route": "/",
        "reader": {"actor": "a"},
        "cadres": [ANA],
    }
).encode()


async def read(server: NatsServer, count: int, who: str = "clerk-li") -> None:
    """Show Ana's history so many times."""
    client = await server.connect("selection")
    for _ in range(count):
        await Readings(client, "selection").add("/histories", NamedReader(actor=who), [ANA])
    await client.close()


async def sign(made: Installation, server: NatsServer) -> Checkpoint:
    history = await server.connect("selection")
    client = await server.connect("supervision")
    try:
        signed = await make_checkpoint(
            Log(history),
            made.evidence,
            AUDITOR,
            [SERVICE],
            datetime.now(UTC),
            readings=Log(client, STREAM),
        )
    finally:
        await history.close()
        await client.close()
    return signed.checkpoint


async def differences(made: Installation, now: datetime | None = None) -> list[Difference]:
    """What is found of the log of readings, with a server on the files."""
    notes = [Checkpoint.parse(split(note)[0]) for note in made.evidence.notes()]
    with made.server() as server:
        client = await server.connect("supervision")
        try:
            log = ReadingsLog(Log(client, STREAM), notes, now or datetime.now(UTC))
            return await log.differences()
        finally:
            await client.close()


@pytest.fixture(scope="module")
def stages(histories: Histories, tmp_path_factory: pytest.TempPathFactory) -> list[Installation]:
    """An installation with one record unsigned; as it was after `FIRST`; and after `END`."""
    folder = tmp_path_factory.mktemp("readings")
    made = histories.whole.copy(folder / "made")
    return asyncio.run(_stages(made, folder))


async def _stages(made: Installation, folder: Path) -> list[Installation]:
    with made.server() as server:
        await read(server, FIRST)
        await sign(made, server)
    early = made.copy(folder / "early")
    with made.server() as server:
        await read(server, SECOND - FIRST)
        await sign(made, server)
        await read(server, END - SECOND)
    return [early, made]


@pytest.fixture
def early(stages: list[Installation]) -> Installation:
    return stages[0]


@pytest.fixture
def copy(stages: list[Installation], tmp_path: Path) -> Installation:
    return stages[1].copy(tmp_path / "copy")


def rewrite(made: Installation, change: Callable[[Record], Record | None]) -> None:
    """Alter records, checksums and all."""
    path, key = made.folder / BLOCK, key_of(STREAM, 1)
    found = list(records(path.read_bytes()))
    assert all(one.checksum == one.hash(key) for one in found), "the server hashes otherwise"
    path.write_bytes(b"".join(one.packed(key) for one in map(change, found) if one is not None))


def told(found: list[Difference]) -> str:
    assert {(one.kind, one.subject) for one in found} == {(Kind.READINGS_DIFFER, STREAM)}
    assert all(one.hint for one in found)
    return "; ".join(one.detail for one in found)


async def test_nothing_is_said_of_a_whole_log(copy: Installation) -> None:
    spans = [Checkpoint.parse(split(note)[0]).readings for note in copy.evidence.notes()]

    assert [span and span[:2] for span in spans] == [
        None,
        None,
        (1, FIRST),
        (FIRST + 1, SECOND),
    ]
    assert await differences(copy) == []


async def test_nothing_new_is_not_signed_twice(copy: Installation) -> None:
    with copy.server() as server:
        first = await sign(copy, server)
        again = await sign(copy, server)

    assert first.readings is not None
    assert first.readings[:2] == (SECOND + 1, END)
    assert again == first


async def test_a_log_put_back_to_an_older_copy_is_found(
    copy: Installation, early: Installation
) -> None:
    shutil.rmtree(copy.folder / FOLDER)
    shutil.copytree(early.folder / FOLDER, copy.folder / FOLDER)

    assert f"ends at {FIRST}, {SECOND} were signed" in told(await differences(copy))


async def test_a_log_that_is_gone_is_found(copy: Installation) -> None:
    shutil.rmtree(copy.folder / FOLDER)

    assert f"is gone; {SECOND} records were signed" in told(await differences(copy))


async def test_a_log_made_anew_is_found_however_long_it_is(copy: Installation) -> None:
    shutil.rmtree(copy.folder / FOLDER)
    with copy.server() as server:
        await server._provision()
        await read(server, END + 5, "clerk-wang")
    said = told(await differences(copy))

    assert "was made anew" in said
    assert f"the records 1 to {FIRST} are not those signed" in said
    assert f"the records {FIRST + 1} to {SECOND} are not those signed" in said


@pytest.mark.parametrize("position", [1, FIRST, SECOND])
async def test_an_altered_record_is_found(copy: Installation, position: int) -> None:
    def alter(record: Record) -> Record:
        body = record.body.replace(b"clerk-li", b"clerk-xu")
        return replace(record, body=body) if record.position == position else record

    rewrite(copy, alter)
    first = 1 if position <= FIRST else FIRST + 1
    assert f"the records {first} to" in told(await differences(copy))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{}", "cannot be read"),
        (b"\xff", "cannot be read"),
        (b"[" * 50_000, "cannot be read"),
        (ELSEWHERE, "another subject"),
    ],
)  # fmt: skip
async def test_what_no_service_wrote_is_found_though_nothing_is_signed_yet(
    copy: Installation, body: bytes, why: str
) -> None:
    with copy.server() as server:
        client = await server.connect("operator")
        await client.request(f"readings.selection.{ANA}", body, timeout=10)
        await client.close()

    assert why in told(await differences(copy))


async def test_a_damaged_record_is_missing(copy: Installation) -> None:
    path = copy.folder / BLOCK
    data = bytearray(path.read_bytes())
    body = next(one.body for one in records(bytes(data)) if one.position == 3)
    data[data.index(body) + 5] ^= 1
    path.write_bytes(data)

    assert "the records 3 to 3 are missing" in told(await differences(copy))


async def expire(made: Installation) -> None:
    """Let the server drop all records, as an operator can who shortens their time."""
    with made.server() as server:
        client = await server.connect("operator")
        log = Log(client, STREAM)
        config = (await log.info())["config"]
        wanted = config | {"max_age": 10**9, "duplicate_window": 10**9}
        answer = await log.api(f"STREAM.UPDATE.{STREAM}", wanted)
        assert "error" not in answer, answer
        async with asyncio.timeout(30):
            while (await log.info())["state"]["messages"]:
                await asyncio.sleep(0.1)
        answer = await log.api(f"STREAM.UPDATE.{STREAM}", config)
        assert "error" not in answer, answer
        await client.close()


async def test_records_that_went_before_their_time_are_found(copy: Installation) -> None:
    await expire(copy)

    assert f"the records up to {END} are gone" in told(await differences(copy))


async def test_records_that_expired_are_not_missed(copy: Installation) -> None:
    await expire(copy)

    assert await differences(copy, datetime.now(UTC) + KEPT + timedelta(days=1)) == []


async def test_a_time_that_was_shortened_is_found(copy: Installation) -> None:
    with copy.server() as server:
        client = await server.connect("operator")
        log = Log(client, STREAM)
        wanted = (await log.info())["config"] | {"max_age": 86_400 * 10**9 * 30}
        assert "error" not in await log.api(f"STREAM.UPDATE.{STREAM}", wanted)
        await client.close()

    assert "keeps records for 30 days" in told(await differences(copy))


async def test_history_is_signed_though_the_readings_are_gone(copy: Installation) -> None:
    position = await append(copy, SERVICE)
    shutil.rmtree(copy.folder / FOLDER)
    with copy.server() as server:
        signed = await sign(copy, server)

    assert (signed.tree.size, signed.readings) == (position, None)
    assert f"is gone; {SECOND} records were signed" in told(await differences(copy))
