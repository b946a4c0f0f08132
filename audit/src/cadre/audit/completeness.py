"""That nothing of an aggregate was left out: proofs under the root over all newest events.

The leaves of that tree are sorted by aggregate. A leaf says which event was the newest of its
aggregate, so the events before it must be there, back to the first. For an aggregate without
events the two leaves stand side by side between which its own would stand.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from cadre.audit.heads import Head, Heads
from cadre.audit.merkle import Leaves, inclusion_proof


@dataclass(frozen=True, slots=True)
class HeadProof:
    """A leaf of the tree over the newest events, and its way to the root."""

    aggregate: str
    head: Head
    index: int
    hashes: list[bytes]


def head_proofs(heads: Heads, aggregates: Iterable[str]) -> list[HeadProof]:
    """The leaves that show the newest event of each aggregate, or that it has none."""
    ordered = heads.ordered
    names = [name.encode() for name, _ in ordered]
    wanted: set[int] = set()
    for aggregate in aggregates:
        name = aggregate.encode()
        at = bisect_left(names, name)
        if at < len(names) and names[at] == name:
            wanted.add(at)
        else:
            wanted.update(one for one in (at - 1, at) if 0 <= one < len(names))
    leaves = Leaves(heads.hashes)
    return [
        HeadProof(*ordered[index], index, inclusion_proof(leaves, index, len(ordered)))
        for index in sorted(wanted)
    ]
