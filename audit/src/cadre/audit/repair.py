"""What the journals can give back to a log that lost or altered events, and how that is proven.

For each position the log's own event is taken if it is the true one, else a journal's copy. Under a
checkpoint the true one is that whose leaf the checkpoint covers: the tiles say which, or, without
tiles, the whole tree. Behind the newest checkpoint it is signed by its service and follows from the
event before. What no copy is true of is left as it is, and named.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from cadre.audit.checkpoint import Checkpoint
from cadre.audit.heads import Head, aggregate_of
from cadre.audit.journals import POSITION, JournalCopy, message_of, row_of
from cadre.audit.leaf import hash_of
from cadre.audit.ledger import Ledger
from cadre.audit.published import leaves_under
from cadre.audit.signatures import Keys, SignatureVerdict, verdict_on
from cadre.audit.stored import Extent, everything
from cadre.audit.tiles import Tiles
from cadre.shared.log.signed import Message, digest
from cadre.shared.log.stream import Log

POSITIONS_AT_ONCE = 1000


class Was(StrEnum):
    """What the log has at a position instead of the true event."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    CUT_OFF = "cut off"
    ALTERED = "altered"


class Proof(StrEnum):
    """Why an event is taken for the true one."""

    CHECKPOINT = "checkpoint"
    """Its leaf is under the signed root."""
    CHAIN = "signature and chain"
    """No checkpoint covers it yet."""


@dataclass(frozen=True, slots=True)
class Restored:
    """An event that the journals give back."""

    position: int
    subject: str
    was: Was
    journals: tuple[str, ...]
    proof: Proof


@dataclass(frozen=True, slots=True)
class Left:
    """A position of which no copy is true."""

    position: int
    subject: str | None
    was: Was
    why: str


class Writer(Protocol):
    """Takes the events of the mended log in their order."""

    def add(self, message: Message) -> None: ...
    def skip(self, position: int, recorded_ns: int) -> None: ...


@dataclass(slots=True)
class Plan:
    """What a repair would do, or has done."""

    end: int = 0
    restored: list[Restored] = field(default_factory=list[Restored])
    left: list[Left] = field(default_factory=list[Left])
    not_given: list[int] = field(default_factory=list[int])
    """Sizes of checkpoints whose roots the mended log does not give."""
    other_branch: int | None = None
    """The first position at which the log and a journal each hold an event that is true."""
    checkpoint: Checkpoint | None = None
    """The newest, under which events are proven."""
    singly: bool = False
    """Each covered event was proven by its leaf; otherwise all of them by the roots, or none."""

    @property
    def proven(self) -> bool:
        """Whether everything under a checkpoint is what was signed, but for what is left."""
        return self.singly or not self.not_given


@dataclass(frozen=True, slots=True)
class Held:
    """Everything there is of one position."""

    position: int
    stored: Message | None
    copies: dict[str, Message]
    """By journal; only those that are not what the log has."""


