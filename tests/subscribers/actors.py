"""Who writes events in these tests, and who reads them."""

import asyncio
import os
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from cadre.contracts.event import Event
from cadre.shared.deciding.messages import Envelope
from cadre.shared.keys.keyring import Keyring
from cadre.shared.log.codec import Codec, Outgoing, Signer
from cadre.shared.log.stream import Log
from support.nats_server import NatsServer

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
ENDS_S_MAX = 30.0


def signer_of(service: str) -> Signer:
    return Signer.from_seed(service, service.ljust(32).encode())


@dataclass
class Scribe:
    """Records events under the name of their service: signed, chained, sealed."""

    server: NatsServer
    keyring: Keyring
    logs: dict[str, Log] = field(default_factory=dict)
    heads: dict[str, tuple[int, str]] = field(default_factory=dict)

    async def record(self, event: Event) -> Outgoing:
        service, aggregate = event.service(), str(event.aggregate)
        version, previous = self.heads.get(aggregate, (0, ""))
        envelope = Envelope(
            event_id=uuid4(),
            version=version + 1,
            command_id=uuid4(),
            command_hash="0" * 32,
            actor="clerk-7",
            source_time=datetime.now(UTC),
            previous_hash=previous,
            code_version="0.1.0",
        )
        codec = Codec(signer_of(service), self.keyring)
        outgoing = codec.encode(event, envelope, await codec.keys_for([event]))
        if service not in self.logs:
            self.logs[service] = Log(await self.server.connect(service))
        await self.logs[service].append([(outgoing, None)])
        self.heads[aggregate] = version + 1, outgoing.digest
        return outgoing


@dataclass
class Program:
    """An example as its reader would start it, with the subscriber's credential."""

    command: list[str]
    environment: dict[str, str]
    directory: Path
    started: list[Process] = field(default_factory=list)

    @property
    def state_file(self) -> Path:
        return self.directory / "state.json"

    async def start(self, *arguments: str) -> Process:
        process = await asyncio.create_subprocess_exec(
            *self.command,
            str(self.state_file),
            *arguments,
            env=os.environ | self.environment,
            stdout=PIPE,
            stderr=PIPE,
        )
        self.started.append(process)
        return process

    async def lines(self, *arguments: str) -> list[str]:
        """What it prints up to the end of the log."""
        process = await self.start("--once", *arguments)
        told, complaints = await asyncio.wait_for(process.communicate(), ENDS_S_MAX)
        assert (process.returncode, complaints.decode()) == (0, "")
        return told.decode().splitlines()

    async def ended(self, *arguments: str) -> tuple[int | None, str]:
        """How it ends, and what it complains of."""
        process = await self.start(*arguments)
        _, complaints = await asyncio.wait_for(process.communicate(), ENDS_S_MAX)
        return process.returncode, complaints.decode()

    async def stop(self) -> None:
        for process in self.started:
            if process.returncode is None:
                process.kill()
            await process.communicate()
