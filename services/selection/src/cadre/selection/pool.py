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


@dataclass(frozen=True, slots=True)
class Pool:
    """Definitions and seat movements, each with its day, keyed by event id."""

    definitions: Mapping[UUID, PoolDefined] = field(default_factory=dict[UUID, PoolDefined])
    taken: Mapping[UUID, date] = field(default_factory=dict[UUID, date])
    released: Mapping[UUID, date] = field(default_factory=dict[UUID, date])

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

    def free_from(self, day: date) -> int:
        """Seats that are free on a day and stay free on every later day known so far.

        Negative where the pool would be overfull: a seat taken late for an early day counts on
        all days after it.
        """
        later = {*self.taken.values(), *self.released.values()}
        later |= {definition.effective_on for definition in self.definitions.values()}
        return min(self._free_on(d) for d in {day, *(d for d in later if d > day)})

    def first_free(self, day: date) -> date | None:
        """The first day from ``day`` on when a seat is free for good; None if none is in sight."""
        later = {*self.released.values(), *(d.effective_on for d in self.definitions.values())}
        candidates = sorted({day, *(d for d in later if d > day)})
        return next((d for d in candidates if self.free_from(d) > 0), None)

    def _free_on(self, day: date) -> int:
        definition = self.definition_on(day)
        taken = sum(on <= day for on in self.taken.values())
        released = sum(on <= day for on in self.released.values())
        return (definition.seats if definition else 0) - taken + released


def evolve(state: Pool, recorded: Recorded[Event]) -> Pool:
    match recorded.event:
        case PoolDefined() as defined:
            kept = {k: v for k, v in state.definitions.items() if k != defined.supersedes}
            return replace(state, definitions={**kept, recorded.event_id: defined})
        case PoolSeatTaken(effective_on=day):
            return replace(state, taken={**state.taken, recorded.event_id: day})
        case PoolSeatReleased(effective_on=day):
            return replace(state, released={**state.released, recorded.event_id: day})
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
