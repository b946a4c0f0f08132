"""The assessment year of a unit: its ceiling, who holds the places, what speaks against them."""

from collections import Counter
from datetime import date

from pydantic import BaseModel, Field
from sqlalchemy import select

from cadre.contracts.event import RuleFinding, Slug
from cadre.contracts.supervision.influence import TalkKind
from cadre.contracts.supervision.unit_year import (
    ExcellentAllotted,
    ExcellentReleased,
    UnitYearOpened,
)
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.showing.facts import shown
from cadre.shared.showing.kept import keep
from cadre.shared.showing.reader import Reader, Reading
from cadre.shared.showing.view import View
from cadre.supervision.deciding.grading_rules import (
    Sanctioned,
    against_any_grade,
    against_excellent,
)
from cadre.supervision.deciding.influence import SANCTIONS, TALKS
from cadre.supervision.deciding.period import period_ends
from cadre.supervision.deciding.unit_year import ceiling, not_open
from cadre.supervision.showing.assessments import CLOSED_MONTHS

VIEW = View()
UNIT_YEARS = keep(VIEW, UnitYearOpened, "unit_years").table
ALLOTTED = keep(VIEW, ExcellentAllotted, "excellent_allotted").table
RELEASED = keep(VIEW, ExcellentReleased, "excellent_released").table


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


@VIEW.routes.get(
    "/unit-years/{unit_year_id}",
    Right(Role.READER, EVERYBODY),
    summary="优秀名额 · The ceiling of 优秀 and who holds the places",
)
async def unit_year(reader: Reading, unit_year_id: Slug) -> UnitYearView:
    year_id = unit_year_id
    row = (
        await reader.connection.execute(
            select(UNIT_YEARS).where(
                UNIT_YEARS.c.unit_year_id == year_id, UNIT_YEARS.c.superseded_by.is_(None)
            )
        )
    ).one_or_none()
    if row is None:
        raise not_open(year_id)
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
    held: Counter[str] = Counter()
    for table, change in ((ALLOTTED, 1), (RELEASED, -1)):
        query = select(table.c.cadre_id).where(table.c.unit_year_id == year_id)
        for cadre_id in await reader.connection.scalars(query):
            held[cadre_id] += change
    return sorted(cadre_id for cadre_id, places in held.items() if places > 0)


async def _holder(reader: Reader, cadre_id: str, year: int) -> Holder:
    talks = [one.row for one in await shown(TALKS).held(reader, date.max, cadre_id)]
    admonished = [row["effective_on"] for row in talks if row["kind"] == TalkKind.ADMONITION]
    rows = [one.row for one in await shown(SANCTIONS).held(reader, date.max, cadre_id)]
    sanctions = [
        Sanctioned(row["sanction"], row["effective_on"], row["blocked_until"]) for row in rows
    ]
    day = period_ends(str(year))
    findings = (
        *against_excellent(year, day, admonished_on=admonished, sanctions=sanctions),
        against_any_grade(year, day, sanctions),
    )
    return Holder(cadre_id=cadre_id, against=[f for f in findings if not f.passed])
