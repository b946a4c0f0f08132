"""A cadre's training record: what was attended, what of it counts, and which tasks stand open."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from cadre.contracts.event import CadreEvent, Event
from cadre.contracts.training.record import (
    Trained,
    TrainingTask,
    TrainingTaskCompleted,
    TrainingTaskOpened,
)
from cadre.contracts.training.training_class import Course, Mode
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.person import PERSON, Person, PersonCommand
from cadre.shared.deciding.rulebook import rulebook


class RecordTraining(PersonCommand, Course):
    """Record training of one person that was no class here, e.g. online or elsewhere."""


class OpenTrainingTask(PersonCommand, TrainingTask):
    """Ask somebody for training by a date, because of a rule."""


CADRE = PERSON


def credited(cadre: Person, *, without: UUID | None = None) -> tuple[Trained, ...]:
    """Training that counts; ``without`` the record that is about to be corrected."""
    return tuple(fact.event for fact in cadre.standing(Trained) if fact.id != without)


def require_ended(ends_on: date, effective_on: date, where: str) -> None:
    """Raise NotPossible for training that is not over on the business date."""
    if ends_on > effective_on:
        raise NotPossible(
            f"the training ends on {ends_on}, after the business date {effective_on}",
            where=where,
            hint="record it once it has ended",
        )


def record_training(command: RecordTraining, cadre: Person) -> Sequence[Event]:
    cadre.require_known(command.cadre_id)
    require_ended(command.ends_on, command.effective_on, command.cadre_id)
    trained = Trained(**dict(command))
    for known in credited(cadre):
        if _same_course(known, trained):
            if (known.hours, known.days) == (trained.hours, trained.days):
                return []
            raise NotPossible(
                f"“{known.title}” until {known.ends_on} is on record with {known.hours:g} 学时, "
                f"{known.days} days",
                where=command.cadre_id,
                hint="correct that record instead of adding another",
            )
    return [trained, *task_changes(cadre, (*credited(cadre), trained))]


def _same_course(known: Trained, other: Trained) -> bool:
    return all(
        getattr(known, name) == getattr(other, name)
        for name in ("class_id", "title", "kind", "mode", "starts_on", "ends_on")
    )


def open_training_task(command: OpenTrainingTask, cadre: Person) -> Sequence[Event]:
    """Open a task, or set it anew when its facts changed; training attended may fulfil it."""
    cadre.require_known(command.cadre_id)
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
    tasks = cadre.standing(TrainingTaskOpened)
    earlier = next((task for task in tasks if task.event.task_id == command.task_id), None)
    opened = TrainingTaskOpened(**dict(command), supersedes=earlier.id if earlier else None)
    if earlier is not None and _same_task(earlier.event, opened):
        return []
    done_on = fulfilled_on(opened, credited(cadre))
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


def task_changes(cadre: Person, credited_after: Sequence[Trained]) -> list[CadreEvent]:
    """What becomes of the tasks when other training counts than before."""
    changes: list[CadreEvent] = []
    for fact in cadre.standing(TrainingTaskOpened):
        task = fact.event
        before = fulfilled_on(task, credited(cadre))
        after = fulfilled_on(task, credited_after)
        if after == before:
            continue
        if after is None:
            changes.append(task.model_copy(update={"supersedes": fact.id}))
        else:
            changes.append(_completed(task, after, _completion(cadre, fact)))
    return changes


def _completion(cadre: Person, task: Fact[TrainingTaskOpened]) -> UUID | None:
    """The event that announced a task as completed, since it was last set."""
    told = cadre.every(TrainingTaskCompleted)
    done = [one for one in told if one.event.task_id == task.event.task_id]
    return done[-1].id if done and done[-1].position > task.position else None


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
