"""The assessment year of a unit: the owner of its 优秀 places and of its closed months."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Literal
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import Event, UnitId, YearMonth
from cadre.contracts.supervision.assessment import MonthClosed
from cadre.contracts.supervision.unit_year import (
    ExcellentAllotted,
    ExcellentReleased,
    UnitYear,
    UnitYearOpened,
)
from cadre.shared.deciding.calendar import add_months, month_start
from cadre.shared.deciding.decider import Fold
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.messages import Command, Recorded
from cadre.shared.deciding.rulebook import rulebook


class OpenUnitYear(Command, UnitYear):
    """Open a unit's assessment year, or correct its opening."""

    excellent_share: float | None = Field(
        default=None, gt=0, le=1, description="The usual share of ASM-03 when not named"
    )
    supersedes: UUID | None = Field(
        default=None, description="The opening this one corrects, such as a wrong head-count"
    )


class CloseMonth(Command):
    """Close a month of a unit: what is filed for it afterwards is late (M42)."""

    unit_id: UnitId
    month: YearMonth


def unit_year_id(unit_id: str, period: str | int) -> str:
    """The id of the unit year that a year, quarter or month belongs to."""
    return f"{unit_id}-{str(period)[:4]}"


def ceiling(headcount: int, share: float, rounding: Literal["floor", "half-up"]) -> int:
    """How many 优秀 a head-count allows: 2.6 is 2 by floor and 3 by half-up."""
    exact = Decimal(str(share)) * headcount
    return int(exact.to_integral_value(ROUND_FLOOR if rounding == "floor" else ROUND_HALF_UP))


@dataclass(frozen=True, slots=True)
class UnitYearState:
    openings: Mapping[UUID, UnitYearOpened] = field(default_factory=dict[UUID, UnitYearOpened])
    superseded: frozenset[UUID] = frozenset()
    closed_months: frozenset[str] = frozenset()
    holders: frozenset[str] = frozenset()
    """The cadres who hold a 优秀 place."""

    @property
    def opening(self) -> tuple[UUID, UnitYearOpened] | None:
        """The opening that was not corrected."""
        return next((o for o in self.openings.items() if o[0] not in self.superseded), None)

    def opened(self, year_id: str) -> UnitYearOpened:
        """The opening that holds. Raises NotFound where there is none."""
        if self.opening is None:
            raise NotFound(
                f"no assessment year {year_id} is open",
                where=year_id,
                hint="open the unit's assessment year first",
            )
        return self.opening[1]


def evolve(state: UnitYearState, recorded: Recorded[Event]) -> UnitYearState:
    match recorded.event:
        case UnitYearOpened() as event:
            return replace(
                state,
                openings={**state.openings, recorded.event_id: event},
                superseded=state.superseded | ({event.supersedes} if event.supersedes else set()),
            )
        case MonthClosed() as event:
            return replace(state, closed_months=state.closed_months | {event.month})
        case ExcellentAllotted() as event:
            return replace(state, holders=state.holders | {event.cadre_id})
        case ExcellentReleased() as event:
            return replace(state, holders=state.holders - {event.cadre_id})
        case _:
            return state


UNIT_YEAR = Fold(service="supervision", entity="unit-year", initial=UnitYearState(), evolve=evolve)


def open_unit_year(command: OpenUnitYear, state: UnitYearState) -> Sequence[Event]:
    year_id = unit_year_id(command.unit_id, command.year)
    opened = UnitYearOpened.model_validate(
        command.model_dump() | {"unit_year_id": year_id, "excellent_share": _allowed_share(command)}
    )
    if opened in state.openings.values():
        return []
    standing = state.opening[0] if state.opening else None
    if standing != command.supersedes:
        raise NotPossible(
            f"{year_id} is open already" if standing else f"{year_id} has no such opening",
            where=year_id,
            hint=f"to correct it, supersede {standing}"
            if standing
            else "name nothing to supersede",
        )
    places = ceiling(opened.headcount, opened.excellent_share, opened.rounding)
    if places < len(state.holders):
        raise NotPossible(
            f"{len(state.holders)} 优秀 places are in use, more than the new ceiling of {places}",
            where=year_id,
            hint="correct assessments of that year first",
        )
    return [opened]


def _allowed_share(command: OpenUnitYear) -> float:
    """The share wished for, within ASM-03."""
    rule = rulebook().on("ASM-03", command.effective_on)
    usual = rule.number("share_usual")
    share = usual if command.excellent_share is None else command.excellent_share
    if share > rule.number("share_max"):
        raise NotPossible(
            f"a share of {share:.1%} is above {rule.number('share_max'):.1%} (ASM-03)",
            where="excellent_share",
            hint="no approval allows more",
        )
    if share > usual and command.approved_by is None:
        raise NotPossible(
            f"a share of {share:.1%} is above {usual:.1%} and nobody approved it (ASM-03)",
            where="approved_by",
            hint="name the civil-service authority that approved it",
        )
    return share


def close_month(command: CloseMonth, state: UnitYearState) -> Sequence[Event]:
    year_id = unit_year_id(command.unit_id, command.month)
    state.opened(year_id)
    if command.month in state.closed_months:
        return []
    last_day = add_months(month_start(command.month), 1) - timedelta(days=1)
    if command.effective_on < last_day:
        raise NotPossible(
            f"{command.month} is not over on {command.effective_on}",
            where=command.month,
            hint=f"close it on {last_day} or later",
        )
    return [
        MonthClosed(effective_on=command.effective_on, unit_year_id=year_id, month=command.month)
    ]
