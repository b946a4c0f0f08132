"""Reading the whole log: folded to every person's state, and audited."""

import asyncio
import json
import os
from base64 import b64decode
from concurrent.futures import Executor
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from uuid import UUID

import peer
import uvloop
from peer_projection import decoded
from report import Goal, Measured, Row
from servers import NatsServer
from session import Filled, Session, interleaved
from wire import Wire

from cadre.audit.evidence import Evidence
from cadre.audit.examination import Examination
from cadre.audit.public_keys import PublicKeys
from cadre.audit.surveyors import forked
from cadre.cli.installation.data_directory import DataDirectory
from cadre.contracts.vocabulary import SERVICES
from cadre.selection.app import SERVICE
from cadre.shared.deciding.person import PERSON, Person
from cadre.shared.log.codec import Codec, Signer
from cadre.shared.log.stream import Log
from cadre.shared.running.runtime import running
from cadre.shared.upkeep.memory import collect_rarely

PEER_PAGE = 2_000


def read_raw(log: Filled, *, load: bool) -> float:
    """Events per second of the thinnest reader; with ``load`` it parses the bodies."""
    with Wire(log.server.port, "operator", log.server.password("operator")) as wire:
        begun = perf_counter()
        for message in wire.pull("HISTORY", 0, log.end):
            if load:
                json.loads(message.body)
        return log.end / (perf_counter() - begun)


async def codec_of(log: Filled, folder: Path) -> Codec:
    """What a service of this log decodes with."""
    file = folder / "selection.db"
    settings = log.server.settings(SERVICE.name, f"sqlite+aiosqlite:///{file}")
    async with running(SERVICE, settings) as runtime:
        return runtime.codec


async def replay(log: Filled, codec: Codec) -> float:
    """Events per second: the log read, decoded and folded to the states of Selection."""
    client = await log.server.connect("subscriber")
    states: dict[str, Person] = {}
    nobody = Person(reads=SERVICE.reads)
    done = 0
    begun = perf_counter()
    async for messages in Log(client).read():
        for message in messages:
            if done == log.end:
                break
            who = message.aggregate[2]
            states[who] = PERSON.evolve(states.get(who, nobody), codec.decode(message))
            done += 1
    taken = perf_counter() - begun
    await client.close()
    assert done == log.end
    assert len(states) == log.people
    return done / taken


def peer_replay(app: peer.Register, log: Filled) -> float:
    """The same by the peer from its own PostgreSQL: pages of its notification log."""
    states: dict[UUID, peer.Person] = {}
    done = 0
    begun = perf_counter()
    for _, facts in decoded(app, log.end, PEER_PAGE):
        for fact in facts:
            person = states.get(fact.originator_id)
            if person is None:
                person = states[fact.originator_id] = peer.Person(fact.originator_id)
            person.mutate(fact)
            done += 1
    assert done == log.end
    return done / (perf_counter() - begun)


def replayed(log: Filled, folder: Path) -> float:
    """`replay` in a process that does nothing else."""
    codec = asyncio.run(codec_of(log, folder))
    collect_rarely()
    return uvloop.run(replay(log, codec))


def peer_replayed(environment: dict[str, str], log: Filled) -> float:
    """`peer_replay` in such a process."""
    collect_rarely()
    with peer.Register(environment) as app:
        return peer_replay(app, log)


def rows(session: Session) -> Measured:
    """`replay`, `audit` and `audit-signatures`."""
    log = session.filled(session.sizes.events)
    return Measured([_replay(session, log), *_audit(session, log)])


def _replay(session: Session, log: Filled) -> Row:
    environment = peer.postgres_environment(session.postgres, session.postgres.new_database())
    peer.fill_postgres(session.postgres, environment, log.people)

    folder = session.new_directory("codec")
    found = interleaved(
        session.sizes.runs,
        ours=lambda: session.alone(replayed, log, folder),
        peer=lambda: session.alone(peer_replayed, environment, log),
        limit=lambda: session.alone(read_raw, log, load=True),
    )
    return Row(
        "replay",
        "the whole log decoded and folded to every person's state",
        "events/s",
        found["ours"],
        found["peer"],
        found["limit"],
        Goal(ratio_min=0.8, peer_min=1),
        session.sizes.runs,
        "limit: raw pull from one blocking socket and json.loads of the body, nothing kept; "
        f"peer: its notification log from PostgreSQL in pages of {PEER_PAGE:,}, the same fold",
    )


def examined(server: NatsServer, folder: Path, end: int, *, signatures: bool) -> float:
    """Events per second of an audit, by a process that has no threads, as the command has none."""
    collect_rarely()
    with forked() as processes:
        return asyncio.run(examine(server, folder, end, processes, signatures=signatures))


async def examine(
    server: NatsServer, folder: Path, end: int, processes: Executor | None, *, signatures: bool
) -> float:
    """Events per second of an audit of the log alone, without journals and tables."""
    client = await server.connect("subscriber")
    begun = perf_counter()
    examination = Examination(
        Log(client),
        Evidence(folder),
        _public_keys(server.data),
        (),
        signatures=signatures,
        processes=processes,
    )
    report = await examination.run()
    taken = perf_counter() - begun
    await client.close()
    assert report.events == end
    assert not report.differences, report.differences[0]
    return report.events / taken


def _public_keys(data: DataDirectory) -> PublicKeys:
    seeds = data.secrets.signing_keys
    signers = [Signer.from_seed(name, b64decode(seeds[name])) for name in SERVICES]
    return PublicKeys(origin="").with_services(signers, datetime.now(UTC))


def _audit(session: Session, log: Filled) -> list[Row]:
    def audit(*, signatures: bool) -> float:
        folder = session.new_directory("audit")
        return session.alone(examined, log.server, folder, log.end, signatures=signatures)

    found = interleaved(
        session.sizes.runs,
        without=lambda: audit(signatures=False),
        signatures=lambda: audit(signatures=True),
        limit=lambda: read_raw(log, load=False),
    )
    cores = os.cpu_count() or 1
    per_core = found["signatures"] / cores
    note = (
        "the log alone: chains, ids, Merkle tree, without journals and tables; limit: raw pull "
        "from one blocking socket; the peer has no audit"
    )
    return [
        Row(
            "audit",
            "audit of the log, signatures left out",
            "events/s",
            found["without"],
            None,
            found["limit"],
            Goal(ratio_min=0.5),
            session.sizes.runs,
            note,
        ),
        Row(
            "audit-signatures",
            "audit of the log with every signature",
            "events/s",
            found["signatures"],
            None,
            found["limit"],
            Goal(),
            session.sizes.runs,
            f"{note}; {per_core:,.0f} events/s for each of {cores} cores",
            {"per_core": per_core, "cores": cores},
        ),
    ]
