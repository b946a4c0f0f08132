"""The newest event of every aggregate at one size of the log, as a second tree.

Its leaves, sorted by aggregate (``service.entity.id``, by bytes), are ``cadre-head-v1``, the
aggregate, its version, the digest of its newest event and that event's position, each after its
length in eight bytes. A proof of inclusion shows that an event was the newest of its aggregate.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from cadre.shared.audit.checkpoint import Root
from cadre.shared.audit.leaf import framed, number
from cadre.shared.audit.merkle import leaf_hash, root_of
from cadre.shared.codec import Message

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

    @property
    def hashes(self) -> list[bytes]:
        """The leaf hashes, in order."""
        ordered = sorted(self.newest.items(), key=lambda item: item[0].encode())
        return [_hash(aggregate, head) for aggregate, head in ordered]

    @property
    def root(self) -> Root:
        """How many aggregates, and the root over them."""
        return Root(len(self.newest), root_of(self.hashes))


def _hash(aggregate: str, head: Head) -> bytes:
    fields = (
        DOMAIN,
        aggregate.encode(),
        number(head.version),
        bytes.fromhex(head.digest),
        number(head.position),
    )
    return leaf_hash(framed(*fields))
