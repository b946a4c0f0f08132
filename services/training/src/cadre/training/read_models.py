"""From one event to rows: the functions that fill `tables`."""

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.service import PostAssumed
from cadre.contracts.event import Event
from cadre.contracts.selection.membership import PoolEntered, PoolExited
from cadre.contracts.selection.profile import Baselined, Recruited
from cadre.contracts.training.mentorship import MentorPaired, MentorshipEnded, MentorshipReviewed
from cadre.contracts.training.posting import Posted, PostingEnded
from cadre.contracts.training.record import (
    CreditRefused,
    Trained,
    TrainingTask,
    TrainingTaskCompleted,
    TrainingTaskOpened,
)
from cadre.contracts.training.training_class import ClassHeld, ClassPlan, ClassPlanned, Course
from cadre.shared.deciding.messages import Recorded
from cadre.shared.showing.kept import mark_annulled
from cadre.shared.showing.read_models import Change, Put, token
from cadre.training.tables import (
    CADRES,
    CLASS_ATTENDANCE,
    CLASSES,
    MENTORSHIP_REVIEWS,
    MENTORSHIPS,
    POOL_EXITS,
    POOL_STAYS,
    POSTINGS,
    READ_MODELS,
    STANDINGS,
    TASKS,
    TRAININGS,
)

__all__ = ["READ_MODELS"]


def _fact(table: Table, recorded: Recorded[Any], **values: object) -> Iterable[Change]:
    """The row of an event, and a mark on the row it corrects."""
    event: Any = recorded.event
    event_id = recorded.event_key
    own = {"event_id": event_id, "cadre_id": event.cadre_id, "effective_on": event.effective_on}
    yield Put(table.name, own | {"position": recorded.position} | values)
    yield from _superseded(table, event, recorded.event_id)


def _superseded(table: Table, event: Event, by: UUID) -> Iterable[Change]:
    if event.supersedes is not None:
        yield Put(table.name, {"event_id": str(event.supersedes), "superseded_by": str(by)})


def _fields(model: type[Any], event: Event) -> dict[str, Any]:
    """The columns that carry the names of a group of fields."""
    return {name: getattr(event, name) for name in model.model_fields}


@READ_MODELS.on(Recruited)
def recruited(recorded: Recorded[Recruited]) -> Iterable[Change]:
    event = recorded.event
    yield Put(
        CADRES.name,
        {
            "cadre_id": event.cadre_id,
            "known_since": event.effective_on,
            "recruited_on": event.effective_on,
            "channel": event.channel,
        },
    )


@READ_MODELS.on(Baselined)
def baselined(recorded: Recorded[Baselined]) -> Iterable[Change]:
    event, standing = recorded.event, recorded.event.standing
    yield Put(CADRES.name, {"cadre_id": event.cadre_id, "known_since": event.effective_on})
    yield from _fact(STANDINGS, recorded, level=standing.level, rank=standing.rank)


@READ_MODELS.on(Promoted)
def promoted(recorded: Recorded[Promoted]) -> Iterable[Change]:
    event = recorded.event
    yield from _fact(STANDINGS, recorded, level=event.level, rank=event.rank)


@READ_MODELS.on(PostAssumed)
def post_assumed(recorded: Recorded[PostAssumed]) -> Iterable[Change]:
    yield from _fact(STANDINGS, recorded, level=recorded.event.level, rank=None)


@READ_MODELS.on(PoolEntered)
def pool_entered(recorded: Recorded[PoolEntered]) -> Iterable[Change]:
    yield from _fact(POOL_STAYS, recorded)


@READ_MODELS.on(PoolExited)
def pool_exited(recorded: Recorded[PoolExited]) -> Iterable[Change]:
    yield from _fact(POOL_EXITS, recorded, entry_event=str(recorded.event.entry_event))


@READ_MODELS.on(ClassPlanned)
def class_planned(recorded: Recorded[ClassPlanned]) -> Iterable[Change]:
    yield Put(CLASSES.name, _fields(ClassPlan, recorded.event))


