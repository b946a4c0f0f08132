"""Serving in a post: assumed, on probation, relieved."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import CadreEvent, Personal, Slug, Text, Value
from cadre.contracts.vocabulary import PostLevel


class ProbationOutcome(Value):
    """What the end of a probation and the wish to record it both say."""

    promotion_event: UUID = Field(description="The `Promoted` that began the probation")
    passed: bool
    assessed_by: Text
    note: Personal[Text]


class ProbationConcluded(CadreEvent, ProbationOutcome):
    """试用期满 · A probation ended: confirmed, or back to the prior level (SEL-26)."""

    hangs_on: ClassVar[str] = "promotion_event"
    type: Literal["appointment.probation-concluded.v1"] = "appointment.probation-concluded.v1"
    post_id: Slug

    def say(self) -> str:
        return "试用期满考核合格，正式任职" if self.passed else "试用期考核不合格，免去试任职务"


class Relieved(CadreEvent):
    """免职 · A cadre left a post."""

    type: Literal["appointment.relieved.v1"] = "appointment.relieved.v1"
    post_id: Slug
    reason: Text

    def say(self) -> str:
        return f"免职（{self.post_id}）：{self.reason}"


class PostAssumed(CadreEvent):
    """登记现任职位 · A post held from before this system was recorded against the establishment."""

    type: Literal["appointment.post-assumed.v1"] = "appointment.post-assumed.v1"
    post_id: Slug
    level: PostLevel
    basis: Text

    def say(self) -> str:
        return f"登记现任职位 {self.post_id}（{self.level.zh}）：{self.basis}"
