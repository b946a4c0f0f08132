"""A whole system on a data directory, with two people in it."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from cadre.cli import system
from cadre.cli.calling import client_of
from cadre.cli.client import Client
from cadre.cli.main import app
from cadre.contracts.vocabulary import SERVICES
from privacy.persons import BAILI, OUYANG


@dataclass
class Whole:
    """A running system, and the ids of its people."""

    data: Path
    client: Client
    ouyang: str
    baili: str

    def run(self, *words: str) -> Result:
        """``cadre privacy …`` on this system."""
        return cadre("privacy", *words, "--data", str(self.data))

    def told(self, *words: str) -> Any:
        result = self.run(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def settle(self) -> None:
        for name in SERVICES:
            self.client.get(name, "/projections/settled")


def cadre(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Whole]:
    data = tmp_path / "data"
    system.start(data)
    try:
        with client_of(data, "clerk") as client:
            ouyang, baili = OUYANG.recruit(client), BAILI.recruit(client)
            OUYANG.live(client, ouyang)
            BAILI.live(client, baili, UUID(int=2))
            yield Whole(data, client, ouyang, baili)
    finally:
        system.stop(data)


def until(done: Any, seconds: float = 30.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)
