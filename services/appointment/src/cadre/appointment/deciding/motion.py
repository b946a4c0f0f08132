"""A motion: the five steps by which a leading post is filled (公务员法 art. 46, M72).

动议 → 民主推荐 → 确定考察对象、考察 → 讨论决定 → 任前公示、任职. A step is recorded only after the
one before it, in the order of their dates; what each of them asks stands in `steps`.
"""

from dataclasses import dataclass, replace
from datetime import date

from cadre.contracts.appointment.motion import (
    CandidateFixed,
    DecisionTaken,
    Inspection,
    InspectionCompleted,
    MotionConcluded,
    MotionEvent,
    MotionOpened,
    MotionProposal,
    MotionStopped,
    NoticeClosed,
    NoticePublished,
    Recommendation,
    RecommendationHeld,
    StopReason,
    Vote,
)
from cadre.contracts.event import CadreId, Event, Slug, Text
from cadre.contracts.vocabulary import Term
from cadre.shared.deciding.decider import Fold
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.messages import Command, Recorded


class MotionCommand(Command):
    """A wish about one motion."""

    motion_id: Slug


class OpenMotion(MotionCommand, MotionProposal):
    """发起动议 · Open a motion to fill a vacancy."""


class HoldRecommendation(MotionCommand, Recommendation):
    """记录民主推荐 · Record the talks and the meeting of the recommendation."""


class FixCandidate(MotionCommand):
    """确定考察对象 · Fix whom to inspect, or another one while nothing is decided."""

    cadre_id: CadreId
    justification: Text | None = None


class CompleteInspection(MotionCommand, Inspection):
    """记录考察结果 · Record the inspection of the candidate."""


class TakeDecision(MotionCommand):
    """记录讨论决定 · Record the vote of the committee."""

    vote: Vote


class PublishNotice(MotionCommand):
    """发布任前公示 · Put up the public notice."""


class CloseNotice(MotionCommand):
    """结束任前公示 · End the public notice, with the objections it brought."""

    objections: int = 0
    upheld: bool = False


class ConcludeMotion(MotionCommand):
    """办理任职 · Let the appointment take effect."""


class StopMotion(MotionCommand):
    """终止动议 · End the motion without an appointment."""

    reason: StopReason
    note: str = ""


class Step(Term):
    """The steps of a motion, in their order."""

    OPENED = "opened", "动议"
    RECOMMENDED = "recommended", "民主推荐"
    CANDIDATE_FIXED = "candidate-fixed", "确定考察对象"
    INSPECTED = "inspected", "考察"
    DECIDED = "decided", "讨论决定"
    NOTICE_PUBLISHED = "notice-published", "任前公示"
    NOTICE_CLOSED = "notice-closed", "公示结束"
    CONCLUDED = "concluded", "任职"


@dataclass(frozen=True, slots=True)
class Motion:
    """The steps taken so far."""

    opened: MotionOpened | None = None
    recommendation: RecommendationHeld | None = None
    candidate: CandidateFixed | None = None
    inspection: InspectionCompleted | None = None
    decision: DecisionTaken | None = None
    notice: NoticePublished | None = None
    notice_closed: NoticeClosed | None = None
    concluded: MotionConcluded | None = None
    stopped: MotionStopped | None = None

    def steps(self) -> tuple[tuple[Step, MotionEvent | None], ...]:
        return (
            (Step.OPENED, self.opened),
            (Step.RECOMMENDED, self.recommendation),
            (Step.CANDIDATE_FIXED, self.candidate),
            (Step.INSPECTED, self.inspection),
            (Step.DECIDED, self.decision),
            (Step.NOTICE_PUBLISHED, self.notice),
            (Step.NOTICE_CLOSED, self.notice_closed),
            (Step.CONCLUDED, self.concluded),
        )


def evolve(state: Motion, recorded: Recorded[Event]) -> Motion:
    match recorded.event:
        case MotionOpened() as event:
            return replace(state, opened=event)
        case RecommendationHeld() as event:
            return replace(state, recommendation=event)
        case CandidateFixed() as event:
            return replace(state, candidate=event, inspection=None)
        case InspectionCompleted() as event:
            return replace(state, inspection=event)
        case DecisionTaken() as event:
            return replace(state, decision=event)
        case NoticePublished() as event:
            return replace(state, notice=event)
        case NoticeClosed() as event:
            return replace(state, notice_closed=event)
        case MotionConcluded() as event:
            return replace(state, concluded=event)
        case MotionStopped() as event:
            return replace(state, stopped=event)
        case _:
            return state


MOTION = Fold(service="appointment", entity="motion", initial=Motion(), evolve=evolve)


def ready(command: MotionCommand, motion: Motion, step: Step) -> date:
    """The day of the motion's opening, once every step before this one is taken, and before it."""
    require_running(command, motion)
    for earlier, event in motion.steps():
        if earlier is step:
            break
        if event is None:
            raise NotPossible(
                f"尚无“{earlier.zh}” · "
                f"{step.zh} cannot come before {earlier.zh}, which is not recorded yet",
                where=command.motion_id,
                hint=f"请先记录 · record {earlier.zh} ({earlier.value}) first",
            )
        if command.effective_on < event.effective_on:
            raise NotPossible(
                f"日期早于前一步 · {step.zh} on {command.effective_on} would lie before "
                f"{earlier.zh} on {event.effective_on}",
                where=command.motion_id,
                hint="各步按时间先后 · the steps follow one another in time",
            )
    return has(motion.opened).effective_on


def require_running(command: MotionCommand, motion: Motion) -> None:
    if motion.opened is None:
        raise NotFound(
            f"没有这个选任程序 · no motion {command.motion_id} is known here",
            where=command.motion_id,
            hint="先动议 · open it first: 动议 is the first step",
        )
    ended = motion.stopped or motion.concluded
    if ended:
        raise NotPossible(
            f"选任程序已结束 · the motion has ended: {ended.say()}",
            where=command.motion_id,
            hint="请重新动议 · open a new motion",
        )


def already(command: MotionCommand, step: Step, event: MotionEvent) -> NotPossible:
    return NotPossible(
        f"此步已记录 · {step.zh} is recorded already, on {event.effective_on}",
        where=command.motion_id,
    )


def has[E: MotionEvent](event: E | None) -> E:
    """A step that `ready` has found recorded."""
    assert event is not None  # noqa: S101
    return event
