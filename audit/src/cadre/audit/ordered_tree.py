"""A Merkle tree over leaves sorted by key, whose root is asked for again and again.

All hashes of the tree are kept. A leaf that changed costs one path; a new key moves all leaves
behind it, and what stands over those is hashed anew, once for all keys that came since.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from cadre.audit.merkle import EMPTY_ROOT, node_hash


@dataclass(slots=True)
class OrderedTree:
    """Leaf hashes by key."""

    _leaves: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    _keys: list[bytes] = field(default_factory=list[bytes])
    """The keys of the leaves that are hashed, in order."""
    _levels: list[list[bytes]] = field(default_factory=lambda: [[]])
    """The leaves, then the nodes above, the last one the root; an odd one out moves up as it is."""
    _changed: set[bytes] = field(default_factory=set[bytes])
    _fresh: set[bytes] = field(default_factory=set[bytes])

    def put(self, key: bytes, leaf: bytes) -> None:
        """Set the leaf of a key."""
        (self._changed if key in self._leaves else self._fresh).add(key)
        self._leaves[key] = leaf

    @property
    def root(self) -> bytes:
        """The hash of the tree as it is now."""
        self._settle()
        top = self._levels[-1]
        return top[0] if top else EMPTY_ROOT

    def _settle(self) -> None:
        first = len(self._keys)
        if self._fresh:
            # Nearly sorted already, which is what this sort is fast at.
            self._keys = sorted([*self._keys, *self._fresh])
            first = bisect_left(self._keys, min(self._fresh))
            self._levels[0][first:] = [self._leaves[key] for key in self._keys[first:]]
        changed = {at for at in self._places() if at < first}
        for at in changed:
            self._levels[0][at] = self._leaves[self._keys[at]]
        self._changed, self._fresh = set(), set()
        level = 0
        while len(self._levels[level]) > 1:
            first, changed = first >> 1, {at >> 1 for at in changed}
            changed.discard(first)
            self._hash(level, first, changed)
            level += 1

    def _places(self) -> Iterator[int]:
        for key in self._changed - self._fresh:
            yield bisect_left(self._keys, key)

    def _hash(self, level: int, first: int, changed: set[int]) -> None:
        """Hash the nodes above a level: those at ``changed``, and all from ``first`` on."""
        if level + 1 == len(self._levels):
            self._levels.append([])
        below, above = self._levels[level], self._levels[level + 1]
        for at in changed:
            above[at] = self._node(below, at)
        start = 2 * first
        above[first:] = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(below[start::2], below[start + 1 :: 2], strict=False)
        ]
        if len(below) % 2:
            above.append(below[-1])

    def _node(self, below: list[bytes], at: int) -> bytes:
        pair = below[2 * at : 2 * at + 2]
        return node_hash(*pair) if len(pair) > 1 else pair[0]
