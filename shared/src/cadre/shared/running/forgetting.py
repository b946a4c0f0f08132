"""Keys that the log says were destroyed are gone: from memory, and from a restored store too."""

import json
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from cadre.contracts.selection.privacy import CadreForgotten
from cadre.contracts.supervision.off_duty import OffDutyNoteExpired, note_purpose
from cadre.shared.keys import key_store
from cadre.shared.keys.key_store import Lost
from cadre.shared.keys.keyring import Keyring
from cadre.shared.log.signed import Message
from cadre.shared.log.stream import Log

KINDS = (CadreForgotten, OffDutyNoteExpired)
_SUBJECTS_END = tuple(f".{kind.name()}" for kind in KINDS)


def lost_by(message: Message) -> Lost | None:
    """Whose keys an event says were destroyed: all of a person, or the one of a note."""
    if not message.subject.endswith(_SUBJECTS_END):
        return None
    match message.headers.get("ce-type"):
        case tag if tag == CadreForgotten.tag():
            return Lost(message.aggregate[2])
        case tag if tag == OffDutyNoteExpired.tag():
            note = OffDutyNoteExpired.model_validate(json.loads(message.body), extra="ignore")
            return Lost(note.cadre_id, note_purpose(note.note_id))
        case _:
            return None


def evict(keyring: Keyring, messages: Sequence[Message]) -> None:
    """Drop from memory what these events say was destroyed."""
    for message in messages:
        if (lost := lost_by(message)) is not None:
            keyring.evict(*lost)


async def forget_again(log: Log, engine: AsyncEngine) -> int:
    """Destroy what the log says was destroyed and a backup brought back; how many keys."""
    lost: list[Lost] = []
    for kind in KINDS:
        subjects = f"history.{kind.service()}.{kind.entity}.*.{kind.name()}"
        async for messages in log.read(subjects=subjects):
            lost += [found for message in messages if (found := lost_by(message)) is not None]
    return await key_store.lose(engine, lost)
