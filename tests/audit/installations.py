"""A small installation on disk: a log, one service's database, and the evidence beside it."""

import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from cadre.audit.checkpointing import Signed, make_checkpoint
from cadre.audit.evidence import Evidence
from cadre.audit.examination import Database, Examination, Report
from cadre.audit.note import Ed25519Signer
from cadre.audit.public_keys import PublicKeys
from cadre.shared.deciding.messages import Meta
from cadre.shared.log.codec import Signer
from cadre.shared.log.stream import Log
from cadre.shared.running.runtime import Runtime, running
from support import mini
from support.nats_server import NatsServer

SERVICE = Signer.from_seed("selection", b"s" * 32)
AUDITOR = Ed25519Signer.from_seed("cadre.example/history", b"a" * 32)
NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
FIRST_CHECKPOINT, EARLIER, SECOND_CHECKPOINT, END = 260, 270, 290, 295
ANA = mini.cadre_id(1)


@dataclass(frozen=True)
class Installation:
    folder: Path

    @property
    def store(self) -> Path:
        return self.folder / "nats"

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.folder / "audit", self.folder / "last-checkpoint")

    @contextmanager
    def server(self):
        """The log's server, ended so that it writes down its state."""
        server = NatsServer(self.store)
        server.start()
        try:
            yield server
        finally:
            assert server.process is not None
            server.process.terminate()
            server.process.wait()

    async def serve(self, server: NatsServer, use: Callable[[Runtime], Awaitable[int]]) -> None:
        """Use the service until it has applied the position that ``use`` returns."""
        async with running(mini.service(), mini.settings(server.url, self.folder)) as runtime:
            await runtime.projector.wait(await use(runtime), 20)

    async def sign(self, server: NatsServer) -> Signed:
        client = await server.connect("selection")
        try:
            return await make_checkpoint(Log(client), self.evidence, AUDITOR, [SERVICE], NOW)
        finally:
            await client.close()

    async def examine(self, kept: tuple[str, ...] = (), **changes: Any) -> Report:
        """Examine what the files hold, with a server of its own."""
        with self.server() as server:
            keys = self.evidence.keys() or PublicKeys(origin="").with_services([SERVICE], NOW)
            database = Database(
                mini.read_models(), f"sqlite+aiosqlite:///{self.folder}/selection.db"
            )
            client = await server.connect("selection")
            try:
                given: dict[str, Any] = {
                    "log": Log(client),
                    "evidence": self.evidence,
                    "keys": keys,
                    "verifiers": [AUDITOR.verifier],
                    "databases": [database],
                    "kept": kept,
                }
                return await Examination(**(given | changes)).run()
            finally:
                await client.close()

    def copy(self, folder: Path) -> "Installation":
        shutil.copytree(self.folder, folder)
        return Installation(folder)

    def sql(self, statement: str, *values: Any) -> list[Any]:
        connection = sqlite3.connect(self.folder / "selection.db")
        try:
            with connection:
                return connection.execute(statement, values).fetchall()
        finally:
            connection.close()


@dataclass(frozen=True)
class Histories:
    """One installation at two moments; copy before touching."""

    earlier: Installation
    """Rolled back to `EARLIER`, with the evidence of that moment."""
    whole: Installation


async def command(runtime: Runtime, wish: Any) -> int:
    outcome = await runtime.handling.handle(wish, Meta(command_id=uuid4(), actor="tester"))
    return outcome.position


async def notes_up_to(runtime: Runtime, last: int, text: str = "一切如常") -> int:
    """Note what happens, in turn for three people, until the log has reached ``last``."""
    position = await runtime.log.last_position()
    while position < last:
        who = mini.cadre_id(position % 3)
        wish = mini.Note(cadre_id=who, note=f"{text} {position}", effective_on=mini.DAY)
        position = await command(runtime, wish)
    return position


async def begin(runtime: Runtime) -> int:
    for number in range(3):
        who = mini.cadre_id(number)
        wish = mini.Register(cadre_id=who, person_name="张三", effective_on=mini.DAY)
        await command(runtime, wish)
    await command(runtime, mini.Open(pool_id="p-1", seats=3, effective_on=mini.DAY))
    seat = mini.TakeSeat(pool_id="p-1", cadre_id=ANA, effective_on=mini.DAY)
    await command(runtime, seat)
    return await notes_up_to(runtime, FIRST_CHECKPOINT)
