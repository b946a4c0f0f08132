"""The folder ``audit`` of an installation: everything an auditor may have, nothing secret.

tile/              the tree, see `tiles`
checkpoint         the newest checkpoint, where clients of tlog-tiles look for it
checkpoints.jsonl  every checkpoint ever signed, the oldest first; lines are only ever added
cosigned.jsonl     those that witnesses cosigned, as they came back; lines are only ever added
keys.json          public keys, see `public_keys`
repairs.jsonl      see `repairs`

Who signs remembers the newest checkpoint outside the folder as well, so that a folder which was
emptied or put back to an older copy is not taken for a whole one.
"""

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from cadre.audit.cosignature import merged
from cadre.audit.note import NoteError
from cadre.audit.public_keys import PublicKeys
from cadre.audit.tiles import UNFINISHED
from cadre.shared.deciding.errors import Malformed

CHECKPOINT, CHECKPOINTS, COSIGNED, KEYS = (
    "checkpoint",
    "checkpoints.jsonl",
    "cosigned.jsonl",
    "keys.json",
)


@dataclass(frozen=True, slots=True)
class Lines:
    """What a list of checkpoints holds."""

    notes: list[str] = field(default_factory=list[str])
    damaged: list[int] = field(default_factory=list[int])
    """Numbers of lines that cannot be read, from 1."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Reads and writes the folder."""

    folder: Path
    memory: Path | None = None
    """Where the newest checkpoint is remembered outside the folder; None where nobody signs."""

    def keys(self) -> PublicKeys | None:
        """The public keys; None before the first checkpoint.

        Raises: Malformed.
        """
        data = read_bytes(self.folder / KEYS)
        try:
            return None if data is None else PublicKeys.model_validate_json(data)
        except ValidationError as error:
            path = str(self.folder / KEYS)
            hint = "请用副本恢复 · put it back from a copy; whoever runs a witness has one"
            raise Malformed(
                "公钥无法读取 · the public keys cannot be read", where=path, hint=hint
            ) from error

    def write_keys(self, keys: PublicKeys) -> None:
        _replace(self.folder / KEYS, keys.model_dump_json(indent=2) + "\n")

    def notes(self) -> list[str]:
        """Every checkpoint as it was signed, the oldest first.

        Raises: Malformed.
        """
        return self._whole(CHECKPOINTS)

    def add(self, note: str) -> None:
        """Keep a checkpoint."""
        self._append(CHECKPOINTS, note)
        self.publish()

    def publish(self) -> None:
        """Show the newest checkpoint where clients look for it, and remember it."""
        if newest := self.notes()[-1:]:
            _replace(self.folder / CHECKPOINT, self.with_cosignatures(newest[0]))
            if self.memory is not None:
                _replace(self.memory, newest[0])

    def cosigned(self) -> list[str]:
        """The checkpoints that came back from witnesses; one may have come from several.

        Raises: Malformed.
        """
        return self._whole(COSIGNED)

    def add_cosigned(self, note: str) -> None:
        """Keep a cosigned checkpoint; clients find its cosignatures under the newest one."""
        if note not in self.cosigned():
            self._append(COSIGNED, note)
        self.publish()

    def with_cosignatures(self, note: str) -> str:
        """A checkpoint with every cosignature that came back for it, whatever each is worth."""
        for one in self.lines(COSIGNED).notes:
            if text_of(one) == text_of(note):
                # A line that cannot be read adds nothing; the checkpoint is judged as it is.
                with contextlib.suppress(NoteError):
                    note = merged(note, one)
        return note

    def everything_signed(self, kept: Sequence[str] = ()) -> list[str]:
        """Every checkpoint at hand with its cosignatures; those only kept elsewhere come last.

        Lines that cannot be read are left out: `own_evidence` names them.

        Raises: Malformed.
        """
        notes = [*self.lines(CHECKPOINTS).notes, *kept]
        texts = {text_of(note) for note in notes}
        fetched = [note for note in self.lines(COSIGNED).notes if text_of(note) not in texts]
        return [self.with_cosignatures(note) for note in notes] + fetched

    def lines(self, name: str) -> Lines:
        """What a list holds, and which of its lines cannot be read.

        Raises: Malformed when the file cannot be.
        """
        found = Lines()
        data = read_bytes(self.folder / name) or b""
        for number, line in enumerate(data.splitlines(keepends=True), 1):
            note = _note_in(line)
            if note is None:
                found.damaged.append(number)
            else:
                found.notes.append(note)
        return found

    def _whole(self, name: str) -> list[str]:
        found = self.lines(name)
        if found.damaged:
            raise Malformed(
                "检查点清单无法读取 · the list of checkpoints cannot be read",
                where=f"{self.folder / name}, line {found.damaged[0]}",
                hint="请用副本恢复，并核验差异 · "
                "put it back from a copy; `cadre audit verify` says what differs",
            )
        return found.notes

    def _append(self, name: str, note: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(_line(note))
            file.flush()
            os.fsync(file.fileno())


def _line(note: str) -> str:
    return json.dumps({"note": note}, ensure_ascii=False) + "\n"


def _note_in(line: bytes) -> str | None:
    """The note of a line; None of a line that was not written here, or not to its end."""
    try:
        note = json.loads(line)["note"]
        return note if isinstance(note, str) and _line(note).encode() == line else None
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


def read_bytes(path: Path) -> bytes | None:
    """What a file holds; None where there is none.

    Raises: Malformed.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Malformed(f"无法读取 · cannot be read: {error.strerror}", where=str(path)) from error


def text_of(note: str) -> str:
    """What a note's signatures stand under, but for its last newline."""
    return note.rpartition("\n\n")[0]


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}{UNFINISHED}")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
