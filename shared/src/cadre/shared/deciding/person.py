"""One person as decisions see them: dated facts by the id of their event, whoever recorded them.

A fact and its corrections are one *line*. Whatever names an event of the line means the line: what
ended the first record ends the one that stands for it after all corrections. See ADR 0037.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import Any, ClassVar, NamedTuple, cast
from uuid import UUID

from pydantic import Field

from cadre.contracts.appointment.annulling import AppointmentAnnulled
from cadre.contracts.event import CadreEvent, CadreId, Event
from cadre.contracts.selection.annulling import SelectionAnnulled
from cadre.contracts.selection.profile import Baselined, Recruited
from cadre.contracts.supervision.annulling import SupervisionAnnulled
from cadre.contracts.supervision.assessment import Assessed
from cadre.contracts.training.annulling import TrainingAnnulled
from cadre.shared.deciding.decider import Fold, Handler
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.messages import Command, Recorded
from cadre.shared.deciding.rights import Right


class PersonCommand(Command):
    """A wish about somebody known here."""

    cadre_id: CadreId


class FactCommand(PersonCommand):
    """A wish to record a fact, which may take the place of an earlier one."""

    supersedes: UUID | None = Field(
        default=None, description="The event of the same type that this one corrects"
    )


class Fact[E: CadreEvent](NamedTuple):
    """One event about the person, with its id and its place on the log."""

    id: UUID
    position: int
    event: E

    @property
    def dated(self) -> tuple[date, int]:
        """In order of the days in the world; on one day, of the log."""
        return self.event.effective_on, self.position


ANNULLED = (SelectionAnnulled, TrainingAnnulled, SupervisionAnnulled, AppointmentAnnulled)
"""By which each service takes back what it recorded."""

type Facts = Mapping[UUID, Fact[Any]]


@dataclass(frozen=True, slots=True)
class Person:
    """Every fact of the kinds that a service decides on, also those that a correction replaced."""

    kinds: Mapping[type[Event], Facts] = field(default_factory=dict[type[Event], Facts])
    """Facts by the id of their event, those of one kind together, in the order of the log."""
    corrections: Mapping[UUID, Fact[Any]] = field(default_factory=dict[UUID, Fact[Any]])
    """What corrects a corrected event."""

    @property
    def known(self) -> bool:
        """Whether the person was recruited or taken over from a file."""
        return Recruited in self.kinds or Baselined in self.kinds

    def every[E: CadreEvent](self, *kinds: type[E]) -> list[Fact[E]]:
        """All facts of these kinds in the order of the log, also those that were corrected."""
        found = chain.from_iterable(self.kinds.get(kind, {}).values() for kind in kinds)
        return sorted(found, key=lambda fact: fact.position) if len(kinds) > 1 else list(found)

    def standing[E: CadreEvent](self, *kinds: type[E], by: date = date.max) -> list[Fact[E]]:
        """Facts of these kinds that hold by a day and that no other replaced, in order of days."""
        facts = chain.from_iterable(self.kinds.get(kind, {}).values() for kind in kinds)
        held = [f for f in facts if f.event.effective_on <= by and not self._replaced(f, by)]
        return sorted(held, key=lambda fact: fact.dated)

    def _replaced(self, fact: Fact[Any], by: date) -> bool:
        """A grade counts until the day of the decision that changes it; else a wrong record never.

        公务员法 art. 95: a re-examination does not suspend what it examines.
        """
        correction = self.corrections.get(fact.id)
        if correction is None:
            return False
        return not isinstance(fact.event, Assessed) or correction.event.effective_on <= by

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
        if event_id not in self.corrections:
            return False
        return any(self.newest(event_id) in self.kinds.get(kind, {}) for kind in ANNULLED)

    def of_line[E: CadreEvent](self, event_id: UUID, kind: type[E]) -> Fact[E] | None:
        """The fact of a kind that stands for this event after all corrections."""
        return self.kinds.get(kind, {}).get(self.newest(event_id))

    def hanging[E: CadreEvent](
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

    def holds(self, event: CadreEvent, *, besides: Collection[str] = ()) -> bool:
        """Whether such a fact was recorded before, whatever the fields ``besides`` say.

        Personal fields are sealed when a decision is taken, so they cannot tell facts apart: a
        fact that its clear fields identify is compared without them.
        """
        told = event.model_dump(exclude=set(besides))
        recorded = self.kinds.get(type(event), {}).values()
        return any(
            fact.event.model_dump(exclude=set(besides)) == told and not self.annulled(fact.id)
            for fact in recorded
        )

    def require_known(self, cadre_id: str) -> None:
        """Raise NotFound unless the person was recruited or taken over from a file."""
        if not self.known:
            raise NotFound(
                f"no cadre {cadre_id} is known here",
                where=cadre_id,
                hint="recruit the person or record a baseline first",
            )

    def require[E: CadreEvent](self, kind: type[E], event_id: UUID, cadre_id: str) -> Fact[E]:
        """The fact of a kind that stands for this event. Raises NotFound where there is none."""
        self.require_known(cadre_id)
        if (found := self.of_line(event_id, kind)) is None:
            raise NotFound(
                f"{cadre_id} has no {kind.name()} {event_id}",
                where=str(event_id),
                hint="name the id of the event that recorded it",
            )
        return found

    def record(self, event: CadreEvent, *, besides: Collection[str] = ()) -> list[Event]:
        """The fact, unless history says so already. Raises: NotFound, NotPossible."""
        self.require_known(event.cadre_id)
        if self.holds(event, besides=besides):
            return []
        if event.supersedes is not None:
            self.correctable(type(event), event.supersedes)
        return [event]

    def correctable[E: CadreEvent](self, kind: type[E], event_id: UUID) -> Fact[E]:
        """The fact of a kind that can be corrected under this id. Raises: NotFound, NotPossible."""
        if (found := self.kinds.get(kind, {}).get(event_id)) is None:
            raise NotFound(
                f"no {kind.name()} of id {event_id} stands here to be corrected",
                where="supersedes",
                hint="name the event id of what was recorded wrongly",
            )
        if event_id in self.corrections:
            raise NotPossible(
                f"{event_id} was corrected already, by {self.newest(event_id)}",
                where="supersedes",
                hint="name the correction instead, if it is wrong too",
            )
        return found

    def end(
        self, ending: CadreEvent, kind: type[CadreEvent], *, besides: Collection[str] = ()
    ) -> list[Event]:
        """What ends a fact of a kind, once, not before it began. Raises: NotFound, NotPossible."""
        key: UUID = getattr(ending, ending.hangs_on)
        begun = self.require(kind, key, ending.cadre_id)
        if self.holds(ending, besides=besides):
            return []
        for before in self.hanging(type(ending), begun):
            raise NotPossible(
                f"it ended on {before.event.effective_on}: {before.event.say()}",
                where=str(key),
                hint="what ended once ends no second time",
            )
        self.require_begun(ending, begun)
        return [ending]

    def require_begun(self, event: CadreEvent, begun: Fact[Any]) -> None:
        """Raise NotPossible for what hangs on a fact and lies before its beginning."""
        if event.effective_on < begun.event.effective_on:
            raise NotPossible(
                f"it began on {begun.event.effective_on}, after {event.effective_on}",
                where="effective_on",
                hint=f"the earliest day is {begun.event.effective_on}",
            )

    def known_before(self, position: int) -> "Person":
        """As it was known when the log had not reached a position."""
        return _person(fact for fact in self.all() if fact.position < position)

    def learning(self, fact: Fact[Any]) -> "Person":
        """As it would be known with one more fact."""
        event: CadreEvent = fact.event
        corrections = self.corrections
        if event.supersedes is not None:
            corrections = {**corrections, event.supersedes: fact}
        facts = {**self.kinds.get(type(event), {}), fact.id: fact}
        return Person({**self.kinds, type(event): facts}, corrections)

    def all(self) -> Iterator[Fact[Any]]:
        """Every fact, corrected or not."""
        return chain.from_iterable(facts.values() for facts in self.kinds.values())


def from_the_beginning[E: Event](correction: E, wrong: Event | None) -> E:
    """A correction to judge a decision again by, as if it had been known.

    That of a grade holds only from its own day, so it is told of the day of what it corrects.
    """
    if not isinstance(wrong, Assessed) or wrong.effective_on >= correction.effective_on:
        return correction
    return correction.model_copy(update={"effective_on": wrong.effective_on})


def _person(facts: Iterable[Fact[Any]]) -> Person:
    kinds: dict[type[Event], dict[UUID, Fact[Any]]] = {}
    corrections: dict[UUID, Fact[Any]] = {}
    for fact in facts:
        event: CadreEvent = fact.event
        kinds.setdefault(type(event), {})[fact.id] = fact
        if event.supersedes is not None:
            corrections[event.supersedes] = fact
    return Person(kinds, corrections)


@dataclass(frozen=True, slots=True)
class _Evolve:
    kinds: frozenset[type[Event]]
    keeps: Callable[[CadreEvent], bool]
    always: ClassVar[frozenset[type[Event]]] = frozenset({Recruited, Baselined, *ANNULLED})

    def __call__(self, state: Person, recorded: Recorded[Event]) -> Person:
        event = recorded.event
        if type(event) not in self.kinds or not self.keeps(cast(CadreEvent, event)):
            return state
        return state.learning(Fact(recorded.event_id, recorded.position, cast(CadreEvent, event)))


def person_of(
    *kinds: type[CadreEvent], keeps: Callable[[CadreEvent], bool] = lambda _: True
) -> Fold[Person]:
    """The history of a person, folded to the facts of these kinds, the entry and annulments."""
    return Fold("*", "cadre", Person(), _Evolve(frozenset(kinds) | _Evolve.always, keeps))


def person_handler[C: PersonCommand](
    fold: Fold[Person],
    command: type[C],
    decide: Callable[[C, Person], Sequence[Event]],
    right: Right,
) -> Handler[Any]:
    """The handler of a command that reads nothing but its person."""
    return Handler(
        command,
        lambda wish, _world: (fold.of(wish.cadre_id),),
        lambda wish, world: decide(wish, world[fold.of(wish.cadre_id)]),
        right,
    )
