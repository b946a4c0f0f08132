"""Where each event of a log stands, found by its id: a long log has many, so they lie close.

As a table of objects this would be the largest thing an audit keeps. The ids are spread over some
byte strings, and found by searching one.
"""

from dataclasses import dataclass, field
from struct import Struct
from typing import NamedTuple

PLACES_EACH = 64
"""How many share a byte string: more take longer to search, fewer have more overhead."""
_ENTRY = Struct(">16sQHI")


class Place(NamedTuple):
    """Where an event stands."""

    position: int
    kind: int
    """A number for the kind of event, and one for the history."""
    history: int


@dataclass(slots=True)
class Places:
    """Remembers places in a log that holds about so many events."""

    expected: int
    _parts: list[bytearray] = field(init=False)

    def __post_init__(self) -> None:
        self._parts = [bytearray() for _ in range(self.expected // PLACES_EACH + 1)]

    def add(self, event_id: bytes, place: Place) -> Place | None:
        """Remember an event's place; if there is one of that id already, that one instead."""
        part = self._part(event_id)
        found = _find(part, event_id)
        if found is None:
            part += _ENTRY.pack(event_id, *place)
        return found

    def get(self, event_id: bytes) -> Place | None:
        """Where the event of this id stands."""
        return _find(self._part(event_id), event_id)

    def _part(self, event_id: bytes) -> bytearray:
        return self._parts[hash(event_id) % len(self._parts)]


def _find(part: bytearray, event_id: bytes) -> Place | None:
    at = part.find(event_id)
    while at % _ENTRY.size:  # Found across two entries, or not at all.
        if at < 0:
            return None
        at = part.find(event_id, at + 1)
    return Place(*_ENTRY.unpack_from(part, at)[1:]) if at >= 0 else None
