"""In which order the events of persons and pools may stand."""

from cadre.contracts.selection.identification import PoliticalQualityAssessed, PoliticalVetoLifted
from cadre.contracts.selection.intake import IntakePlanned
from cadre.contracts.selection.membership import PoolEntered, PoolExited
from cadre.contracts.selection.pool import PoolDefined, PoolSeatReleased, PoolSeatTaken
from cadre.contracts.selection.profile import Baselined, Recruited
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
