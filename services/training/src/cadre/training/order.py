"""In which order the events of training, postings and mentorships may stand."""

from cadre.contracts.training import (
    ClassHeld,
    ClassPlanned,
    CreditRefused,
    MentorPaired,
    MentorshipEnded,
    MentorshipReviewed,
    MentorSlotReleased,
    MentorSlotTaken,
    Posted,
    PostingEnded,
    Trained,
    TrainingTaskCompleted,
    TrainingTaskOpened,
)
from cadre.shared.deciding.order import Order

ORDERS = (
    Order(entity="class", opens=frozenset({ClassPlanned}), ends=frozenset({ClassHeld})),
    Order(
        entity="mentor",
        opens=frozenset({MentorSlotTaken}),
        after={MentorSlotReleased: frozenset({MentorSlotTaken})},
    ),
    Order(
        entity="cadre",
        after={
            PostingEnded: frozenset({Posted}),
            MentorshipReviewed: frozenset({MentorPaired}),
            MentorshipEnded: frozenset({MentorPaired}),
            TrainingTaskCompleted: frozenset({TrainingTaskOpened}),
        },
        alike=(frozenset({Trained, CreditRefused}),),
    ),
)
