"""Classes planned and held."""

from datetime import date
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from cadre.contracts.event import CadreId, Event, Slug, Text, Value
from cadre.contracts.vocabulary import Term


class ClassKind(Term):
    """培训类别 · What a training class is for."""

    POLITICAL = "political", "政治训练", "political training"
    YOUNG_CADRE = "young-cadre", "优秀中青年干部培训班", "class for outstanding younger cadres"
    INDUCTION = "induction", "初任培训", "on entering service"
    IN_POST = "in-post", "任职培训", "on taking a post"
    THEMATIC = "thematic", "专题培训", "on one theme"
    GENERAL = "general", "在职培训", "in service"


class Mode(Term):
    """培训方式 · How training is attended."""

    OFF_JOB = "off-job", "脱产", "released from work"
    CENTRALISED = "centralised", "集中", "together, in one place"
    ONLINE = "online", "网络", "online"
    FIELD = "field", "现场教学", "on site"


class Course(Value):
    """What was taught, how and how long."""

    title: Text
    kind: ClassKind
    mode: Mode
    hours: float = Field(ge=0, le=2000, description="学时")
    days: int = Field(ge=0, le=400, description="Days of attendance")
    starts_on: date
    ends_on: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends_on < self.starts_on:
            msg = f"ends_on {self.ends_on} lies before starts_on {self.starts_on}"
            raise ValueError(msg)
        return self


class ClassPlan(Course):
    class_id: Slug
    seats: int = Field(ge=1)


class ClassPlanned(Event, ClassPlan):
    """计划培训班 · A training class was planned."""

    entity: ClassVar[str] = "class"
    key: ClassVar[str] = "class_id"
    type: Literal["training.class-planned.v1"] = "training.class-planned.v1"

    def say(self) -> str:
        return f"计划{self.kind.zh}“{self.title}”，{self.days} 天 {self.hours:g} 学时"


class ClassHeld(Event):
    """培训班结业 · A training class took place.

    Each credited attendee's `Trained` is written with it.
    """

    entity: ClassVar[str] = "class"
    key: ClassVar[str] = "class_id"
    type: Literal["training.class-held.v1"] = "training.class-held.v1"
    class_id: Slug
    attendees: tuple[CadreId, ...] = Field(description="Those credited")
    short: bool = Field(description="Shorter than the rule for its kind asks (M19)")

    @property
    def persons(self) -> tuple[str, ...]:
        return self.attendees

    def say(self) -> str:
        return f"培训班结业，{len(self.attendees)} 人参训{'（天数不足）' if self.short else ''}"
