"""A cadre's training record: what was attended, what of it counts, and which tasks stand open."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from cadre.contracts.event import CadreEvent, CadreId, Event
from cadre.contracts.selection.profile import Baselined, Recruited
from cadre.contracts.training.record import (
    CreditRefused,
    Trained,
    TrainingTask,
    TrainingTaskCompleted,
    TrainingTaskOpened,
)
from cadre.contracts.training.training_class import Course, Mode
from cadre.shared.deciding.decider import Fold
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.messages import Command, Recorded
from cadre.shared.deciding.rulebook import rulebook


class RecordTraining(Command, Course):
    """Record training of one person that was no class here, e.g. online or elsewhere."""

    cadre_id: CadreId


class OpenTrainingTask(Command, TrainingTask):
    """Ask somebody for training by a date, because of a rule."""

    cadre_id: CadreId


@dataclass(frozen=True, slots=True)
class Record:
    """Dated facts of one person, by the id of their event."""

    known: bool = False
    outcomes: Mapping[UUID, Trained | CreditRefused] = field(
        default_factory=dict[UUID, Trained | CreditRefused]
    )
    openings: Mapping[UUID, TrainingTaskOpened] = field(
        default_factory=dict[UUID, TrainingTaskOpened]
    )
    superseded: Mapping[UUID, UUID] = field(default_factory=dict[UUID, UUID])
    """Events that were corrected, each with the one that stands in its place."""
    completions: Mapping[UUID, UUID] = field(default_factory=dict[UUID, UUID])
    """Tasks announced as completed, each with the event that said so."""

    @property
    def credited(self) -> tuple[Trained, ...]:
        """Training that counts."""
        return tuple(
            outcome
            for event_id, outcome in self.outcomes.items()
            if isinstance(outcome, Trained) and event_id not in self.superseded
        )

    @property
    def tasks(self) -> Mapping[UUID, TrainingTaskOpened]:
        """Every task as it was last set, by the id of that event."""
        return {
            event_id: task
            for event_id, task in self.openings.items()
            if event_id not in self.superseded
        }


def evolve(record: Record, recorded: Recorded[Event]) -> Record:
    event_id, event = recorded.event_id, recorded.event
    match event:
        case Recruited() | Baselined():
            return replace(record, known=True)
        case Trained() | CreditRefused():
            return replace(
                record,
                outcomes={**record.outcomes, event_id: event},
                superseded=_superseded(record, recorded),
            )
        case TrainingTaskOpened():
            completions = {k: v for k, v in record.completions.items() if k != event.task_id}
            return replace(
                record,
                openings={**record.openings, event_id: event},
                superseded=_superseded(record, recorded),
                completions=completions,
            )
        case TrainingTaskCompleted():
            return replace(record, completions={**record.completions, event.task_id: event_id})
        case _:
            return record


def _superseded(record: Record, recorded: Recorded[Event]) -> Mapping[UUID, UUID]:
    old = recorded.event.supersedes
    return record.superseded if old is None else {**record.superseded, old: recorded.event_id}


CADRE = Fold(service="*", entity="cadre", initial=Record(), evolve=evolve)


def require_known(known: bool, cadre_id: str) -> None:
    """Raise NotFound for a person whom nobody recruited or took over."""
    if not known:
        raise NotFound(
            f"no cadre {cadre_id} is known here",
            where=cadre_id,
            hint="record the recruitment, or import the career, first",
        )


def require_ended(ends_on: date, effective_on: date, where: str) -> None:
    """Raise NotPossible for training that is not over on the business date."""
    if ends_on > effective_on:
        raise NotPossible(
            f"the training ends on {ends_on}, after the business date {effective_on}",
            where=where,
            hint="record it once it has ended",
        )


def record_training(command: RecordTraining, record: Record) -> Sequence[Event]:
    require_known(record.known, command.cadre_id)
    require_ended(command.ends_on, command.effective_on, command.cadre_id)
    trained = Trained(**dict(command))
    for known in record.credited:
        if _same_course(known, trained):
            if (known.hours, known.days) == (trained.hours, trained.days):
                return []
            raise NotPossible(
                f"“{known.title}” until {known.ends_on} is on record with {known.hours:g} 学时, "
                f"{known.days} days",
                where=command.cadre_id,
                hint="correct that record instead of adding another",
            )
    return [trained, *task_changes(record, (*record.credited, trained))]


def _same_course(known: Trained, other: Trained) -> bool:
    return all(
        getattr(known, name) == getattr(other, name)
        for name in ("class_id", "title", "kind", "mode", "starts_on", "ends_on")
    )


def open_training_task(command: OpenTrainingTask, record: Record) -> Sequence[Event]:
    """Open a task, or set it anew when its facts changed; training attended may fulfil it."""
    require_known(record.known, command.cadre_id)
    if command.rule not in rulebook().versions:
        raise NotPossible(
            f"no rule {command.rule} is in the rule book",
            where=str(command.task_id),
            hint="name the rule that asks for the training",
        )
    if command.due_on < command.effective_on:
        raise NotPossible(
            f"due on {command.due_on}, before it is opened on {command.effective_on}",
            where=str(command.task_id),
            hint="give a due date on or after the business date",
        )
    earlier = next((i for i, t in record.tasks.items() if t.task_id == command.task_id), None)
    opened = TrainingTaskOpened(**dict(command), supersedes=earlier)
    if earlier is not None and _same_task(record.tasks[earlier], opened):
        return []
    done_on = fulfilled_on(opened, record.credited)
    return [opened] if done_on is None else [opened, _completed(opened, done_on, None)]


def _same_task(known: TrainingTaskOpened, other: TrainingTaskOpened) -> bool:
    return known.model_copy(update={"supersedes": other.supersedes}) == other


def fulfilled_on(task: TrainingTaskOpened, credited: Iterable[Trained]) -> date | None:
    """The day on which a task was first fulfilled: one training, long enough, not online."""
    days = [
        trained.ends_on
        for trained in credited
        if trained.kind is task.kind
        and trained.mode is not Mode.ONLINE
        and trained.days >= task.days_min
        and trained.ends_on >= task.effective_on
    ]
    return min(days, default=None)


def task_changes(record: Record, credited_after: Sequence[Trained]) -> list[CadreEvent]:
    """What becomes of the tasks when other training counts than before."""
    changes: list[CadreEvent] = []
    for event_id, task in record.tasks.items():
        before = fulfilled_on(task, record.credited)
        after = fulfilled_on(task, credited_after)
        if after == before:
            continue
        if after is None:
            changes.append(task.model_copy(update={"supersedes": event_id}))
        else:
            changes.append(_completed(task, after, record.completions.get(task.task_id)))
    return changes


def _completed(
    task: TrainingTaskOpened, done_on: date, supersedes: UUID | None
) -> TrainingTaskCompleted:
    return TrainingTaskCompleted(
        cadre_id=task.cadre_id,
        effective_on=done_on,
        supersedes=supersedes,
        task_id=task.task_id,
        overdue=done_on > task.due_on,
    )
