"""What Training (育) tells the others."""

from datetime import date
from typing import ClassVar, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from cadre.contracts.event import (
    CadreEvent,
    CadreId,
    Event,
    EventAnnulled,
    EventSetAside,
    Personal,
    Refusal,
    Slug,
    Text,
    Value,
    clear,
)
from cadre.contracts.vocabulary import Term


class ClassKind(Term):
    POLITICAL = "political", "政治训练"
    YOUNG_CADRE = "young-cadre", "优秀中青年干部培训班"
    INDUCTION = "induction", "初任培训"
    IN_POST = "in-post", "任职培训"
    THEMATIC = "thematic", "专题培训"
    GENERAL = "general", "在职培训"


class Mode(Term):
    OFF_JOB = "off-job", "脱产"
    CENTRALISED = "centralised", "集中"
    ONLINE = "online", "网络"
    FIELD = "field", "现场教学"


class PostingKind(Term):
    """One kind for each way somebody is sent out to practise (M30–M35)."""

    FRONTLINE = "frontline", "一线实践锻炼"
    VILLAGE_TEAM = "village-team", "驻村帮扶"
    SECONDMENT = "secondment", "挂职"
    GRASSROOTS = "grassroots", "蹲苗锻炼"
    INVESTMENT = "investment", "驻点招商"
    ATTACHMENT = "attachment", "跟班学习"
    ROTATION = "rotation", "轮岗"
    TASK_FORCE = "task-force", "专班"


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
    """A training class was planned."""

    entity: ClassVar[str] = "class"
    key: ClassVar[str] = "class_id"
    type: Literal["training.class-planned.v1"] = "training.class-planned.v1"

    def say(self) -> str:
        return f"计划{self.kind.zh}“{self.title}”，{self.days} 天 {self.hours:g} 学时"


class ClassHeld(Event):
    """A training class took place; each credited attendee's `Trained` is written with it."""

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


class Trained(CadreEvent, Course):
    """A cadre attended training; ``hours`` and ``days`` are those attended."""

    type: Literal["training.trained.v1"] = "training.trained.v1"
    class_id: Slug | None = None

    def say(self) -> str:
        return (
            f"参加{self.kind.zh}“{self.title}”（{self.mode.zh}，{self.days} 天，"
            f"{self.hours:g} 学时）"
        )


class CreditRefused(CadreEvent, Refusal):
    """A class was attended, but too little of it to be credited (TRN-04)."""

    type: Literal["training.credit-refused.v1"] = "training.credit-refused.v1"
    class_id: Slug
    title: Text
    hours: float = Field(ge=0, description="学时 attended, none of which counts")

    def say(self) -> str:
        return f"参加“{self.title}” {self.hours:g} 学时，不计入培训：{self.reasons()}"


class Posting(Value):
    kind: PostingKind
    host: Text = Field(description="Where to: the unit, village or city")
    home_unit: Text = Field(description="Where the personnel relation stays (公务员法 art. 72)")
    task: Text
    until: date | None = Field(default=None, description="Planned last day")


class Posted(CadreEvent, Posting):
    """A cadre was sent out to practise; post and establishment stay with the home unit."""

    type: Literal["training.posted.v1"] = "training.posted.v1"

    def say(self) -> str:
        return f"{self.kind.zh}：派往{self.host}，任务“{self.task}”，人事关系在{self.home_unit}"


class PostingEnd(Value):
    posting_event: UUID
    evaluation: Literal["good", "fair", "poor"]
    note: Personal[Text]


class PostingEnded(CadreEvent, PostingEnd):
    """A posting ended, with an evaluation; from its effective date on the cadre is back."""

    hangs_on: ClassVar[str] = "posting_event"
    type: Literal["training.posting-ended.v1"] = "training.posting-ended.v1"

    def say(self) -> str:
        told = {"good": "好", "fair": "较好", "poor": "较差"}[self.evaluation]
        return f"派出锻炼结束，评价{told}：{clear(self.note)}"


class Pairing(Value):
    mentor_id: CadreId
    tasks: tuple[Text, ...]
    until: date | None = Field(default=None, description="Planned last day")


