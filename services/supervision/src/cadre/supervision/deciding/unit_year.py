"""The assessment year of a unit: the owner of its 优秀 places and of its closed months."""

from collections.abc import Sequence
from datetime import date, timedelta
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
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.decider import Handler
from cadre.shared.deciding.dossier import Dossier, Fact, dossier_of
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.messages import Command
from cadre.shared.deciding.order import Order
from cadre.shared.deciding.places import Places
from cadre.shared.deciding.rights import NAMED, Right, Role
from cadre.shared.deciding.rulebook import rulebook


class OpenUnitYear(Command, UnitYear):
    """开启或更正单位年度考核 · Open a unit's assessment year, or correct its opening."""

    excellent_share: float | None = Field(
        default=None, gt=0, le=1, description="The usual share of ASM-03 when not named"
    )
    supersedes: UUID | None = Field(
        default=None, description="The opening this one corrects, such as a wrong head-count"
    )


class CloseMonth(Command):
    """关闭月纪实 · Close a month of a unit: what is filed for it afterwards is late (M42)."""

    unit_id: UnitId
    month: YearMonth


def unit_year_id(unit_id: str, period: str | int) -> str:
    """The id of the unit year that a year, quarter or month belongs to."""
    return f"{unit_id}-{str(period)[:4]}"


def ceiling(headcount: int, share: float, rounding: Literal["floor", "half-up"]) -> int:
    """How many 优秀 a head-count allows: 2.6 is 2 by floor and 3 by half-up."""
    exact = Decimal(str(share)) * headcount
    return int(exact.to_integral_value(ROUND_FLOOR if rounding == "floor" else ROUND_HALF_UP))


UNIT_YEAR = dossier_of("supervision", "unit-year")


def opening_of(unit_year: Dossier) -> Fact[UnitYearOpened] | None:
    """The opening that was not corrected."""
    return next(iter(unit_year.standing(UnitYearOpened)), None)


def opened(unit_year: Dossier, year_id: str) -> UnitYearOpened:
    """The opening that holds. Raises NotFound where there is none."""
    if (opening := opening_of(unit_year)) is None:
        raise not_open(year_id)
    return opening.event


def not_open(year_id: str) -> NotFound:
    return NotFound(
        f"该单位年度考核尚未开启 · no assessment year {year_id} is open",
        where=year_id,
        hint="请先开启该单位的年度考核 · open the unit's assessment year first",
    )


def closed_months(unit_year: Dossier) -> frozenset[str]:
    return frozenset(fact.event.month for fact in unit_year.standing(MonthClosed))


def _ceiling_of(unit_year: Dossier, _day: date) -> int:
    opening = opening_of(unit_year)
    return places_of(opening.event) if opening else 0


def places_of(opening: UnitYearOpened) -> int:
    """The ceiling of 优秀 (ASM-03)."""
    return ceiling(opening.headcount, opening.excellent_share, opening.rounding)


EXCELLENT = Places(taken=ExcellentAllotted, released=ExcellentReleased, limit=_ceiling_of)


def holders_of(unit_year: Dossier) -> frozenset[str]:
    """The cadres who hold a place of 优秀."""
    return EXCELLENT.holders_on(unit_year, date.max)


def open_unit_year(command: OpenUnitYear, unit_year: Dossier) -> Sequence[Event]:
    year_id = unit_year_id(command.unit_id, command.year)
    wanted = UnitYearOpened.model_validate(
        command.model_dump() | {"unit_year_id": year_id, "excellent_share": _allowed_share(command)}
    )
    if unit_year.holds(wanted):
        return []
    opening = opening_of(unit_year)
    standing = opening.id if opening else None
    if standing != command.supersedes:
        raise NotPossible(
            f"该单位年度考核已开启 · {year_id} is open already"
            if standing
            else f"没有所写的开启记录 · {year_id} has no such opening",
            where=year_id,
            hint=f"如需更正，请写明原开启事件 · to correct it, supersede {standing}"
            if standing
            else "请勿写被更正的事件 · name nothing to supersede",
        )
    places, held = places_of(wanted), len(holders_of(unit_year))
    if places < held:
        raise NotPossible(
            "已用优秀名额超过新的上限 · "
            f"{held} 优秀 places are in use, more than the new ceiling of {places}",
            where=year_id,
            hint="请先更正该年度的考核 · correct assessments of that year first",
        )
    return [wanted]


def _allowed_share(command: OpenUnitYear) -> float:
    """The share wished for, within ASM-03."""
    rule = rulebook().on("ASM-03", command.effective_on)
    usual = rule.number("share_usual")
    share = usual if command.excellent_share is None else command.excellent_share
    if share > rule.number("share_max"):
        raise NotPossible(
            "优秀比例超过上限 · "
            f"a share of {share:.1%} is above {rule.number('share_max'):.1%} (ASM-03)",
            where="excellent_share",
            hint="即使批准也不得超过 · no approval allows more",
        )
    if share > usual and command.approved_by is None:
        raise NotPossible(
            "优秀比例超过一般标准且未经批准 · "
            f"a share of {share:.1%} is above {usual:.1%} and nobody approved it (ASM-03)",
            where="approved_by",
            hint="请写明批准的公务员主管部门 · name the civil-service authority that approved it",
        )
    return share


def close_month(command: CloseMonth, unit_year: Dossier) -> Sequence[Event]:
    year_id = unit_year_id(command.unit_id, command.month)
    opened(unit_year, year_id)
    if command.month in closed_months(unit_year):
        return []
    last_day = add_months(month_start(command.month), 1) - timedelta(days=1)
    if command.effective_on < last_day:
        raise NotPossible(
            f"该月尚未结束 · {command.month} is not over on {command.effective_on}",
            where=command.month,
            hint=f"请在月末当日或之后关闭该月纪实 · close it on {last_day} or later",
        )
    return [
        MonthClosed(effective_on=command.effective_on, unit_year_id=year_id, month=command.month)
    ]


CAPABILITY = Capability(
    mechanism="M42",
    places=[EXCELLENT],
    handlers=[
        Handler(
            OpenUnitYear,
            lambda c, _: (UNIT_YEAR.of(unit_year_id(c.unit_id, c.year)),),
            lambda c, world: open_unit_year(
                c, world[UNIT_YEAR.of(unit_year_id(c.unit_id, c.year))]
            ),
            Right(Role.DECIDER, NAMED),
        ),
        Handler(
            CloseMonth,
            lambda c, _: (UNIT_YEAR.of(unit_year_id(c.unit_id, c.month)),),
            lambda c, world: close_month(c, world[UNIT_YEAR.of(unit_year_id(c.unit_id, c.month))]),
            Right(Role.RECORDER, NAMED),
        ),
    ],
    orders=[Order("unit-year", opens=frozenset({UnitYearOpened}))],
)
