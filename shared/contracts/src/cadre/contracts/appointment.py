"""What Appointment (用) tells the others."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import (
    CadreEvent,
    CadreId,
    Event,
    EventAnnulled,
    EventSetAside,
    Personal,
    Refusal,
    RuleFinding,
    Slug,
    Text,
    UnitId,
    Value,
)
from cadre.contracts.vocabulary import PostLevel, Rank, Term


class StopReason(Term):
    WITHDRAWN = "withdrawn", "撤回动议"
    NO_CANDIDATE = "no-candidate", "无合适人选"
    NOT_CARRIED = "not-carried", "讨论未通过"
    OBJECTION = "objection", "公示期反映问题属实"
    OTHER = "other", "其他"


class Gate(Term):
    """四关 (M64), in the order in which they are passed."""

    POLITICAL = "political", "政治关"
    ABILITY = "ability", "能力关"
    MERIT = "merit", "实绩关"
    INTEGRITY = "integrity", "廉洁关"


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
    """A post with a number of seats was established, or its seats were set anew."""

    entity: ClassVar[str] = "post"
    key: ClassVar[str] = "post_id"
    type: Literal["appointment.post-established.v1"] = "appointment.post-established.v1"

    def say(self) -> str:
        return f"设置职位：{self.unit_name}{self.title}（{self.level.zh}），职数 {self.seats}"


class PostFilled(Event):
    """A seat of the post went to a cadre; written with `Promoted` or at take-over."""

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
    """A seat of the post became free; written with `Relieved`."""

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


class MotionEvent(Event):
    """A step of one motion: the five steps of 公务员法 art. 46, in order."""

    entity: ClassVar[str] = "motion"
    key: ClassVar[str] = "motion_id"
    motion_id: Slug


class MotionProposal(Value):
    """What a motion and the wish to open it both say."""

    post_id: Slug
    proposer: Text
    committee_size: int = Field(ge=3, description="Members of the deciding committee (应到)")
    proposal: Text


class MotionOpened(MotionEvent, MotionProposal):
    """Step 1, 动议: a vacancy is to be filled."""

    type: Literal["appointment.motion-opened.v1"] = "appointment.motion-opened.v1"
    level: PostLevel

    def say(self) -> str:
        return f"动议：{self.proposal}（{self.proposer}）"


class Recommendation(Value):
    """Both ways of 民主推荐 (SEL-14) and whom they named."""

    talks_on: date = Field(description="谈话调研推荐")
    meeting_on: date = Field(description="会议推荐")
    talked_count: int = Field(ge=1)
    voters_count: int = Field(ge=1)
    recommended: tuple[CadreId, ...] = Field(min_length=1)


class RecommendationHeld(MotionEvent, Recommendation):
    """Step 2, 民主推荐: talks and a meeting both recommended (SEL-14)."""

    type: Literal["appointment.recommendation-held.v1"] = "appointment.recommendation-held.v1"

    @property
    def persons(self) -> tuple[str, ...]:
        return self.recommended

    def say(self) -> str:
        return f"民主推荐：谈话 {self.talked_count} 人，会议 {self.voters_count} 票"


class CandidateFixed(MotionEvent):
    """Step 3 begins: the person to be inspected was fixed (确定考察对象)."""

    type: Literal["appointment.candidate-fixed.v1"] = "appointment.candidate-fixed.v1"
    cadre_id: CadreId
    findings: tuple[RuleFinding, ...]
    justification: Text | None = Field(
        default=None, description="Why, where a rule of what is usual (一般应当) was not met"
    )

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.cadre_id,)

    def say(self) -> str:
        return f"确定考察对象 {self.cadre_id}"


class FourChecks(Value):
    """凡提四必 (SEL-18): when each check was done, and whether it was clean."""

    archive_on: date = Field(description="档案必审")
    matters_on: date = Field(description="个人有关事项必核")
    discipline_on: date = Field(description="纪检监察意见必听")
    complaints_on: date = Field(description="信访举报线索必查")
    clean: bool


class GateResult(Value):
    """One of the four gates: who held it, on what evidence, and whether it was passed."""

    gate: Gate
    passed: bool
    decided_by: Text
    evidence: tuple[Text, ...] = Field(min_length=1)


class Inspection(Value):
    """What an inspection and the wish to record it both say."""

    team: tuple[Text, ...] = Field(min_length=1, description="考察组 (SEL-19)")
    checks: FourChecks
    gates: tuple[GateResult, ...] = Field(
        min_length=1, description="In their order, up to the first that failed (M64)"
    )
    signatures: tuple[Text, ...] = Field(description="廉洁自律结论双签字 (SEL-20)")
    conclusion: Literal["fit", "unfit"]


class InspectionCompleted(MotionEvent, Inspection):
    """Step 3, 考察: done by a team, with the four checks and the four gates."""

    type: Literal["appointment.inspection-completed.v1"] = "appointment.inspection-completed.v1"
    cadre_id: CadreId

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.cadre_id,)

    def say(self) -> str:
        told = "合适" if self.conclusion == "fit" else "不合适"
        failed = "".join(f"，{g.gate.zh}未过" for g in self.gates if not g.passed)
        return (
            f"考察 {self.cadre_id}：{told}，凡提四必{'' if self.checks.clean else '未'}通过{failed}"
        )


class Vote(Value):
    present: int = Field(ge=0)
    yes: int = Field(ge=0)
    no: int = Field(ge=0)
    deferred: int = Field(ge=0)


class DecisionTaken(MotionEvent):
    """Step 4, 讨论决定: quorum and majority as counted (SEL-21, SEL-22)."""

    type: Literal["appointment.decision-taken.v1"] = "appointment.decision-taken.v1"
    cadre_id: CadreId
    vote: Vote
    committee_size: int
    carried: bool
    findings: tuple[RuleFinding, ...]

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.cadre_id,)

    def say(self) -> str:
        vote = self.vote
        return (
            f"讨论决定：应到 {self.committee_size}，实到 {vote.present}，同意 {vote.yes}，"
            f"{'通过' if self.carried else '未通过'}"
        )


class NoticePublished(MotionEvent):
    """Step 5 begins: the public notice was put up."""

    type: Literal["appointment.notice-published.v1"] = "appointment.notice-published.v1"
    cadre_id: CadreId

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.cadre_id,)

    def say(self) -> str:
        return f"任前公示 {self.cadre_id}"


class NoticeClosed(MotionEvent):
    """The public notice ended after enough workdays (SEL-25)."""

    type: Literal["appointment.notice-closed.v1"] = "appointment.notice-closed.v1"
    cadre_id: CadreId
    workdays: int
    objections: int = Field(ge=0)
    upheld: bool = Field(description="Whether an objection was found true")

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.cadre_id,)

    def say(self) -> str:
        return f"公示结束，{self.workdays} 个工作日，异议 {self.objections} 件"


class MotionConcluded(MotionEvent):
    """Step 5, 任职: the appointment took effect; written with `Promoted` and `PostFilled`."""

    type: Literal["appointment.motion-concluded.v1"] = "appointment.motion-concluded.v1"
    cadre_id: CadreId

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.cadre_id,)

    def say(self) -> str:
        return f"任职 {self.cadre_id}"


class MotionStopped(MotionEvent):
    """A motion ended without an appointment."""

    type: Literal["appointment.motion-stopped.v1"] = "appointment.motion-stopped.v1"
    reason: StopReason
    note: str = ""

    def say(self) -> str:
        return f"动议终止：{self.reason.zh} {self.note}".rstrip()


class Promoted(CadreEvent):
    """A cadre was promoted: to a post through a motion, or to the next rank."""

    type: Literal["appointment.promoted.v1"] = "appointment.promoted.v1"
    kind: Literal["post", "rank"]
    level: PostLevel | None = None
    rank: Rank | None = None
    from_level: PostLevel | None = None
    from_rank: Rank | None = None
    post_id: Slug | None = None
    post_title: str | None = None
    unit_id: UnitId | None = None
    unit_name: str | None = None
    motion_id: Slug | None = None
    probation_until: date | None = Field(
        default=None, description="First day after the probation, where the post has one"
    )
    trained: bool = Field(description="Whether the training standard was met (SEL-08)")
    findings: tuple[RuleFinding, ...]

    def say(self) -> str:
        articles = dict.fromkeys(f"{f.instrument}{f.article}" for f in self.findings)
        cited = "、".join(list(articles)[:2])
        if self.kind == "rank":
            before = self.from_rank.zh if self.from_rank else "—"
            what = f"职级晋升 {before} → {self.rank.zh if self.rank else '—'}"
        else:
            what = f"任{self.unit_name or ''}{self.post_title or ''}" + (
                f"，试用期至 {self.probation_until}" if self.probation_until else ""
            )
        return f"{what}（依据 {cited}）" if cited else what


class PromotionRefused(CadreEvent, Refusal):
    """A promotion was refused, with every rule that stood against it."""

    type: Literal["appointment.promotion-refused.v1"] = "appointment.promotion-refused.v1"
    kind: Literal["post", "rank"]
    target: str = Field(description="The rank, or the id of the post")
    motion_id: Slug | None = None

    def say(self) -> str:
        target = Rank(self.target).zh if self.target in set(Rank) else self.target
        return f"晋升 {target} 未通过：{self.reasons()}"


class ProbationOutcome(Value):
    """What the end of a probation and the wish to record it both say."""

    promotion_event: UUID = Field(description="The `Promoted` that began the probation")
    passed: bool
    assessed_by: Text
    note: Personal[Text]


class ProbationConcluded(CadreEvent, ProbationOutcome):
    """A probation ended: confirmed, or back to the prior level (SEL-26)."""

    hangs_on: ClassVar[str] = "promotion_event"
    type: Literal["appointment.probation-concluded.v1"] = "appointment.probation-concluded.v1"
    post_id: Slug

    def say(self) -> str:
        return "试用期满考核合格，正式任职" if self.passed else "试用期考核不合格，免去试任职务"


class Relieved(CadreEvent):
    """A cadre left a post."""

    type: Literal["appointment.relieved.v1"] = "appointment.relieved.v1"
    post_id: Slug
    reason: Text

    def say(self) -> str:
        return f"免职（{self.post_id}）：{self.reason}"


class PostAssumed(CadreEvent):
    """A post held from before this system was recorded against the establishment."""

    type: Literal["appointment.post-assumed.v1"] = "appointment.post-assumed.v1"
    post_id: Slug
    level: PostLevel
    basis: Text

    def say(self) -> str:
        return f"登记现任职位 {self.post_id}（{self.level.zh}）：{self.basis}"


class ReviewOpened(CadreEvent):
    """Evidence a decision rested on was corrected; the decision stands until reviewed."""

    type: Literal["appointment.review-opened.v1"] = "appointment.review-opened.v1"
    decision_event: UUID
    corrected_event: UUID
    reason: Text

    def say(self) -> str:
        return f"启动复核：{self.reason}"


class AppointmentAnnulled(EventAnnulled):
    """A fact that Appointment had recorded of a person was annulled: it never held."""

    type: Literal["appointment.annulled.v1"] = "appointment.annulled.v1"


class AppointmentSetAside(EventSetAside):
    """An event of a person that Appointment could not apply was set aside: it never held."""

    type: Literal["appointment.set-aside.v1"] = "appointment.set-aside.v1"


type AppointmentEvent = (
    PostEstablished
    | PostFilled
    | PostVacated
    | MotionOpened
    | RecommendationHeld
    | CandidateFixed
    | InspectionCompleted
    | DecisionTaken
    | NoticePublished
    | NoticeClosed
    | MotionConcluded
    | MotionStopped
    | Promoted
    | PromotionRefused
    | ProbationConcluded
    | Relieved
    | PostAssumed
    | ReviewOpened
    | AppointmentAnnulled
    | AppointmentSetAside
)