class MentorPaired(CadreEvent, Pairing):
    """An apprentice was given a mentor; ``cadre_id`` is the apprentice (M25)."""

    type: Literal["training.mentor-paired.v1"] = "training.mentor-paired.v1"

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.cadre_id, self.mentor_id)

    def say(self) -> str:
        return f"师徒结对，导师 {self.mentor_id}：{'、'.join(self.tasks)}"


class MentorshipReview(Value):
    pairing_event: UUID
    progress: Literal["good", "fair", "poor"]
    note: Personal[Text]


class MentorshipReviewed(CadreEvent, MentorshipReview):
    """Progress of a pair was reviewed."""

    hangs_on: ClassVar[str] = "pairing_event"
    type: Literal["training.mentorship-reviewed.v1"] = "training.mentorship-reviewed.v1"

    def say(self) -> str:
        return f"师徒结对评估：{clear(self.note)}"


class MentorshipEnd(Value):
    pairing_event: UUID
    completed: bool = Field(description="The apprenticeship ran its course (出师)")


class MentorshipEnded(CadreEvent, MentorshipEnd):
    """A pair was dissolved or completed."""

    hangs_on: ClassVar[str] = "pairing_event"
    type: Literal["training.mentorship-ended.v1"] = "training.mentorship-ended.v1"

    def say(self) -> str:
        return "师徒结对期满出师" if self.completed else "师徒结对终止"


class MentorSlotTaken(Event):
    """One of a mentor's places went to an apprentice; written with `MentorPaired`."""

    entity: ClassVar[str] = "mentor"
    key: ClassVar[str] = "mentor_id"
    type: Literal["training.mentor-slot-taken.v1"] = "training.mentor-slot-taken.v1"
    mentor_id: CadreId
    apprentice_id: CadreId

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.mentor_id, self.apprentice_id)

    def say(self) -> str:
        return f"带教 {self.apprentice_id}"


class MentorSlotReleased(Event):
    """One of a mentor's places became free; written with `MentorshipEnded`."""

    entity: ClassVar[str] = "mentor"
    key: ClassVar[str] = "mentor_id"
    type: Literal["training.mentor-slot-released.v1"] = "training.mentor-slot-released.v1"
    mentor_id: CadreId
    apprentice_id: CadreId

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.mentor_id, self.apprentice_id)

    def say(self) -> str:
        return f"结束带教 {self.apprentice_id}"


class TrainingTask(Value):
    task_id: UUID
    reason: Text
    kind: ClassKind
    days_min: int = Field(ge=1)
    due_on: date = Field(description="Last day on which it is in time")
    rule: str = Field(description="Id of the rule that asks for it", examples=["TRN-03"])


class TrainingTaskOpened(CadreEvent, TrainingTask):
    """Somebody must complete training by a date, because of a rule.

    One that supersedes an earlier opening sets the task anew: its facts changed, or the training
    that had fulfilled it was corrected away.
    """

    type: Literal["training.task-opened.v1"] = "training.task-opened.v1"

    def say(self) -> str:
        return (
            f"须于 {self.due_on} 前完成{self.kind.zh}（不少于 {self.days_min} 天）："
            f"{self.reason}（{self.rule}）"
        )


class TrainingTaskCompleted(CadreEvent):
    """A training task was fulfilled by training attended, on the day that training ended."""

    type: Literal["training.task-completed.v1"] = "training.task-completed.v1"
    task_id: UUID
    overdue: bool

    def say(self) -> str:
        return f"完成培训任务{'（逾期）' if self.overdue else ''}"


class TrainingAnnulled(EventAnnulled):
    """A fact that Training had recorded of a person was annulled: it never held."""

    type: Literal["training.annulled.v1"] = "training.annulled.v1"


class TrainingSetAside(EventSetAside):
    """An event of a person that Training could not apply was set aside: it never held."""

    type: Literal["training.set-aside.v1"] = "training.set-aside.v1"


type TrainingEvent = (
    ClassPlanned
    | ClassHeld
    | Trained
    | CreditRefused
    | Posted
    | PostingEnded
    | MentorPaired
    | MentorshipReviewed
    | MentorshipEnded
    | MentorSlotTaken
    | MentorSlotReleased
    | TrainingTaskOpened
    | TrainingTaskCompleted
    | TrainingAnnulled
    | TrainingSetAside
)
