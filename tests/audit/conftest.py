"""An implementation that is not ours (Go's, where it is installed), and installations on disk."""

import asyncio
import json
import os
import shutil
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit import installations
from audit.installations import Histories, Installation, notes_up_to

GOPATH = Path("/usr/share/gocode")
"""Where Debian's golang-golang-x-mod-dev puts the packages."""

type Oracle = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    """Ask ``oracle.go``: keyword arguments are the fields of its request."""
    if shutil.which("go") is None or not (GOPATH / "src/golang.org/x/mod/sumdb/tlog").exists():
        pytest.skip("no Go oracle here: apt-get install golang-go golang-golang-x-mod-dev")
    folder = tmp_path_factory.mktemp("oracle")
    program = folder / "oracle"
    subprocess.run(
        ["go", "build", "-o", program, Path(__file__).with_name("oracle.go")],
        env=os.environ
        | {"GO111MODULE": "off", "GOPATH": str(GOPATH), "GOCACHE": str(folder / "cache")},
        check=True,
    )

    def ask(**request: Any) -> dict[str, Any]:
        data = json.dumps(request, default=lambda value: b64encode(value).decode())
        told = subprocess.run([program], input=data.encode(), capture_output=True, check=True)
        return {name: _decoded(name, value) for name, value in json.loads(told.stdout).items()}

    return ask


def _decoded(name: str, value: Any) -> Any:
    if name in {"Roots", "Inclusion", "Consistency"}:
        return [b64decode(one) for one in value or ()]
    if name == "Tiles":
        return {path: b64decode(data) for path, data in (value or {}).items()}
    return value


@pytest.fixture(scope="session")
def histories(tmp_path_factory: pytest.TempPathFactory) -> Histories:
    """Two checkpoints, some events in between and a few after."""
    folder = tmp_path_factory.mktemp("installation")
    return asyncio.run(_histories(Installation(folder / "whole"), folder / "earlier"))


async def _histories(made: Installation, earlier: Path) -> Histories:
    made.folder.mkdir()
    with made.server() as server:
        await server._provision()
        await made.serve(server, installations.begin)
        await made.sign(server)
        await made.serve(server, lambda runtime: notes_up_to(runtime, installations.EARLIER))
    copied = made.copy(earlier)
    with made.server() as server:
        await made.serve(
            server, lambda runtime: notes_up_to(runtime, installations.SECOND_CHECKPOINT)
        )
        await made.sign(server)
        await made.serve(server, lambda runtime: notes_up_to(runtime, installations.END))
    return Histories(copied, made)


@pytest.fixture
def whole(histories: Histories, tmp_path: Path) -> Installation:
    """A copy of the whole installation, to tamper with."""
    return histories.whole.copy(tmp_path / "copy")
