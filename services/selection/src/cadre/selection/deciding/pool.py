"""A talent pool: its class and its seats (M11). It owns the limit; members are facts of persons."""

from datetime import date

from cadre.contracts.selection.pool import (
    PoolDefined,
    PoolDefinition,
    PoolSeatReleased,
    PoolSeatTaken,
)
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.dossier import Dossier, dossier_of
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.places import Places
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.deciding.versions import VersionCommand, Versions


class DefinePool(VersionCommand, PoolDefinition):
    """设立或变更人才库 · Set up a talent pool, or change its title or seats.

    Either holds from the effective date on.
    """


def _seats_on(pool: Dossier, day: date) -> int:
    definition = POOLS.on(pool, day)
    return definition.seats if definition else 0


def _require_seats(wanted: PoolDefined, others: Dossier) -> None:
    """Members are not defined away, nor by correcting the day from which there are seats."""
    since = date.min if wanted.supersedes else wanted.effective_on
    missing = -SEATS.free_from(others.expecting(wanted), since)
    if missing > 0:
        raise NotPossible(
            "成员数超过名额 · "
            f"pool {wanted.pool_id} has {missing} members more than {wanted.seats} seats hold",
            where="seats",
            hint="请先办理出库或增加名额 · let members leave first, or define more seats",
        )


POOLS = Versions(
    event=PoolDefined,
    by=DefinePool,
    right=Right(Role.DECIDER, EVERYBODY),
    of=dossier_of("selection", "pool"),
    name="pools",
    title="人才库 · Talent pools",
    seen_by=Right(Role.READER, EVERYBODY),
    asked=False,
    keeps=("pool_class",),
    one_a_day=True,
    require=_require_seats,
)
SEATS = Places(taken=PoolSeatTaken, released=PoolSeatReleased, limit=_seats_on, defined_by=POOLS)
CAPABILITY = Capability(mechanism="M11", versions=[POOLS], places=[SEATS])
