"""Training that a rule asks of somebody by a day, and what of the training attended fulfils it.

Who is new, or was promoted to a post untrained, gets a task by itself.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import NAMESPACE_OID, UUID, uuid5

from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.event import CadreEvent, Event
from cadre.contracts.selection.profile import Recruited
from cadre.contracts.training.record import (
    Trained,
    TrainingTask,
    TrainingTaskCompleted,
    TrainingTaskOpened,
)
from cadre.contracts.training.training_class import ClassKind, Mode
from cadre.shared.deciding.calendar import add_years
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.messages import Recorded
from cadre.shared.deciding.order import Order
from cadre.shared.deciding.person import Person, PersonCommand, person_handler
from cadre.shared.deciding.reactions import Reaction
from cadre.shared.deciding.rights import NAMED, Right, Role
from cadre.shared.deciding.rulebook import rulebook
from cadre.training.deciding.standards import in_post_days_min


class OpenTrainingTask(PersonCommand, TrainingTask):
    """下达培训任务 · Ask somebody for training by a date, because of a rule."""


def credited(cadre: Person, *, without: UUID | None = None) -> tuple[Trained, ...]:
    """Training that counts; ``without`` the record that is about to be corrected."""
    return tuple(fact.event for fact in cadre.standing(Trained) if fact.id != without)


def open_training_task(command: OpenTrainingTask, cadre: Person) -> Sequence[Event]:
    """Open a task, or set it anew when its facts changed; training attended may fulfil it."""
    cadre.require_known(command.cadre_id)
    if command.rule not in rulebook().versions:
        raise NotPossible(
            f"规则库没有此规则 · no rule {command.rule} is in the rule book",
            where=str(command.task_id),
            hint="请写明要求培训的规则 · name the rule that asks for the training",
        )
    if command.due_on < command.effective_on:
        raise NotPossible(
            "完成期限早于下达日期 · "
            f"due on {command.due_on}, before it is opened on {command.effective_on}",
            where=str(command.task_id),
            hint="请将完成期限写在生效日期当日或之后 · "
            "give a due date on or after the business date",
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


def task_id(recorded: Recorded[CadreEvent]) -> UUID:
    """The task an event opens; its correction sets the same task anew."""
    return uuid5(recorded.event.supersedes or recorded.event_id, "training-task")


def induction_id(cadre_id: str) -> UUID:
    """The task of a recruit: one, however often the recruitment is told anew."""
    return uuid5(NAMESPACE_OID, f"{cadre_id}/induction")


def train_promoted(recorded: Recorded[Promoted]) -> Iterable[OpenTrainingTask]:
    """In-post training within a year of taking office untrained (SEL-08, TRN-03)."""
    event = recorded.event
    if event.kind != "post" or event.trained:
        return
    rule = rulebook().on("TRN-03", event.effective_on)
    yield OpenTrainingTask(
        cadre_id=event.cadre_id,
        effective_on=event.effective_on,
        task_id=task_id(recorded),
        reason=f"任{event.unit_name or ''}{event.post_title or '新职'}前未达到培训要求",
        kind=ClassKind.IN_POST,
        days_min=in_post_days_min(event.level, event.effective_on),
        due_on=add_years(event.effective_on, rule.whole("years")),
        rule=rule.id,
    )


def induct_recruited(recorded: Recorded[Recruited]) -> Iterable[OpenTrainingTask]:
    """Induction training within the probation year (TRN-05)."""
    event = recorded.event
    rule = rulebook().on("TRN-05", event.effective_on)
    if event.channel in rule.parameters["channels_exempt"]:
        return
    yield OpenTrainingTask(
        cadre_id=event.cadre_id,
        effective_on=event.effective_on,
        task_id=induction_id(event.cadre_id),
        reason=f"经{event.channel.zh}进入，须在试用期内参加初任培训",
        kind=ClassKind.INDUCTION,
        days_min=rulebook().on("TRN-06", event.effective_on).whole("induction_days_min"),
        due_on=add_years(event.effective_on, rule.whole("probation_years")),
        rule=rule.id,
    )


CAPABILITY = Capability(
    mechanism="M20",
    handlers=[
        person_handler(OpenTrainingTask, open_training_task, Right(Role.RECORDER, NAMED)),
    ],
    orders=[Order("cadre", after={TrainingTaskCompleted: frozenset({TrainingTaskOpened})})],
    reactions=[
        Reaction("train-promoted", Promoted, train_promoted),
        Reaction("induct-recruited", Recruited, induct_recruited),
    ],
)
