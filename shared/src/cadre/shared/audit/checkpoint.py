"""Checkpoints (C2SP tlog-checkpoint): size and root of the tree at one moment, for signing.

Three extension lines say more, each signed with the rest::

    dated 2026-11-20T14:00:00+00:00          when, by the signer's clock
    heads 1234 <base64>                      how many aggregates, the root over their newest events
    keys 5 <base64>                          how many public keys were known, the root over them

A second root is worth its line: with it one can prove which event of an aggregate was the newest.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Self

from cadre.shared.audit.merkle import HASH_BYTES
from cadre.shared.audit.note import NoteError


class Root(NamedTuple):
    """A Merkle tree in two words."""

    size: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.size} {b64encode(self.hash).decode()}"

    @classmethod
    def parse(cls, size: str, encoded: str) -> Self:
        """Read what `__str__` writes.

        Raises: ValueError.
        """
        root = cls(int(size), b64decode(encoded, validate=True))
        if str(root) != f"{size} {encoded}" or root.size < 0 or len(root.hash) != HASH_BYTES:
            msg = f"{size} {encoded} is no size and root"
            raise ValueError(msg)
        return root


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a signature stands under."""

    origin: str
    tree: Root
    dated: datetime
    heads: Root
    keys: Root

    @property
    def text(self) -> str:
        """The text of the note."""
        size, root = str(self.tree).split()
        return (
            f"{self.origin}\n{size}\n{root}\n"
            f"dated {self.dated.isoformat()}\nheads {self.heads}\nkeys {self.keys}\n"
        )

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read a note's text.

        Raises: NoteError.
        """
        try:
            origin, size, root, dated, heads, keys = text.removesuffix("\n").split("\n")
            found = cls(
                origin,
                Root.parse(size, root),
                datetime.fromisoformat(_after("dated", dated)),
                Root.parse(*_after("heads", heads).split(" ")),
                Root.parse(*_after("keys", keys).split(" ")),
            )
        except (ValueError, TypeError) as error:
            raise NoteError("this note is no checkpoint of Cadre") from error
        if not origin or found.text != text:
            raise NoteError("this note is no checkpoint of Cadre", where=origin)
        return found


def _after(word: str, line: str) -> str:
    first, _, rest = line.partition(" ")
    if first != word:
        msg = f"expected {word}, found {first}"
        raise ValueError(msg)
    return rest
