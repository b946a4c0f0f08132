"""How many of a year's promoted had been 优秀 in the years before (M39)."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, select

from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.supervision.assessment import AssessmentKind
from cadre.contracts.vocabulary import Grade
from cadre.shared.asking.parameters import Year
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.deciding.rulebook import Rule, rulebook
from cadre.shared.showing.kept import keep
from cadre.shared.showing.reader import Reader, Reading
from cadre.shared.showing.reports import Count, Counted, Question, Report, ShareOf, percent
from cadre.shared.showing.view import View
from cadre.supervision.deciding.period import period_ends
from cadre.supervision.showing.assessments import ASSESSMENTS, standing_on

VIEW = View()
PROMOTIONS = keep(VIEW, Promoted, "promotions", only={"kind"}).table
READS_ALL = Right(Role.READER, EVERYBODY)


class ExcellentShare(BaseModel):
    year: int
    kind: Literal["post", "rank"] | None
    promoted: int = Field(description="Persons, however often each was promoted that year")
    excellent: int
    percent: float | None = Field(description="None when nobody was promoted")
    rounding: Literal["half-up"] = "half-up"
    threshold_percent: float
    above: bool = Field(description="Compared before rounding")
    with_excellent: list[str]
    without_excellent: list[str]


def was_excellent(year: int, rule: Rule) -> ColumnElement[bool]:
    """Of a promotion of ``year``: a grade 优秀 in the years before that EXS-01 looks at.

    A grade counts if it was in force on the day of the promotion.
    """
    return (
        standing_on(PROMOTIONS.c.effective_on)
        .where(
            ASSESSMENTS.c.cadre_id == PROMOTIONS.c.cadre_id,
            ASSESSMENTS.c.kind == AssessmentKind.YEAR,
            ASSESSMENTS.c.grade == Grade.EXCELLENT,
            ASSESSMENTS.c.period.between(str(year - rule.whole("years")), str(year - 1)),
        )
        .correlate(PROMOTIONS)
        .exists()
    )


@VIEW.routes.get(
    "/excellent-share",
    READS_ALL,
    summary="晋升人员中曾获优秀的比例 · How many of a year's promoted had been 优秀",
)
async def excellent_share(
    reader: Reading, year: Year, kind: Literal["post", "rank"] | None = None
) -> ExcellentShare:
    """The share for a year; a grade counts if it was in force on the day of the promotion."""
    rule = rulebook().on("EXS-01", period_ends(str(year)))
    threshold = Decimal(str(rule.number("share_above")))
    promoted = select(PROMOTIONS.c.cadre_id).where(
        PROMOTIONS.c.superseded_by.is_(None),
        PROMOTIONS.c.effective_on.between(date(year, 1, 1), period_ends(str(year))),
    )
    if kind is not None:
        promoted = promoted.where(PROMOTIONS.c.kind == kind)
    graded = was_excellent(year, rule)
    everyone = set(await reader.connection.scalars(promoted))
    excellent = set(await reader.connection.scalars(promoted.where(graded)))
    part, whole = len(excellent), len(everyone)
    return ExcellentShare(
        year=year,
        kind=kind,
        promoted=whole,
        excellent=part,
        percent=percent(part, whole, decimals=rule.whole("percent_decimals")),
        threshold_percent=float(100 * threshold),
        above=part > threshold * whole,
        with_excellent=sorted(excellent),
        without_excellent=sorted(everyone - excellent),
    )


async def _excellent(reader: Reader, question: Question) -> Iterable[Count]:
    """Promotions of the period, and those that a grade 优秀 preceded (M39)."""
    told = PROMOTIONS.c
    promoted: list[Counted] = []
    excellent: list[Counted] = []
    for year in range(question.begin.year, question.on.year + 1):
        graded = was_excellent(year, rulebook().on("EXS-01", question.on))
        rows = await reader.connection.execute(
            select(told.cadre_id, told.event_id, graded.label("graded")).where(
                told.superseded_by.is_(None),
                told.effective_on.between(question.begin, question.on),
                told.effective_on.between(date(year, 1, 1), date(year, 12, 31)),
            )
        )
        for cadre_id, event_id, had in rows:
            promoted.append(Counted(cadre_id, event_id))
            if had:
                excellent.append(promoted[-1])
    return [
        Count("promoted", "晋升", promoted),
        Count("excellent", "晋升前曾为优秀", excellent),
    ]


VIEW.reports.append(
    Report(
        "excellent-share",
        "晋升人员中曾获优秀的比例",
        _excellent,
        READS_ALL,
        (
            ShareOf("excellent-of-promoted", "占晋升人数", "excellent", "promoted", "人"),
            ShareOf("excellent-of-promotions", "占晋升人次", "excellent", "promoted", "人次"),
        ),
    )
)
