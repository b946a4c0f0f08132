"""The stays of a person in pools, and the seats that follow them (M11)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from uuid import UUID

from cadre.contracts.event import Event
from cadre.contracts.selection.membership import PoolEntered, PoolExited
from cadre.contracts.selection.pool import PoolSeatReleased, PoolSeatTaken
from cadre.selection.deciding.pool import SEATS
from cadre.shared.deciding.dossier import Dossier
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.person import Person
from cadre.shared.deciding.places import Stay


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


def memberships(cadre: Person, pool_id: str) -> list[Membership]:
    """All stays in a pool, the earliest first."""
    stays: list[Membership] = []
    for fact in cadre.standing(PoolEntered):
        if fact.event.pool_id == pool_id:
            exits = cadre.hanging(PoolExited, fact)
            left = exits[0].event.effective_on if exits else None
            stays.append(Membership(fact.id, fact.event.effective_on, left))
    return stays


def with_seats_of(cadre: Person, pool: Dossier, pool_id: str, cadre_id: str) -> Dossier:
    """The pool as if this person had in it the stays of this history, and no others."""
    seats = (
        fact.id
        for fact in pool.every(PoolSeatTaken, PoolSeatReleased)
        if fact.event.cadre_id == cadre_id
    )
    return pool.without(*seats).expecting(*SEATS.moved(cadre_id, (), _seated(cadre, pool_id)))


def settled(
    before: Person, after: Person, pools: Mapping[str, Dossier], cadre_id: str
) -> list[Event]:
    """What becomes of the seats.

    Raises NotPossible where somebody would be a member twice, or a seat is not there.
    """
    events: list[Event] = []
    for pool_id, pool in pools.items():
        _require_apart(after, pool_id, cadre_id)
        seats = SEATS.moved(cadre_id, _seated(before, pool_id), _seated(after, pool_id))
        if (day := SEATS.first_overfull(pool, seats)) is not None:
            raise NotPossible(
                f"人才库当日无空额 · pool {pool_id} has no free seat on {day}",
                where="pool_id",
                hint="请先办理出库或增加名额 · let a member leave first, or define more seats",
            )
        events += seats
    return events


def _seated(cadre: Person, pool_id: str) -> list[Stay]:
    return [Stay(pool_id, one.entered_on, one.exited_on) for one in memberships(cadre, pool_id)]


def _require_apart(cadre: Person, pool_id: str, cadre_id: str) -> None:
    for stay, later in pairwise(memberships(cadre, pool_id)):
        if stay.overlaps(later):
            raise NotPossible(
                "两次在库时间重叠 · "
                f"cadre {cadre_id} entered pool {pool_id} on {stay.entered_on} "
                f"and again on {later.entered_on}, and would not have left in between",
                where="effective_on",
                hint="请先更正或撤销后一次入库 · correct or annul the later entry first",
            )
