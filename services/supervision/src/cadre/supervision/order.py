"""In which order the events of assessments, merits and warnings may stand."""

from cadre.contracts.supervision import (
    ExcellentAllotted,
    ExcellentReleased,
    FlagClosed,
    Flagged,
    MeritPosted,
    MeritReversed,
    PointSchemePublished,
    UnitYearOpened,
)
from cadre.shared.deciding.order import Order

ORDERS = (
    Order(
        entity="unit-year",
        opens=frozenset({UnitYearOpened}),
        after={ExcellentReleased: frozenset({ExcellentAllotted})},
    ),
    Order(entity="point-scheme", opens=frozenset({PointSchemePublished})),
    Order(
        entity="cadre",
        after={
            MeritReversed: frozenset({MeritPosted}),
            FlagClosed: frozenset({Flagged}),
        },
    ),
)
