"""In which order the events of assessments, merits and warnings may stand."""

from cadre.contracts.supervision.flag import FlagClosed, Flagged
from cadre.contracts.supervision.merit import MeritPosted, MeritReversed
from cadre.contracts.supervision.point_scheme import PointSchemePublished
from cadre.contracts.supervision.unit_year import (
    ExcellentAllotted,
    ExcellentReleased,
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
