"""A log that an operator puts back from a copy, as it is done by hand."""

import shutil
from pathlib import Path

from support.nats_server import NatsServer


def copy(server: NatsServer, to: Path) -> Path:
    """Stop the server, copy its store, start it again."""
    server.kill()
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(server.store, to)
    server.start()
    return to


def put_back(server: NatsServer, copied: Path) -> None:
    """Kill the server, give it the copy as its store, start it on the same port."""
    server.kill()
    shutil.rmtree(server.store)
    shutil.copytree(copied, server.store)
    server.start()
