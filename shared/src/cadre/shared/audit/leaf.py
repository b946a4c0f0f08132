"""What of a stored event is hashed: everything the log gives back, sealed fields still sealed.

A leaf is a sequence of fields, each after its length in eight bytes (big-endian):
``cadre-leaf-v1``, the position and the server's time stamp in nanoseconds (eight bytes each), the
subject, the number of headers (eight bytes), name and value of every header, the body.

Headers are a mapping by the time a client sees them. So they are hashed sorted by name (by its
bytes), names and values as read: their order on the disk is not part of the proof, and bytes that
are no UTF-8 count as U+FFFD.
"""

from cadre.shared.audit.merkle import leaf_hash
from cadre.shared.codec import Message

DOMAIN = b"cadre-leaf-v1"
NUMBER_BYTES = 8


def leaf(message: Message) -> bytes:
    """The bytes of a message that the tree stands on."""
    headers = sorted((name.encode(), value.encode()) for name, value in message.headers.items())
    return framed(
        DOMAIN,
        number(message.position),
        number(message.recorded_ns),
        message.subject.encode(),
        number(len(headers)),
        *(part for pair in headers for part in pair),
        message.body,
    )


def hash_of(message: Message) -> bytes:
    """The hash of a message's leaf."""
    return leaf_hash(leaf(message))


def framed(*fields: bytes) -> bytes:
    """The fields one after the other, each after its length."""
    return b"".join(number(len(one)) + one for one in fields)


def number(value: int) -> bytes:
    """A number in eight bytes."""
    return value.to_bytes(NUMBER_BYTES, "big")
