"""Warning signs, and what came of them."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import CadreEvent, Personal, Text, Value, clear
from cadre.contracts.vocabulary import Term


class FlagKind(Term):
    """预警来源 · What a warning sign comes from."""

    COMPLAINT = "complaint", "信访举报", "letter or report"
    AUDIT = "audit", "审计问题", "finding of an audit"
    ATTENDANCE = "attendance", "考勤异常", "attendance"
    POINTS_FALL = "points-fall", "积分下滑", "merit points fell"
    CONDUCT = "conduct", "作风问题", "conduct"
    OTHER = "other", "其他苗头", "another sign"


class WarningSign(Value):
    kind: FlagKind
    source: Text
    reference: Text | None = Field(
        default=None,
        description="Number of the letter or report; tells two signs of one source and day apart",
    )
    detail: Personal[Text]


class Flagged(CadreEvent, WarningSign):
    """预警 · A warning sign was raised; a human decides what follows (M56)."""

    type: Literal["supervision.flagged.v1"] = "supervision.flagged.v1"

    def say(self) -> str:
        return f"预警（{self.kind.zh}，{self.source}）：{clear(self.detail)}"


class FlagClosure(Value):
    flag_event: UUID
    outcome: Literal["dismissed", "acted"]
    reason: Text


class FlagClosed(CadreEvent, FlagClosure):
    """预警办结 · A warning sign was closed by a human, with a reason."""

    hangs_on: ClassVar[str] = "flag_event"
    type: Literal["supervision.flag-closed.v1"] = "supervision.flag-closed.v1"

    def say(self) -> str:
        return f"预警{'排除' if self.outcome == 'dismissed' else '处置'}：{self.reason}"
