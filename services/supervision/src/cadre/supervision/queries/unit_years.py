"""The assessment year of a unit: its ceiling, who holds the places, what speaks against them."""

from pydantic import BaseModel, Field
from sqlalchemy import func, select

from cadre.contracts.event import RuleFinding
from cadre.contracts.supervision.influence import TalkKind
from cadre.shared.deciding.errors import NotFound
from cadre.shared.showing.reader import Reader
from cadre.supervision.grading_rules import Sanctioned, against_any_grade, against_excellent
from cadre.supervision.period import period_ends
from cadre.supervision.tables import CLOSED_MONTHS, EXCELLENT_PLACES, SANCTIONS, TALKS, UNIT_YEARS
from cadre.supervision.unit_year import ceiling


class Holder(BaseModel):
    cadre_id: str
    against: list[RuleFinding] = Field(
        description="What was recorded since that would refuse the grade today"
    )


class UnitYearView(BaseModel):
    unit_year_id: str
    unit_name: str
    year: int
    headcount: int
    excellent_share: float
    rounding: str
    ceiling: int
    used: int
    free: int
    holders: list[Holder]
    closed_months: list[str]


async def unit_year(reader: Reader, year_id: str) -> UnitYearView:
    row = (
        await reader.connection.execute(
            select(UNIT_YEARS).where(
                UNIT_YEARS.c.unit_year_id == year_id, UNIT_YEARS.c.superseded_by.is_(None)
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFound(
            f"no assessment year {year_id} is open",
            where=year_id,
            hint="open the unit's assessment year first",
        )
    places = ceiling(row.headcount, row.excellent_share, row.rounding)
    holders = [await _holder(reader, key, row.year) for key in await _holders(reader, year_id)]
    months = await reader.connection.scalars(
        select(CLOSED_MONTHS.c.month)
        .where(CLOSED_MONTHS.c.unit_year_id == year_id)
        .order_by(CLOSED_MONTHS.c.month)
    )
    return UnitYearView(
        unit_year_id=year_id,
        unit_name=row.unit_name,
        year=row.year,
        headcount=row.headcount,
        excellent_share=row.excellent_share,
        rounding=row.rounding,
        ceiling=places,
        used=len(holders),
        free=places - len(holders),
        holders=holders,
        closed_months=list(months),
    )


async def _holders(reader: Reader, year_id: str) -> list[str]:
    told = EXCELLENT_PLACES.c
    rows = await reader.connection.scalars(
        select(told.cadre_id)
        .where(told.unit_year_id == year_id)
        .group_by(told.cadre_id)
        .having(func.sum(told.places) > 0)
        .order_by(told.cadre_id)
    )
    return list(rows)


async def _holder(reader: Reader, cadre_id: str, year: int) -> Holder:
    talks = await reader.connection.scalars(
        select(TALKS.c.effective_on).where(
            TALKS.c.cadre_id == cadre_id,
            TALKS.c.kind == TalkKind.ADMONITION,
            TALKS.c.superseded_by.is_(None),
        )
    )
    rows = await reader.connection.execute(
        select(SANCTIONS.c.sanction, SANCTIONS.c.effective_on, SANCTIONS.c.blocked_until).where(
            SANCTIONS.c.cadre_id == cadre_id, SANCTIONS.c.superseded_by.is_(None)
        )
    )
    sanctions = [Sanctioned(*row) for row in rows]
    day = period_ends(str(year))
    findings = (
        *against_excellent(year, day, admonished_on=talks, sanctions=sanctions),
        against_any_grade(year, day, sanctions),
    )
    return Holder(cadre_id=cadre_id, against=[f for f in findings if not f.passed])
