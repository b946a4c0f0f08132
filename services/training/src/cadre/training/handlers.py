"""Every command of the service: what it reads, and what decides it."""

from typing import Any

from cadre.contracts.training.mentorship import MentorshipReviewed
from cadre.shared.deciding.annulling import Annullable, annul_handler
from cadre.shared.deciding.decider import Handler
from cadre.shared.deciding.person import person_handler
from cadre.shared.deciding.rights import EVERYBODY, NAMED, Right, Role
from cadre.training import correction, mentorship, posting, record, training_class
from cadre.training.correction import CorrectTraining
from cadre.training.mentorship import EndMentorship, PairMentor, ReviewMentorship
from cadre.training.posting import EndPosting, Post
from cadre.training.record import CADRE, OpenTrainingTask, RecordTraining
from cadre.training.training_class import CLASS, HoldClass, PlanClass

RECORDS = Right(Role.RECORDER, NAMED)
RECORDS_ALL = Right(Role.RECORDER, EVERYBODY)

HANDLERS: tuple[Handler[Any], ...] = (
    Handler(
        PlanClass,
        scopes=lambda command, _: [CLASS.of(command.class_id)],
        decide=lambda command, world: training_class.plan_class(
            command, world[CLASS.of(command.class_id)]
        ),
        right=RECORDS_ALL,
    ),
    Handler(
        HoldClass,
        scopes=lambda command, _: [
            CLASS.of(command.class_id),
            *(CADRE.of(item.cadre_id) for item in command.attendees),
        ],
        decide=lambda command, world: training_class.hold_class(
            command,
            world[CLASS.of(command.class_id)],
            {item.cadre_id: world[CADRE.of(item.cadre_id)] for item in command.attendees},
        ),
        right=RECORDS_ALL,
    ),
    person_handler(RecordTraining, record.record_training, RECORDS),
    Handler(
        CorrectTraining,
        scopes=correction.scopes,
        decide=correction.correct_training,
        right=RECORDS,
    ),
    person_handler(OpenTrainingTask, record.open_training_task, RECORDS),
    person_handler(Post, posting.post, RECORDS),
    person_handler(EndPosting, posting.end_posting, RECORDS),
    annul_handler("training", Annullable({MentorshipReviewed})),
    Handler(
        PairMentor,
        scopes=mentorship.pair_scopes,
        decide=mentorship.pair_mentor,
        right=RECORDS,
    ),
    person_handler(ReviewMentorship, mentorship.review_mentorship, RECORDS),
    Handler(
        EndMentorship,
        scopes=mentorship.end_scopes,
        decide=lambda command, world: mentorship.end_mentorship(
            command, world[CADRE.of(command.cadre_id)]
        ),
        right=RECORDS,
    ),
)
