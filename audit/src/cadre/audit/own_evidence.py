"""Whether the audit's own evidence is still what was kept: nothing gone, nothing altered.

Each checkpoint signs how many came before it, and the root over them; so of the list only the
newest can be taken away. That it was there is remembered outside the folder, and by witnesses,
auditors, repairs, and tiles of a larger tree.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cadre.audit.checkpoint import Checkpoint, Root
from cadre.audit.differences import Difference, Kind
from cadre.audit.evidence import (
    CHECKPOINT,
    CHECKPOINTS,
    COSIGNED,
    KEYS,
    Evidence,
    read_bytes,
    text_of,
)
from cadre.audit.merkle import leaf_hash, root_of
from cadre.audit.note import NoteError, Verifier, open_note, split
from cadre.audit.repairs import NAME as REPAIRS
from cadre.audit.repairs import Repairs
from cadre.audit.tile_files import TileFiles
from cadre.audit.tiles import UNFINISHED

OWN = {CHECKPOINT, CHECKPOINTS, COSIGNED, KEYS, REPAIRS, "tile", "settings.env"}
"""The last is what ``cadre audit public-keys`` writes there for compose."""
OF_THE_DISK = {"lost+found"}
PUT_BACK = "put it back from a copy; whoever keeps checkpoints elsewhere has what was signed"
FIND_OUT = (
    "put the folder audit back from a copy that holds it, and find out who took it away; a "
    "checkpoint kept elsewhere goes with --checkpoint FILE"
)


class Listed(NamedTuple):
    """A checkpoint of the list, whatever its signatures are worth."""

    note: str
    checkpoint: Checkpoint


def earlier_root(notes: Sequence[str]) -> Root:
    """The root over the texts of checkpoints, as the next one signs it."""
    return Root(len(notes), root_of(leaf_hash(f"{text_of(one)}\n".encode()) for one in notes))


@dataclass(slots=True)
class OwnEvidence:
    """Looks at the folder ``audit`` alone; changes nothing."""

    evidence: Evidence
    verifiers: Sequence[Verifier]
    """Whose checkpoints these are; a note that none of them signed is no sign of anything."""
    repairs: Repairs
    kept: Sequence[str] = ()
    """Checkpoints that the auditor brings along."""
    key_made: bool = False
    """Whether a key that signs checkpoints is at hand."""
    _listed: list[Listed] = field(default_factory=list[Listed])
    _notes: list[str] = field(default_factory=list[str])

    def differences(self) -> list[Difference]:
        """Everything that is gone or altered.

        Raises: Malformed when a file cannot be read.
        """
        found = list(self.signed())
        found += self._newest_shown()
        found += self._tiles()
        names = {path.name for path in self.evidence.folder.glob("*")}
        unfinished = {f"{name}{UNFINISHED}" for name in OWN}
        for name in sorted(names - OWN - unfinished - OF_THE_DISK):
            detail = "nothing of Cadre keeps a file of this name here; it is no evidence"
            found.append(_differs(name, detail, "move it away"))
        return found

    @property
    def remembered(self) -> list[str]:
        """The newest checkpoint as it is remembered, where the list has it no more."""
        memory = self.evidence.memory
        note = read_bytes(memory) if memory else None
        if note is None or self._opened(note) is None:
            return []
        listed = {text_of(one) for one in self._notes}
        return [] if text_of(note.decode()) in listed else [note.decode()]

    def signed(self) -> Iterator[Difference]:
        """What of the signed evidence is gone or altered; with any of it nothing more is signed.

        Raises: Malformed when a file cannot be read.
        """
        self._notes = self.evidence.lines(CHECKPOINTS).notes
        self._listed = [Listed(note, one) for note in self._notes if (one := _parsed(note))]
        for name in (CHECKPOINTS, COSIGNED):
            for line in self.evidence.lines(name).damaged:
                yield _differs(f"{name}, line {line}", "this line is not as it was written")
        for line in self.repairs.damaged:
            yield _differs(f"{REPAIRS}, line {line}", "this record of a repair cannot be read")
        yield from self._chain()
        yield from self._repairs_signed()
        yield from self._remembered()
        keys = (self.evidence.folder / KEYS).exists()
        if self._notes and not keys:
            yield _gone(KEYS, f"{len(self._notes)} checkpoints were signed, their keys are gone")
        if keys and not self._notes:
            detail = "keys.json is there and no checkpoint: all are gone, or none was ever finished"
            yield _gone(CHECKPOINTS, detail, f"if none was: move the folder away; else {FIND_OUT}")

    def _chain(self) -> Iterator[Difference]:
        """Each checkpoint has as many before it, and those, as it signs."""
        seen: dict[str, int] = {}
        for number, note in enumerate(self._notes, 1):
            if (first := seen.setdefault(note, number)) != number:
                detail = f"the checkpoint of line {first} stands here again"
                yield _differs(f"{CHECKPOINTS}, line {number}", detail, "take this line out")
        notes = list(dict.fromkeys(self._notes))
        before: Checkpoint | None = None
        for at, note in enumerate(notes):
            checkpoint = self._opened(note.encode())
            signed = checkpoint.earlier if checkpoint else None
            if checkpoint and signed and earlier_root(notes[:at]) != signed:
                since = f"behind that of size {before.tree.size} " if before else ""
                detail = (
                    f"the checkpoint of size {checkpoint.tree.size} was signed after {signed.size} "
                    f"others; {at} stand before it, {since}something is gone or altered"
                )
                yield _lacking(CHECKPOINTS, detail, gone=self._count_signed() > len(notes))
                return
            before = checkpoint or before

    def _count_signed(self) -> int:
        """How many checkpoints there were when the last of these was signed."""
        opened = filter(None, (self._opened(note.encode()) for note in self._notes))
        return max((one.earlier.size + 1 for one in opened if one.earlier), default=0)

    def _repairs_signed(self) -> Iterator[Difference]:
        for _, checkpoint in self._listed:
            signed = checkpoint.repairs
            if signed and self.repairs.root(signed.size) != signed:
                held = len(self.repairs.lines)
                detail = (
                    f"{signed.size} repairs were on record when the checkpoint of size "
                    f"{checkpoint.tree.size} was signed; {held} are, or others"
                )
                yield _lacking(REPAIRS, detail, gone=held < signed.size)
                return

    def _remembered(self) -> Iterator[Difference]:
        """Checkpoints that must be in the list, by what else tells of them."""
        memory = self.evidence.memory
        if memory is not None:
            note = read_bytes(memory)
            if note is not None:
                yield from self._must_be_listed(note, memory.name)
                if self._opened(note) is None:
                    yield _differs(memory.name, "this is no checkpoint by a key of this log")
            elif self._notes and self.key_made:
                detail = "the newest checkpoint is not remembered beside the key that signs"
                yield _gone(memory.name, detail, "signing the next checkpoint writes it anew")
        for note in self.evidence.lines(COSIGNED).notes:
            yield from self._must_be_listed(note.encode(), COSIGNED)
        for note in self.kept:
            yield from self._must_be_listed(note.encode(), "a checkpoint you kept")
        roots = {one.tree.hash.hex() for _, one in self._listed}
        for record in self.repairs.records:
            proven = record.checkpoint
            if proven and proven.root not in roots:
                detail = (
                    f"the repair of {record.repaired_at} was proven by the checkpoint of size "
                    f"{proven.size} of {proven.dated}; it is not in the list"
                )
                yield _gone(CHECKPOINTS, detail)

    def _must_be_listed(self, data: bytes, where: str) -> Iterator[Difference]:
        checkpoint = self._opened(data)
        listed = {text_of(note) for note in self._notes}
        if checkpoint is not None and text_of(data.decode()) not in listed:
            detail = (
                f"the checkpoint of size {checkpoint.tree.size}, signed on {checkpoint.dated}, is "
                f"not in the list; {where} has it"
            )
            yield _gone(CHECKPOINTS, detail)

    def _opened(self, data: bytes) -> Checkpoint | None:
        """A checkpoint if one of the keys that count signed it."""
        try:
            return Checkpoint.parse(open_note(data.decode(), self.verifiers).text)
        except (NoteError, ValueError):
            return None

    def _newest_shown(self) -> Iterator[Difference]:
        """The file ``checkpoint`` is the newest of the list."""
        data = read_bytes(self.evidence.folder / CHECKPOINT)
        newest = self._notes[-1] if self._notes else None
        again = "`cadre audit checkpoint` writes it anew"
        if data is None:
            if newest is not None:
                yield _gone(CHECKPOINT, "the file with the newest checkpoint is gone", again)
            return
        if newest is not None and data.decode(errors="replace") == newest:
            return
        checkpoint = self._opened(data)
        if checkpoint is None:
            yield _differs(CHECKPOINT, "this is no checkpoint by a key of this log", again)
        elif text_of(data.decode()) not in map(text_of, self._notes):
            yield from self._must_be_listed(data, CHECKPOINT)
        elif newest is not None and text_of(data.decode()) != text_of(newest):
            detail = f"this is the checkpoint of size {checkpoint.tree.size}, not the newest"
            yield _differs(CHECKPOINT, detail, again)

    def _tiles(self) -> Iterator[Difference]:
        sizes = [one.tree.size for _, one in self._listed]
        newest = max(sizes, default=0)
        if newest and not (self.evidence.folder / "tile").exists():
            hint = "`cadre audit checkpoint` writes them anew if the log gives what was signed"
            yield _gone("tile", f"the tiles of {newest} events are gone", hint)
            return
        files = TileFiles.of(self.evidence.folder)
        for name, detail in files.wrong(newest):
            hint = "take it away and let `cadre audit checkpoint` write it anew"
            yield Difference(Kind.TILE_DIFFERS, None, name, detail, hint)
        if files.size > newest:
            detail = (
                f"there are tiles of {files.size} events, the newest checkpoint is of {newest}: "
                "a larger one was signed and is gone, or its signing was cut short"
            )
            hint = f"if no copy has it: `cadre audit checkpoint`; else {FIND_OUT}"
            yield _gone(CHECKPOINTS, detail, hint)


def _parsed(note: str) -> Checkpoint | None:
    try:
        return Checkpoint.parse(split(note)[0])
    except NoteError:
        return None


def _lacking(where: str, detail: str, *, gone: bool) -> Difference:
    return _gone(where, detail) if gone else _differs(where, detail)


def _gone(where: str, detail: str, hint: str = FIND_OUT) -> Difference:
    return Difference(Kind.EVIDENCE_GONE, None, where, detail, hint)


def _differs(where: str, detail: str, hint: str = PUT_BACK) -> Difference:
    return Difference(Kind.EVIDENCE_DIFFERS, None, where, detail, hint)
