"""A witness: cosigns a checkpoint only if its own copy of the log gives it, and what came before.

It reads every event from a mirror that the log's operators cannot write, adds both trees up, and
compares them with the checkpoint offered and with the newest one it cosigned. What contradicts that
one is kept as evidence, and nothing is cosigned until a person has looked.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cadre.audit.checkpoint import Checkpoint, Root
from cadre.audit.consistency import Extension
from cadre.audit.cosignature import CosignatureSigner, cosign, cosigned_at
from cadre.audit.leaf import hash_of
from cadre.audit.ledger import Ledger
from cadre.audit.merkle import EMPTY_ROOT, HASH_BYTES, root_of
from cadre.audit.note import Note, NoteError, open_note, split
from cadre.audit.public_keys import PublicKeys
from cadre.audit.stored import everything, extent_of
from cadre.audit.witness_state import WitnessState
from cadre.shared.deciding.errors import CadreError, Unavailable
from cadre.shared.log.stream import Log


class Fault(StrEnum):
    """What a log did that a witness must not cover up."""

    FORK = "fork"
    """It signed a tree that does not hold what it signed before."""
    MIRROR_DIFFERS = "mirror-differs"
    """It signed other events than the mirror received."""
    KEYS_DIFFER = "keys-differ"
    """Public keys that it had signed are gone or changed."""
    ROLLED_BACK = "rolled-back"
    """It signed fewer events later than it had signed more."""


class NotCosigned(CadreError):
    """Nothing is wrong with the log, but this is nothing to cosign."""

    status = 409
    code = "not-cosigned"
    title = "见证人未予会签 · The witness does not cosign this"


class Refused(CadreError):
    """The log contradicts itself; the evidence lies under ``where``."""

    status = 409
    code = "witness-refuses"
    title = "见证人拒绝会签 · The witness refuses"


@dataclass(frozen=True, slots=True)
class Offer:
    """What an installation asks to have cosigned: a checkpoint and the public keys beside it."""

    note: str
    keys: PublicKeys
    extension: Extension | None = None
    """A proof of consistency, where one came along."""


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The checkpoint with the cosignature; ``fresh`` unless it had been cosigned before."""

    note: str
    checkpoint: Checkpoint
    fresh: bool


@dataclass(slots=True)
class Mirrored:
    """The two trees over a mirror at some sizes, and every leaf for proofs."""

    ledger: Ledger
    leaves: bytearray = field(default_factory=bytearray)
    gap: int = 0
    """The first position that the mirror does not give."""

    @classmethod
    async def of(cls, mirror: Log, sizes: set[int]) -> "Mirrored":
        """Add up a mirror.

        Raises: NotFound, Unavailable; the mirror may be behind.
        """
        last = max(sizes)
        extent = await extent_of(mirror)
        if extent.last < last:
            detail = (
                "审计镜像尚未跟上 · "
                f"the mirror holds {extent.last} events, the checkpoint covers {last}"
            )
            raise Unavailable(detail, hint="请待其跟上后再试 · wait until it has followed")
        copy = cls(Ledger.at(sizes))
        async for messages in everything(mirror, last):
            for message in messages:
                if message.position != copy.ledger.tree.size + 1:
                    copy.gap = copy.ledger.tree.size + 1
                    return copy
                leaf = hash_of(message)
                copy.ledger.add(message, leaf)
                copy.leaves += leaf
        if copy.ledger.tree.size < last:
            copy.gap = copy.ledger.tree.size + 1
        return copy

    def gives(self, checkpoint: Checkpoint) -> bool:
        """Whether both roots come out."""
        found = self.ledger.roots.get(checkpoint.tree.size)
        return found == (checkpoint.tree, checkpoint.heads)

    def tree(self, size: int) -> Root:
        """The tree over the first leaves; of a mirror with a gap, over those it gave."""
        return Root(size, self.node_over(0, size))

    def node(self, level: int, index: int) -> bytes:
        return self.node_over(index << level, (index + 1) << level)

    def node_over(self, start: int, end: int) -> bytes:
        ends = range(start * HASH_BYTES, min(end * HASH_BYTES, len(self.leaves)), HASH_BYTES)
        return root_of(bytes(self.leaves[at : at + HASH_BYTES]) for at in ends)


