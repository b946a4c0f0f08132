"""Fills a log with typical lives: signed, sealed and chained once, in processes, in atomic batches.

A filled data directory is kept for every row of the same size within one invocation.
"""

import asyncio
import json
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from lives import EVENTS_PER_PERSON, command_uuid, life
from servers import NatsServer
from wire import Refused, Wire, framed

from cadre.cli.installation.data_directory import DataDirectory
from cadre.contracts.event import CadreEvent, Event
from cadre.shared.database.database import Database
from cadre.shared.deciding.messages import Envelope
from cadre.shared.keys.keyring import DataKey, KeyName, Keyring
from cadre.shared.keys.master_keys import MasterKeys
from cadre.shared.log.codec import Codec, Outgoing, Signer
from cadre.shared.log.event_ids import event_id

PEOPLE_PER_BATCH = 1000 // EVENTS_PER_PERSON
BATCHES_OUTSTANDING = 2
PEOPLE_PER_JOB = 10 * PEOPLE_PER_BATCH
FILLED = ("selection", "supervision")

type Keys = dict[KeyName, DataKey]


@dataclass(frozen=True, slots=True)
class Job:
    """A stretch of people for one process to write."""

    data: Path
    port: int
    first: int
    count: int


def fill(server: NatsServer, people: int, pool: Executor) -> int:
    """Write so many lives; the position of the last event."""
    asyncio.run(_create_keys(server.data.path))
    jobs = [
        Job(server.data.path, server.port, first, min(PEOPLE_PER_JOB, people - first))
        for first in range(0, people, PEOPLE_PER_JOB)
    ]
    written = sum(pool.map(write, jobs))
    assert written == people * EVENTS_PER_PERSON
    return written


def write(job: Job) -> int:
    """Write one stretch of people; how many events that were."""
    secrets = DataDirectory.open_data(job.data).secrets
    keyring = _keyring(job.data, b64decode(secrets.master_key))
    codecs = {
        name: Codec(Signer.from_seed(name, b64decode(secrets.signing_keys[name])), keyring)
        for name in FILLED
    }
    lives = {number: life(number) for number in range(job.first, job.first + job.count)}
    keys = asyncio.run(_keys(codecs, [event for events in lives.values() for event in events]))
    numbers = list(lives)
    batches = [numbers[at : at + PEOPLE_PER_BATCH] for at in range(0, job.count, PEOPLE_PER_BATCH)]
    with Wire(job.port, "operator", secrets.nats_passwords["operator"]) as wire:
        frames = (
            batch_frames(
                [one for number in batch for one in encoded(number, lives[number], codecs, keys)],
                f"{wire.inbox}.f",
            )
            for batch in batches
        )
        return send_batches(wire, frames)


def encoded(
    number: int, events: Sequence[CadreEvent], codecs: Mapping[str, Codec], keys: Keys
) -> Iterator[Outgoing]:
    """One person's events as messages, each service's chain its own."""
    heads: dict[str, tuple[int, str]] = {}
    for at, event in enumerate(events, start=1):
        service = event.service()
        version, previous = heads.get(service, (0, ""))
        command = command_uuid(number, at)
        envelope = Envelope(
            event_id=event_id(str(event.aggregate), command, 0),
            version=version + 1,
            command_id=command,
            command_hash="0" * 32,
            actor="office-of-personnel",
            source_time=datetime.now(UTC),
            previous_hash=previous,
            code_version="0.1.0",
        )
        outgoing = codecs[service].encode(event, envelope, keys)
        heads[service] = (version + 1, outgoing.digest)
        yield outgoing


def batch_frames(events: list[Outgoing], reply: str) -> bytes:
    """The bytes of one atomic batch; only the commit is answered."""
    batch = uuid4().hex
    frames: list[bytes] = []
    for number, event in enumerate(events, start=1):
        last = number == len(events)
        more = f"Nats-Batch-Id: {batch}\r\nNats-Batch-Sequence: {number}\r\n"
        if last:
            more += "Nats-Batch-Commit: 1\r\n"
        frames.append(framed(event.subject, reply if last else "", event.headers, event.body, more))
    return b"".join(frames)


def send_batches(wire: Wire, frames: Iterator[bytes]) -> int:
    """Send atomic batches, a few unanswered at a time; how many events were stored."""
    answers = wire.messages()
    waiting, stored = 0, 0
    for batch in frames:
        wire.send(batch)
        waiting += 1
        if waiting == BATCHES_OUTSTANDING:
            stored += _stored(next(answers).body)
            waiting -= 1
    return stored + sum(_stored(next(answers).body) for _ in range(waiting))


def _stored(answer: bytes) -> int:
    told = json.loads(answer)
    if "error" in told:
        raise Refused(str(told["error"]))
    return int(told["count"])


def _keyring(data: Path, master: bytes) -> Keyring:
    database = Database(f"sqlite+aiosqlite:///{data / 'db' / 'keys.db'}")
    return Keyring(database, MasterKeys(master))


async def _create_keys(data: Path) -> None:
    keyring = _keyring(data, b"0" * 32)
    await keyring.create()
    await keyring.database.close()


async def _keys(codecs: Mapping[str, Codec], events: Sequence[Event]) -> Keys:
    codec = next(iter(codecs.values()))
    keys = await codec.keys_for(events)
    await codec.keyring.database.close()
    return keys
