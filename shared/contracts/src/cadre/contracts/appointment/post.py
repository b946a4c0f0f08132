"""Posts, and their seats."""

from typing import ClassVar, Literal

from pydantic import Field

from cadre.contracts.event import CadreId, Event, Slug, Text, UnitId, Value
from cadre.contracts.vocabulary import PostLevel


class PostDefinition(Value):
    post_id: Slug
    unit_id: UnitId
    unit_name: Text
    title: Text
    level: PostLevel
    seats: int = Field(ge=1, le=50, description="职数")
    on_probation: bool = Field(
        default=True, description="Whether the post falls under the probation rule (SEL-26)"
    )


class PostEstablished(Event, PostDefinition):
    """设置职位 · A post with a number of seats was established, or its seats were set anew."""

    entity: ClassVar[str] = "post"
    key: ClassVar[str] = "post_id"
    type: Literal["appointment.post-established.v1"] = "appointment.post-established.v1"

    def say(self) -> str:
        return f"设置职位：{self.unit_name}{self.title}（{self.level.zh}），职数 {self.seats}"


class PostFilled(Event):
    """职位任人 · A seat of the post went to a cadre; written with `Promoted` or at take-over."""

    entity: ClassVar[str] = "post"
    key: ClassVar[str] = "post_id"
    type: Literal["appointment.post-filled.v1"] = "appointment.post-filled.v1"
    post_id: Slug
    cadre_id: CadreId

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.cadre_id,)

    def say(self) -> str:
        return f"职位由 {self.cadre_id} 任"


class PostVacated(Event):
    """职位空出 · A seat of the post became free; written with `Relieved`."""

    entity: ClassVar[str] = "post"
    key: ClassVar[str] = "post_id"
    type: Literal["appointment.post-vacated.v1"] = "appointment.post-vacated.v1"
    post_id: Slug
    cadre_id: CadreId

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.cadre_id,)

    def say(self) -> str:
        return f"职位空出（{self.cadre_id}）"
