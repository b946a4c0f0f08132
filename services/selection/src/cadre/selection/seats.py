"""The seats of pools follow the stays of a person: whatever changes one moves the other (M11)."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from itertools import pairwise

from cadre.contracts.event import Event
from cadre.contracts.selection.pool import PoolSeatReleased, PoolSeatTaken
from cadre.selection.cadre import memberships
from cadre.selection.pool import Moves, Pool
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.person import Person


def moves(before: Person, after: Person, pool_id: str) -> Moves:
    """The seats of a pool that are taken and released when a person's stays change."""
    moved = Counter(_moves(after, pool_id))
    moved.subtract(_moves(before, pool_id))
    return {day: count for day, count in sorted(moved.items()) if count}


def settled(before: Person, after: Person, pools: Mapping[str, Pool], cadre_id: str) -> list[Event]:
    """What becomes of the seats.

    Raises NotPossible where somebody would be a member twice, or a seat is not there.
    """
    events: list[Event] = []
    for pool_id, pool in pools.items():
        _require_apart(after, pool_id, cadre_id)
        moved = moves(before, after, pool_id)
        if (day := pool.first_overfull(moved)) is not None:
            raise NotPossible(
                f"pool {pool_id} has no free seat on {day}",
                where="pool_id",
                hint="let a member leave first, or define more seats",
            )
        for day, count in moved.items():
            seat = PoolSeatTaken if count > 0 else PoolSeatReleased
            moving = seat(pool_id=pool_id, cadre_id=cadre_id, effective_on=day)
            events += [moving] * abs(count)
    return events


def _moves(cadre: Person, pool_id: str) -> Moves:
    moved = Counter[date]()
    for stay in memberships(cadre, pool_id):
        moved[stay.entered_on] += 1
        if stay.exited_on is not None:
            moved[stay.exited_on] -= 1
    return moved


def _require_apart(cadre: Person, pool_id: str, cadre_id: str) -> None:
    for stay, later in pairwise(memberships(cadre, pool_id)):
        if stay.overlaps(later):
            raise NotPossible(
                f"cadre {cadre_id} entered pool {pool_id} on {stay.entered_on} "
                f"and again on {later.entered_on}, and would not have left in between",
                where="effective_on",
                hint="correct or annul the later entry first",
            )
