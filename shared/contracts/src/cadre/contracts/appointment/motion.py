"""The five steps of a motion."""

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from cadre.contracts.event import CadreId, Event, RuleFinding, Slug, Text, Value
from cadre.contracts.vocabulary import PostLevel, Term


class StopReason(Term):
    """动议终止原因 · Why a motion ended without an appointment."""

    WITHDRAWN = "withdrawn", "撤回动议", "the proposer withdrew it"
    NO_CANDIDATE = "no-candidate", "无合适人选", "nobody fits"
    NOT_CARRIED = "not-carried", "讨论未通过", "the vote did not carry"
    OBJECTION = "objection", "公示期反映问题属实", "an objection was found true"
    OTHER = "other", "其他", "another"


class Gate(Term):
    """四关 · In the order in which they are passed (M64)."""

    POLITICAL = "political", "政治关", "political quality"
    ABILITY = "ability", "能力关", "ability"
    MERIT = "merit", "实绩关", "achievement"
    INTEGRITY = "integrity", "廉洁关", "integrity"


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
    """动议 · Step 1, 动议: a vacancy is to be filled."""

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
    """民主推荐 · Step 2, 民主推荐: talks and a meeting both recommended (SEL-14)."""

    type: Literal["appointment.recommendation-held.v1"] = "appointment.recommendation-held.v1"

    @property
    def persons(self) -> tuple[str, ...]:
        return self.recommended

    def say(self) -> str:
        return f"民主推荐：谈话 {self.talked_count} 人，会议 {self.voters_count} 票"


class CandidateFixed(MotionEvent):
    """确定考察对象 · Step 3 begins: the person to be inspected was fixed (确定考察对象)."""

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
    """考察 · Step 3, 考察: done by a team, with the four checks and the four gates."""

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
    """讨论决定 · Step 4, 讨论决定: quorum and majority as counted (SEL-21, SEL-22)."""

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
    """任前公示 · Step 5 begins: the public notice was put up."""

    type: Literal["appointment.notice-published.v1"] = "appointment.notice-published.v1"
    cadre_id: CadreId

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.cadre_id,)

    def say(self) -> str:
        return f"任前公示 {self.cadre_id}"


class NoticeClosed(MotionEvent):
    """公示结束 · The public notice ended after enough workdays (SEL-25)."""

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
    """任职 · Step 5, 任职: the appointment took effect.

    Written with `Promoted` and `PostFilled`.
    """

    type: Literal["appointment.motion-concluded.v1"] = "appointment.motion-concluded.v1"
    cadre_id: CadreId

    @property
    def persons(self) -> tuple[str, ...]:
        return (self.cadre_id,)

    def say(self) -> str:
        return f"任职 {self.cadre_id}"


class MotionStopped(MotionEvent):
    """动议终止 · A motion ended without an appointment."""

    type: Literal["appointment.motion-stopped.v1"] = "appointment.motion-stopped.v1"
    reason: StopReason
    note: str = ""

    def say(self) -> str:
        return f"动议终止：{self.reason.zh} {self.note}".rstrip()
