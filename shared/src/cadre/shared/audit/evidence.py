"""The folder ``audit`` of an installation: everything an auditor may have, nothing secret.

tile/              the tree, see `tiles`
checkpoint         the newest checkpoint, where clients of tlog-tiles look for it
checkpoints.jsonl  every checkpoint ever signed, the oldest first; lines are only ever added
cosigned.jsonl     those that witnesses cosigned, as they came back; lines are only ever added
keys.json          public keys, see `public_keys`
"""

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from cadre.shared.audit.cosignature import merged
from cadre.shared.audit.note import NoteError
from cadre.shared.audit.public_keys import PublicKeys
from cadre.shared.errors import Malformed


@dataclass(frozen=True, slots=True)
class Evidence:
    """Reads and writes the folder."""

    folder: Path

    def keys(self) -> PublicKeys | None:
        """The public keys; None before the first checkpoint.

        Raises: Malformed.
        """
        path = self.folder / "keys.json"
        try:
            return PublicKeys.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise Malformed("the public keys cannot be read", where=str(path)) from error

    def write_keys(self, keys: PublicKeys) -> None:
        self._replace("keys.json", keys.model_dump_json(indent=2) + "\n")

    def notes(self) -> list[str]:
        """Every checkpoint as it was signed, the oldest first.

        Raises: Malformed.
        """
        return self._lines("checkpoints.jsonl")

    def add(self, note: str) -> None:
        """Keep a checkpoint."""
        self._append("checkpoints.jsonl", note)
        self._replace("checkpoint", note)

    def cosigned(self) -> list[str]:
        """The checkpoints that came back from witnesses; one may have come from several.

        Raises: Malformed.
        """
        return self._lines("cosigned.jsonl")

    def add_cosigned(self, note: str) -> None:
        """Keep a cosigned checkpoint; clients find its cosignatures under the newest one."""
        if note not in self.cosigned():
            self._append("cosigned.jsonl", note)
        if newest := self.notes()[-1:]:
            self._replace("checkpoint", self.with_cosignatures(newest[0]))

    def with_cosignatures(self, note: str) -> str:
        """A checkpoint with every cosignature that came back for it, whatever each is worth."""
        for one in self.cosigned():
            if _text(one) == _text(note):
                # A line that cannot be read adds nothing; the checkpoint is judged as it is.
                with contextlib.suppress(NoteError):
                    note = merged(note, one)
        return note

    def everything_signed(self, kept: Sequence[str] = ()) -> list[str]:
        """Every checkpoint at hand with its cosignatures; those only kept elsewhere come last.

        Raises: Malformed.
        """
        notes = [*self.notes(), *kept]
        texts = {_text(note) for note in notes}
        fetched = [note for note in self.cosigned() if _text(note) not in texts]
        return [self.with_cosignatures(note) for note in notes] + fetched

    def _lines(self, name: str) -> list[str]:
        path = self.folder / name
        if not path.exists():
            return []
        try:
            return [str(json.loads(line)["note"]) for line in path.read_text("utf-8").splitlines()]
        except (ValueError, KeyError, TypeError) as error:
            raise Malformed("the list of checkpoints cannot be read", where=str(path)) from error

    def _append(self, name: str, note: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"note": note}, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _replace(self, name: str, text: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / f"{name}.tmp"
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.folder / name)


def _text(note: str) -> str:
    return note.rpartition("\n\n")[0]
