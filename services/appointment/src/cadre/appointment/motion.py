"""A motion: the five steps by which a leading post is filled (公务员法 art. 46, M72).

动议 → 民主推荐 → 确定考察对象、考察 → 讨论决定 → 任前公示、任职. A step is recorded only after the
one before it, in the order of their dates. The person is judged three times: when fixed as
candidate, when the committee decides, and when the appointment takes effect. A motion reserves no
seat: of two motions for one vacancy the first to conclude takes it.
"""

from dataclasses import dataclass, replace
from datetime import date

from cadre.appointment.cadre import refusal, was_trained
from cadre.appointment.correcting import expecting
from cadre.appointment.eligibility import Eligibility, post_eligibility
from cadre.appointment.evidence import Evidence
from cadre.appointment.motion_rules import (
    majority_of,
    require_between,
    require_gates,
    require_inspectors,
    require_quorum,
    require_recommended,
    require_workdays,
)
from cadre.appointment.post import (
    Post,
    established,
    require_absent,
    require_seat,
    settled,
)
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
from cadre.contracts.appointment.promotion import Promoted, PromotionRefused
from cadre.contracts.event import CadreId, Event, Slug, Text
from cadre.contracts.vocabulary import Term
from cadre.shared.deciding.calendar import add_years
from cadre.shared.deciding.decider import Fold
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.messages import Command, Recorded
from cadre.shared.deciding.person import Person
from cadre.shared.deciding.rulebook import rulebook


class MotionCommand(Command):
    """A wish about one motion."""

    motion_id: Slug


class OpenMotion(MotionCommand, MotionProposal):
    """动议: fill a vacancy."""


class HoldRecommendation(MotionCommand, Recommendation):
    """民主推荐: record its talks and its meeting."""


class FixCandidate(MotionCommand):
    """确定考察对象: fix whom to inspect, or another one while nothing is decided."""

    cadre_id: CadreId
    justification: Text | None = None


class CompleteInspection(MotionCommand, Inspection):
    """考察: record the inspection of the candidate."""


class TakeDecision(MotionCommand):
    """讨论决定: record the vote of the committee."""

    vote: Vote


class PublishNotice(MotionCommand):
    """任前公示: put up the public notice."""


class CloseNotice(MotionCommand):
    """End the public notice, with the objections it brought."""

    objections: int = 0
    upheld: bool = False


class ConcludeMotion(MotionCommand):
    """任职: let the appointment take effect."""


class StopMotion(MotionCommand):
    """End the motion without an appointment."""

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


def open_motion(command: OpenMotion, motion: Motion, post: Post) -> list[Event]:
    definition = established(post, command.post_id, command.effective_on)
    opened = MotionOpened(level=definition.level, **dict(command))
    if motion.opened == opened:
        return []
    if motion.opened:
        raise _already(command, Step.OPENED, motion.opened)
    require_seat(post, command.post_id, command.effective_on)
    return [opened]


def hold_recommendation(command: HoldRecommendation, motion: Motion) -> list[Event]:
    """May be held again, until a candidate is fixed: its result holds for a year only."""
    held = RecommendationHeld(**dict(command))
    if motion.recommendation == held:
        return []
    if motion.candidate:
        raise _already(command, Step.CANDIDATE_FIXED, motion.candidate)
    opened_on = _ready(command, motion, Step.RECOMMENDED)
    for what, day in (("谈话调研推荐", command.talks_on), ("会议推荐", command.meeting_on)):
        require_between(command.motion_id, what, day, opened_on, command.effective_on)
    return [held]


