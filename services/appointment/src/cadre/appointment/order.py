"""In which order the events of posts, motions and promotions may stand."""

from cadre.contracts.appointment.motion import (
    CandidateFixed,
    DecisionTaken,
    InspectionCompleted,
    MotionConcluded,
    MotionOpened,
    MotionStopped,
    NoticeClosed,
    NoticePublished,
    RecommendationHeld,
)
from cadre.contracts.appointment.post import PostEstablished, PostFilled, PostVacated
from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.service import ProbationConcluded
from cadre.shared.deciding.order import Order

ORDERS = (
    Order(
        entity="motion",
        opens=frozenset({MotionOpened}),
        after={
            CandidateFixed: frozenset({RecommendationHeld}),
            InspectionCompleted: frozenset({CandidateFixed}),
            DecisionTaken: frozenset({InspectionCompleted}),
            NoticePublished: frozenset({DecisionTaken}),
            NoticeClosed: frozenset({NoticePublished}),
            MotionConcluded: frozenset({NoticeClosed}),
        },
        # Another candidate must be inspected anew.
        undoes={CandidateFixed: frozenset({InspectionCompleted})},
        once=frozenset({MotionOpened, DecisionTaken, NoticePublished, NoticeClosed}),
        ends=frozenset({MotionConcluded, MotionStopped}),
    ),
    Order(
        entity="post",
        opens=frozenset({PostEstablished}),
        after={PostVacated: frozenset({PostFilled})},
    ),
    Order(entity="cadre", after={ProbationConcluded: frozenset({Promoted})}),
)
