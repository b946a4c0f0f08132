"""Events of a log as one checkpoint covers them, each with its proof.

The log is read once up to the checkpoint; unless it gives the roots that were signed, nothing is
extracted.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from cadre.audit.checkpoint import Checkpoint
from cadre.audit.completeness import HeadProof, head_proofs
from cadre.audit.evidence import Evidence
from cadre.audit.heads import aggregate_of
from cadre.audit.leaf import hash_of
from cadre.audit.ledger import Ledger
from cadre.audit.merkle import inclusion_proof, proves_inclusion
from cadre.audit.note import open_note
from cadre.audit.package import EVENTS_MAX, PackageTooLarge
from cadre.audit.proof import proof_text
from cadre.audit.public_keys import PublicKeys
from cadre.audit.stored import everything
from cadre.audit.tiles import Tiles
from cadre.shared.deciding.errors import CadreError, NotFound
from cadre.shared.log.signed import Message
from cadre.shared.log.stream import Log


class NotProven(CadreError):
    status = 409
    code = "not-proven"
    title = "事件日志未给出已签署的内容 · The log does not give what was signed"

    def __init__(self, detail: str, where: str | None = None) -> None:
        super().__init__(detail, where=where, hint="请进行核验 · run `cadre audit verify`")


@dataclass(slots=True)
class Extraction:
    """A log under its newest checkpoint, where each event stands known."""

    log: Log
    tiles: Tiles
    keys: PublicKeys
    checkpoint: Checkpoint
    note: str
    """The checkpoint as it was signed, and cosigned."""
    _ledger: Ledger
    _positions: dict[str, list[int]] = field(
        default_factory=lambda: defaultdict[str, list[int]](list)
    )
    """By aggregate."""
    _stamps: list[int] = field(default_factory=list[int])
    """The server's time stamps, by position."""

    @classmethod
    async def of(cls, log: Log, evidence: Evidence) -> "Extraction":
        """Read a log up to its newest checkpoint.

        Raises: NotProven; NotFound where nothing was signed yet; NoteError, Unavailable.
        """
        keys, notes = evidence.keys(), evidence.notes()
        if keys is None or not notes:
            raise NotFound(
                "尚无检查点 · there is no checkpoint yet",
                hint="请先签署检查点 · run `cadre audit checkpoint`",
            )
        checkpoint = Checkpoint.parse(open_note(notes[-1], keys.verifiers_parsed).text)
        size = checkpoint.tree.size
        note = evidence.with_cosignatures(notes[-1])
        made = cls(log, Tiles(evidence.folder, size), keys, checkpoint, note, Ledger.at([size]))
        await made._read()
        return made

    async def _read(self) -> None:
        size = self.checkpoint.tree.size
        async for messages in everything(self.log, size):
            for message in messages:
                if message.position != self._ledger.tree.size + 1:
                    break
                self._ledger.add(message, hash_of(message))
                self._positions[aggregate_of(message)].append(message.position)
                self._stamps.append(message.recorded_ns)
        if self._ledger.tree.size != size:
            raise NotProven(f"缺少该位置的事件 · position {self._ledger.tree.size + 1} is missing")
        if self._ledger.present != (self.checkpoint.tree, self.checkpoint.heads):
            raise NotProven("这些不是已签署的事件 · these are not the events that were signed")
        if self.keys.root(self.checkpoint.keys.size) != self.checkpoint.keys:
            raise NotProven("这些不是已签署的公钥 · these are not the keys that were signed")

    async def of_aggregates(self, aggregates: Iterable[str]) -> list[Message]:
        """All events of some aggregates, in the order of the log."""
        found = itertools.chain.from_iterable(self._positions.get(one, ()) for one in aggregates)
        return await self._events(sorted(found))

    async def between(self, begin_ns: int, end_ns: int) -> list[Message]:
        """The events from one moment until before another, and one more on either side.

        The two beside them show that nothing of that time is left out.
        """
        inside = [at for at, ns in enumerate(self._stamps, 1) if begin_ns <= ns < end_ns]
        if inside:
            first, last = inside[0] - 1, inside[-1] + 1
        else:
            last = next((at for at, ns in enumerate(self._stamps, 1) if ns >= end_ns), 0)
            last = last or len(self._stamps) + 1
            first = last - 1
        return await self._events(range(max(first, 1), min(last, len(self._stamps)) + 1))

    async def _events(self, positions: Iterable[int]) -> list[Message]:
        wanted = list(positions)
        if len(wanted) > EVENTS_MAX:
            detail = f"事件过多 · {len(wanted)} events; a package takes {EVENTS_MAX}"
            raise PackageTooLarge(detail, hint="请缩短时间段 · name a shorter period")
        return [await self.log.get(position) for position in wanted]

    def proof(self, message: Message) -> str:
        """That the event is in the log.

        Raises: NotProven.
        """
        index, tree = message.position - 1, self.checkpoint.tree
        try:
            hashes = inclusion_proof(self.tiles, index, tree.size)
        except (OSError, ValueError) as error:
            raise NotProven(f"哈希块无法读取 · a tile cannot be read: {error}") from error
        if not proves_inclusion(hashes, hash_of(message), index, tree.size, tree.hash):
            raise NotProven(
                "哈希块不是已签署的那一块 · a tile is not the one that was signed",
                f"position {index + 1}",
            )
        return proof_text(index, hashes, self.note)

    def heads(self, aggregates: Iterable[str]) -> list[HeadProof]:
        """What shows that nothing of these aggregates is left out."""
        return head_proofs(self._ledger.heads, aggregates)
