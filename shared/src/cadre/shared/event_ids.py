"""The ids of events: each follows from the command that caused it."""

from uuid import UUID, uuid5

EVENT_IDS = UUID("9d0c5c9e-6c1b-5e0e-9a55-3f3f6a3b6a10")


def event_id(aggregate: str, command_id: UUID, index: int) -> UUID:
    """The id of the ``index``-th event a command causes, on this aggregate."""
    return uuid5(EVENT_IDS, f"{aggregate}/{command_id}/{index}")
