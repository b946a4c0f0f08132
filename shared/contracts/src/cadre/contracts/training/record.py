"""What a cadre was credited with, and training that is due."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import CadreEvent, Refusal, Slug, Text, Value
from cadre.contracts.training.training_class import ClassKind, Course


class Trained(CadreEvent, Course):
    """参加培训 · A cadre attended training; ``hours`` and ``days`` are those attended."""

    type: Literal["training.trained.v1"] = "training.trained.v1"
    class_id: Slug | None = None

    def say(self) -> str:
        return (
            f"参加{self.kind.zh}“{self.title}”（{self.mode.zh}，{self.days} 天，"
            f"{self.hours:g} 学时）"
        )


class CreditRefused(CadreEvent, Refusal):
    """培训不计学时 · A class was attended, but too little of it to be credited (TRN-04)."""

    type: Literal["training.credit-refused.v1"] = "training.credit-refused.v1"
    class_id: Slug
    title: Text
    hours: float = Field(ge=0, description="学时 attended, none of which counts")

    def say(self) -> str:
        return f"参加“{self.title}” {self.hours:g} 学时，不计入培训：{self.reasons()}"


class TrainingTask(Value):
    task_id: UUID
    reason: Text
    kind: ClassKind
    days_min: int = Field(ge=1)
    due_on: date = Field(description="Last day on which it is in time")
    rule: str = Field(description="Id of the rule that asks for it", examples=["TRN-03"])


class TrainingTaskOpened(CadreEvent, TrainingTask):
    """下达培训任务 · Somebody must complete training by a date, because of a rule.

    One that supersedes an earlier opening sets the task anew: its facts changed, or the
    training that had fulfilled it was corrected away.
    """

    type: Literal["training.task-opened.v1"] = "training.task-opened.v1"

    def say(self) -> str:
        return (
            f"须于 {self.due_on} 前完成{self.kind.zh}（不少于 {self.days_min} 天）："
            f"{self.reason}（{self.rule}）"
        )


class TrainingTaskCompleted(CadreEvent):
    """完成培训任务 · A training task was fulfilled by training, on the day that it ended."""

    type: Literal["training.task-completed.v1"] = "training.task-completed.v1"
    task_id: UUID
    overdue: bool

    def say(self) -> str:
        return f"完成培训任务{'（逾期）' if self.overdue else ''}"
