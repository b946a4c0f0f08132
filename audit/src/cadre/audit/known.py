"""The histories of a log, folded as they were known at a position."""

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from cadre.contracts.catalogue import CATALOGUE, UnknownEvent, UnreadableEvent
from cadre.contracts.event import CadreEvent, Event
from cadre.shared.deciding.decider import Scope, World
from cadre.shared.deciding.errors import NotFound
from cadre.shared.deciding.messages import Received, Recorded
from cadre.shared.deciding.person import from_the_beginning
from cadre.shared.log.signed import Message
from cadre.shared.projecting.setting_aside import held, named_by

STATES_KEPT_MAX = 4_000
HEADERS_KEPT = ("ce-id", "ce-aggregateversion", "ce-commandid", "ce-time")
"""What folding an event needs; the others weigh more than the body."""


def read(message: Message) -> Recorded[Event]:
    """The event of a message, personal fields still sealed.

    Raises: NotFound when it cannot be read.
    """
    try:
        event = CATALOGUE.read(json.loads(message.body))
        return Recorded(
            event=event,
            envelope=Received.checked(message.headers),
            position=message.position,
            recorded_ns=message.recorded_ns,
        )
    except (UnknownEvent, UnreadableEvent, ValueError, KeyError, AttributeError) as error:
        raise NotFound(
            f"该位置的事件无法读取 · the event at position {message.position} cannot be read"
        ) from error


@dataclass(slots=True)
class _Folded:
    """A history folded up to its ``count``-th event."""

    state: Any
    count: int = 0
    position: int = 0


@dataclass(slots=True)
class Known:
    """Every event of a log by the thing it is about; the events wait undecoded until asked for."""

    events: int = 0
    _histories: dict[tuple[str, str], list[Message]] = field(
        default_factory=dict[tuple[str, str], list[Message]]
    )
    _folded: OrderedDict[Scope[Any], _Folded] = field(
        default_factory=OrderedDict[Scope[Any], _Folded]
    )

    def add(self, message: Message) -> None:
        """Take the next event of the log."""
        self.events += 1
        _, entity, aggregate_id = message.aggregate
        headers = {name: message.headers.get(name, "") for name in HEADERS_KEPT}
        kept = replace(message, headers=headers)
        self._histories.setdefault((entity, aggregate_id), []).append(kept)

    def world(self, scopes: Iterable[Scope[Any]], position: int) -> World:
        """What these histories said when the log had reached a position.

        Raises: NotFound when an event of theirs cannot be read.
        """
        return World({scope: self._state(scope, position) for scope in scopes})

    def grew(self, scopes: Iterable[Scope[Any]], after: int, before: int) -> list[int]:
        """The positions between two others at which one of these histories went on."""
        return sorted(
            {m.position for s in scopes for m in self._of(s) if after < m.position < before}
        )

    def world_now(
        self, scopes: Iterable[Scope[Any]], position: int, on: date, command_id: UUID
    ) -> tuple[World, list[Recorded[Event]]]:
        """The same with what was learnt only later, and what that is.

        Learnt later is what corrects something known, and what took effect on a person before the
        day ``on``. What came after that day is no news, nor is what the same command caused or
        what corrects that.
        """
        world, news = World(), dict[int, Recorded[Event]]()
        for scope in scopes:
            history = [read(message) for message in held(self._of(scope))]
            known = [r for r in history if r.position <= position]
            others = [r for r in history[len(known) :] if r.envelope.command_id != command_id]
            own = {r.event_id for r in history if r.envelope.command_id == command_id}
            later = list(_news({r.event_id for r in known}, own, others, on))
            world.states[scope] = scope.fold.fold([*known, *_learnt(known, later)])
            news |= {r.position: r for r in later}
        return world, [news[found] for found in sorted(news)]

    def _of(self, scope: Scope[Any]) -> Sequence[Message]:
        found = self._histories.get((scope.fold.entity, scope.id), [])
        service = scope.fold.service
        return found if service == "*" else [m for m in found if m.aggregate[0] == service]

    def _state(self, scope: Scope[Any], position: int) -> Any:
        until = [message for message in self._of(scope) if message.position <= position]
        if any(map(named_by, until)):
            return scope.fold.fold(read(message) for message in held(until))
        folded = self._folded.get(scope)
        if folded is None or folded.position > position:
            folded = self._folded[scope] = _Folded(scope.fold.initial)
            while len(self._folded) > STATES_KEPT_MAX:
                self._folded.popitem(last=False)
        self._folded.move_to_end(scope)
        for message in self._of(scope)[folded.count :]:
            if message.position > position:
                break
            folded.state = scope.fold.evolve(folded.state, read(message))
            folded.count, folded.position = folded.count + 1, message.position
        return folded.state


def _news(
    known: set[UUID], own: set[UUID], later: Iterable[Recorded[Event]], on: date
) -> Iterator[Recorded[Event]]:
    for recorded in later:
        event = recorded.event
        if event.supersedes in own:
            own.add(recorded.event_id)
            continue
        late = isinstance(event, CadreEvent) and event.effective_on < on
        if late or event.supersedes in known:
            known.add(recorded.event_id)
            yield recorded


def _learnt(
    known: Iterable[Recorded[Event]], later: Iterable[Recorded[Event]]
) -> Iterator[Recorded[Event]]:
    """The news as if they had been known from the beginning."""
    told = {r.event_id: r.event for r in known}
    for recorded in later:
        event = recorded.event
        wrong = told.get(event.supersedes) if event.supersedes else None
        told[recorded.event_id] = from_the_beginning(event, wrong)
        yield recorded._replace(event=told[recorded.event_id])