@dataclass(slots=True)
class Witness:
    """Decides about one offer at a time."""

    state: WitnessState
    mirror: Log
    signer: CosignatureSigner

    async def consider(self, offer: Offer) -> Cosigned:
        """Cosign a checkpoint, or say why not.

        Raises: Refused, NotCosigned, NoteError; Unavailable when trying again may help.
        """
        with self.state.lock():
            now = self.signer.clock()
            if (found := self.state.unresolved()) is not None:
                raise _refused(
                    f"先前的拒绝尚未处理 · a refusal stands since {found.name}", str(found)
                )
            newest = self.state.newest()
            before = Checkpoint.parse(split(newest)[0]) if newest else None
            offered = Checkpoint.parse(self._opened(offer.note).text)
            if newest and offered == before:
                return Cosigned(newest, offered, fresh=False)
            decision = _Decision(self.state, offer, offered, newest, before, now)
            decision.compare_keys()
            await decision.compare_trees(self.mirror)
            self._must_not_turn_back(newest, now)
            note = cosign(offer.note, self.signer)
            # On the disk before anybody sees it: a witness that forgets could sign a fork.
            self.state.keep(note)
            self.state.log(now, "cosigned", size=offered.tree.size, root=str(offered.tree))
            return Cosigned(note, offered, fresh=True)

    def _opened(self, note: str) -> Note:
        try:
            opened = open_note(note, self.state.log_verifiers)
        except NoteError as error:
            hint = (
                "日志更换密钥后，请核实新密钥 · "
                "after a change of the log's key, make sure of it: `cadre audit witness trust`"
            )
            raise NotCosigned(error.detail, where=error.where, hint=hint) from error
        origin = opened.text.split("\n", 1)[0]
        if origin != self.state.identity.origin:
            raise NotCosigned(f"检查点属于另一日志 · a checkpoint of another log, {origin}")
        return opened

    def _must_not_turn_back(self, newest: str | None, now: datetime) -> None:
        if newest is None:
            return
        last = open_note(newest, [self.signer.verifier]).verified[-1]
        if (then := cosigned_at(last)) > now:
            raise NotCosigned(
                "见证人的时钟早于上次会签 · "
                f"the witness's clock stands before its last cosignature, {then}"
            )


