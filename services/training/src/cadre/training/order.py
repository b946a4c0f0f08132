"""In which order the events of training, postings and mentorships may stand."""

from cadre.contracts.training.mentorship import (
    MentorPaired,
    MentorshipEnded,
    MentorshipReviewed,
    MentorSlotReleased,
    MentorSlotTaken,
)
from cadre.contracts.training.posting import Posted, PostingEnded
from cadre.contracts.training.record import (
    CreditRefused,
    Trained,
    TrainingTaskCompleted,
    TrainingTaskOpened,
)
from cadre.contracts.training.training_class import ClassHeld, ClassPlanned
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
