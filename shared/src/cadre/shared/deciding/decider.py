"""Decisions: what is folded, what is loaded for a command, and what the command causes.

A `Fold` turns the events of one aggregate into a state; `Fold.of(id)` names one such history as a
`Scope`. A `Handler` says which scopes a command needs and decides on their states. Everything
here is pure: no clock, no randomness, no input or output.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from cadre.contracts.event import Event
from cadre.shared.deciding.guards import PERSON, filter_of
from cadre.shared.deciding.messages import Command, Recorded
from cadre.shared.deciding.rights import Right, fields_of


@dataclass(frozen=True, slots=True, eq=False)
class Fold[S]:
    """How one kind of history becomes a state.

    ``service="*"`` with entity ``cadre`` reads a person's whole history, whoever wrote it: a
    decision on it is decided again when any service records something about that person meanwhile.
    There is no other fold of a person: all writers of a history guard it alike.
    ``evolve`` must leave ``recorded_at`` alone: a process that has just appended an event knows its
    position, not yet the log's time stamp.
    """

    service: str
    entity: str
    initial: S
    evolve: Callable[[S, Recorded[Event]], S]
    bears_unreadable: bool = False
    """Whether events that this version cannot read are passed over."""

    def __post_init__(self) -> None:
        if (self.service == "*") != (self.entity == PERSON):
            msg = f"the history of a {self.entity} is not that of {self.service}"
            raise ValueError(msg)

    def of(self, aggregate_id: str) -> "Scope[S]":
        return Scope(self, aggregate_id)

    def fold(self, history: Iterable[Recorded[Event]], start: S | None = None) -> S:
        return reduce(self.evolve, history, self.initial if start is None else start)


@dataclass(frozen=True, slots=True)
class Scope[S]:
    """One history that a decision reads, and that it writes only if nobody else did."""

    fold: Fold[S]
    id: str

    @property
    def subjects(self) -> str:
        """What all its events are read by, and what guards an append: see `guards`."""
        return filter_of(self.fold.service, self.fold.entity, self.id)

    def covers(self, event: Event) -> bool:
        return self.takes(event.aggregate)

    def takes(self, aggregate: tuple[str, str, str]) -> bool:
        """Whether events of an aggregate (service, entity, id) belong to this history."""
        service, entity, aggregate_id = aggregate
        return (
            entity == self.fold.entity
            and aggregate_id == self.id
            and self.fold.service in {"*", service}
        )


@dataclass(frozen=True, slots=True)
class World:
    """The states loaded for a command, by scope."""

    states: dict[Scope[Any], Any] = field(default_factory=dict[Scope[Any], Any])

    def __getitem__[S](self, scope: Scope[S]) -> S:
        state: S = self.states[scope]
        return state

    def get[S](self, scope: Scope[S]) -> S | None:
        return self.states.get(scope)


@dataclass(frozen=True, slots=True)
class Handler[C: Command]:
    """One command: what it reads and what it decides.

    ``scopes`` is asked again after each round of loading until it names nothing new, so that it
    may follow an id that only a loaded state knows; it must yield the same scopes first.
    ``decide`` returns the events, each of an aggregate that one of the scopes covers; none when
    the wish is already fulfilled. It raises NotPossible for what can never be right.
    ``right`` is what a caller from outside needs; reactions and what a day asks for act as the
    service itself. Raises TypeError for a right that does not fit the command's fields.
    """

    command: type[C]
    scopes: Callable[[C, World], Iterable[Scope[Any]]]
    decide: Callable[[C, World], Sequence[Event]]
    right: Right

    def __post_init__(self) -> None:
        fields_of(self.command).require(self.right, self.command.name)
