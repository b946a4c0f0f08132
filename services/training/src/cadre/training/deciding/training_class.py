"""A training class (M19): planned, then held, with credit for whoever attended enough of it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from pydantic import Field

from cadre.contracts.event import CadreId, Event, Slug, Value
from cadre.contracts.training.record import CreditRefused, Trained
from cadre.contracts.training.training_class import ClassHeld, ClassPlan, ClassPlanned, Course
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.decider import Handler
from cadre.shared.deciding.dossier import Dossier, Fact, dossier_of
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.messages import Command
from cadre.shared.deciding.order import Order
from cadre.shared.deciding.person import PERSON, Person
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.deciding.rulebook import rulebook
from cadre.training.deciding.standards import class_days_min
from cadre.training.deciding.task import credited, task_changes


class PlanClass(Command, ClassPlan):
    """计划培训班 · Plan a class, or plan it anew before it is held."""


class Attendance(Value):
    """How much of a class somebody attended."""

    cadre_id: CadreId
    hours: float = Field(ge=0, le=2000, description="学时")
    days: int = Field(ge=0, le=400)


class HoldClass(Command):
    """记录培训班结业 · Record that a class was held, and who attended how much of it."""

    class_id: Slug
    attendees: tuple[Attendance, ...] = Field(min_length=1)


CLASS = dossier_of("training", "class")


def plan_of(training_class: Dossier) -> Fact[ClassPlanned] | None:
    """The plan that no later one replaced."""
    return next(iter(training_class.standing(ClassPlanned)), None)


def require_ended(ends_on: date, effective_on: date, where: str) -> None:
    """Raise NotPossible for training that is not over on the business date."""
    if ends_on > effective_on:
        raise NotPossible(
            "培训在生效日期尚未结束 · "
            f"the training ends on {ends_on}, after the business date {effective_on}",
            where=where,
            hint="请在培训结束后记录 · record it once it has ended",
        )


def plan_class(command: PlanClass, training_class: Dossier) -> Sequence[Event]:
    if command.hours <= 0 or command.days <= 0:
        raise NotPossible(
            f"学时或天数为零 · {command.hours:g} 学时 on {command.days} days are no class",
            where=command.class_id,
            hint="学时和天数须大于零 · plan hours and days above zero",
        )
    before = plan_of(training_class)
    planned = ClassPlanned(**dict(command), supersedes=before.id if before else None)
    if before is not None and _said(before.event) == _said(planned):
        return []
    if training_class.every(ClassHeld):
        raise NotPossible(
            "培训班已结业，计划不能再改 · the class has been held as it was planned",
            where=command.class_id,
            hint="请更正个人的培训记录 · correct the training of single persons instead",
        )
    return [planned]


def _said(event: ClassPlanned) -> Mapping[str, object]:
    return {name: getattr(event, name) for name in ClassPlan.model_fields}


def hold_class(
    command: HoldClass, training_class: Dossier, records: Mapping[str, Person]
) -> Sequence[Event]:
    """One `ClassHeld`, and for each attendee a `Trained` or a `CreditRefused` (TRN-04)."""
    plan = require_plan(training_class, command.class_id)
    for cadre_id, record in records.items():
        record.require_known(cadre_id)
    _require_fitting(command, plan)
    outcomes = [
        outcome_of(item.cadre_id, plan, item.hours, item.days, command.effective_on)
        for item in command.attendees
    ]
    held = ClassHeld(
        effective_on=command.effective_on,
        class_id=command.class_id,
        attendees=tuple(item.cadre_id for item in outcomes if isinstance(item, Trained)),
        short=is_short(plan),
    )
    news: list[Event] = [held]
    for before in training_class.every(ClassHeld):
        news = []
        if held != before.event or not all(_told(item, records) for item in outcomes):
            raise NotPossible(
                "培训班已结业，参训情况不同 · "
                f"the class was held on {before.event.effective_on}, with other attendance",
                where=command.class_id,
                hint="请更正个人的培训记录 · correct the training of single persons instead",
            )
    for item in outcomes:
        if not records[item.cadre_id].holds(item):
            news += _with_tasks(item, records[item.cadre_id])
    return news


def require_plan(training_class: Dossier, class_id: str) -> ClassPlanned:
    """The plan of a class; raises NotFound where there is none."""
    if (plan := plan_of(training_class)) is None:
        raise NotFound(
            f"没有这个培训班 · no class {class_id} is planned",
            where=class_id,
            hint="请先计划该培训班 · plan it first",
        )
    return plan.event


def _require_fitting(command: HoldClass, plan: ClassPlanned) -> None:
    require_ended(plan.ends_on, command.effective_on, command.class_id)
    counts = Counter(item.cadre_id for item in command.attendees)
    if twice := [cadre_id for cadre_id, count in counts.items() if count > 1]:
        raise NotPossible(
            f"学员重复 · {'、'.join(twice)} is named twice",
            where=command.class_id,
            hint="每名学员只写一次 · name every attendee once",
        )
    if len(counts) > plan.seats:
        raise NotPossible(
            f"学员多于名额 · {len(counts)} attendees on {plan.seats} seats",
            where=command.class_id,
            hint="请重新计划，增加名额 · plan the class anew with enough seats",
        )
    for item in command.attendees:
        require_within(plan, item.hours, item.days, item.cadre_id)


def require_within(plan: ClassPlanned, hours: float, days: int, cadre_id: str) -> None:
    """Raise NotPossible when somebody attended more than there was."""
    if hours > plan.hours or days > plan.days:
        raise NotPossible(
            "参训学时或天数多于培训班 · "
            f"{hours:g} 学时 on {days} days of a class of {plan.hours:g} 学时 on {plan.days} days",
            where=cadre_id,
            hint="不得多于培训班学时和天数，请核对数字或计划 · "
            "nobody attends more than the class had; check the figures or the plan",
        )


def outcome_of(
    cadre_id: str, plan: ClassPlanned, hours: float, days: int, effective_on: date
) -> Trained | CreditRefused:
    """Credit, or its refusal when more hours were missed than TRN-04 allowed at the time."""
    rule = rulebook().on("TRN-04", plan.ends_on)
    share_max = Fraction(rule.parameters["absence_share_max"])
    share = 1 - Fraction(str(hours)) / Fraction(str(plan.hours))
    if share > share_max:
        finding = rule.finding(
            passed=False,
            reason=f"共 {plan.hours:g} 学时，缺 {plan.hours - hours:g} 学时，超过 {share_max}",
            inputs={"hours": plan.hours, "hours_attended": hours},
        )
        return CreditRefused(
            cadre_id=cadre_id,
            effective_on=effective_on,
            class_id=plan.class_id,
            title=plan.title,
            hours=hours,
            findings=(finding,),
        )
    course: dict[str, Any] = {name: getattr(plan, name) for name in Course.model_fields}
    course |= {"hours": hours, "days": days}
    return Trained(cadre_id=cadre_id, effective_on=effective_on, class_id=plan.class_id, **course)


def is_short(plan: Course) -> bool:
    """Whether a class has fewer days than the rule for its kind asked at the time (M19)."""
    days_min = class_days_min(plan.kind, plan.mode, plan.ends_on)
    return days_min is not None and plan.days < days_min


def _told(outcome: Trained | CreditRefused, records: Mapping[str, Person]) -> bool:
    """Whether it was recorded once; what was annulled since is recorded anew."""
    facts = records[outcome.cadre_id].every(type(outcome))
    return any(fact.event == outcome for fact in facts)


def _with_tasks(outcome: Trained | CreditRefused, record: Person) -> Iterable[Event]:
    yield outcome
    if isinstance(outcome, Trained):
        yield from task_changes(record, (*credited(record), outcome))


RECORDS = Right(Role.RECORDER, EVERYBODY)

CAPABILITY = Capability(
    mechanism="M19 M22",
    handlers=[
        Handler(
            PlanClass,
            lambda c, _: (CLASS.of(c.class_id),),
            lambda c, world: plan_class(c, world[CLASS.of(c.class_id)]),
            RECORDS,
        ),
        Handler(
            HoldClass,
            lambda c, _: (CLASS.of(c.class_id), *(PERSON.of(one.cadre_id) for one in c.attendees)),
            lambda c, world: hold_class(
                c,
                world[CLASS.of(c.class_id)],
                {one.cadre_id: world[PERSON.of(one.cadre_id)] for one in c.attendees},
            ),
            RECORDS,
        ),
    ],
    orders=[Order("class", opens=frozenset({ClassPlanned}), ends=frozenset({ClassHeld}))],
)
