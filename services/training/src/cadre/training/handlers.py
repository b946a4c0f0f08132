"""Every command of the service: what it reads, and what decides it."""

from typing import Any

from cadre.shared.deciding.decider import Handler
from cadre.shared.deciding.rights import EVERYBODY, NAMED, Right, Role
from cadre.training import correction, mentorship, posting, record, training_class
from cadre.training.correction import CorrectTraining
from cadre.training.mentorship import EndMentorship, PairMentor, ReviewMentorship
from cadre.training.posting import EndPosting, Post
from cadre.training.record import OpenTrainingTask, RecordTraining
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
            *(record.CADRE.of(item.cadre_id) for item in command.attendees),
        ],
        decide=lambda command, world: training_class.hold_class(
            command,
            world[CLASS.of(command.class_id)],
            {item.cadre_id: world[record.CADRE.of(item.cadre_id)] for item in command.attendees},
        ),
        right=RECORDS_ALL,
    ),
    Handler(
        RecordTraining,
        scopes=lambda command, _: [record.CADRE.of(command.cadre_id)],
        decide=lambda command, world: record.record_training(
            command, world[record.CADRE.of(command.cadre_id)]
        ),
        right=RECORDS,
    ),
    Handler(
        CorrectTraining,
        scopes=correction.scopes,
        decide=correction.correct_training,
        right=RECORDS,
    ),
    Handler(
        OpenTrainingTask,
        scopes=lambda command, _: [record.CADRE.of(command.cadre_id)],
        decide=lambda command, world: record.open_training_task(
            command, world[record.CADRE.of(command.cadre_id)]
        ),
        right=RECORDS,
    ),
    Handler(
        Post,
        scopes=lambda command, _: [posting.CADRE.of(command.cadre_id)],
        decide=lambda command, world: posting.post(
            command, world[posting.CADRE.of(command.cadre_id)]
        ),
        right=RECORDS,
    ),
    Handler(
        EndPosting,
        scopes=lambda command, _: [posting.CADRE.of(command.cadre_id)],
        decide=lambda command, world: posting.end_posting(
            command, world[posting.CADRE.of(command.cadre_id)]
        ),
        right=RECORDS,
    ),
    Handler(
        PairMentor,
        scopes=mentorship.pair_scopes,
        decide=mentorship.pair_mentor,
        right=RECORDS,
    ),
    Handler(
        ReviewMentorship,
        scopes=lambda command, _: [mentorship.CADRE.of(command.cadre_id)],
        decide=lambda command, world: mentorship.review_mentorship(
            command, world[mentorship.CADRE.of(command.cadre_id)]
        ),
        right=RECORDS,
    ),
    Handler(
        EndMentorship,
        scopes=mentorship.end_scopes,
        decide=lambda command, world: mentorship.end_mentorship(
            command, world[mentorship.CADRE.of(command.cadre_id)]
        ),
        right=RECORDS,
    ),
)
