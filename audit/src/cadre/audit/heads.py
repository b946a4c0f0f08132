"""The newest event of every aggregate at one size of the log, as a second tree.

Its leaves, sorted by aggregate (``service.entity.id``, by bytes), are ``cadre-head-v1``, the
aggregate, its version, the digest of its newest event and that event's position, each after its
length in eight bytes. A proof of inclusion shows that an event was the newest of its aggregate.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from cadre.audit.checkpoint import Root
from cadre.audit.leaf import framed, number
from cadre.audit.merkle import leaf_hash
from cadre.audit.ordered_tree import OrderedTree
from cadre.shared.log.signed import Message

DOMAIN = b"cadre-head-v1"


class Head(NamedTuple):
    """The newest event of an aggregate; version and digest as the next event names them."""

    version: int
    digest: str
    position: int


def aggregate_of(message: Message) -> str:
    """The aggregate's name; of a subject that no service writes, the whole subject."""
    try:
        return ".".join(message.aggregate)
    except ValueError:
        return message.subject


@dataclass(slots=True)
class Heads:
    """All aggregates, by name."""

    newest: dict[str, Head] = field(default_factory=dict[str, Head])
    _tree: OrderedTree = field(default_factory=OrderedTree)
    _moved: set[str] = field(default_factory=set[str])
    """Aggregates whose head is not in the tree yet."""

    def __post_init__(self) -> None:
        self._moved.update(self.newest)

    def move(self, aggregate: str, head: Head) -> None:
        """Note an aggregate's newest event."""
        self.newest[aggregate] = head
        self._moved.add(aggregate)

    @property
    def ordered(self) -> list[tuple[str, Head]]:
        """The aggregates in the order of the leaves."""
        return sorted(self.newest.items(), key=lambda item: item[0].encode())

    @property
    def hashes(self) -> list[bytes]:
        """The leaf hashes, in order."""
        return [_hash(aggregate, head) for aggregate, head in self.ordered]

    @property
    def root(self) -> Root:
        """How many aggregates, and the root over them."""
        for aggregate in self._moved:
            self._tree.put(aggregate.encode(), _hash(aggregate, self.newest[aggregate]))
        self._moved.clear()
        return Root(len(self.newest), self._tree.root)


def _hash(aggregate: str, head: Head) -> bytes:
    fields = (
        DOMAIN,
        aggregate.encode(),
        number(head.version),
        bytes.fromhex(head.digest),
        number(head.position),
    )
    return leaf_hash(framed(*fields))
