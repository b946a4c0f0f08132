"""Assessments of a person, of a unit's year, and what is missing, asked for or refused."""

import json
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, RowMapping, Select, and_, exists, func, or_, select

from cadre.contracts.event import RuleFinding
from cadre.contracts.supervision.assessment import AssessmentKind
from cadre.shared.showing.reader import Reader
from cadre.supervision.period import kind_of, months_of, period_ends
from cadre.supervision.queries.members import members_on, require_known
from cadre.supervision.tables import ASSESSMENTS, CLOSED_MONTHS, MEMBERSHIPS, REFUSALS, REQUESTS
from cadre.supervision.unit_year import unit_year_id


class AssessmentLine(BaseModel):
    event_id: str
    kind: AssessmentKind
    period: str
    grade: str
    unit_id: str | None = Field(description="None where an imported career told the grade")
    unit_name: str | None
    reviewer: str | None
    score: float | None
    comment: str | None
    late: bool
    effective_on: date


class AssessmentsOfCadre(BaseModel):
    cadre_id: str
    on: date
    assessments: list[AssessmentLine]


class QuarterLine(BaseModel):
    quarter: str
    score: float | None
    counts: bool = Field(description="Whether all its months are closed")


class YearOfCadre(BaseModel):
    """The roll-up of a year (M42)."""

    cadre_id: str
    year: int
    on: date
    months: list[AssessmentLine]
    quarters: list[QuarterLine]
    total: float = Field(description="The sum of the quarters that count")
    grade: str | None


class Missing(BaseModel):
    unit_id: str
    period: str
    members: int
    missing: list[str]


class RequestLine(BaseModel):
    request_id: str
    cadre_id: str
    reason: str
    effective_on: date
    due_on: date
    done_on: date | None = Field(description="The first special or yearly assessment since then")
    overdue: bool


class Requests(BaseModel):
    on: date
    requests: list[RequestLine]


class RefusalLine(BaseModel):
    event_id: str
    kind: AssessmentKind
    period: str
    grade: str
    effective_on: date
    reasons: str
    findings: list[RuleFinding]


class RefusalsOfCadre(BaseModel):
    cadre_id: str
    refusals: list[RefusalLine]


def standing_on(day: date | ColumnElement[date]) -> Select[*tuple[object, ...]]:
    """The assessments in force on a day: a correction replaces its object from its own day on.

    What an imported career told of a year yields to what was decided here, and to a later file.
    """
    told, correction, decided = ASSESSMENTS.c, ASSESSMENTS.alias(), ASSESSMENTS.alias()
    later_file = exists().where(
        MEMBERSHIPS.c.event_id == told.baseline, MEMBERSHIPS.c.superseded_by.is_not(None)
    )
    decided_here = exists().where(
        told.baseline.is_not(None),
        decided.c.baseline.is_(None),
        decided.c.cadre_id == told.cadre_id,
        decided.c.kind == told.kind,
        decided.c.period == told.period,
        decided.c.effective_on <= day,
    )
    return (
        select(ASSESSMENTS)
        .outerjoin(correction, correction.c.event_id == ASSESSMENTS.c.superseded_by)
        .where(
            ASSESSMENTS.c.effective_on <= day,
            or_(correction.c.event_id.is_(None), correction.c.effective_on > day),
            ~later_file.correlate_except(MEMBERSHIPS),
            ~decided_here.correlate_except(decided),
        )
    )


async def of_cadre(reader: Reader, cadre_id: str, on: date) -> AssessmentsOfCadre:
    await require_known(reader, cadre_id)
    rows = await _standing(reader, cadre_id, on)
    lines = [await _line(reader, row) for row in rows]
    return AssessmentsOfCadre(cadre_id=cadre_id, on=on, assessments=lines)


async def _standing(
    reader: Reader, cadre_id: str, on: date, period: str = ""
) -> Sequence[RowMapping]:
    told = ASSESSMENTS.c
    rows = await reader.connection.execute(
        standing_on(on)
        .where(told.cadre_id == cadre_id, told.period.startswith(period))
        .order_by(told.period, told.effective_on, told.event_id)
    )
    return rows.mappings().all()