@READ_MODELS.on(ClassHeld)
def class_held(recorded: Recorded[ClassHeld]) -> Iterable[Change]:
    event = recorded.event
    yield Put(
        CLASSES.name,
        {"class_id": event.class_id, "held_on": event.effective_on, "short": event.short},
    )


@READ_MODELS.on(Trained)
def trained(recorded: Recorded[Trained]) -> Iterable[Change]:
    event = recorded.event
    yield from _fact(TRAININGS, recorded, class_id=event.class_id, **_fields(Course, event))
    if event.class_id is not None:
        yield _attendance(event.class_id, event, credited=True)


@READ_MODELS.on(CreditRefused)
def credit_refused(recorded: Recorded[CreditRefused]) -> Iterable[Change]:
    event = recorded.event
    yield _attendance(event.class_id, event, credited=False)
    yield from _superseded(TRAININGS, event, recorded.event_id)


def _attendance(class_id: str, event: Trained | CreditRefused, *, credited: bool) -> Put:
    key = {"class_id": class_id, "cadre_id": event.cadre_id}
    return Put(CLASS_ATTENDANCE.name, key | {"hours": event.hours, "credited": credited})


@READ_MODELS.on(Posted)
def posted(recorded: Recorded[Posted]) -> Iterable[Change]:
    event = recorded.event
    yield from _fact(
        POSTINGS,
        recorded,
        kind=event.kind,
        host=event.host,
        home_unit=event.home_unit,
        task=event.task,
        until=event.until,
    )


@READ_MODELS.on(PostingEnded)
def posting_ended(recorded: Recorded[PostingEnded]) -> Iterable[Change]:
    event = recorded.event
    yield Put(
        POSTINGS.name,
        {
            "event_id": str(event.posting_event),
            "ended_on": event.effective_on,
            "evaluation": event.evaluation,
            "note": token(event.note),
        },
    )


@READ_MODELS.on(MentorPaired)
def mentor_paired(recorded: Recorded[MentorPaired]) -> Iterable[Change]:
    event = recorded.event
    yield from _fact(
        MENTORSHIPS,
        recorded,
        mentor_id=event.mentor_id,
        tasks=json.dumps(event.tasks, ensure_ascii=False),
        until=event.until,
    )


@READ_MODELS.on(MentorshipReviewed)
def mentorship_reviewed(recorded: Recorded[MentorshipReviewed]) -> Iterable[Change]:
    event = recorded.event
    yield from _fact(
        MENTORSHIP_REVIEWS,
        recorded,
        pairing_event=str(event.pairing_event),
        progress=event.progress,
        note=token(event.note),
    )


@READ_MODELS.on(MentorshipEnded)
def mentorship_ended(recorded: Recorded[MentorshipEnded]) -> Iterable[Change]:
    event = recorded.event
    yield Put(
        MENTORSHIPS.name,
        {
            "event_id": str(event.pairing_event),
            "ended_on": event.effective_on,
            "completed": event.completed,
        },
    )


@READ_MODELS.on(TrainingTaskOpened)
def task_opened(recorded: Recorded[TrainingTaskOpened]) -> Iterable[Change]:
    event = recorded.event
    task = _fields(TrainingTask, event) | {"task_id": str(event.task_id)}
    opened = {"cadre_id": event.cadre_id, "opened_on": event.effective_on, "completed_on": None}
    yield Put(TASKS.name, task | opened)


@READ_MODELS.on(TrainingTaskCompleted)
def task_completed(recorded: Recorded[TrainingTaskCompleted]) -> Iterable[Change]:
    event = recorded.event
    yield Put(TASKS.name, {"task_id": str(event.task_id), "completed_on": event.effective_on})


ROWS = {
    MentorshipReviewed: [MENTORSHIP_REVIEWS],
    PoolEntered: [POOL_STAYS],
    PoolExited: [POOL_EXITS],
    Promoted: [STANDINGS],
    PostAssumed: [STANDINGS],
}
for _kind, _tables in ROWS.items():
    for _table in _tables:
        mark_annulled(READ_MODELS, _kind, _table)
