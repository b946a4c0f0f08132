"""Reading along: slow readers lose nothing, both databases, processes for signatures."""

import asyncio
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pytest
from sqlalchemy import text

from audit.installations import ANA, AUDITOR, NOW, SERVICE, command
from cadre.audit.differences import Kind
from cadre.audit.evidence import Evidence
from cadre.audit.examination import Database, Examination, Report
from cadre.audit.public_keys import PublicKeys
from cadre.audit.signatures import SignatureVerdict
from cadre.audit.stored import everything, extent_of
from cadre.audit.survey import Particulars, Survey, stored
from cadre.audit.surveyors import PARALLEL_EVENTS_MIN, Surveyors
from cadre.shared.database.database import create_engine, writing
from cadre.shared.log import pull
from cadre.shared.log.codec import Outgoing, Signer
from cadre.shared.log.signed import Message, preimage
from cadre.shared.log.stream import Log
from cadre.shared.running.runtime import running
from support import mini
from support.environment import Environment
from support.nats_server import NatsServer
from support.surveying import forked_facts

KEYS = PublicKeys(origin="").with_services([SERVICE], NOW)


async def test_a_slow_reader_gets_everything(server: NatsServer) -> None:
    client = await server.connect("operator")
    for number in range(1200):
        await client.publish("history.selection.cadre.x.observed", str(number).encode())
    await client.flush()
    log = Log(client)
    while (extent := await extent_of(log)).last < 1200:
        await asyncio.sleep(0.05)
    found: list[int] = []
    async for messages in everything(log, extent.last):
        await asyncio.sleep(0.05)
        found += [message.position for message in messages]
    await client.close()

    assert found == list(range(1, 1201))
    assert extent.counts(1200)
    assert not extent.counts(1201)


@pytest.mark.parametrize("what", ["PAUSE", "DELETE"])
async def test_a_consumer_that_falls_silent_or_is_gone_hides_nothing(
    server: NatsServer, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Few at once, so that most are still to come when it happens.
    monkeypatch.setattr(pull, "PULL_BATCH", 5)
    client = await server.connect("operator")
    for number in range(1200):
        await client.publish("history.selection.cadre.x.observed", str(number).encode())
    await client.flush()
    log, asked = Counted(client), {"PAUSE": b'{"pause_until": "2099-01-01T00:00:00Z"}'}
    while (extent := await extent_of(log)).last < 1200:
        await asyncio.sleep(0.05)
    found: list[int] = []
    async for messages in everything(log, extent.last):
        if not found:
            (name,) = (await log.api("CONSUMER.NAMES.HISTORY", {}))["consumers"]
            subject = f"$JS.API.CONSUMER.{what}.HISTORY.{name}"
            reply = await client.request(subject, asked.get(what, b""))
            assert b'"error"' not in reply.data
        found += [message.position for message in messages]
    await client.close()

    assert found == list(range(1, 1201))
    assert log.singly >= 1


async def test_positions_that_are_known_to_be_empty_are_not_asked_for(server: NatsServer) -> None:
    client = await server.connect("operator")
    await client.publish("history.selection.cadre.x.observed", b"1")
    await client.flush()
    log = Counted(client)
    found = [m.position async for ms in everything(log, 500, range(2, 501)) for m in ms]
    await client.close()

    assert found == [1]
    assert log.singly == 0


@dataclass(slots=True)
class Counted(Log):
    """A log that counts how often it is asked for a single event."""

    singly: int = 0

    async def get(self, position: int) -> Message:
        self.singly += 1
        return await Log.get(self, position)


async def examine(environment: Environment) -> Report:
    client = await environment.server.connect("selection")
    try:
        return await Examination(
            Log(client),
            Evidence(environment.directory / "audit"),
            KEYS,
            [AUDITOR.verifier],
            [Database(mini.read_models(), environment.database("selection"))],
        ).run()
    finally:
        await client.close()


async def test_journal_and_tables_are_read_from_either_database(
    environment: Environment,
) -> None:
    async with running(mini.service(), environment.settings()) as runtime:
        wish = mini.Register(cadre_id=ANA, person_name="张三", effective_on=mini.DAY)
        await command(runtime, wish)
        for _ in range(4):
            note = mini.Note(cadre_id=ANA, note="一切如常", effective_on=mini.DAY)
            position = await command(runtime, note)
        await runtime.projector.wait(position, 10)
        running_report = await examine(environment)
    assert running_report.differences == []
    assert (running_report.events, running_report.table_rows) == (5, {"selection": 5})

    engine = create_engine(environment.database("selection"))
    async with writing(engine) as connection:
        await connection.execute(text("DELETE FROM journal WHERE position = 2"))
        await connection.execute(text("UPDATE people__1 SET code_version = 9"))
    await engine.dispose()
    found = (await examine(environment)).differences

    assert [(one.kind, one.position) for one in found] == [
        (Kind.PROJECTION_DIFFERS, None),
        (Kind.JOURNAL_DIFFERS, 2),
    ]


async def test_tables_of_another_version_are_not_compared_and_said_so(
    server: NatsServer, tmp_path: Path
) -> None:
    environment = Environment(server, tmp_path)
    async with running(mini.service(mini.read_models(2)), environment.settings()) as runtime:
        wish = mini.Register(cadre_id=ANA, person_name="张三", effective_on=mini.DAY)
        await runtime.projector.wait(await command(runtime, wish), 10)
    report = await examine(environment)

    assert report.differences == []
    assert any("another version" in notice for notice in report.notices)


def signed(position: int, signer: Signer, body: bytes = b"{}") -> Message:
    headers = {"ce-keyid": signer.key_id}
    subject = "history.selection.cadre.c-aaaaaaaaaa.observed"
    headers["ce-signature"] = signer.sign(preimage(subject, headers, b"{}"))
    out = Outgoing(subject, headers, body)
    return Message(out.subject, out.headers, out.body, position, 0)


async def test_signatures_of_a_long_log_are_checked_in_processes() -> None:
    keys = {key.key_id: key for key in KEYS.services}
    messages = [signed(position, SERVICE) for position in range(1, 101)]
    messages[41] = signed(42, SERVICE, b'{"altered": true}')
    messages[76] = signed(77, Signer.from_seed("selection", b"t" * 32))

    async def arriving() -> AsyncIterator[list[Message]]:
        for start in range(0, 100, 10):
            yield messages[start : start + 10]

    found: list[tuple[Message, Particulars]] = []
    with Surveyors(Survey(keys), PARALLEL_EVENTS_MIN) as surveyors:
        async for surveyed in surveyors.surveyed(arriving()):
            found += surveyed

    assert [message for message, _ in found] == messages
    bad = {m.position: f.verdict for m, f in found if f.verdict is not SignatureVerdict.HOLDS}
    assert bad == {42: SignatureVerdict.DOES_NOT_HOLD, 77: SignatureVerdict.UNKNOWN_KEY}


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_forked_processes_say_the_same_in_the_same_order() -> None:
    events = [stored(signed(position, SERVICE)) for position in range(1, 1201)]

    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        found = pool.submit(forked_facts, events).result()

    assert found == Survey(None).facts(events)