@dataclass(frozen=True, slots=True)
class _Decision:
    """One offer beside what was cosigned before."""

    state: WitnessState
    offer: Offer
    offered: Checkpoint
    newest: str | None
    before: Checkpoint | None
    now: datetime

    def compare_keys(self) -> None:
        """Look whether the public keys are those signed, and still hold all that were before."""
        keys, offered, before = self.offer.keys, self.offered, self.before
        if keys.root(offered.keys.size) != offered.keys:
            raise NotCosigned(
                "公钥不是该检查点签署时的公钥 · "
                "the public keys are not those that this checkpoint was signed with"
            )
        if before is None or self._is_older:
            return
        if offered.keys.size < before.keys.size or keys.root(before.keys.size) != before.keys:
            held = f"{before.keys.size} entries were cosigned, {offered.keys.size} are signed now"
            raise self._refusal(Fault.KEYS_DIFFER, f"the public keys are others: {held}")

    @property
    def _is_older(self) -> bool:
        """Whether this is a checkpoint of before the newest, as far as its date can be believed."""
        offered, before = self.offered, self.before
        if before is None or offered.dated > before.dated:
            return False
        return offered.tree.size < before.tree.size or offered.keys.size < before.keys.size

    async def compare_trees(self, mirror: Log) -> None:
        """Look whether the mirror gives this checkpoint and the one before."""
        offered, before = self.offered, self.before
        if before and before.tree.size == offered.tree.size and before.tree != offered.tree:
            detail = f"two trees of {offered.tree.size} events are signed"
            raise self._refusal(Fault.FORK, detail)
        copy = await Mirrored.of(mirror, {one.tree.size for one in (offered, before) if one})
        if before and not (copy.gives(before) and copy.gives(offered)):
            raise self._contradiction(copy, before)
        if not copy.gives(offered):
            raise self._differs(copy, offered)
        if before:
            self._must_be_newer(before)
        if self.offer.extension:
            self._must_be_proven(self.offer.extension)

    def _must_be_newer(self, before: Checkpoint) -> None:
        said = f"{before.tree.size} events were cosigned, this covers {self.offered.tree.size}"
        if self._is_older:
            raise NotCosigned(
                f"检查点较旧 · an older checkpoint: {said}",
                hint="请提交最新的检查点 · offer the newest one",
            )
        if self.offered.tree.size < before.tree.size:
            raise self._refusal(Fault.ROLLED_BACK, f"signed later, {said}")

    def _must_be_proven(self, extension: Extension) -> None:
        tree = self.before.tree if self.before else Root(0, EMPTY_ROOT)
        if extension.old != tree.size:
            raise NotCosigned(
                "证明的起点与已会签的不符 · "
                f"the proof leads from {extension.old} events, {tree.size} were cosigned",
                hint=f"请重新生成证明 · make it with `cadre audit checkpoint --since {tree.size}`",
            )
        if not extension.proves(tree):
            raise NotCosigned(
                "所附的一致性证明不能成立 · the proof of consistency that came along proves nothing"
            )

    def _contradiction(self, copy: Mirrored, before: Checkpoint) -> Refused:
        """Both checkpoints beside the mirror: where one holds, the other is disproved."""
        smaller, larger = sorted((before, self.offered), key=lambda one: one.tree.size)
        if copy.gap or copy.tree(larger.tree.size) != larger.tree:
            return self._differs(copy, self.offered if copy.gives(before) else before)
        prefix = copy.tree(smaller.tree.size)
        if prefix == smaller.tree:
            return self._differs(copy, before if copy.gives(self.offered) else self.offered)
        note = self.offer.note if larger is self.offered else self.newest or ""
        proof = Extension.of(copy, smaller.tree.size, note)
        detail = (
            f"the tree of {larger.tree.size} events begins with other {smaller.tree.size} events "
            "than were signed"
        )
        return self._refusal(Fault.FORK, detail, proof=str(proof), prefix=f"{prefix}\n")

    def _differs(self, copy: Mirrored, checkpoint: Checkpoint) -> Refused:
        size = checkpoint.tree.size
        detail = f"the mirror gives another tree of {size} events than was signed"
        if copy.gap:
            detail = f"the mirror gives no event at position {copy.gap}"
        elif copy.tree(size) == checkpoint.tree:
            detail = f"the mirror's newest events at {size} give another root than was signed"
        mirrored = "".join(f"{' '.join(map(str, both))}\n" for both in copy.ledger.roots.values())
        return self._refusal(Fault.MIRROR_DIFFERS, detail, mirror=mirrored)

    def _refusal(self, fault: Fault, detail: str, **more: str) -> Refused:
        said = f"日志与已会签的不符 · {fault}: {detail}"
        told = Refused(said).problem() | {"fault": fault, "at": self.now}
        files = {
            "offered": self.offer.note,
            "before": self.newest or "",
            "keys.json": self.offer.keys.model_dump_json(indent=2) + "\n",
            "refusal.json": _json(told),
        }
        where = self.state.refuse(self.now, more | files)
        self.state.log(self.now, "refused", fault=fault, detail=detail, evidence=where.name)
        return _refused(said, str(where))


def _refused(detail: str, where: str) -> Refused:
    hint = "请先查明原因 · find out what happened, then `cadre audit witness resolve`"
    return Refused(detail, where=where, hint=hint)


def _json(fields: dict[str, object]) -> str:
    return json.dumps(fields, ensure_ascii=False, indent=2, default=str) + "\n"
