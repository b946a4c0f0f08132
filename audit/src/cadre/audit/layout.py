"""The headers of an event, all read at once.

Nearly all events bear the same names in the same order. Of such a layout one expression reads all
values and sees that ids and numbers are in their usual form; whatever it does not fit is read as
everywhere else.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from operator import itemgetter

from cadre.shared.log.headers import Headers
from cadre.shared.log.signed import SIGNATURE, SIGNED

TRANSPORT = "Nats-"
FAMILIAR_AFTER = 10
"""Making an expression costs as much as reading a hundred events: not for a layout met once."""
FAMILIAR_MAX = 16
_VALUE = rb"([!-~\x80-\xff][ -~\x80-\xff]*+)(?<! )"
"""A value that is read as it stands: nothing to strip and nothing unprintable."""
_UUID = rb"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
_NUMBER = rb"([0-9]++)"
_FORMS = {
    "ce-id": _UUID,
    "ce-commandid": _UUID,
    "ce-causationid": _UUID,
    "ce-correlationid": _UUID,
    "ce-aggregateversion": _NUMBER,
    "ce-evidence": _NUMBER,
}
"""How services write values that have more than one form."""
ENVELOPE = {"ce-id", "ce-commandid", "ce-aggregateversion", "ce-evidence"}

type Values = Sequence[bytes]
"""What the headers of a layout say, in its order and as UTF-8; last an empty one, for whatever is
lacking."""
type Pick = Callable[[Values], tuple[bytes, ...]]


class Layout:
    """Names of headers in their order."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.met = 0
        places = {name: at for at, name in enumerate(names)}
        self.own_names = sorted(
            (name for name in names if not name.startswith(TRANSPORT)), key=str.encode
        )
        """The names that are part of the event, in the order of their bytes."""
        self.own = _pick([places[name] for name in self.own_names])
        self.signed = _pick([places.get(name, len(names)) for name in SIGNED])
        """Picks the values of `SIGNED`."""
        self.signature = places.get(SIGNATURE)
        """Where the signature is."""
        self.enveloped = places.keys() >= ENVELOPE
        """Whether it says what the envelope of an event must say."""

    @cached_property
    def expression(self) -> re.Pattern[bytes]:
        """Fits the headers of this layout; its groups are the values."""
        lines = (
            re.escape(name.encode()) + b": " + _FORMS.get(name, _VALUE) + b"\r\n"
            for name in self.names
        )
        return re.compile(b"NATS/1\\.0\r\n" + b"".join(lines) + b"\r\n")


_familiar: list[Layout] = []


def read(block: bytes) -> tuple[Layout, Values]:
    """The layout of some headers as they travel, and their values."""
    return read_familiar(block) or read_strange(block)


def read_familiar(block: bytes) -> tuple[Layout, Values] | None:
    """The same of headers that are written as services write them.

    No name stands twice, no line is anything else, ids and numbers are in their usual form.
    """
    if _is_text(block):
        for layout in _familiar:
            if found := layout.expression.fullmatch(block):
                return layout, (*found.groups(), b"")
    return None


def read_strange(block: bytes) -> tuple[Layout, Values]:
    """The same of any headers; from now on their layout may be a familiar one."""
    layout, values = read_mapping(Headers(block))
    layout.met += 1
    if layout.met == FAMILIAR_AFTER and len(_familiar) < FAMILIAR_MAX:
        _familiar.append(layout)
    return layout, values


def read_mapping(headers: Mapping[str, str]) -> tuple[Layout, Values]:
    """The same of headers that were read already."""
    return _layout(tuple(headers)), (*(value.encode() for value in headers.values()), b"")


def _is_text(block: bytes) -> bool:
    if block.isascii():
        return True
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


@lru_cache(maxsize=1024)
def _layout(names: tuple[str, ...]) -> Layout:
    return Layout(names)


def _pick(places: Sequence[int]) -> Pick:
    if len(places) > 1:
        return itemgetter(*places)
    return lambda values: tuple(values[at] for at in places)
