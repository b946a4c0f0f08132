"""A talent pool: its class and its seats (M11). It owns the limit; members are facts of persons."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from cadre.contracts.event import Event
from cadre.contracts.selection.pool import (
    PoolDefined,
    PoolDefinition,
    PoolSeatReleased,
    PoolSeatTaken,
)
from cadre.shared.deciding.decider import Fold
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.messages import Command, Recorded


class DefinePool(Command, PoolDefinition):
    """Set up a talent pool, or change its title or seats from the effective date on."""


type Moves = Mapping[date, int]
"""How many seats are taken on a day; negative: released."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Definitions by event id, and the seats taken less those released on each day."""

    definitions: Mapping[UUID, PoolDefined] = field(default_factory=dict[UUID, PoolDefined])
    moves: Moves = field(default_factory=dict[date, int])

    def definition_on(self, day: date) -> PoolDefined | None:
        """The definition in force on a day; None before the pool was set up."""
        in_force = [d for d in self.definitions.values() if d.effective_on <= day]
        return max(in_force, key=lambda definition: definition.effective_on, default=None)

    def require_definition(self, pool_id: str, day: date) -> PoolDefined:
        """The definition in force on a day.

        Raises NotFound for a pool nobody defined, NotPossible before its first day.
        """
        if (definition := self.definition_on(day)) is not None:
            return definition
        if not self.definitions:
            raise NotFound(
                f"no pool {pool_id} is known here", where=pool_id, hint="define the pool first"
            )
        begins = min(d.effective_on for d in self.definitions.values())
        raise NotPossible(
            f"pool {pool_id} exists from {begins} only",
            where="effective_on",
            hint=f"the earliest day is {begins}",
        )

    def free_from(self, day: date, until: date | None = None) -> int:
        """Seats that are free on a day and stay free on every later day known so far.

        ``until`` is the first day that matters no more. Negative where the pool would be overfull:
        a seat taken late for an early day counts on all days after it.
        """
        later = (d for d in self._changes() if day < d and (until is None or d < until))
        return min(self._free_on(d) for d in {day, *later})

    def moved(self, moves: Moves) -> "Pool":
        """The pool once these seats were taken and released too."""
        days = {*self.moves, *moves}
        return replace(
            self, moves={day: self.moves.get(day, 0) + moves.get(day, 0) for day in days}
        )

    def first_overfull(self, moves: Moves) -> date | None:
        """The first day on which these moves would take a seat that is not there."""
        for day in sorted({*self._changes(), *moves}):
            taken = sum(count for on, count in moves.items() if on <= day)
            if taken > 0 and self._free_on(day) < taken:
                return day
        return None

    def first_free(self, day: date) -> date | None:
        """The first day from ``day`` on when a seat is free for good; None if none is in sight."""
        candidates = sorted({day, *(d for d in self._changes() if d > day)})
        return next((d for d in candidates if self.free_from(d) > 0), None)

    def _changes(self) -> set[date]:
        """Every day on which the number of free seats may change."""
        defined = (definition.effective_on for definition in self.definitions.values())
        return {*self.moves, *defined}

    def _free_on(self, day: date) -> int:
        definition = self.definition_on(day)
        taken = sum(count for on, count in self.moves.items() if on <= day)
        return (definition.seats if definition else 0) - taken


def evolve(state: Pool, recorded: Recorded[Event]) -> Pool:
    match recorded.event:
        case PoolDefined() as defined:
            kept = {k: v for k, v in state.definitions.items() if k != defined.supersedes}
            return replace(state, definitions={**kept, recorded.event_id: defined})
        case PoolSeatTaken(effective_on=day):
            return state.moved({day: 1})
        case PoolSeatReleased(effective_on=day):
            return state.moved({day: -1})
        case _:
            return state


POOL = Fold(service="selection", entity="pool", initial=Pool(), evolve=evolve)


def decide(command: DefinePool, pool: Pool) -> list[Event]:
    in_force = pool.definition_on(command.effective_on)
    wanted = command.model_dump(exclude={"effective_on"})
    if in_force and in_force.model_dump(include=set(wanted)) == wanted:
        return []
    classes = {definition.pool_class for definition in pool.definitions.values()}
    if classes - {command.pool_class}:
        raise NotPossible(
            f"pool {command.pool_id} is a pool of class {'、'.join(c.zh for c in classes)}",
            where="pool_class",
            hint="a pool keeps its class; define another pool",
        )
    # Two definitions of one day would leave open which holds: the newer one corrects the older.
    same_day = {
        event_id: definition
        for event_id, definition in pool.definitions.items()
        if definition.effective_on == command.effective_on
    }
    defined = PoolDefined(**dict(command), supersedes=next(iter(same_day), None))
    kept = {k: v for k, v in pool.definitions.items() if k not in same_day}
    redefined = replace(pool, definitions={**kept, _PROPOSED: defined})
    missing = -redefined.free_from(command.effective_on)
    if missing > 0:
        raise NotPossible(
            f"pool {command.pool_id} has {missing} members more than {command.seats} seats hold",
            where="seats",
            hint="let members leave first, or define more seats",
        )
    return [defined]


_PROPOSED = UUID(int=0)
"""Stands for the id that a definition under discussion does not have yet."""
