"""The ids of events: each follows from the command that caused it."""

from hashlib import sha1
from uuid import UUID

EVENT_IDS = UUID("9d0c5c9e-6c1b-5e0e-9a55-3f3f6a3b6a10")
_NAMESPACE = EVENT_IDS.bytes


def message_id(command_id: UUID, index: int) -> str:
    """What the log's server knows an event by: the same for one command on whatever history."""
    return f"{command_id}/{index}"


def event_id(aggregate: str, command_id: UUID, index: int) -> UUID:
    """The id of the ``index``-th event a command causes, on this aggregate."""
    return UUID(bytes=event_id_bytes(aggregate, str(command_id), index))


def event_id_bytes(aggregate: str, command_id: str, index: int) -> bytes:
    """The same as bytes, from a command's id in its usual form.

    What `uuid.uuid5` makes of these words, without an object for each step: an audit makes an id
    for every event.
    """
    name = f"{aggregate}/{command_id}/{index}".encode()
    made = bytearray(sha1(_NAMESPACE + name, usedforsecurity=False).digest()[:16])
    made[6] = made[6] & 0x0F | 0x50
    made[8] = made[8] & 0x3F | 0x80
    return bytes(made)
