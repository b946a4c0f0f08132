"""The intake plan of a year: gap first, plan second, hires third (M02)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from cadre.contracts.event import Event
from cadre.contracts.selection.intake import IntakePlanned, PlanOfIntake
from cadre.shared.deciding.decider import Fold
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.messages import Command, Recorded


class PlanIntake(Command, PlanOfIntake):
    """Plan the intake of a year, or plan it anew: the new plan takes the place of the old one."""


@dataclass(frozen=True, slots=True)
class IntakePlan:
    """Every version of a plan by event id; the last one recorded stands."""

    versions: Mapping[UUID, IntakePlanned] = field(default_factory=dict[UUID, IntakePlanned])

    @property
    def standing(self) -> tuple[UUID, IntakePlanned] | None:
        replaced = {version.supersedes for version in self.versions.values()}
        return next(((k, v) for k, v in self.versions.items() if k not in replaced), None)


def evolve(state: IntakePlan, recorded: Recorded[Event]) -> IntakePlan:
    match recorded.event:
        case IntakePlanned() as planned:
            return IntakePlan({**state.versions, recorded.event_id: planned})
        case _:
            return state


INTAKE_PLAN = Fold(service="selection", entity="intake-plan", initial=IntakePlan(), evolve=evolve)


def decide(command: PlanIntake, plan: IntakePlan) -> list[Event]:
    lines = [(line.channel, line.major) for line in command.lines]
    if len(set(lines)) < len(lines):
        raise NotPossible(
            "a channel and major stand in the plan twice",
            where="lines",
            hint="add their counts up into one line",
        )
    if plan.standing is None:
        return [IntakePlanned(**dict(command))]
    event_id, planned = plan.standing
    if planned.model_dump(exclude={"supersedes", "type"}) == command.model_dump():
        return []
    if planned.year != command.year:
        raise NotPossible(
            f"plan {command.plan_id} is the plan of {planned.year}",
            where="year",
            hint="give the plan of another year an id of its own",
        )
    return [IntakePlanned(**dict(command), supersedes=event_id)]
