"""Merit points posted and reversed."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import CadreEvent, Slug, Text, Value


class MeritClaim(Value):
    """What an entry of the merit account and the wish for it both say."""

    scheme_id: Slug
    item: Slug = Field(description="Code of the item in the scheme's version of that day")
    evidence: Text
    approved_by: Text
    honour_event: UUID | None = Field(
        default=None, description="The honour that the points are for (M63)"
    )


class MeritPosted(CadreEvent, MeritClaim):
    """实绩积分 · Merit points were awarded or, when negative, deducted (M15)."""

    type: Literal["supervision.merit-posted.v1"] = "supervision.merit-posted.v1"
    scheme_version: int
    title: Text
    points: int

    def say(self) -> str:
        item = f"{self.title}，第 {self.scheme_version} 版"
        return f"实绩积分 {self.points:+d}（{item}）：{self.evidence}"


class MeritReversal(Value):
    merit_event: UUID
    reason: Text
    honour_event: UUID | None = Field(
        default=None, description="The honour by whose revocation it came (M63)"
    )


class MeritReversed(CadreEvent, MeritReversal):
    """冲销实绩积分 · An entry of the merit account was reversed."""

    hangs_on: ClassVar[str] = "merit_event"
    type: Literal["supervision.merit-reversed.v1"] = "supervision.merit-reversed.v1"
    points: int = Field(description="The opposite of the points reversed")

    def say(self) -> str:
        return f"冲销实绩积分 {self.points:+d}：{self.reason}"
