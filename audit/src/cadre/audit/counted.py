"""Which checkpoints count: signed by the log's key, with the keys on record, cosigned."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from cadre.audit.checkpoint import Checkpoint
from cadre.audit.cosignature import Policy
from cadre.audit.differences import Difference, Kind
from cadre.audit.note import NoteError, Verifier, open_note
from cadre.audit.public_keys import PublicKeys


@dataclass(frozen=True, slots=True)
class Counted:
    """A checkpoint and the witnesses that cosigned it."""

    checkpoint: Checkpoint
    cosigners: tuple[str, ...]


@dataclass(slots=True)
class Counting:
    """Sorts checkpoints out by their signatures, not by what they say of the log."""

    keys: PublicKeys
    verifiers: Sequence[Verifier]
    """Whose checkpoints count."""
    policy: Policy
    found: list[Counted] = field(default_factory=list[Counted])
    differences: list[Difference] = field(default_factory=list[Difference])

    def see(self, notes: Iterable[str]) -> None:
        """Take or refuse each of these notes."""
        for note in notes:
            try:
                self.found.append(self._counted(note))
            except NoteError as error:
                line = note.split("\n", 2)[1] if note.count("\n") > 1 else "?"
                self._differs(Kind.FORGED_CHECKPOINT, f"the checkpoint of size {line}: {error}")
        self.found.sort(key=lambda one: one.checkpoint.tree.size)

    @property
    def checkpoints(self) -> list[Checkpoint]:
        """What counts, the smallest first."""
        return [one.checkpoint for one in self.found]

    @property
    def cosigned(self) -> list[Counted]:
        """What enough witnesses cosigned, the smallest first."""
        return [one for one in self.found if self.policy.satisfied(one.cosigners)]

    def conclude(self) -> list[str]:
        """What is to be said once all were seen; no quorum is a difference."""
        if not self.found:
            return [
                "there is no checkpoint: whoever holds the services' keys could rewrite everything"
            ]
        said: list[str] = []
        newest = self.found[-1].checkpoint
        if unsigned := len(self.keys.history) - newest.keys.size:
            said.append(f"{unsigned} entries of the public keys are under no checkpoint yet")
        if not self.cosigned:
            known = ", ".join(one.name for one in self.policy.witnesses)
            detail = f"no checkpoint bears {self.policy.quorum} cosignatures of {known}"
            self._differs(Kind.NOT_WITNESSED, detail)
        elif (size := self.cosigned[-1].checkpoint.tree.size) < newest.tree.size:
            said.append(f"positions {size + 1} to {newest.tree.size}: signed, not cosigned yet")
        return said

    def _counted(self, note: str) -> Counted:
        opened = open_note(note, self.verifiers)
        checkpoint = Checkpoint.parse(opened.text)
        if self.keys.origin and checkpoint.origin != self.keys.origin:
            raise NoteError(
                f"检查点属于另一日志 · a checkpoint of another log, {checkpoint.origin}"
            )
        made = {(line.name, line.key_id) for line in opened.verified}
        signers = [str(one) for one in self.verifiers if (one.name, one.key_id) in made]
        ended = [self.keys.retirements.get(key) for key in signers]
        if all(end is not None and checkpoint.tree.size > end.after for end in ended):
            raise NoteError(
                "以已停用的密钥签署 · signed with a retired key", where=", ".join(signers)
            )
        if self.keys.root(checkpoint.keys.size) != checkpoint.keys:
            held, size = len(self.keys.history), checkpoint.keys.size
            lacking = f": {held} entries, {size} were signed" if held < size else ""
            detail = f"not the keys of the checkpoint of {checkpoint.dated}{lacking}"
            self._differs(Kind.KEYS_DIFFER, detail)
        return Counted(checkpoint, tuple(self.policy.cosigners(note, self.verifiers)))

    def _differs(self, kind: Kind, detail: str) -> None:
        self.differences.append(Difference(kind, None, None, detail))
