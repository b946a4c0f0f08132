"""Correcting what is on record about training attended."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import CadreId, Event
from cadre.contracts.training.record import CreditRefused, Trained
from cadre.contracts.training.training_class import Course
from cadre.shared.deciding.decider import Scope, World
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.messages import Command
from cadre.training.record import CADRE, Record, require_ended, require_known, task_changes
from cadre.training.training_class import (
    CLASS,
    TrainingClass,
    outcome_of,
    require_plan,
    require_within,
)

ATTENDED = {"hours", "days"}


class CorrectTraining(Command, Course):
    """Set a record of training right. Of a class attended here only hours and days can differ.

    Training that never took place is corrected to no hours and no days.
    """

    cadre_id: CadreId
    supersedes: UUID = Field(description="The training, or the refusal of credit, that it corrects")


def scopes(command: CorrectTraining, world: World) -> Iterable[Scope[Any]]:
    """The person, and the class when the record is of one."""
    person = CADRE.of(command.cadre_id)
    yield person
    record = world.get(person)
    outcome = record.outcomes.get(command.supersedes) if record else None
    if outcome is not None and outcome.class_id is not None:
        yield CLASS.of(outcome.class_id)


def correct_training(command: CorrectTraining, world: World) -> Sequence[Event]:
    record = world[CADRE.of(command.cadre_id)]
    require_known(record.known, command.cadre_id)
    require_ended(command.ends_on, command.effective_on, command.cadre_id)
    known = record.outcomes.get(command.supersedes)
    if known is None:
        raise NotFound(
            f"no training {command.supersedes} of {command.cadre_id} is on record",
            where=str(command.supersedes),
            hint="name the id of the event that recorded it",
        )
    training_class = world[CLASS.of(known.class_id)] if known.class_id else None
    right = _right(command, known, training_class)
    latest = record.superseded.get(command.supersedes)
    if latest is not None:
        if record.outcomes[latest] == right:
            return []
        raise NotPossible(
            f"this record was corrected before, by {latest}",
            where=str(command.supersedes),
            hint="correct that one",
        )
    if _facts(right) == _facts(known):
        return []
    return [right, *task_changes(record, _credited_after(record, command.supersedes, right))]


def _right(
    command: CorrectTraining, known: Trained | CreditRefused, training_class: TrainingClass | None
) -> Trained | CreditRefused:
    course = {name: getattr(command, name) for name in Course.model_fields}
    if training_class is None:
        right = Trained(cadre_id=command.cadre_id, effective_on=command.effective_on, **course)
    else:
        plan = require_plan(training_class, known.class_id or "")
        if any(course[name] != getattr(plan, name) for name in course if name not in ATTENDED):
            raise NotPossible(
                f"“{plan.title}” was a class held here; only hours and days can be corrected",
                where=str(command.supersedes),
                hint="repeat the other facts as the class was planned",
            )
        require_within(plan, command.hours, command.days, command.cadre_id)
        right = outcome_of(
            command.cadre_id, plan, command.hours, command.days, command.effective_on
        )
    return right.model_copy(update={"supersedes": command.supersedes})


def _facts(outcome: Trained | CreditRefused) -> dict[str, Any]:
    """The outcome apart from when it was recorded."""
    return outcome.model_dump(exclude={"supersedes", "effective_on"})


def _credited_after(
    record: Record, superseded: UUID, right: Trained | CreditRefused
) -> tuple[Trained, ...]:
    kept = (
        outcome
        for event_id, outcome in record.outcomes.items()
        if isinstance(outcome, Trained)
        and event_id != superseded
        and event_id not in record.superseded
    )
    return (*kept, right) if isinstance(right, Trained) else tuple(kept)
