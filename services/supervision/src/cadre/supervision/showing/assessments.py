"""Assessments of a person, of a unit's year, and what is missing, asked for or refused."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    Float,
    RowMapping,
    Select,
    String,
    and_,
    exists,
    func,
    or_,
    select,
)

from cadre.contracts.event import CadreId, Refusal, RuleFinding, UnitId
from cadre.contracts.selection.profile import Baselined
from cadre.contracts.supervision.assessment import (
    Assessed,
    AssessmentKind,
    AssessmentRefused,
    AssessmentRequested,
    MonthClosed,
    Period,
)
from cadre.shared.asking.parameters import Year
from cadre.shared.deciding.messages import Recorded
from cadre.shared.deciding.rights import EVERYBODY, NAMED, Right, Role
from cadre.shared.deciding.texts import DATED
from cadre.shared.showing.kept import keep, mark_annulled, row
from cadre.shared.showing.members import MEMBERSHIPS, members_on, require_known
from cadre.shared.showing.read_models import Change, Put
from cadre.shared.showing.reader import On, Reader, Reading
from cadre.shared.showing.reports import Count, Question, Report, grouped
from cadre.shared.showing.view import View
from cadre.supervision.deciding.period import kind_of, months_of, period_ends
from cadre.supervision.deciding.unit_year import unit_year_id

VIEW = View()
ROUTES = VIEW.routes

ASSESSMENTS = VIEW.table(
    "assessments",
    Column("event_id", String, primary_key=True),
    Column("cadre_id", String, index=True),
    *(Column(name, String) for name in ("kind", "period", "grade", "unit_id", "unit_name")),
    *(Column(name, String) for name in ("reviewer", "comment", "baseline", "superseded_by")),
    Column("effective_on", Date),
    Column("superseded_on", Date),
    Column("position", BigInteger),
    Column("score", Float),
    Column("late", Boolean),
)
"""A grade that a career told has the id ``<event id>/<line>``, its event as baseline, no unit."""
CLOSED_MONTHS = keep(VIEW, MonthClosed, "closed_months").table
REQUESTS = keep(VIEW, AssessmentRequested, "assessment_requests").table
REFUSALS = keep(VIEW, AssessmentRefused, "assessment_refusals")


@VIEW.on(Assessed)
def _assessed(recorded: Recorded[Assessed]) -> Iterable[Change]:
    return row(ASSESSMENTS, recorded)


mark_annulled(VIEW, Assessed, ASSESSMENTS)


@VIEW.on(Baselined)
def _graded_before(recorded: Recorded[Baselined]) -> Iterable[Change]:
    """Annual grades of an imported career, each known from the end of its year."""
    event = recorded.event
    for line, entry in enumerate(event.career):
        if entry.grade is not None:
            year = entry.begins[:4]
            told = {
                "event_id": f"{recorded.event_id}/{line}",
                "cadre_id": event.cadre_id,
                "kind": AssessmentKind.YEAR,
                "period": year,
                "grade": entry.grade,
                "late": False,
                "baseline": recorded.event_key,
                "effective_on": period_ends(year),
                "position": recorded.position,
            }
            yield Put(ASSESSMENTS.name, told)


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
    findings: tuple[RuleFinding, ...]


class RefusalsOfCadre(BaseModel):
    cadre_id: str
    refusals: list[RefusalLine]


def standing_on(day: date | ColumnElement[date]) -> Select[*tuple[object, ...]]:
    """The assessments in force on a day: a correction replaces its object from its own day on.

    What an imported career told of a year yields to what was decided here, and to a later file.
    """
    told, decided = ASSESSMENTS.c, ASSESSMENTS.alias()
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
    return select(ASSESSMENTS).where(
        told.effective_on <= day,
        or_(told.superseded_on.is_(None), told.superseded_on > day),
        ~later_file.correlate_except(MEMBERSHIPS),
        ~decided_here.correlate_except(decided),
    )


@ROUTES.get(
    "/cadres/{cadre_id}/assessments",
    Right(Role.READER, NAMED),
    summary="某日有效的考核 · Assessments in force on a day",
)
async def of_cadre(reader: Reading, cadre_id: CadreId, on: On) -> AssessmentsOfCadre:
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


@ROUTES.get(
    "/cadres/{cadre_id}/years/{year}",
    Right(Role.READER, NAMED),
    summary="年度汇总 · A year's months, quarters and total",
)
async def year_of_cadre(reader: Reading, cadre_id: CadreId, year: Year, on: On) -> YearOfCadre:
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


@ROUTES.get(
    "/assessments/missing",
    Right(Role.READER, NAMED),
    summary="未考核人员 · Who of a unit has no assessment of a period",
)
async def missing(reader: Reading, unit_id: UnitId, period: Annotated[Period, DATED]) -> Missing:
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


@ROUTES.get(
    "/assessment-requests",
    Right(Role.READER, EVERYBODY),
    summary="待组织的考核 · Assessments asked for, the most urgent first",
)
async def requests(
    reader: Reading,
    on: On,
    only_open: Annotated[
        bool,
        Query(alias="open", description="仅该日仍未办结的 · Only those still open on that day"),
    ] = False,
) -> Requests:
    """What was asked for by a day; a special or yearly assessment since then completes it."""
    asked, told = REQUESTS.c, ASSESSMENTS.c
    done_on = func.min(told.effective_on).label("done_on")
    completes = and_(
        told.cadre_id == asked.cadre_id,
        told.kind.in_((AssessmentKind.SPECIAL, AssessmentKind.YEAR)),
        told.effective_on >= asked.effective_on,
        told.effective_on <= on,
        or_(told.superseded_on.is_(None), told.superseded_on > on),
    )
    query = (
        select(*asked, done_on)
        .outerjoin(ASSESSMENTS, completes)
        .where(asked.effective_on <= on, asked.superseded_by.is_(None))
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


@ROUTES.get(
    "/cadres/{cadre_id}/assessment-refusals",
    Right(Role.READER, NAMED),
    summary="不予通过的考核等次及理由 · Grades refused, with every reason",
)
async def refusals(reader: Reading, cadre_id: CadreId) -> RefusalsOfCadre:
    await require_known(reader, cadre_id)
    told = REFUSALS.table.c
    rows = await reader.connection.execute(
        select(REFUSALS.table)
        .where(told.cadre_id == cadre_id, told.superseded_by.is_(None))
        .order_by(told.effective_on, told.position)
    )
    lines = [
        RefusalLine.model_validate(
            line | {"reasons": Refusal.model_validate({"findings": line["findings"]}).reasons()}
        )
        for line in [await REFUSALS.line(reader, dict(row)) for row in rows.mappings()]
    ]
    return RefusalsOfCadre(cadre_id=cadre_id, refusals=lines)


async def _grades(reader: Reader, question: Question) -> Iterable[Count]:
    """Annual grades in force on the day, of the years that end in the period."""
    told = ASSESSMENTS.c
    years = told.period.between(str(question.begin.year), str(question.on.year))
    query = (
        standing_on(question.on)
        .where(told.kind == AssessmentKind.YEAR, years)
        .with_only_columns(told.grade, told.cadre_id, told.event_id)
    )
    return await grouped(reader, query, "graded", "年度考核")


VIEW.reports.append(Report("grades", "年度考核等次", _grades, Right(Role.READER, EVERYBODY)))
