"""An event's headers: the bytes the log holds, each value read when it is asked for.

About twenty headers travel with every event, and whoever folds a history asks for two or three of
them. A header's name begins its line and ends at the first colon; white space around a value is
none of it. Of a name that stands twice the first one counts.
"""

from collections.abc import ItemsView, Iterator, Mapping
from functools import cache

_BEGIN = b"NATS/1.0"
_LINE = b"\r\n"
_END = b"\r\n\r\n"
_BLANK = " \t\n\r\x0b\x0c"


class Headers(Mapping[str, str]):
    """The headers in ``block``, which is what travels and is stored: lines with CRLF."""

    __slots__ = ("_all", "block")

    def __init__(self, block: bytes) -> None:
        self.block = block
        self._all: dict[str, str] | None = None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "Headers":
        """Headers that were not received; those that were are given back as they are."""
        if isinstance(headers, Headers):
            return headers
        lines = "".join([f"\r\n{name}: {value}" for name, value in headers.items()])
        if lines.count("\n") != len(headers) or lines.count("\r") != len(headers):
            msg = "a header is one line"
            raise ValueError(msg)
        return cls(_BEGIN + lines.encode() + _END) if lines else cls(b"")

    def followed_by(self, more: Mapping[str, str]) -> bytes:
        """The block with more headers at its end: what the log's server is told besides."""
        if not more:
            return self.block
        return self.block.removesuffix(_LINE + _LINE) + Headers.of(more).block.removeprefix(
            _BEGIN if self.block else b""
        )

    @property
    def status(self) -> str:
        """What a server says instead of sending an event: three digits, or nothing."""
        return self.block[len(_BEGIN) : self.block.find(_LINE)].decode().strip()[:3]

    def raw(self, name: str) -> bytes | None:
        """The bytes of a value; None where there is no header of that name."""
        block, begins = self.block, _begins(name)
        at = block.find(begins)
        if at < 0:
            return None
        at += len(begins)
        return block[at : block.find(_LINE, at)].strip()

    def __getitem__(self, name: str) -> str:
        if self._all is not None:
            return self._all[name]
        found = self.raw(name)
        if found is None:
            if "\ufffd" in name:  # As a name is read whose bytes are no UTF-8.
                return self._parsed()[name]
            raise KeyError(name)
        return found.decode("utf-8", "replace")

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _begins(name) in self.block

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Every line, names that stand twice as well."""
        for line in self.block.decode("utf-8", "replace").split("\r\n")[1:]:
            name, colon, value = line.partition(":")
            if colon:
                yield name, value.strip(_BLANK)

    def items(self) -> ItemsView[str, str]:
        return self._parsed().items()

    def __iter__(self) -> Iterator[str]:
        return iter(self._parsed())

    def __len__(self) -> int:
        return len(self._parsed())

    def __repr__(self) -> str:
        return f"Headers({self._parsed()})"

    def _parsed(self) -> dict[str, str]:
        if self._all is None:
            self._all = {}
            for name, value in self.pairs():
                self._all.setdefault(name, value)
        return self._all


@cache
def _begins(name: str) -> bytes:
    """How the line of a header begins."""
    return f"\r\n{name}:".encode()
