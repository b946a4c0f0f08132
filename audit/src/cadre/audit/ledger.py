"""Tree and heads of a log as it is read, and the roots they had at the sizes that were signed."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from cadre.audit.checkpoint import Root
from cadre.audit.heads import Head, Heads, aggregate_of
from cadre.audit.merkle import Tree
from cadre.audit.survey import version_of
from cadre.shared.log.signed import Message, digest

VERSION_MAX = (1 << 63) - 1
"""No aggregate comes so far, and a head has room for no more."""


@dataclass(slots=True)
class Ledger:
    """Adds up what is committed to. Events must come in order; ``skip`` stands for a lost one."""

    sizes: frozenset[int]
    """Where the roots are remembered."""
    tree: Tree = field(default_factory=Tree)
    heads: Heads = field(default_factory=Heads)
    whole: bool = True
    """False once an event was missing: from there on no root can be right."""
    roots: dict[int, tuple[Root, Root]] = field(default_factory=dict[int, tuple[Root, Root]])
    """Tree and heads by size."""

    def __post_init__(self) -> None:
        self._remember()

    @classmethod
    def at(cls, sizes: Iterable[int]) -> "Ledger":
        return cls(frozenset(sizes))

    def add(self, message: Message, leaf: bytes) -> Head | None:
        """Add an event with the hash of its leaf; the head its aggregate had before."""
        version = version_of(message.headers.get("ce-aggregateversion", ""))
        hashed = digest(message.subject, message.headers, message.body)
        return self.put(message.position, aggregate_of(message), leaf, version, hashed)

    def put(
        self, position: int, aggregate: str, leaf: bytes, version: int | None, hashed: str
    ) -> Head | None:
        """The same of an event whose version and digest are known; no version where it has none."""
        self.tree.append(leaf)
        before = self.heads.newest.get(aggregate)
        if version is None or version > VERSION_MAX:
            version = before.version + 1 if before else 1
        self.heads.move(aggregate, Head(max(version, 0), hashed, position))
        self._remember()
        return before

    def skip(self) -> None:
        """Note that an event is missing here."""
        self.whole = False

    @property
    def present(self) -> tuple[Root, Root]:
        """Tree and heads as they are now."""
        return Root(self.tree.size, self.tree.root), self.heads.root

    def _remember(self) -> None:
        if self.whole and self.tree.size in self.sizes:
            self.roots[self.tree.size] = self.present
