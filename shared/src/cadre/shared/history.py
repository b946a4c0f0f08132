"""A history as people and auditors read it: in two times, corrections and late entries marked."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from cadre.contracts.event import Event, RuleFinding
from cadre.shared.codec import Codec
from cadre.shared.messages import Recorded
from cadre.shared.signed import Message


class Entry(BaseModel):
    """One line of a history."""

    position: int
    effective_on: date
    recorded_at: datetime
    service: str
    type: str
    event_id: UUID
    version: int
    actor: str
    command_id: UUID
    supersedes: UUID | None = None
    superseded_by: UUID | None = None
    late: bool = False
    says: str
    findings: list[RuleFinding] = []
    data: dict[str, Any]
    headers: dict[str, str] | None = None


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
    corrected = {r.event.supersedes for r in known if r.event.supersedes}
    return [r for r in known if r.event.effective_on <= on and r.event_id not in corrected]


def position_at(history: Iterable[Recorded[Event]], moment: datetime) -> int:
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
    corrected = {r.event.supersedes: r.event_id for r in history if r.event.supersedes is not None}
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
