"""A history as people and auditors read it: in two times, corrections and late entries marked."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from cadre.contracts.catalogue import UnknownEvent, UnreadableEvent
from cadre.contracts.event import Event, EventSetAside, RuleFinding
from cadre.shared.calendar import CHINA
from cadre.shared.codec import Codec
from cadre.shared.messages import Received, Recorded
from cadre.shared.signed import Message, id_of


class Entry(BaseModel):
    """One line of a history."""

    position: int
    effective_on: date
    """Of an event that cannot be read the day on which it was recorded."""
    recorded_at: datetime
    service: str
    type: str
    event_id: UUID | None
    version: int
    actor: str
    command_id: UUID | None
    supersedes: UUID | None = None
    superseded_by: UUID | None = None
    late: bool = False
    says: str
    findings: list[RuleFinding] = []
    data: dict[str, Any]
    headers: dict[str, str] | None = None
    unreadable: str = Field(default="", description="Why this version cannot read the event")


async def told(
    codec: Codec,
    messages: Sequence[Message],
    on: date | None,
    known_at: int | None,
    *,
    raw: bool,
) -> list[Entry]:
    """The lines of a history in two times; what cannot be read is a line that says so.

    With ``raw`` the headers stand there too, and fields remain sealed.
    """
    recorded: list[Recorded[Event]] = []
    unreadable: list[Entry] = []
    for message in messages:
        try:
            one = codec.decode(message)
            Received.checked(message.headers)
            recorded.append(one if raw else await codec.open(one))
        except (UnknownEvent, UnreadableEvent, ValueError, KeyError) as error:
            unreadable.append(_unreadable(message, error, raw=raw))
    shown = entries(as_of(recorded, on, known_at), raw=messages if raw else ())
    shown += [
        entry
        for entry in unreadable
        if (on is None or entry.effective_on <= on)
        and (known_at is None or entry.position <= known_at)
    ]
    return sorted(shown, key=lambda entry: (entry.effective_on, entry.position))


def _unreadable(message: Message, error: Exception, *, raw: bool) -> Entry:
    headers = message.headers
    return Entry(
        position=message.position,
        effective_on=message.recorded_at.astimezone(CHINA).date(),
        recorded_at=message.recorded_at,
        service=message.aggregate[0],
        type=headers.get("ce-type", ""),
        event_id=id_of(message),
        version=0,
        actor=headers.get("ce-actor", ""),
        command_id=None,
        says=f"（本版本无法读取此事件：{error}）",
        data={"body": message.body.decode("utf-8", "replace")} if raw else {},
        headers=dict(headers) if raw else None,
        unreadable=str(error),
    )


def as_of(
    history: Sequence[Recorded[Event]], on: date | None = None, known_at: int | None = None
) -> list[Recorded[Event]]:
    """What held on a day, as known at a position.

    Events recorded later than ``known_at`` are unknown. Of the rest, those that took effect after
    ``on`` had not happened yet, and those that a known one corrects never held: a correction says
    that the earlier was wrong from the start, whatever its own date. Without ``on`` everything
    known is returned, corrected events included.
    """
    known = [r for r in history if known_at is None or r.position <= known_at]
    if on is None:
        return known
    corrected = _corrected(known)
    return [r for r in known if r.event.effective_on <= on and r.event_id not in corrected]


def _corrected(known: Sequence[Recorded[Event]]) -> dict[UUID, UUID]:
    """What later events correct or set aside, and which does."""
    found = {r.event.supersedes: r.event_id for r in known if r.event.supersedes is not None}
    return found | {
        r.event.event_id: r.event_id
        for r in known
        if isinstance(r.event, EventSetAside) and r.event.event_id is not None
    }


def position_at(history: Iterable[Recorded[Event] | Message], moment: datetime) -> int:
    """The last position recorded by a moment (by running maximum of the time stamps)."""
    position = 0
    latest: datetime | None = None
    for recorded in history:
        latest = recorded.recorded_at if latest is None else max(latest, recorded.recorded_at)
        if latest > moment:
            break
        position = recorded.position
    return position


def entries(history: Sequence[Recorded[Event]], *, raw: Sequence[Message] = ()) -> list[Entry]:
    """The lines of a history, by the day they took effect, then by position."""
    corrected = _corrected(history)
    headers = {message.position: dict(message.headers) for message in raw}
    latest = date.min
    found: list[Entry] = []
    for recorded in history:
        event, envelope = recorded.event, recorded.envelope
        found.append(
            Entry(
                position=recorded.position,
                effective_on=event.effective_on,
                recorded_at=recorded.recorded_at,
                service=event.service(),
                type=event.tag(),
                event_id=recorded.event_id,
                version=envelope.version,
                actor=envelope.actor,
                command_id=envelope.command_id,
                supersedes=event.supersedes,
                superseded_by=corrected.get(recorded.event_id),
                late=event.effective_on < latest,
                says=event.say(),
                findings=list(getattr(event, "findings", ())),
                data=event.model_dump(mode="json"),
                headers=headers.get(recorded.position),
            )
        )
        latest = max(latest, event.effective_on)
    return sorted(found, key=lambda entry: (entry.effective_on, entry.position))


async def opened(codec: Codec, messages: Sequence[Message]) -> list[Recorded[Event]]:
    """The events of messages, personal fields in clear."""
    return [await codec.open(codec.decode(message)) for message in messages]
