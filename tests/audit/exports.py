"""Packages made of a small installation, and forgers who hold the exporter's key."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from audit.installations import AUDITOR, Installation
from cadre.audit.export.contents import contents
from cadre.audit.export.dossier import Material
from cadre.audit.export.scopes import Scope
from cadre.audit.extraction import Extraction
from cadre.audit.package import MANIFEST, pack
from cadre.shared.log.codec import decoded
from cadre.shared.log.stream import Log

PROGRAM = Path(__file__).parents[2] / "docs/examples/verify_export.py"

type Entries = dict[str, bytes]


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verify_export", PROGRAM)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PROGRAM_LOADED: Any = _load()
"""The program's functions, for tests that verify thousands of packages."""
VERIFIER = cache(PROGRAM_LOADED.Verifier.parse)
KEY = str(AUDITOR.verifier)


@dataclass(frozen=True)
class Exported:
    """A package and what it was made of; `changed` makes others, signed with the same key."""

    about: str
    size: int
    entries: Entries
    package: bytes

    def changed(self, change: Callable[[Entries], None], about: str | None = None) -> bytes:
        """The package of other entries, with a manifest that is right for them."""
        entries = dict(self.entries)
        change(entries)
        return pack(about or self.about, AUDITOR.name, self.size, entries, AUDITOR)

    @property
    def events(self) -> list[dict[str, Any]]:
        return lines_of(self.entries, "events.jsonl")


def lines_of(entries: Entries, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in entries[name].decode().splitlines()]


def write_lines(entries: Entries, name: str, lines: list[dict[str, Any]]) -> None:
    text = "".join(
        json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines
    )
    entries[name] = text.encode()


def keep_events(entries: Entries, keep: Callable[[dict[str, Any]], bool]) -> None:
    """Leave events out, each with its proof."""
    events = lines_of(entries, "events.jsonl")
    for event in events:
        if not keep(event):
            del entries[f"proofs/{event['position']:012}.tlog-proof"]
    write_lines(entries, "events.jsonl", [event for event in events if keep(event)])


async def export(installation: Installation, *scopes: Scope) -> list[Exported]:
    """The packages of an installation under its newest checkpoint."""
    with installation.server() as server:
        client = await server.connect("selection")
        try:
            extraction = await Extraction.of(Log(client), installation.evidence)
            return [await _export(extraction, scope) for scope in scopes]
        finally:
            await client.close()


async def _export(extraction: Extraction, scope: Scope) -> Exported:
    taken = await scope.take(extraction)
    history = [decoded(message) for message in taken.events]
    material = Material(scope, extraction.checkpoint, history, opened=False)
    entries = contents(extraction, taken, material, None)
    size = extraction.checkpoint.tree.size
    package = pack(scope.about, extraction.checkpoint.origin, size, entries, AUDITOR)
    assert MANIFEST not in entries
    return Exported(scope.about, size, entries, package)


def refuted(package: bytes, key: str = KEY, *witnesses: str) -> str:
    """Why the program does not take the package for proven; empty if it does."""
    program = PROGRAM_LOADED
    keys = [VERIFIER(text) for text in (key, *witnesses)]
    try:
        list(program.verify(package, keys[:1], keys[1:]))
    except program.Refuted as error:
        return str(error)
    except program.UNREADABLE as error:
        return f"unreadable: {error!r}"
    return ""


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The program as an auditor runs it: no packages, no environment."""
    command = [sys.executable, "-I", "-S", str(PROGRAM), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={})
