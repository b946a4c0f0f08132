"""One person as Selection decides on them."""

from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Any
from uuid import UUID

from cadre.contracts.appointment.service import ProbationConcluded
from cadre.contracts.selection.membership import (
    PoolEntered,
    PoolExited,
)
from cadre.contracts.selection.privacy import CadreForgotten, DataRestricted, RestrictionLifted
from cadre.contracts.selection.profile import Baselined, ProfileCorrected, Recruited
from cadre.shared.deciding import protection
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.holding import holdings
from cadre.shared.deciding.person import PERSON, Person
from cadre.shared.deciding.protection import UNPROTECTED, Protection

CADRE = PERSON

type Entry = Recruited | Baselined


@dataclass(frozen=True, slots=True)
class Membership:
    """One stay in a pool, from ``entered_on`` to the day before ``exited_on``."""

    entry_event: UUID
    entered_on: date
    exited_on: date | None = None

    def covers(self, day: date) -> bool:
        return self.entered_on <= day and (self.exited_on is None or day < self.exited_on)

    def lies_before(self, day: date) -> bool:
        return self.exited_on is not None and self.exited_on <= day

    def overlaps(self, other: "Membership") -> bool:
        return not (self.lies_before(other.entered_on) or other.lies_before(self.entered_on))


def protection_of(cadre: Person) -> Protection:
    """Whether the person's data may be used, and whether they are there."""
    told = cadre.every(DataRestricted, RestrictionLifted, CadreForgotten)
    return reduce(protection.evolve, (fact.event for fact in told), UNPROTECTED)


def posts_of(cadre: Person) -> frozenset[str]:
    """The posts somebody holds and has not left, as corrected; a failed probation is left."""
    outcomes = cadre.standing(ProbationConcluded)
    failed = {cadre.newest(o.event.promotion_event) for o in outcomes if not o.event.passed}
    return frozenset(
        held.post_id for held in holdings(cadre) if held.ends is None and held.source not in failed
    )


def entry_of(cadre: Person) -> Entry | None:
    """How the person came to be known; None for a stranger."""
    return require_entry(cadre, "") if cadre.known else None


def profile_on(cadre: Person, day: date, entry: Entry) -> Entry:
    """The entry with every correction that holds on a day applied to it.

    An entry that was told anew replaces what corrections had said before it.
    """
    told = max(fact.dated for fact in cadre.standing(type(entry)))
    corrected: dict[str, object] = {}
    for fact in cadre.standing(ProfileCorrected, by=day):
        if fact.dated > told:
            corrected |= fact.event.corrected
    return entry.model_copy(update=corrected)


def require_entry(cadre: Person, cadre_id: str) -> Entry:
    """The entry of a known person. Raises NotFound for a stranger."""
    cadre.require_known(cadre_id)
    return [*cadre.standing(Recruited), *cadre.standing(Baselined)][-1].event


def memberships(cadre: Person, pool_id: str) -> list[Membership]:
    """All stays in a pool, the earliest first."""
    stays: list[Membership] = []
    for fact in cadre.standing(PoolEntered):
        if fact.event.pool_id == pool_id:
            exits = cadre.hanging(PoolExited, fact)
            left = exits[0].event.effective_on if exits else None
            stays.append(Membership(fact.id, fact.event.effective_on, left))
    return stays


def without_line(cadre: Person, fact: Fact[Any]) -> Person:
    """As if a fact, and all that it corrected, had never been recorded."""
    line = (one.id for one in cadre.all() if cadre.newest(one.id) == fact.id)
    return cadre.without(*line)