def fix_candidate(command: FixCandidate, motion: Motion, cadre: Person) -> list[Event]:
    cadre.require_known(command.cadre_id)
    if motion.candidate and motion.candidate.cadre_id == command.cadre_id:
        return []
    if motion.decision:
        raise _already(command, Step.DECIDED, motion.decision)
    _ready(command, motion, Step.CANDIDATE_FIXED)
    opened, recommendation = _has(motion.opened), _has(motion.recommendation)
    require_recommended(recommendation, command.cadre_id, command.effective_on)
    require_absent(cadre, command.cadre_id, opened.post_id, command.effective_on)
    eligibility = post_eligibility(cadre, opened.level, command.effective_on)
    if not eligibility.eligible:
        return _refused(command, motion, cadre, command.cadre_id, eligibility)
    unusual = eligibility.soft_failures
    if unusual and not command.justification:
        told = "；".join(f"{finding.reason}（{finding.rule}）" for finding in unusual)
        raise NotPossible(
            f"a rule of what is usual (一般应当) is not met: {told}",
            where=command.cadre_id,
            hint="give a justification",
        )
    return [
        CandidateFixed(
            effective_on=command.effective_on,
            motion_id=command.motion_id,
            cadre_id=command.cadre_id,
            findings=eligibility.findings,
            justification=command.justification,
        )
    ]


def complete_inspection(command: CompleteInspection, motion: Motion) -> list[Event]:
    candidate = motion.candidate
    if candidate:
        completed = InspectionCompleted(cadre_id=candidate.cadre_id, **dict(command))
        if motion.inspection == completed:
            return []
    if motion.inspection:
        raise _already(command, Step.INSPECTED, motion.inspection)
    _ready(command, motion, Step.INSPECTED)
    opened_on = _has(motion.opened).effective_on
    checks = command.checks
    for what, day in (
        ("档案审核", checks.archive_on),
        ("个人有关事项核查", checks.matters_on),
        ("听取纪检监察意见", checks.discipline_on),
        ("信访举报线索核查", checks.complaints_on),
    ):
        require_between(command.motion_id, what, day, opened_on, command.effective_on)
    require_inspectors(command.motion_id, command.effective_on, command)
    require_gates(command.motion_id, command)
    return [InspectionCompleted(cadre_id=_has(candidate).cadre_id, **dict(command))]


def take_decision(command: TakeDecision, motion: Motion, cadre: Person) -> list[Event]:
    if motion.decision:
        if (motion.decision.vote, motion.decision.effective_on) == (
            command.vote,
            command.effective_on,
        ):
            return []
        raise _already(command, Step.DECIDED, motion.decision)
    _ready(command, motion, Step.DECIDED)
    opened, inspection = _has(motion.opened), _has(motion.inspection)
    if inspection.conclusion == "unfit":
        raise NotPossible(
            f"the inspection (考察) found {inspection.cadre_id} unfit",
            where=command.motion_id,
            hint="fix another candidate or stop the motion",
        )
    quorum = require_quorum(opened, command.vote, command.effective_on)
    eligibility = post_eligibility(cadre, opened.level, command.effective_on)
    if not eligibility.eligible:
        return _refused(command, motion, cadre, inspection.cadre_id, eligibility)
    majority = majority_of(opened, command.vote, command.effective_on)
    decision = DecisionTaken(
        effective_on=command.effective_on,
        motion_id=command.motion_id,
        cadre_id=inspection.cadre_id,
        vote=command.vote,
        committee_size=opened.committee_size,
        carried=majority.passed,
        findings=(quorum, majority, *eligibility.findings),
    )
    return [decision] if decision.carried else [decision, _stopped(command, StopReason.NOT_CARRIED)]


def publish_notice(command: PublishNotice, motion: Motion) -> list[Event]:
    if motion.notice:
        if motion.notice.effective_on == command.effective_on:
            return []
        raise _already(command, Step.NOTICE_PUBLISHED, motion.notice)
    _ready(command, motion, Step.NOTICE_PUBLISHED)
    return [
        NoticePublished(
            effective_on=command.effective_on,
            motion_id=command.motion_id,
            cadre_id=_has(motion.decision).cadre_id,
        )
    ]


def close_notice(command: CloseNotice, motion: Motion) -> list[Event]:
    """An objection found true stops the motion."""
    done = motion.notice_closed
    if done:
        same = (done.effective_on, done.objections, done.upheld)
        if same == (command.effective_on, command.objections, command.upheld):
            return []
        raise _already(command, Step.NOTICE_CLOSED, done)
    _ready(command, motion, Step.NOTICE_CLOSED)
    notice = _has(motion.notice)
    workdays = require_workdays(notice, command.effective_on)
    closed = NoticeClosed(
        effective_on=command.effective_on,
        motion_id=command.motion_id,
        cadre_id=notice.cadre_id,
        workdays=workdays,
        objections=command.objections,
        upheld=command.upheld,
    )
    return [closed, _stopped(command, StopReason.OBJECTION)] if command.upheld else [closed]


