"""What merit points are given for."""

from typing import ClassVar, Literal

from pydantic import Field

from cadre.contracts.event import Event, Slug, Text, Value


class PointItem(Value):
    code: Slug
    title: Text
    family: Literal[
        "distinction", "commendation", "hard-task", "failure", "public-complaint", "criticism"
    ]
    points: int = Field(description="Positive awards, negative deducts")


class PointScheme(Value):
    scheme_id: Slug
    version: int = Field(ge=1)
    items: tuple[PointItem, ...]


class PointSchemePublished(Event, PointScheme):
    """发布积分办法 · A version of the merit point rules came into force (M15)."""

    entity: ClassVar[str] = "point-scheme"
    key: ClassVar[str] = "scheme_id"
    type: Literal["supervision.point-scheme-published.v1"] = "supervision.point-scheme-published.v1"

    def say(self) -> str:
        return f"积分办法第 {self.version} 版，{len(self.items)} 项"