@dataclass(slots=True)
class Repair:
    """Goes through log and journals once, side by side."""

    log: Log
    extent: Extent
    journals: Sequence[JournalCopy]
    checkpoints: Sequence[Checkpoint]
    """Those that count, the smallest first."""
    tiles: Tiles | None
    keys: Keys
    plan: Plan = field(default_factory=Plan)
    _ledger: Ledger = field(init=False)
    _recorded_ns: int = 0

    def __post_init__(self) -> None:
        self._ledger = Ledger.at(one.tree.size for one in self.checkpoints)

    async def run(self, writer: Writer | None = None) -> Plan:
        """Choose for every position; write what is chosen."""
        sizes = [one.tree.size for one in self.checkpoints]
        ends = [self.extent.last, *sizes, *(one.position for one in self.journals)]
        self.plan.end = max(ends)
        self.plan.checkpoint = self.checkpoints[-1] if self.checkpoints else None
        leaves = leaves_under(self.tiles, self.plan.checkpoint)
        async for held in self._held():
            leaf = next(leaves, None)
            self.plan.singly |= leaf is not None
            chosen = self._choose(held, leaf)
            if chosen is None:
                self._ledger.skip()
            else:
                self._ledger.add(chosen, hash_of(chosen))
                self._recorded_ns = chosen.recorded_ns
            if writer and chosen:
                writer.add(chosen)
            elif writer:
                writer.skip(held.position, self._recorded_ns)
        self.plan.not_given = [
            one.tree.size
            for one in self.checkpoints
            if self._ledger.roots.get(one.tree.size) != (one.tree, one.heads)
        ]
        return self.plan

    async def _held(self) -> AsyncIterator[Held]:
        after = 0
        async for stored in self._stored():
            upto = max(stored) if stored else min(after + POSITIONS_AT_ONCE, self.plan.end)
            copies: dict[int, dict[str, Message]] = {}
            rows = {position: row_of(message) for position, message in stored.items()}
            for journal in self.journals:
                for row in await journal.rows_until(upto):
                    if row != rows.get(row[POSITION]):
                        found = copies.setdefault(row[POSITION], {})
                        found[journal.service] = message_of(row)
            for position in range(after + 1, upto + 1):
                yield Held(position, stored.get(position), copies.get(position, {}))
            after = upto

    async def _stored(self) -> AsyncIterator[dict[int, Message]]:
        """The log's events by position; empty ones behind its end, as often as need be."""
        last = 0
        async for messages in everything(self.log, self.extent.last, self.extent.removed):
            last = messages[-1].position
            yield {message.position: message for message in messages}
        for _ in range(last, self.plan.end, POSITIONS_AT_ONCE):
            yield {}

    def _choose(self, held: Held, leaf: bytes | None) -> Message | None:
        """The true event of a position, or what is left there."""
        stored = held.stored
        sure = Proof.CHAIN if leaf is None else Proof.CHECKPOINT
        doubt = "the log has none" if stored is None else self._doubt(stored, leaf)
        if stored is not None and not doubt:
            if leaf is None and self.plan.other_branch is None and self._contradicted(held):
                self.plan.other_branch = held.position
            return stored
        doubts = {name: self._doubt(copy, leaf) for name, copy in held.copies.items()}
        true = [(name, held.copies[name]) for name, doubt in doubts.items() if not doubt]
        was = self._was(held)
        leaves = {hash_of(copy) for _, copy in true}
        if len(leaves) == 1:
            names = tuple(name for name, _ in true)
            chosen = true[0][1]
            self.plan.restored.append(Restored(held.position, chosen.subject, was, names, sure))
            return chosen
        told = [f"{name}: {doubt}" for name, doubt in doubts.items() if doubt]
        if true:
            told = [f"{', '.join(name for name, _ in true)}: each would do, they differ"]
        if stored is not None:
            told.insert(0, f"log: {doubt}")
        subject = next((one.subject for one in (stored, *held.copies.values()) if one), None)
        why = "; ".join(told) or "no journal holds it"
        self.plan.left.append(Left(held.position, subject, was, why))
        return stored

    def _contradicted(self, held: Held) -> bool:
        """Whether a journal holds another event that was recorded here just as truly."""
        here = held.stored and _digest(held.stored)
        return any(
            _digest(copy) != here and not self._doubt(copy, None) for copy in held.copies.values()
        )

    def _was(self, held: Held) -> Was:
        if held.stored is not None:
            return Was.ALTERED
        if held.position > self.extent.last:
            return Was.CUT_OFF
        return Was.UNREADABLE if self.extent.counts(held.position) else Was.MISSING

    def _doubt(self, message: Message, leaf: bytes | None) -> str:
        """Why this is not the event that was recorded; empty when it is."""
        if leaf is not None:
            return "" if hash_of(message) == leaf else "not the event that was signed for"
        verdict = verdict_on(message, self.keys)
        if verdict is not SignatureVerdict.HOLDS:
            return verdict
        before = self._ledger.heads.newest.get(aggregate_of(message))
        return "" if _follows(message, before) else "does not follow from the event before"


def _digest(message: Message) -> str:
    return digest(message.subject, message.headers, message.body)


def _follows(message: Message, before: Head | None) -> bool:
    version, previous = (before.version + 1, before.digest) if before else (1, "")
    named = message.headers.get("ce-aggregateversion"), message.headers.get("ce-previoushash", "")
    return named == (str(version), previous)
