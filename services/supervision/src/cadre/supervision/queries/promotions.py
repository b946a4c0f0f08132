"""How many of a year's promoted had been 优秀 in the years before (M39)."""

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, select

from cadre.contracts.supervision.assessment import AssessmentKind
from cadre.contracts.vocabulary import Grade
from cadre.shared.deciding.rulebook import Rule, rulebook
from cadre.shared.showing.reader import Reader
from cadre.shared.showing.reports import percent
from cadre.supervision.period import period_ends
from cadre.supervision.queries.assessments import standing_on
from cadre.supervision.tables import ASSESSMENTS, PROMOTIONS


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


async def excellent_share(
    reader: Reader, year: int, kind: Literal["post", "rank"] | None
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
