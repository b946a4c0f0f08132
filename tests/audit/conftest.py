"""An implementation that is not ours: Go's checksum database packages, where Go is installed."""

import json
import os
import shutil
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
