"""In which order the events of persons and pools may stand."""

from cadre.contracts.selection import (
    Baselined,
    IntakePlanned,
    PoliticalQualityAssessed,
    PoliticalVetoLifted,
    PoolDefined,
    PoolEntered,
    PoolExited,
    PoolSeatReleased,
    PoolSeatTaken,
    Recruited,
)
from cadre.shared.deciding.order import Order

ORDERS = (
    # Whatever service speaks of a person: somebody recruited them or took over their career.
    Order(
        entity="cadre",
        opens=frozenset({Recruited, Baselined}),
        after={
            PoolExited: frozenset({PoolEntered}),
            PoliticalVetoLifted: frozenset({PoliticalQualityAssessed}),
        },
    ),
    Order(
        entity="pool",
        opens=frozenset({PoolDefined}),
        after={PoolSeatReleased: frozenset({PoolSeatTaken})},
    ),
    Order(entity="intake-plan", opens=frozenset({IntakePlanned})),
)
