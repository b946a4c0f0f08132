"""A training class: planned, then held, with credit for whoever attended enough of it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import CadreId, Event, Slug, Value
from cadre.contracts.training.record import CreditRefused, Trained
from cadre.contracts.training.training_class import ClassHeld, ClassPlan, ClassPlanned, Course
from cadre.shared.deciding.decider import Fold
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.messages import Command, Recorded
from cadre.shared.deciding.person import Person
from cadre.shared.deciding.rulebook import rulebook
from cadre.training.record import credited, require_ended, task_changes
from cadre.training.standards import class_days_min


class PlanClass(Command, ClassPlan):
    """Plan a class, or plan it anew before it is held."""


class Attendance(Value):
    """How much of a class somebody attended."""

    cadre_id: CadreId
    hours: float = Field(ge=0, le=2000, description="学时")
    days: int = Field(ge=0, le=400)


class HoldClass(Command):
    """Record that a class was held, and who attended how much of it."""

    class_id: Slug
    attendees: tuple[Attendance, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class TrainingClass:
    plan: ClassPlanned | None = None
    plan_event: UUID | None = None
    held: ClassHeld | None = None


def evolve(state: TrainingClass, recorded: Recorded[Event]) -> TrainingClass:
    match recorded.event:
        case ClassPlanned() as plan:
            return replace(state, plan=plan, plan_event=recorded.event_id)
        case ClassHeld() as held:
            return replace(state, held=held)
        case _:
            return state


CLASS = Fold(service="training", entity="class", initial=TrainingClass(), evolve=evolve)


def plan_class(command: PlanClass, state: TrainingClass) -> Sequence[Event]:
    if command.hours <= 0 or command.days <= 0:
        raise NotPossible(
            f"{command.hours:g} 学时 on {command.days} days are no class",
            where=command.class_id,
            hint="plan hours and days above zero",
        )
    planned = ClassPlanned(**dict(command), supersedes=state.plan_event)
    if state.plan is not None and _plan_of(state.plan) == _plan_of(planned):
        return []
    if state.held is not None:
        raise NotPossible(
            "the class has been held as it was planned",
            where=command.class_id,
            hint="correct the training of single persons instead",
        )
    return [planned]


def _plan_of(event: ClassPlanned) -> Mapping[str, object]:
    return {name: getattr(event, name) for name in ClassPlan.model_fields}


def hold_class(
    command: HoldClass, state: TrainingClass, records: Mapping[str, Person]
) -> Sequence[Event]:
    """One `ClassHeld`, and for each attendee a `Trained` or a `CreditRefused` (TRN-04)."""
    plan = require_plan(state, command.class_id)
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
    if state.held is not None:
        if held == state.held and all(_on_record(item, records) for item in outcomes):
            return []
        raise NotPossible(
            f"the class was held on {state.held.effective_on}, with other attendance",
            where=command.class_id,
            hint="correct the training of single persons instead",
        )
    changes = (_with_tasks(item, records[item.cadre_id]) for item in outcomes)
    return [held, *(event for events in changes for event in events)]


def require_plan(state: TrainingClass, class_id: str) -> ClassPlanned:
    """The plan of a class; raises NotFound where there is none."""
    if state.plan is None:
        raise NotFound(f"no class {class_id} is planned", where=class_id, hint="plan it first")
    return state.plan


def _require_fitting(command: HoldClass, plan: ClassPlanned) -> None:
    require_ended(plan.ends_on, command.effective_on, command.class_id)
    counts = Counter(item.cadre_id for item in command.attendees)
    if twice := [cadre_id for cadre_id, count in counts.items() if count > 1]:
        raise NotPossible(
            f"{'、'.join(twice)} is named twice",
            where=command.class_id,
            hint="name every attendee once",
        )
    if len(counts) > plan.seats:
        raise NotPossible(
            f"{len(counts)} attendees on {plan.seats} seats",
            where=command.class_id,
            hint="plan the class anew with enough seats",
        )
    for item in command.attendees:
        require_within(plan, item.hours, item.days, item.cadre_id)


def require_within(plan: ClassPlanned, hours: float, days: int, cadre_id: str) -> None:
    """Raise NotPossible when somebody attended more than there was."""
    if hours > plan.hours or days > plan.days:
        raise NotPossible(
            f"{hours:g} 学时 on {days} days of a class of {plan.hours:g} 学时 on {plan.days} days",
            where=cadre_id,
            hint="nobody attends more than the class had; check the figures or the plan",
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


def _on_record(outcome: Trained | CreditRefused, records: Mapping[str, Person]) -> bool:
    return records[outcome.cadre_id].holds(outcome)


def _with_tasks(outcome: Trained | CreditRefused, record: Person) -> Iterable[Event]:
    yield outcome
    if isinstance(outcome, Trained):
        yield from task_changes(record, (*credited(record), outcome))
