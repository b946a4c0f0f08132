"""Dated facts about a person, declared: who records them, what ends them, how they are told.

A declaration is data. Handlers, annulment and order follow from it here; tables, projections,
questions and reports in `cadre.shared.showing.facts`.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from cadre.contracts.event import CadreEvent, Event
from cadre.shared.deciding.annulling import Annullable
from cadre.shared.deciding.decider import Handler
from cadre.shared.deciding.order import Order
from cadre.shared.deciding.person import Person, PersonCommand, person_handler
from cadre.shared.deciding.rights import Right, Role

type Decide = Callable[[Any, Person], Sequence[Event]]


@dataclass(frozen=True, slots=True)
class Recorder:
    """The command that records something, and the rule of its own that it has, if any.

    The rule calls `Facts.recorded` or `Facts.ended`.
    """

    command: type[PersonCommand]
    right: Right
    decide: Decide | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ending[E: CadreEvent]:
    """What ends a fact, once. The event says by ``hangs_on`` which of its fields names the fact."""

    event: type[E]
    by: Recorder | None = None
    """None: a handler written by hand records it, as it reads more than the person."""
    besides: Collection[str] = ()
    """Personal fields without which it is the same ending."""
    final: bool = False
    """Whether it destroyed something, so that nobody can take it back."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Facts[E: CadreEvent]:
    """One kind of dated fact."""

    event: type[E]
    name: str
    """In the plural, as in a path: of the table, the question and the report."""
    title: str
    """For people: 中文 · English."""
    seen_by: Role
    by: Recorder | None = None
    """None: a handler written by hand records it, as it reads more than the person."""
    besides: Collection[str] = ()
    """Personal fields without which it is the same fact."""
    ended_by: Ending[Any] | None = None
    counted_by: str = ""
    """The field by whose values a report counts it; empty: there is no report."""
    expected: bool = False
    """Whether it is expected of everybody, so that who has none in a time is asked."""
    asked: bool = True
    """Whether what a person has is asked by its name; else a view of its own tells it."""

    @property
    def kinds(self) -> tuple[type[CadreEvent], ...]:
        return (self.event, self.ended_by.event) if self.ended_by else (self.event,)

    @property
    def annullable(self) -> Annullable:
        final = self.ended_by is not None and self.ended_by.final
        return Annullable((self.event,) if final else self.kinds)

    def handlers(self) -> list[Handler[Any]]:
        """Of the command that records it, and of the one that ends it."""
        recorders = [(self.by, self.recorded)]
        if self.ended_by is not None:
            recorders.append((self.ended_by.by, self.ended))
        return [
            person_handler(by.command, by.decide or usual, by.right)
            for by, usual in recorders
            if by is not None
        ]

    def orders(self) -> list[Order]:
        """An ending comes only after what it ends."""
        if self.ended_by is None:
            return []
        return [Order("cadre", after={self.ended_by.event: frozenset({self.event})})]

    def recorded(self, command: PersonCommand, person: Person, **more: object) -> list[Event]:
        """The fact that a command wishes for, with ``more`` of what only the rule knows.

        Raises: NotFound, NotPossible.
        """
        wanted = self.event.model_validate({**dict(command), **more})
        return person.record(wanted, besides=self.besides)

    def ended(self, command: PersonCommand, person: Person, **more: object) -> list[Event]:
        """The ending that a command wishes for. Raises: NotFound, NotPossible."""
        if self.ended_by is None:
            msg = f"{self.name} have no end"
            raise TypeError(msg)
        ending = self.ended_by.event.model_validate({**dict(command), **more})
        return person.end(ending, self.event, besides=self.ended_by.besides)
