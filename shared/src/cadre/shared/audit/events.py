"""What every event must be: of the catalogue, next in its aggregate's chain, with a new id."""

import contextlib
import json
from dataclasses import dataclass, field
from functools import cache

from pydantic import ValidationError

from cadre.contracts.catalogue import CATALOGUE, Catalogue
from cadre.contracts.event import Event
from cadre.shared.audit.heads import Head
from cadre.shared.audit.order_check import OrderCheck, Place
from cadre.shared.codec import Message
from cadre.shared.messages import Received, Recorded


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
    order: OrderCheck = field(default_factory=OrderCheck)
    _places: dict[bytes, Place] = field(default_factory=dict[bytes, Place])
    """Every event's place by its id: whole UUIDs would take twice the memory."""

    def see(self, message: Message, before: Head | None) -> Recorded[Event] | None:
        """Look at an event whose aggregate had the head ``before``; the event if it can be read."""
        try:
            recorded = self._read(message)
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            reason = str(error) or type(error).__name__
            self.unreadable[message.position] = (message.subject, reason)
            return None
        self._follow(message, recorded, before)
        event = recorded.event
        aggregate = message.subject.removeprefix("history.").rpartition(".")[0]
        history = self.order.history(aggregate, event.entity)
        place = Place(message.position, type(event), history)
        first = self._places.setdefault(recorded.event_id.bytes, place)
        if first is not place:
            self.repeated[message.position] = (message.subject, first.position)
            return recorded
        corrected = self._places.get(event.supersedes.bytes) if event.supersedes else None
        self.order.see(recorded, aggregate, place, corrected)
        return recorded

    def _read(self, message: Message) -> Recorded[Event]:
        event = self._event(message)
        tag, subject = _names(type(event))
        expected = subject.format(getattr(event, event.key))
        if message.subject != expected:
            msg = f"an event {tag} of {event.aggregate} does not belong under its subject"
            raise ValueError(msg)
        return Recorded(
            event=event,
            envelope=Received.checked(message.headers),
            position=message.position,
            recorded_ns=message.recorded_ns,
        )

    def _event(self, message: Message) -> Event:
        """The event of a message.

        Nearly every body is of the newest version and fits: it is parsed and checked in one step.
        """
        named = message.headers.get("ce-type", "")
        kind = None if named in self.catalogue.upcasts else self.catalogue.events.get(named)
        if kind is not None:
            with contextlib.suppress(ValidationError):
                event = kind.model_validate_json(message.body, extra="ignore")
                if "type" in event.model_fields_set:
                    return event
        body = json.loads(message.body)
        if not isinstance(body, dict):
            msg = "the body is no JSON object"
            raise TypeError(msg)
        event = self.catalogue.read(body)  # pyright: ignore[reportUnknownArgumentType]
        if named != body["type"]:
            msg = f"the header ce-type says {named}"
            raise ValueError(msg)
        return event

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


@cache
def _names(kind: type[Event]) -> tuple[str, str]:
    """The tag of a kind of events and its subject, the aggregate's id left open."""
    return kind.tag(), f"history.{kind.service()}.{kind.entity}.{{}}.{kind.name()}"
