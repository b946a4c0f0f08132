"""How many are to be recruited in a year."""

from typing import ClassVar, Literal

from pydantic import Field

from cadre.contracts.event import Event, Slug, Value
from cadre.contracts.vocabulary import Channel


class PlanLine(Value):
    """How many a year's plan wants through one channel."""

    channel: Channel
    count: int = Field(ge=0)
    major: str | None = None


class PlanOfIntake(Value):
    plan_id: Slug
    year: int = Field(ge=1949, le=2200)
    lines: tuple[PlanLine, ...]


class IntakePlanned(Event, PlanOfIntake):
    """招录计划 · The intake of a year was planned, or planned anew (M02)."""

    entity: ClassVar[str] = "intake-plan"
    key: ClassVar[str] = "plan_id"
    type: Literal["selection.intake-planned.v1"] = "selection.intake-planned.v1"

    def say(self) -> str:
        return f"{self.year} 年招录计划，共 {sum(line.count for line in self.lines)} 人"
