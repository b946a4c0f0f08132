"""Proof that one checkpoint extends another (RFC 6962), written as C2SP tlog-witness asks for it.

The text is the body of a witness's ``add-checkpoint`` request::

    old 260
    <base64>           the hashes of the proof, one a line; none when the old size is 0

    <checkpoint>       the newer checkpoint with its signatures
"""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass

from cadre.audit.checkpoint import Checkpoint, Root
from cadre.audit.merkle import HASH_BYTES, Nodes, consistency_proof, proves_consistency
from cadre.audit.note import NoteError, split
from cadre.shared.deciding.errors import Malformed

HASHES_MAX = 63


class ProofError(Malformed):
    code = "proof"
    title = "一致性证明不成立 · This is no proof of consistency"


@dataclass(frozen=True, slots=True)
class Extension:
    """A checkpoint, the size of an older tree, and the proof that leads from there."""

    old: int
    proof: tuple[bytes, ...]
    note: str

    @classmethod
    def of(cls, nodes: Nodes, old: int, note: str) -> "Extension":
        """Prove that a checkpoint extends the tree of ``old`` leaves.

        Raises: NoteError; ProofError when the older tree is larger.
        """
        size = Checkpoint.parse(split(note)[0]).tree.size
        if not 0 <= old <= size:
            raise ProofError(f"没有从该处起的证明 · no proof leads from {old} events to {size}")
        return cls(old, tuple(consistency_proof(nodes, old, size)) if old else (), note)

    @classmethod
    def parse(cls, text: str) -> "Extension":
        """Read what `__str__` writes.

        Raises: ProofError.
        """
        above, blank, note = text.partition("\n\n")
        first, *lines = above.split("\n")
        word, _, size = first.partition(" ")
        try:
            found = cls(int(size), tuple(b64decode(one, validate=True) for one in lines), note)
        except (ValueError, NotBase64) as error:
            raise ProofError("证明无法读取 · the proof cannot be read", where=first) from error
        wrong_length = any(len(one) != HASH_BYTES for one in found.proof)
        if word != "old" or not blank or wrong_length or str(found) != text:
            raise ProofError("证明无法读取 · the proof cannot be read", where=first)
        if len(found.proof) > HASHES_MAX:
            raise ProofError(f"哈希过多 · {len(found.proof)} hashes, at most {HASHES_MAX}")
        return found

    def __str__(self) -> str:
        hashes = "".join(f"{b64encode(one).decode()}\n" for one in self.proof)
        return f"old {self.old}\n{hashes}\n{self.note}"

    def proves(self, old: Root) -> bool:
        """Whether the checkpoint extends this tree."""
        try:
            new = Checkpoint.parse(split(self.note)[0]).tree
        except NoteError:
            return False
        if old.size == 0:
            return (self.old, self.proof) == (0, ())
        same = self.old == old.size
        return same and proves_consistency(self.proof, old.size, old.hash, new.size, new.hash)
