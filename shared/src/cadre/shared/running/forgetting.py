"""Keys that the log says were destroyed are gone: from memory, and from a restored store too."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from cadre.contracts.catalogue import CATALOGUE, Catalogue, UnknownEvent, UnreadableEvent
from cadre.contracts.event import KeysDestroyed
from cadre.shared.keys import key_store
from cadre.shared.keys.key_store import Lost
from cadre.shared.keys.keyring import Keyring
from cadre.shared.log.signed import Message
from cadre.shared.log.stream import Log


def lost_by(message: Message, catalogue: Catalogue = CATALOGUE) -> Lost | None:
    """Whose keys an event says were destroyed: all of a person, or the one of a purpose.

    None also for an event that cannot be read: nobody can tell which keys it speaks of.
    """
    name = message.subject.rpartition(".")[2]
    if not any(name == kind.name() for kind in catalogue.destroying):
        return None
    try:
        event = catalogue.read_json(message.headers.get("ce-type", ""), message.body)
    except (UnknownEvent, UnreadableEvent):
        return None
    if not isinstance(event, KeysDestroyed):
        return None
    return Lost(message.aggregate[2], event.destroyed_purpose)


def evict(keyring: Keyring, messages: Sequence[Message]) -> None:
    """Drop from memory what these events say was destroyed."""
    for message in messages:
        if (lost := lost_by(message)) is not None:
            keyring.evict(*lost)


async def forget_again(log: Log, engine: AsyncEngine, catalogue: Catalogue = CATALOGUE) -> int:
    """Destroy what the log says was destroyed and a backup brought back; how many keys."""
    lost: list[Lost] = []
    for kind in catalogue.destroying:
        subjects = f"history.{kind.service()}.{kind.entity}.*.{kind.name()}"
        async for messages in log.read(subjects=subjects):
            found = [lost_by(message, catalogue) for message in messages]
            lost += [one for one in found if one is not None]
    return await key_store.lose(engine, lost)
