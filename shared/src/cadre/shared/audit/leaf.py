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

from cadre.shared.audit.merkle import leaf_hash
from cadre.shared.codec import Message

DOMAIN = b"cadre-leaf-v1"
TRANSPORT = "Nats-"
NUMBER_BYTES = 8


def leaf(message: Message) -> bytes:
    """The bytes of a message that the tree stands on."""
    headers, subject, body = message.headers, message.subject.encode(), message.body
    names = _sorted(tuple(headers))
    parts = [
        _BEGIN,
        number(message.position),
        _EIGHT,
        number(message.recorded_ns),
        number(len(subject)),
        subject,
        _EIGHT,
        number(len(names)),
    ]
    # Every event is hashed, and nearly all bear the same names: those are sorted and framed once.
    for name, framed_name in names:
        value = headers[name].encode()
        parts += (framed_name, number(len(value)), value)
    parts += (number(len(body)), body)
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


def number(value: int) -> bytes:
    """A number in eight bytes."""
    return value.to_bytes(NUMBER_BYTES, "big")


@lru_cache(maxsize=1024)
def _sorted(names: tuple[str, ...]) -> list[tuple[str, bytes]]:
    """An event's own names in the order of their bytes, each with what stands for it in a leaf."""
    ordered = sorted((name for name in names if not name.startswith(TRANSPORT)), key=str.encode)
    return [(name, framed(name.encode())) for name in ordered]


_EIGHT = number(NUMBER_BYTES)
_BEGIN = framed(DOMAIN) + _EIGHT
