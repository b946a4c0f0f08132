"""Talks, sanctions, and checks of what was to be mended."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import CadreEvent, Personal, Text, Value
from cadre.contracts.vocabulary import Term


class TalkKind(Term):
    """谈话种类 · How grave a talk is."""

    CARE = "care", "关爱谈话", "talk of care"
    REMINDER = "reminder", "提醒谈话", "reminder"
    ADMONITION = "admonition", "诫勉谈话", "admonition; starts an influence period"


class Sanction(Term):
    """政务处分与党纪处分 · 政务处分法 art. 7, and party discipline."""

    WARNING = "warning", "警告", "warning"
    DEMERIT = "demerit", "记过", "demerit"
    MAJOR_DEMERIT = "major-demerit", "记大过", "major demerit"
    DEMOTION = "demotion", "降级", "demotion"
    REMOVAL = "removal", "撤职", "removal from post"
    PARTY_WARNING = "party-warning", "党内警告", "warning by the Party"
    PARTY_SERIOUS_WARNING = "party-serious-warning", "党内严重警告", "serious warning by the Party"


class Conversation(Value):
    kind: TalkKind
    talkers: tuple[Text, ...] = Field(min_length=1)
    reason: Text
    record: Personal[Text]
    flag_event: UUID | None = None


class Talked(CadreEvent, Conversation):
    """谈话 · A talk of care, reminder or admonition was held; an admonition blocks (M55)."""

    type: Literal["supervision.talked.v1"] = "supervision.talked.v1"
    blocked_until: date | None = Field(
        default=None, description="First day on which the influence period no longer blocks"
    )
    rule: str | None = None

    def say(self) -> str:
        until = f"，影响期至 {self.blocked_until}（不含）" if self.blocked_until else ""
        return f"{self.kind.zh}：{self.reason}{until}"


class RectificationCheck(Value):
    talk_event: UUID
    passed: bool
    note: Personal[Text]


class RectificationChecked(CadreEvent, RectificationCheck):
    """诫勉后回访 · After an admonition it was checked whether the matter was mended."""

    hangs_on: ClassVar[str] = "talk_event"
    type: Literal["supervision.rectification-checked.v1"] = "supervision.rectification-checked.v1"

    def say(self) -> str:
        return f"诫勉后回访：{'已整改' if self.passed else '未整改到位'}"


class SanctionDecision(Value):
    sanction: Sanction
    decided_by: Text
    document: Text


class Disciplined(CadreEvent, SanctionDecision):
    """处分 · A sanction took effect, with its influence period (SUP-05, SUP-11)."""

    type: Literal["supervision.disciplined.v1"] = "supervision.disciplined.v1"
    blocked_until: date = Field(description="First day on which it no longer blocks")
    rule: str

    def say(self) -> str:
        return f"{self.sanction.zh}（{self.decided_by}），影响期至 {self.blocked_until}（不含）"
