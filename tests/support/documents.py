"""The shell blocks of the documents, to be run as they stand."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
BLOCK_S_MAX = 900
LONG_AGO = 1_000_000_000

HEADING = re.compile(r"^#+ (.+)$")
RECORDING = r"""
set -uo pipefail
trap 'echo "$?: $BASH_COMMAND" >> "$FAILED"' ERR
"""
"""What stands before a block: every command that fails is noted, and the next one runs."""


@dataclass(frozen=True)
class Block:
    """One block of shell; ``name`` is its heading and its number below that."""

    name: str
    text: str


def blocks(document: str) -> list[Block]:
    """The shell blocks of a document, in their order."""
    found: list[Block] = []
    heading, number, inside = "", 0, None
    for line in (REPOSITORY / document).read_text("utf-8").splitlines():
        if inside is not None:
            if line == "```":
                found.append(Block(f"{heading} {number}", "\n".join(inside) + "\n"))
                inside = None
            else:
                inside.append(line)
        elif line == "```sh":
            number, inside = number + 1, []
        elif told := HEADING.match(line):
            heading, number = told[1].replace("`", ""), 0
    return found


def block(document: str, name: str) -> Block:
    return next(one for one in blocks(document) if one.name == name)


@dataclass
class Shell:
    """Runs blocks in folders, with what its user would have in the environment."""

    scratch: Path
    given: Mapping[str, str]
    ran: list[str] = field(default_factory=list)

    def run(self, text: str, folder: Path, **more: str) -> tuple[str, list[str]]:
        """What a script printed, and which of its commands failed, with their exit codes."""
        failed = self.scratch / "failed"
        failed.write_text("")
        done = subprocess.run(
            ["bash", "-c", RECORDING + text],
            cwd=folder,
            env=self._environment() | dict(self.given) | more | {"FAILED": str(failed)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=BLOCK_S_MAX,
            check=False,
        )
        return done.stdout, failed.read_text().splitlines()

    def require(self, text: str, folder: Path, failing: Sequence[str] = (), **more: str) -> str:
        """Run a script of which exactly these commands fail; each is its code and beginning."""
        printed, failed = self.run(text, folder, **more)
        as_told = len(failed) == len(failing) and all(
            one.startswith(told) for one, told in zip(failed, failing, strict=True)
        )
        assert as_told, f"failed: {failed}, expected: {failing}\n{text}\n{printed[-6000:]}"
        return printed

    @staticmethod
    def _environment() -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CADRE_")}
        return kept | {"PATH": f"{REPOSITORY / '.venv/bin'}:{os.environ['PATH']}"}


def copy_of_tree(folder: Path, version: str | None = None) -> Path:
    """The tree as somebody has it who fetched it now, perhaps as another version."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    ).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, folder / name)
            # Older than any environment, or make would fill this tree's anew from there.
            os.utime(folder / name, (LONG_AGO, LONG_AGO))
    if version is not None:
        _become(folder, version)
    return folder


def version_of_tree() -> str:
    project = (REPOSITORY / "pyproject.toml").read_text("utf-8")
    said = re.search(r'^version = "(.+)"$', project, re.MULTILINE)
    assert said
    return said[1]


def _become(folder: Path, version: str) -> None:
    """What a release changes: the version of every distribution and of the compose file."""
    before = version_of_tree()
    projects = [path for path in folder.rglob("pyproject.toml") if ".venv" not in path.parts]
    for path in projects:
        told = f'version = "{before}"'
        assert told in path.read_text("utf-8"), path
        path.write_text(path.read_text("utf-8").replace(told, f'version = "{version}"', 1))
    compose = folder / "docker-compose.yml"
    compose.write_text(compose.read_text("utf-8").replace(before, version))
