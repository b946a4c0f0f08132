"""Checkpoints (C2SP tlog-checkpoint): size and root of the tree at one moment, for signing.

Extension lines say more, each signed with the rest::

    dated 2026-11-20T14:00:00+00:00          when, by the signer's clock
    heads 1234 <base64>                      how many aggregates, the root over their newest events
    keys 5 <base64>                          how many public keys were known, the root over them
    earlier 3 <base64>                       how many checkpoints came before, the root over them
    repairs 1 <base64>                       how many repairs are on record, the root over them
    readings 41 97 <base64>                  first and last record of the log of readings that came
                                             since the checkpoint before, the root over them

A second root is worth its line: with it one can prove which event of an aggregate was the newest.
The last three may be lacking: a log may never have been repaired, and there are no ``readings``
where none came or whoever signed could not read them.
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Self

from cadre.audit.merkle import HASH_BYTES
from cadre.audit.note import NoteError


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


class Span(NamedTuple):
    """Some records of the log of readings, one after the other, and the root over them."""

    first: int
    last: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.first} {Root(self.last, self.hash)}"

    @classmethod
    def parse(cls, first: str, last: str, encoded: str) -> Self:
        """Read what `__str__` writes.

        Raises: ValueError.
        """
        span = cls(int(first), *Root.parse(last, encoded))
        if str(span.first) != first or not 0 < span.first <= span.last:
            msg = f"{first} to {last} are no records"
            raise ValueError(msg)
        return span


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a signature stands under."""

    origin: str
    tree: Root
    dated: datetime
    heads: Root
    keys: Root
    earlier: Root | None = None
    repairs: Root | None = None
    readings: Span | None = None

    @property
    def news(self) -> tuple[object, ...]:
        """What a checkpoint must have otherwise than the one before to be worth a signature."""
        return self.tree, self.keys, self.repairs

    @property
    def text(self) -> str:
        """The text of the note."""
        size, root = str(self.tree).split()
        more = {"earlier": self.earlier, "repairs": self.repairs, "readings": self.readings}
        return (
            f"{self.origin}\n{size}\n{root}\n"
            f"dated {self.dated.isoformat()}\nheads {self.heads}\nkeys {self.keys}\n"
        ) + "".join(f"{name} {value}\n" for name, value in more.items() if value is not None)

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read a note's text.

        Raises: NoteError.
        """
        try:
            origin, size, root, dated, heads, keys, *more = text.removesuffix("\n").split("\n")
            named = {line.split(" ", 1)[0]: line.split(" ")[1:] for line in more}
            found = cls(
                origin,
                Root.parse(size, root),
                datetime.fromisoformat(_after("dated", dated)),
                Root.parse(*_after("heads", heads).split(" ")),
                Root.parse(*_after("keys", keys).split(" ")),
                Root.parse(*named["earlier"]) if "earlier" in named else None,
                Root.parse(*named["repairs"]) if "repairs" in named else None,
                Span.parse(*named["readings"]) if "readings" in named else None,
            )
        except (ValueError, TypeError) as error:
            raise NoteError("该签名文本不是检查点 · this note is no checkpoint of Cadre") from error
        if not origin or found.dated.tzinfo is None or found.text != text:
            raise NoteError(
                "该签名文本不是检查点 · this note is no checkpoint of Cadre", where=origin
            )
        return found


def _after(word: str, line: str) -> str:
    first, _, rest = line.partition(" ")
    if first != word:
        msg = f"expected {word}, found {first}"
        raise ValueError(msg)
    return rest
