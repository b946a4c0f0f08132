"""RFC 6962 Merkle trees: roots over a stream, proofs from subtree hashes, and their verification.

A tree is named by its size. Whoever proves reads hashes of complete subtrees from `Nodes`; whoever
verifies needs nothing but the proof. Functions of verification never raise.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
WAITING_MAX = 256


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class Tree:
    """The root over a growing stream of leaf hashes, in space logarithmic in their number."""

    size: int = 0
    _peaks: list[bytes] = field(default_factory=list[bytes])
    """Roots of the complete subtrees, the widest first: one for each bit set in their size."""
    _waiting: list[bytes] = field(default_factory=list[bytes])
    """Leaves behind them. Row by row, many are hashed in less time than one after the other."""

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        self._waiting.append(leaf)
        self.size += 1
        if len(self._waiting) == WAITING_MAX:
            self._grow()

    @property
    def root(self) -> bytes:
        """The hash of the tree as it is now."""
        self._grow()
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root

    def _grow(self) -> None:
        """Hash what waits into the peaks."""
        row, grown = self._waiting, self.size - len(self._waiting)
        narrower: list[bytes] = []
        while row:
            if grown & 1:
                row.insert(0, self._peaks.pop())
            if len(row) & 1:
                narrower.append(row.pop())
            row = [node_hash(*pair) for pair in zip(row[::2], row[1::2], strict=True)]
            grown >>= 1
        self._peaks += reversed(narrower)
        self._waiting = []


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes."""
    tree = Tree()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root


class Nodes(Protocol):
    """Where the hashes of complete subtrees are found."""

    def node(self, level: int, index: int) -> bytes:
        """The hash over the leaves ``index * 2**level`` to ``(index + 1) * 2**level``."""
        ...


@dataclass(frozen=True, slots=True)
class Leaves:
    """Leaf hashes in memory, as nodes."""

    hashes: Sequence[bytes]

    def node(self, level: int, index: int) -> bytes:
        return root_of(self.hashes[index << level : (index + 1) << level])


def inclusion_proof(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """That leaf ``index`` (from 0) is in the tree of ``size`` leaves.

    Raises: ValueError for a leaf outside the tree.
    """
    if not 0 <= index < size:
        msg = f"a tree of {size} leaves has no leaf {index}"
        raise ValueError(msg)
    return _path(nodes, index, 0, size)


def consistency_proof(nodes: Nodes, old: int, new: int) -> list[bytes]:
    """That the tree of ``old`` leaves is a prefix of the tree of ``new`` leaves.

    Raises: ValueError unless ``0 < old <= new``.
    """
    if not 0 < old <= new:
        msg = f"no proof leads from a tree of {old} leaves to one of {new}"
        raise ValueError(msg)
    return _subproof(nodes, old, 0, new, whole=True)


def proves_inclusion(
    proof: Sequence[bytes], leaf: bytes, index: int, size: int, root: bytes
) -> bool:
    """Whether the proof shows the leaf hash at ``index`` under the root of ``size`` leaves."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def proves_consistency(
    proof: Sequence[bytes], old: int, old_root: bytes, new: int, new_root: bytes
) -> bool:
    """Whether the proof shows that the older tree is a prefix of the newer one."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_found = new_found = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old_found = node_hash(sibling, old_found)
            new_found = node_hash(sibling, new_found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new_found = node_hash(new_found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and old_found == old_root and new_found == new_root


def subtree_hash(nodes: Nodes, start: int, end: int) -> bytes:
    """The hash over the leaves ``start`` to ``end``, where ``start`` begins a subtree."""
    width = end - start
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return nodes.node(level, start >> level)
    middle = start + _split(width)
    return node_hash(subtree_hash(nodes, start, middle), subtree_hash(nodes, middle, end))


def _split(width: int) -> int:
    """The largest power of two smaller than ``width``."""
    return 1 << ((width - 1).bit_length() - 1)


def _path(nodes: Nodes, index: int, start: int, end: int) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if index < middle:
        return [*_path(nodes, index, start, middle), subtree_hash(nodes, middle, end)]
    return [*_path(nodes, index, middle, end), subtree_hash(nodes, start, middle)]


def _subproof(nodes: Nodes, old: int, start: int, end: int, *, whole: bool) -> list[bytes]:
    """``whole``: the verifier knows this subtree's hash, it is the older root."""
    if old == end:
        return [] if whole else [subtree_hash(nodes, start, end)]
    middle = start + _split(end - start)
    if old <= middle:
        left = _subproof(nodes, old, start, middle, whole=whole)
        return [*left, subtree_hash(nodes, middle, end)]
    right = _subproof(nodes, old, middle, end, whole=False)
    return [*right, subtree_hash(nodes, start, middle)]
