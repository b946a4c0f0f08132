"""What every event must be: of the catalogue, next in its aggregate's chain, with a new id."""

import json
from dataclasses import dataclass, field
from uuid import UUID

from cadre.contracts.catalogue import CATALOGUE, Catalogue
from cadre.contracts.event import Event
from cadre.shared.audit.heads import Head
from cadre.shared.codec import Message, envelope_of
from cadre.shared.messages import Recorded


@dataclass(frozen=True, slots=True)
class Break:
    """An event that does not follow from the one before."""

    position: int
    subject: str
    before: int | None
    """The position of the aggregate's event before, if there is one."""
    detail: str


@dataclass(slots=True)
class Events:
    """Collects what does not fit, in the order of the log."""

    catalogue: Catalogue = CATALOGUE
    unreadable: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])
    """Subject and reason, by position."""
    breaks: list[Break] = field(default_factory=list[Break])
    repeated: dict[int, tuple[str, int]] = field(default_factory=dict[int, tuple[str, int]])
    """Where an id came again: its subject and the first position."""
    _ids: dict[UUID, int] = field(default_factory=dict[UUID, int])

    def see(self, message: Message, before: Head | None) -> Recorded[Event] | None:
        """Look at an event whose aggregate had the head ``before``; the event if it can be read."""
        try:
            recorded = self._read(message)
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            reason = str(error) or type(error).__name__
            self.unreadable[message.position] = (message.subject, reason)
            return None
        self._follow(message, recorded, before)
        first = self._ids.setdefault(recorded.event_id, message.position)
        if first != message.position:
            self.repeated[message.position] = (message.subject, first)
        return recorded

    def _read(self, message: Message) -> Recorded[Event]:
        body = json.loads(message.body)
        if not isinstance(body, dict):
            msg = "the body is no JSON object"
            raise TypeError(msg)
        event = self.catalogue.read(body)  # pyright: ignore[reportUnknownArgumentType]
        if message.subject != f"history.{event.aggregate}.{event.name()}":
            msg = f"an event {event.tag()} of {event.aggregate} does not belong under its subject"
            raise ValueError(msg)
        if message.headers.get("ce-type") != body["type"]:
            msg = f"the header ce-type says {message.headers.get('ce-type')}"
            raise ValueError(msg)
        envelope = envelope_of(message)
        return Recorded(
            event=event,
            envelope=envelope,
            position=message.position,
            recorded_at=message.recorded_at,
        )

    def _follow(self, message: Message, recorded: Recorded[Event], before: Head | None) -> None:
        version = before.version + 1 if before else 1
        previous = before.digest if before else ""
        found = recorded.envelope
        if (found.version, found.previous_hash) == (version, previous):
            return
        if found.version != version:
            detail = f"version {found.version}, {version} would follow"
        else:
            named = f"of position {before.position}" if before else "empty"
            detail = f"the previous hash is not {named}"
        after = before.position if before else None
        self.breaks.append(Break(message.position, message.subject, after, detail))