async def _line(reader: Reader, row: RowMapping) -> AssessmentLine:
    return AssessmentLine.model_validate(dict(row) | {"comment": await reader.open(row["comment"])})


async def year_of_cadre(reader: Reader, cadre_id: str, year: int, on: date) -> YearOfCadre:
    await require_known(reader, cadre_id)
    rows = await _standing(reader, cadre_id, on, str(year))
    lines = [await _line(reader, row) for row in rows]
    closed = await _closed(reader, {unit_year_id(x.unit_id, year) for x in lines if x.unit_id}, on)
    quarters = [
        QuarterLine(
            quarter=line.period,
            score=line.score,
            counts=all(
                (unit_year_id(line.unit_id or "", year), month) in closed
                for month in months_of(line.period)
            ),
        )
        for line in lines
        if line.kind is AssessmentKind.QUARTER
    ]
    total = sum(Decimal(str(q.score)) for q in quarters if q.counts and q.score is not None)
    return YearOfCadre(
        cadre_id=cadre_id,
        year=year,
        on=on,
        months=[line for line in lines if line.kind is AssessmentKind.MONTH],
        quarters=quarters,
        total=float(total),
        grade=next((x.grade for x in lines if x.kind is AssessmentKind.YEAR), None),
    )


async def _closed(reader: Reader, unit_years: set[str], on: date) -> set[tuple[str, str]]:
    told = CLOSED_MONTHS.c
    rows = await reader.connection.execute(
        select(told.unit_year_id, told.month).where(
            told.unit_year_id.in_(unit_years), told.effective_on <= on
        )
    )
    return {(unit_year, month) for unit_year, month in rows}


async def missing(reader: Reader, unit_id: str, period: str) -> Missing:
    """Members of the unit on the period's last day who have no assessment of the period."""
    present = members_on(period_ends(period), unit_id)
    members = set((await reader.connection.scalars(present)).all())
    assessed: Iterable[str] = await reader.connection.scalars(
        select(ASSESSMENTS.c.cadre_id).where(
            ASSESSMENTS.c.kind == kind_of(period), ASSESSMENTS.c.period == period
        )
    )
    return Missing(
        unit_id=unit_id,
        period=period,
        members=len(members),
        missing=sorted(members.difference(assessed)),
    )


async def requests(reader: Reader, on: date, *, only_open: bool) -> Requests:
    """What was asked for by a day; a special or yearly assessment since then completes it."""
    asked, told = REQUESTS.c, ASSESSMENTS.c
    done_on = func.min(told.effective_on).label("done_on")
    completes = and_(
        told.cadre_id == asked.cadre_id,
        told.kind.in_((AssessmentKind.SPECIAL, AssessmentKind.YEAR)),
        told.effective_on >= asked.effective_on,
        told.effective_on <= on,
    )
    query = (
        select(*asked, done_on)
        .outerjoin(ASSESSMENTS, completes)
        .where(asked.effective_on <= on)
        .group_by(*asked)
        .order_by(asked.due_on, asked.request_id)
    )
    rows = await reader.connection.execute(query.having(done_on.is_(None)) if only_open else query)
    return Requests(
        on=on,
        requests=[
            RequestLine.model_validate(
                dict(row) | {"overdue": row["done_on"] is None and row["due_on"] < on}
            )
            for row in rows.mappings()
        ],
    )


async def refusals(reader: Reader, cadre_id: str) -> RefusalsOfCadre:
    await require_known(reader, cadre_id)
    rows = await reader.connection.execute(
        select(REFUSALS)
        .where(REFUSALS.c.cadre_id == cadre_id)
        .order_by(REFUSALS.c.effective_on, REFUSALS.c.event_id)
    )
    lines = [
        RefusalLine.model_validate(dict(row) | {"findings": json.loads(row["findings"])})
        for row in rows.mappings()
    ]
    return RefusalsOfCadre(cadre_id=cadre_id, refusals=lines)
