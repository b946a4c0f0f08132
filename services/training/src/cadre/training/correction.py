"""Correcting what is on record about training attended."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import Event
from cadre.contracts.training.record import CreditRefused, Trained
from cadre.contracts.training.training_class import Course
from cadre.shared.deciding.decider import Scope, World
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.person import Person, PersonCommand
from cadre.training.record import CADRE, credited, require_ended, task_changes
from cadre.training.training_class import (
    CLASS,
    TrainingClass,
    outcome_of,
    require_plan,
    require_within,
)

ATTENDED = {"hours", "days"}


class CorrectTraining(PersonCommand, Course):
    """Set a record of training right. Of a class attended here only hours and days can differ.

    Training that never took place is corrected to no hours and no days.
    """

    supersedes: UUID = Field(description="The training, or the refusal of credit, that it corrects")


def scopes(command: CorrectTraining, world: World) -> Iterable[Scope[Any]]:
    """The person, and the class when the record is of one."""
    person = CADRE.of(command.cadre_id)
    yield person
    cadre = world.get(person)
    outcome = _outcome(cadre, command.supersedes) if cadre else None
    if outcome is not None and outcome.event.class_id is not None:
        yield CLASS.of(outcome.event.class_id)


def _outcome(cadre: Person, event_id: UUID) -> Fact[Trained | CreditRefused] | None:
    outcomes = cadre.every(Trained, CreditRefused)
    return next((outcome for outcome in outcomes if outcome.id == event_id), None)


def correct_training(command: CorrectTraining, world: World) -> Sequence[Event]:
    cadre = world[CADRE.of(command.cadre_id)]
    cadre.require_known(command.cadre_id)
    require_ended(command.ends_on, command.effective_on, command.cadre_id)
    outcome = _outcome(cadre, command.supersedes)
    if outcome is None:
        raise NotFound(
            f"no training {command.supersedes} of {command.cadre_id} is on record",
            where=str(command.supersedes),
            hint="name the id of the event that recorded it",
        )
    known = outcome.event
    training_class = world[CLASS.of(known.class_id)] if known.class_id else None
    right = _right(command, known, training_class)
    latest = cadre.corrections.get(command.supersedes)
    if latest is not None:
        if latest.event == right:
            return []
        raise NotPossible(
            f"this record was corrected before, by {latest.id}",
            where=str(command.supersedes),
            hint="correct that one",
        )
    if _facts(right) == _facts(known):
        return []
    after = credited(cadre, without=command.supersedes)
    counted = (*after, right) if isinstance(right, Trained) else after
    return [right, *task_changes(cadre, counted)]


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
