"""A history as decisions see it: dated facts by the id of their event.

A fact and its corrections are one *line*. Whatever names an event of the line means the line: what
ended the first record ends the one that stands for it after all corrections. See ADR 0037.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import Any, NamedTuple, Self
from uuid import UUID

from cadre.contracts.event import Event, EventAnnulled
from cadre.shared.deciding.decider import Fold
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.messages import Recorded


class Fact[E: Event](NamedTuple):
    """One event of a history, with its id and its place on the log."""

    id: UUID
    position: int
    event: E

    @property
    def dated(self) -> tuple[date, int]:
        """In order of the days in the world; on one day, of the log."""
        return self.event.effective_on, self.position


@dataclass(frozen=True, slots=True)
class Dossier:
    """Every fact of a history, also those that a correction replaced."""

    kinds: Mapping[type[Event], Mapping[UUID, Fact[Any]]] = field(
        default_factory=dict[type[Event], Mapping[UUID, Fact[Any]]]
    )
    """Facts by the id of their event, those of one kind together, in the order of the log."""
    corrections: Mapping[UUID, Fact[Any]] = field(default_factory=dict[UUID, Fact[Any]])
    """What corrects a corrected event."""
    reads: frozenset[type[Event]] | None = None
    """The kinds it was given; None: all."""

    def _of[E: Event](self, kind: type[E]) -> Mapping[UUID, Fact[E]]:
        if self.reads is not None and kind not in self.reads:
            msg = f"no capability of this service reads {kind.__name__}"
            raise TypeError(msg)
        return self.kinds.get(kind, {})

    def every[E: Event](self, *kinds: type[E]) -> list[Fact[E]]:
        """All facts of these kinds in the order of the log, also those that were corrected."""
        found = chain.from_iterable(self._of(kind).values() for kind in kinds)
        return sorted(found, key=lambda fact: fact.position) if len(kinds) > 1 else list(found)

    def standing[E: Event](self, *kinds: type[E], by: date = date.max) -> list[Fact[E]]:
        """Facts of these kinds that hold by a day and that no other replaced, in order of days."""
        facts = chain.from_iterable(self._of(kind).values() for kind in kinds)
        held = [f for f in facts if f.event.effective_on <= by and not self._replaced(f, by)]
        return sorted(held, key=lambda fact: fact.dated)

    def _replaced(self, fact: Fact[Any], by: date) -> bool:
        """A wrong record never held, on no day, unless its event says otherwise."""
        correction = self.corrections.get(fact.id)
        if correction is None:
            return False
        return not fact.event.held_until_corrected or correction.event.effective_on <= by

    def fact(self, event_id: UUID) -> Fact[Any] | None:
        """The fact of that event, corrected or not."""
        return next((facts[event_id] for facts in self.kinds.values() if event_id in facts), None)

    def newest(self, event_id: UUID) -> UUID:
        """The event that stands for this one after all corrections."""
        while (correction := self.corrections.get(event_id)) is not None:
            event_id = correction.id
        return event_id

    def annulled(self, event_id: UUID) -> bool:
        """Whether the line of an event was taken back."""
        last: Fact[Any] | None = None
        while (correction := self.corrections.get(event_id)) is not None:
            last, event_id = correction, correction.id
        return last is not None and isinstance(last.event, EventAnnulled)

    def of_line[E: Event](self, event_id: UUID, kind: type[E]) -> Fact[E] | None:
        """The fact of a kind that stands for this event after all corrections."""
        return self._of(kind).get(self.newest(event_id))

    def hanging[E: Event](
        self, kind: type[E], fact: Fact[Any], by: date = date.max
    ) -> list[Fact[E]]:
        """What of a kind ends, checks or reverses a fact by a day.

        What names any event of its line is meant. What lies before the fact began has fallen: it
        stays on record and ends nothing.
        """
        line = self.newest(fact.id)
        return [
            one
            for one in self.standing(kind, by=by)
            if one.event.effective_on >= fact.event.effective_on
            and self.newest(getattr(one.event, kind.hangs_on)) == line
        ]

    def holds(self, event: Event, *, besides: Collection[str] = ()) -> bool:
        """Whether such a fact was recorded before, whatever the fields ``besides`` say.

        Personal fields are sealed when a decision is taken, so they cannot tell facts apart: a
        fact that its clear fields identify is compared without them.
        """
        told = {
            name: value for name, value in event.__dict__.items() if name not in besides
        }.items()
        return any(
            all(fact.event.__dict__[name] == value for name, value in told)
            and not self.annulled(fact.id)
            for fact in self._of(type(event)).values()
        )

    def correctable[E: Event](self, kind: type[E], event_id: UUID) -> Fact[E]:
        """The fact of a kind that can be corrected under this id. Raises: NotFound, NotPossible."""
        if (found := self._of(kind).get(event_id)) is None:
            raise NotFound(
                "此处没有可更正的该项记录 · "
                f"no {kind.name()} of id {event_id} stands here to be corrected",
                where="supersedes",
                hint="请写明误录事件的编号 · name the event id of what was recorded wrongly",
            )
        if event_id in self.corrections:
            raise NotPossible(
                f"该事件已被更正 · {event_id} was corrected already, by {self.newest(event_id)}",
                where="supersedes",
                hint="如更正也有误，请改为更正那次更正 · "
                "name the correction instead, if it is wrong too",
            )
        return found

    def known_before(self, position: int) -> Self:
        """As it was known when the log had not reached a position."""
        return self._folded(fact for fact in self.all() if fact.position < position)

    def without(self, *events: UUID) -> Self:
        """As if these facts had never been recorded."""
        return self._folded(fact for fact in self.all() if fact.id not in events)

    def without_line(self, fact: Fact[Any]) -> Self:
        """As if neither a fact nor what it corrects had ever been recorded."""
        line = self.newest(fact.id)
        return self.without(*(one.id for one in self.all() if self.newest(one.id) == line))

    def expecting(self, *events: Event) -> Self:
        """As it would be known once these events, too, are recorded."""
        known, last = self, max((fact.position for fact in self.all()), default=0)
        for position, event in enumerate(events, start=last + 1):
            known = known.learning(Fact(UUID(int=position), position, event))
        return known

    def learning(self, fact: Fact[Any]) -> Self:
        """As it would be known with one more fact."""
        event: Event = fact.event
        corrections = self.corrections
        if event.supersedes is not None:
            corrections = {**corrections, event.supersedes: fact}
        facts = {**self.kinds.get(type(event), {}), fact.id: fact}
        return type(self)({**self.kinds, type(event): facts}, corrections, self.reads)

    def all(self) -> Iterator[Fact[Any]]:
        """Every fact, corrected or not."""
        return chain.from_iterable(facts.values() for facts in self.kinds.values())

    def _folded(self, facts: Iterable[Fact[Any]]) -> Self:
        kinds: dict[type[Event], dict[UUID, Fact[Any]]] = {}
        corrections: dict[UUID, Fact[Any]] = {}
        for fact in facts:
            event: Event = fact.event
            kinds.setdefault(type(event), {})[fact.id] = fact
            if event.supersedes is not None:
                corrections[event.supersedes] = fact
        return type(self)(kinds, corrections, self.reads)


def learn[D: Dossier](state: D, recorded: Recorded[Event]) -> D:
    """A history with one event more, where it is of a kind that is read."""
    event = recorded.event
    if state.reads is not None and type(event) not in state.reads:
        return state
    return state.learning(Fact(recorded.event_id, recorded.position, event))


def dossier_of(service: str, entity: str) -> Fold[Dossier]:
    """The history of what is no person, such as a pool, with every fact in it."""
    return Fold(service, entity, Dossier(), learn)
