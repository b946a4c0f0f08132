"""The gate for contracts: ``python -m cadre.contracts.schemas check`` or ``write``.

``schemas/<type>.json`` is the published JSON Schema of each event, ``golden/<type>.json`` one body
as it was recorded when the type was new. ``check`` fails on a breaking change, which needs a new
version of the type and an upcast, and on a compatible one until ``write`` has published it.
``write`` refuses a breaking change too, unless it is told that the types are ``--unpublished``.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cadre.contracts.catalogue import CATALOGUE, Catalogue
from cadre.contracts.compatibility import breaks
from cadre.contracts.event import Event
from cadre.contracts.examples import example

FOLDER = Path("shared/contracts")
ADVICE = """
Events of these types are stored for ever and must stay readable. Give the event a new version
(type: Literal["….v2"]) and the catalogue an upcast from the old one, or undo the change.
For types that nobody has published yet: make schemas UNPUBLISHED=1
"""


def schema_of(event: type[Event]) -> dict[str, Any]:
    """The JSON Schema of an event's body, with what its subject is made of."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:cadre:schema:{event.tag()}",
        "x-subject": f"history.{event.service()}.{event.entity}.{{{event.key}}}.{event.name()}",
        **event.model_json_schema(),
    }


@dataclass(frozen=True, slots=True)
class Published:
    """The committed schemas and golden bodies of a catalogue."""

    folder: Path
    catalogue: Catalogue

    def breaking(self) -> list[str]:
        """What would make published events unreadable, as sentences."""
        return [
            f"{path.stem}: {sentence}"
            for path in sorted((self.folder / "schemas").glob("*.json"))
            for sentence in self._breaking(path.stem, json.loads(path.read_text("utf-8")))
        ]

    def _breaking(self, tag: str, published: dict[str, Any]) -> Iterable[str]:
        if tag in self.catalogue.upcasts:
            return ()
        event = self.catalogue.events.get(tag)
        if event is None:
            return ("the type was removed, and no upcast reads it",)
        return breaks(published, schema_of(event))

    def unwritten(self) -> list[str]:
        """The files that ``write`` would create or change."""
        return [
            str(path) for path, text in self._wanted() if not path.exists() or text != _text(path)
        ]

    def write(self, *, unpublished: bool) -> list[str]:
        """Write what is missing or changed; golden bodies only once, unless unpublished."""
        written: list[str] = []
        for folder in ("schemas", "golden"):
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
            if unpublished:
                written += self._drop_unknown(folder)
        wanted = [*self._wanted(), *(self._goldens() if unpublished else ())]
        for path, text in wanted:
            if not path.exists() or _text(path) != text:
                path.write_text(text, "utf-8")
                written.append(str(path))
        return written

    def _drop_unknown(self, folder: str) -> Iterable[str]:
        known = {*self.catalogue.events, *self.catalogue.upcasts}
        for path in sorted((self.folder / folder).glob("*.json")):
            if path.stem not in known:
                path.unlink()
                yield str(path)

    def _wanted(self) -> Iterable[tuple[Path, str]]:
        for tag, event in self.catalogue.events.items():
            yield self.folder / "schemas" / f"{tag}.json", _json(schema_of(event))
        yield from ((path, text) for path, text in self._goldens() if not path.exists())

    def _goldens(self) -> Iterable[tuple[Path, str]]:
        for tag, event in self.catalogue.events.items():
            yield self.folder / "golden" / f"{tag}.json", _json(example(event))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _text(path: Path) -> str:
    return path.read_text("utf-8")


def main(arguments: Sequence[str] | None = None, catalogue: Catalogue = CATALOGUE) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(prog="cadre.contracts.schemas", description=__doc__)
    parser.add_argument("task", choices=["check", "write"])
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--unpublished", action="store_true", help="write breaking changes too")
    given = parser.parse_args(arguments)
    published = Published(given.folder, catalogue)
    say = sys.stdout.write
    broken = [] if given.unpublished else published.breaking()
    if broken:
        say("Breaking changes to published events:\n  " + "\n  ".join(broken) + f"\n{ADVICE}")
        return 1
    if given.task == "write":
        say("".join(f"{path}\n" for path in published.write(unpublished=given.unpublished)))
        return 0
    if unwritten := published.unwritten():
        say("The contracts have grown; publish them with `make schemas`:\n  ")
        say("\n  ".join(unwritten) + "\n")
        return 1
    say(f"{len(catalogue.events)} event types fit what was published\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