def conclude_motion(
    command: ConcludeMotion, motion: Motion, post: Post, cadre: Person
) -> list[Event]:
    """The person, the post and the motion are written together or not at all."""
    if motion.concluded:
        if motion.concluded.effective_on == command.effective_on:
            return []
        raise _already(command, Step.CONCLUDED, motion.concluded)
    _ready(command, motion, Step.CONCLUDED)
    opened, cadre_id = _has(motion.opened), _has(motion.notice_closed).cadre_id
    eligibility = post_eligibility(cadre, opened.level, command.effective_on)
    if not eligibility.eligible:
        return _refused(command, motion, cadre, cadre_id, eligibility)
    definition = established(post, opened.post_id, command.effective_on)
    day = command.effective_on
    years = rulebook().on("SEL-26", day).whole("years")
    promoted = Promoted(
        effective_on=day,
        cadre_id=cadre_id,
        kind="post",
        level=definition.level,
        from_level=Evidence(cadre, day).level(),
        post_id=definition.post_id,
        post_title=definition.title,
        unit_id=definition.unit_id,
        unit_name=definition.unit_name,
        motion_id=command.motion_id,
        probation_until=add_years(day, years) if definition.on_probation else None,
        trained=was_trained(eligibility.findings),
        findings=eligibility.findings,
    )
    seats = settled(cadre_id, cadre, expecting(cadre, promoted), lambda _: post)
    return [
        promoted,
        *seats,
        MotionConcluded(effective_on=day, motion_id=command.motion_id, cadre_id=cadre_id),
    ]


def stop_motion(command: StopMotion, motion: Motion) -> list[Event]:
    stopped = _stopped(command, command.reason, command.note)
    if motion.stopped == stopped:
        return []
    _require_running(command, motion)
    return [stopped]


def _ready(command: MotionCommand, motion: Motion, step: Step) -> date:
    """The day of the motion's opening, once every step before this one is taken, and before it."""
    _require_running(command, motion)
    for earlier, event in motion.steps():
        if earlier is step:
            break
        if event is None:
            raise NotPossible(
                f"{step.zh} cannot come before {earlier.zh}, which is not recorded yet",
                where=command.motion_id,
                hint=f"record {earlier.zh} ({earlier.value}) first",
            )
        if command.effective_on < event.effective_on:
            raise NotPossible(
                f"{step.zh} on {command.effective_on} would lie before {earlier.zh} on "
                f"{event.effective_on}",
                where=command.motion_id,
                hint="the steps follow one another in time",
            )
    return _has(motion.opened).effective_on


def _require_running(command: MotionCommand, motion: Motion) -> None:
    if motion.opened is None:
        raise NotFound(
            f"no motion {command.motion_id} is known here",
            where=command.motion_id,
            hint="open it first: 动议 is the first step",
        )
    ended = motion.stopped or motion.concluded
    if ended:
        raise NotPossible(
            f"the motion has ended: {ended.say()}",
            where=command.motion_id,
            hint="open a new motion",
        )


def _already(command: MotionCommand, step: Step, event: MotionEvent) -> NotPossible:
    return NotPossible(
        f"{step.zh} is recorded already, on {event.effective_on}", where=command.motion_id
    )


def _has[E: MotionEvent](event: E | None) -> E:
    """A step that `_ready` has found recorded."""
    assert event is not None  # noqa: S101
    return event


def _stopped(command: MotionCommand, reason: StopReason, note: str = "") -> MotionStopped:
    return MotionStopped(
        effective_on=command.effective_on, motion_id=command.motion_id, reason=reason, note=note
    )


def _refused(
    command: MotionCommand, motion: Motion, cadre: Person, cadre_id: str, eligibility: Eligibility
) -> list[Event]:
    return refusal(
        cadre,
        PromotionRefused(
            effective_on=command.effective_on,
            cadre_id=cadre_id,
            kind="post",
            target=_has(motion.opened).post_id,
            motion_id=command.motion_id,
            findings=eligibility.bearing,
        ),
    )
