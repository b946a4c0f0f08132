"""The three steps before an entry into a pool: nomination, assessment, comparison (M09)."""

from collections.abc import Sequence
from typing import Any

from cadre.contracts.event import Event
from cadre.contracts.selection.membership import (
    PoolAssessed,
    PoolAssessment,
    PoolCompared,
    PoolComparison,
    PoolNominated,
    PoolNomination,
)
from cadre.selection.deciding.pool import POOLS
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.decider import Handler, World
from cadre.shared.deciding.facts import Facts
from cadre.shared.deciding.person import PERSON, FactCommand
from cadre.shared.deciding.rights import EVERYBODY, NAMED, Right, Role


class NominateForPool(FactCommand, PoolNomination):
    """推荐入库 · Nominate somebody for a pool, on behalf of a unit."""


class AssessForPool(FactCommand, PoolAssessment):
    """记录入库考察结果 · Record what the organisation department found of a nominee."""


class CompareForPool(FactCommand, PoolComparison):
    """记录入库比选结果 · Record where a nominee came out when the nominees were compared."""


type Step = NominateForPool | AssessForPool | CompareForPool


def _towards_a_pool(facts: Facts[Any], command: type[Step], right: Right) -> Handler[Any]:
    """A step is a fact of the person, and asks that the pool is there on its day."""

    def decide(wish: Step, world: World) -> Sequence[Event]:
        cadre = world[PERSON.of(wish.cadre_id)]
        cadre.require_known(wish.cadre_id)
        POOLS.in_force(world[POOLS.of.of(wish.pool_id)], wish.pool_id, wish.effective_on)
        return facts.recorded(wish, cadre)

    return Handler(
        command,
        lambda wish, _: (PERSON.of(wish.cadre_id), POOLS.of.of(wish.pool_id)),
        decide,
        right,
    )


NOMINATIONS = Facts(
    event=PoolNominated,
    name="pool-nominations",
    title="入库推荐 · Nominations for a pool",
    seen_by=Role.READER,
    asked=False,
)
ASSESSMENTS = Facts(
    event=PoolAssessed,
    besides={"note"},
    name="pool-assessments",
    title="入库考察 · Assessments for a pool",
    seen_by=Role.READER,
    asked=False,
)
COMPARISONS = Facts(
    event=PoolCompared,
    name="pool-comparisons",
    title="入库比选 · Comparisons for a pool",
    seen_by=Role.READER,
    asked=False,
)
RECORDS = Right(Role.RECORDER, NAMED)
CAPABILITY = Capability(
    mechanism="M09",
    facts=[NOMINATIONS, ASSESSMENTS, COMPARISONS],
    handlers=[
        _towards_a_pool(NOMINATIONS, NominateForPool, RECORDS),
        _towards_a_pool(ASSESSMENTS, AssessForPool, RECORDS),
        _towards_a_pool(COMPARISONS, CompareForPool, Right(Role.RECORDER, EVERYBODY)),
    ],
)
