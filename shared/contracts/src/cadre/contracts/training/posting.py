"""Postings for practice, and their end."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import CadreEvent, Personal, Text, Value, clear
from cadre.contracts.vocabulary import Term


class PostingKind(Term):
    """派出锻炼方式 · One kind for each way somebody is sent out to practise (M30–M35)."""

    FRONTLINE = "frontline", "一线实践锻炼", "practice on the front line"
    VILLAGE_TEAM = "village-team", "驻村帮扶", "team living in a village"
    SECONDMENT = "secondment", "挂职", "secondment to a post elsewhere"
    GRASSROOTS = "grassroots", "蹲苗锻炼", "seasoning at the grass roots"
    INVESTMENT = "investment", "驻点招商", "stationed to attract investment"
    ATTACHMENT = "attachment", "跟班学习", "learning beside somebody"
    ROTATION = "rotation", "轮岗", "rotation of posts"
    TASK_FORCE = "task-force", "专班", "a task force"


class Posting(Value):
    kind: PostingKind
    host: Text = Field(description="Where to: the unit, village or city")
    home_unit: Text = Field(description="Where the personnel relation stays (公务员法 art. 72)")
    task: Text
    until: date | None = Field(default=None, description="Planned last day")


class Posted(CadreEvent, Posting):
    """派出锻炼 · A cadre was sent out to practise.

    Post and establishment stay with the home unit.
    """

    type: Literal["training.posted.v1"] = "training.posted.v1"

    def say(self) -> str:
        return f"{self.kind.zh}：派往{self.host}，任务“{self.task}”，人事关系在{self.home_unit}"


class PostingEnd(Value):
    posting_event: UUID
    evaluation: Literal["good", "fair", "poor"]
    note: Personal[Text]


class PostingEnded(CadreEvent, PostingEnd):
    """派出锻炼结束 · A posting ended, with an evaluation.

    From its effective date on the cadre is back.
    """

    hangs_on: ClassVar[str] = "posting_event"
    type: Literal["training.posting-ended.v1"] = "training.posting-ended.v1"

    def say(self) -> str:
        told = {"good": "好", "fair": "较好", "poor": "较差"}[self.evaluation]
        return f"派出锻炼结束，评价{told}：{clear(self.note)}"
