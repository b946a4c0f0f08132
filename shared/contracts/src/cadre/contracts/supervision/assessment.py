"""Assessments of a month, a quarter, a year; refused, asked for, closed."""

from datetime import date
from typing import Annotated, ClassVar, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from cadre.contracts.event import CadreEvent, Event, Personal, Refusal, Slug, Text, UnitId, Value
from cadre.contracts.vocabulary import Grade, RoutineGrade, Term


class AssessmentKind(Term):
    """考核种类 · What an assessment is for."""

    MONTH = "month", "月纪实", "monthly record"
    QUARTER = "quarter", "季考评", "quarterly review"
    YEAR = "year", "年度考核", "annual assessment"
    SPECIAL = "special", "专项考核", "special assessment"


type Period = Annotated[
    str,
    Field(pattern=r"^\d{4}(-(0[1-9]|1[0-2])|-Q[1-4])?$", examples=["2025", "2025-Q3", "2025-07"]),
]


# Trying one after the other is the cheaper way, and most assessments are routine.
type AnyGrade = Annotated[RoutineGrade | Grade, Field(union_mode="left_to_right")]

_PERIOD_LENGTHS = {AssessmentKind.MONTH: 7, AssessmentKind.QUARTER: 7, AssessmentKind.YEAR: 4}


class Assessment(Value):
    """What an assessment and the wish to record it both say."""

    kind: AssessmentKind
    period: Period
    grade: AnyGrade = Field(description="`Grade` for a year, else `RoutineGrade`")
    unit_id: UnitId = Field(description="The unit the cadre belonged to in the period")
    unit_name: Text
    reviewer: Text = Field(description="The body or superior that assessed")
    score: float | None = Field(default=None, ge=0, le=100)
    comment: Personal[Text] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        length = _PERIOD_LENGTHS.get(self.kind)
        quarterly = "Q" in self.period
        if (length is not None and len(self.period) != length) or (
            quarterly != (self.kind is AssessmentKind.QUARTER) and length is not None
        ):
            msg = f"period {self.period!r} is not a {self.kind}"
            raise ValueError(msg)
        if isinstance(self.grade, Grade) != (self.kind is AssessmentKind.YEAR):
            msg = f"grade {self.grade!r} does not belong to a {self.kind} assessment"
            raise ValueError(msg)
        return self


class Assessed(CadreEvent, Assessment):
    """考核 · A cadre was assessed for a period; a correction names the one it supersedes.

    公务员法 art. 95: a re-examination does not suspend what it examines.
    """

    held_until_corrected: ClassVar[bool] = True
    type: Literal["supervision.assessed.v1"] = "supervision.assessed.v1"
    late: bool = Field(default=False, description="The period had been closed before it was filed")

    def say(self) -> str:
        fixed = "更正为" if self.supersedes else ""
        late = "（补录）" if self.late else ""
        return f"{self.period} {self.kind.zh}{fixed}：{self.grade.zh}（{self.unit_name}）{late}"


class AssessmentRefused(CadreEvent, Refusal):
    """考核等次未通过 · A grade was refused.

    A ceiling was reached or a blocking period stood against it.
    """

    type: Literal["supervision.assessment-refused.v1"] = "supervision.assessment-refused.v1"
    kind: AssessmentKind
    period: Period
    grade: AnyGrade

    def say(self) -> str:
        return f"{self.period} {self.kind.zh}不能定为{self.grade.zh}：{self.reasons()}"


class AssessmentRequest(Value):
    request_id: UUID
    reason: Text
    due_on: date


class AssessmentRequested(CadreEvent, AssessmentRequest):
    """要求组织考核 · Somebody is to be assessed by a date, because of what happened elsewhere."""

    type: Literal["supervision.assessment-requested.v1"] = "supervision.assessment-requested.v1"

    def say(self) -> str:
        return f"须于 {self.due_on} 前组织考核：{self.reason}"


class MonthClosed(Event):
    """月纪实关闭 · A unit's month was closed: what is filed for it afterwards is late (M42)."""

    entity: ClassVar[str] = "unit-year"
    key: ClassVar[str] = "unit_year_id"
    type: Literal["supervision.month-closed.v1"] = "supervision.month-closed.v1"
    unit_year_id: Slug
    month: Period

    def say(self) -> str:
        return f"{self.month} 月纪实关闭"
