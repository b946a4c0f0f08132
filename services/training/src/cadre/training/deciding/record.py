"""What somebody attended: recorded, corrected, annulled; how credit is judged again (TRN-04)."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import Event, EventAnnulled
from cadre.contracts.training.record import CreditRefused, Trained
from cadre.contracts.training.training_class import Course
from cadre.shared.deciding.annulling import Annullable
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.decider import Handler, Scope, World
from cadre.shared.deciding.dossier import Dossier, Fact
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.judgement import Answer, Judgement
from cadre.shared.deciding.order import Order
from cadre.shared.deciding.person import PERSON, Person, PersonCommand, person_handler
from cadre.shared.deciding.rights import NAMED, Right, Role
from cadre.training.deciding.task import credited, task_changes
from cadre.training.deciding.training_class import (
    CLASS,
    outcome_of,
    require_ended,
    require_plan,
    require_within,
)

type Credit = Trained | CreditRefused

ATTENDED = {"hours", "days"}


class RecordTraining(PersonCommand, Course):
    """记录个人参加的其他培训 · Record training of one person that was no class here.

    It was online or elsewhere, for instance.
    """


class CorrectTraining(PersonCommand, Course):
    """更正培训记录 · Set a record of training right.

    Of a class attended here only hours and days can differ. Training that never took place is
    corrected to no hours and no days.
    """

    supersedes: UUID = Field(description="The training, or the refusal of credit, that it corrects")


def record_training(command: RecordTraining, cadre: Person) -> Sequence[Event]:
    cadre.require_known(command.cadre_id)
    require_ended(command.ends_on, command.effective_on, command.cadre_id)
    trained = Trained(**dict(command))
    for known in credited(cadre):
        if _same_course(known, trained):
            if (known.hours, known.days) == (trained.hours, trained.days):
                return []
            raise NotPossible(
                "该培训已有记录，学时或天数不同 · "
                f"“{known.title}” until {known.ends_on} is on record with {known.hours:g} 学时, "
                f"{known.days} days",
                where=command.cadre_id,
                hint="请更正原记录 · correct that record instead of adding another",
            )
    return [trained, *task_changes(cadre, (*credited(cadre), trained))]


def _same_course(known: Trained, other: Trained) -> bool:
    return all(
        getattr(known, name) == getattr(other, name)
        for name in ("class_id", "title", "kind", "mode", "starts_on", "ends_on")
    )


def correction_scopes(command: CorrectTraining, world: World) -> Iterable[Scope[Any]]:
    """The person, and the class when the record is of one."""
    person = PERSON.of(command.cadre_id)
    yield person
    cadre = world.get(person)
    outcome = _outcome(cadre, command.supersedes) if cadre else None
    if outcome is not None and outcome.event.class_id is not None:
        yield CLASS.of(outcome.event.class_id)


def _outcome(cadre: Person, event_id: UUID) -> Fact[Credit] | None:
    outcomes = cadre.every(Trained, CreditRefused)
    return next((outcome for outcome in outcomes if outcome.id == event_id), None)


def correct_training(command: CorrectTraining, world: World) -> Sequence[Event]:
    cadre = world[PERSON.of(command.cadre_id)]
    cadre.require_known(command.cadre_id)
    require_ended(command.ends_on, command.effective_on, command.cadre_id)
    outcome = _outcome(cadre, command.supersedes)
    if outcome is None:
        raise NotFound(
            "该干部名下没有此项培训记录 · "
            f"no training {command.supersedes} of {command.cadre_id} is on record",
            where=str(command.supersedes),
            hint="请写明记录它的事件编号 · name the id of the event that recorded it",
        )
    known = outcome.event
    training_class = world[CLASS.of(known.class_id)] if known.class_id else None
    right = _right(command, known, training_class)
    latest = cadre.corrections.get(command.supersedes)
    if latest is not None:
        if latest.event == right:
            return []
        raise NotPossible(
            f"该记录此前已更正 · this record was corrected before, by {latest.id}",
            where=str(command.supersedes),
            hint="请更正后一次记录 · correct that one",
        )
    if _facts(right) == _facts(known):
        return []
    after = credited(cadre, without=command.supersedes)
    counted = (*after, right) if isinstance(right, Trained) else after
    return [right, *task_changes(cadre, counted)]


def _right(command: CorrectTraining, known: Credit, training_class: Dossier | None) -> Credit:
    course = {name: getattr(command, name) for name in Course.model_fields}
    if training_class is None:
        right = Trained(cadre_id=command.cadre_id, effective_on=command.effective_on, **course)
    else:
        plan = require_plan(training_class, known.class_id or "")
        if any(course[name] != getattr(plan, name) for name in course if name not in ATTENDED):
            raise NotPossible(
                "此为本系统所办培训班，只能更正学时和天数 · "
                f"“{plan.title}” was a class held here; only hours and days can be corrected",
                where=str(command.supersedes),
                hint="其余各项请照培训班计划填写 · repeat the other facts as the class was planned",
            )
        require_within(plan, command.hours, command.days, command.cadre_id)
        right = outcome_of(
            command.cadre_id, plan, command.hours, command.days, command.effective_on
        )
    return right.model_copy(update={"supersedes": command.supersedes})


def _facts(outcome: Credit) -> dict[str, Any]:
    """The outcome apart from when it was recorded."""
    return outcome.model_dump(exclude={"supersedes", "effective_on"})


def _credit_scopes(event: Credit) -> Iterable[Scope[Any]]:
    """Training that was no class here is recorded as told, without a rule."""
    return (CLASS.of(event.class_id),) if event.class_id else ()


def _credit(event: Credit, world: World) -> Answer:
    class_id = event.class_id or ""
    plan = require_plan(world[CLASS.of(class_id)], class_id)
    outcome = outcome_of(event.cadre_id, plan, event.hours, 0, event.effective_on)
    match outcome:
        case Trained():
            return Answer(granted=True, findings=())
        case CreditRefused():
            return Answer(granted=False, findings=outcome.findings)


def settle_annulled(
    fact: Fact[Any], cadre: Person, _world: World, _by: EventAnnulled
) -> Sequence[Event]:
    """A task that nothing fulfils any more is open again."""
    return task_changes(cadre, credited(cadre, without=fact.id))


RECORDS = Right(Role.RECORDER, NAMED)
CREDIT = frozenset({Trained, CreditRefused})

CAPABILITY = Capability(
    mechanism="M18 M20 M21",
    handlers=[
        person_handler(RecordTraining, record_training, RECORDS),
        Handler(CorrectTraining, correction_scopes, correct_training, RECORDS),
    ],
    annullable=[Annullable(CREDIT, settle=settle_annulled)],
    judgements=[
        Judgement(Trained, _credit_scopes, _credit),
        Judgement(CreditRefused, _credit_scopes, _credit),
    ],
    orders=[Order("cadre", alike=(CREDIT,))],
)
