"""The log's server as `cadre up` starts it."""

import os
from pathlib import Path

import psutil

from cadre.cli.installation.log_server import serving


async def test_nothing_listens_but_the_port_that_asks_for_a_password(tmp_path: Path) -> None:
    """A monitor port would tell everybody on the machine the names of consumers and inboxes."""
    async with serving(tmp_path / "nats", tmp_path / "nats.log") as client:
        (server,) = [
            child
            for child in psutil.Process(os.getpid()).children()
            if "nats-server" in " ".join(child.cmdline())
        ]
        listening = [c.laddr.port for c in server.net_connections() if c.status == "LISTEN"]
        assert client.connected_url is not None
        assert listening == [client.connected_url.port]
