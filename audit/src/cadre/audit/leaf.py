"""What of a stored event is hashed: everything the log gives back, sealed fields still sealed.

A leaf is a sequence of fields, each after its length in eight bytes (big-endian):
``cadre-leaf-v1``, the position and the server's time stamp in nanoseconds (eight bytes each), the
subject, the number of headers (eight bytes), name and value of every header, the body.

Headers that begin with ``Nats-`` belong to the transport: they tell a server how to store an event,
and a mirror drops some of them. They are no part of the event and are left out.

Headers are a mapping by the time a client sees them. So they are hashed sorted by name (by its
bytes), names and values as read: their order on the disk is not part of the proof, and bytes that
are no UTF-8 count as U+FFFD.
"""

from collections.abc import Mapping
from functools import lru_cache
from operator import add
from struct import Struct

from cadre.audit.layout import TRANSPORT, Layout, Values, read, read_mapping
from cadre.audit.merkle import leaf_hash
from cadre.shared.log.headers import Headers
from cadre.shared.log.signed import Message, frame

DOMAIN = b"cadre-leaf-v1"
NUMBER_BYTES = 8
_FRAMES_KEPT = 4096


def leaf(message: Message) -> bytes:
    """The bytes of a message that the tree stands on."""
    headers = message.headers
    found = read(headers.block) if isinstance(headers, Headers) else read_mapping(headers)
    subject = message.subject.encode()
    return leaf_of(message.position, message.recorded_ns, subject, *found, message.body)


def leaf_of(
    position: int, recorded_ns: int, subject: bytes, layout: Layout, values: Values, body: bytes
) -> bytes:
    """The same from headers that were read already."""
    own = layout.own(values)
    parts = (
        _BEGIN,
        number(position),
        _EIGHT,
        number(recorded_ns),
        number(len(subject)),
        subject,
        _EIGHT,
        number(len(own)),
        _frame(layout, tuple(map(len, own))) % own,
        number(len(body)),
        body,
    )
    return b"".join(parts)


def hash_of(message: Message) -> bytes:
    """The hash of a message's leaf."""
    return leaf_hash(leaf(message))


def own(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that are part of the event."""
    return {name: value for name, value in headers.items() if not name.startswith(TRANSPORT)}


def framed(*fields: bytes) -> bytes:
    """The fields one after the other, each after its length."""
    return b"".join(number(len(one)) + one for one in fields)


number = Struct(">Q").pack
"""A number in eight bytes."""


@lru_cache(_FRAMES_KEPT)
def _frame(layout: Layout, lengths: tuple[int, ...]) -> bytes:
    """The headers as they stand in a leaf, with places for values of these lengths."""
    names = (framed(name.encode()) for name in layout.own_names)
    return frame(map(add, names, map(number, lengths)))


_EIGHT = number(NUMBER_BYTES)
_BEGIN = framed(DOMAIN) + _EIGHT
