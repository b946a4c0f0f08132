"""What each step of a motion asks, and what comes of it.

The person is judged three times: when fixed as candidate, when the committee decides, and when the
appointment takes effect. A motion reserves no seat: of two motions for one vacancy the first to
conclude takes it.
"""

from collections.abc import Callable, Iterator
from typing import Any

from cadre.appointment.deciding.eligibility import Eligibility, post_eligibility
from cadre.appointment.deciding.evidence import READS, Evidence
from cadre.appointment.deciding.motion import (
    MOTION,
    CloseNotice,
    CompleteInspection,
    ConcludeMotion,
    FixCandidate,
    HoldRecommendation,
    Motion,
    MotionCommand,
    OpenMotion,
    PublishNotice,
    Step,
    StopMotion,
    TakeDecision,
    already,
    has,
    ready,
    require_running,
)
from cadre.appointment.deciding.motion_rules import (
    majority_of,
    require_between,
    require_gates,
    require_inspectors,
    require_quorum,
    require_recommended,
    require_workdays,
)
from cadre.appointment.deciding.post import POST, established, require_seat
from cadre.appointment.deciding.promotion import refusal, was_trained
from cadre.appointment.deciding.seats import Posts, posts_of, require_absent, settled
from cadre.contracts.appointment.motion import (
    CandidateFixed,
    DecisionTaken,
    InspectionCompleted,
    MotionConcluded,
    MotionOpened,
    MotionStopped,
    NoticeClosed,
    NoticePublished,
    RecommendationHeld,
    StopReason,
)
from cadre.contracts.appointment.promotion import Promoted, PromotionRefused
from cadre.contracts.event import Event
from cadre.shared.deciding.calendar import add_years
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.decider import Handler, Scope, World
from cadre.shared.deciding.dossier import Dossier
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.order import Order
from cadre.shared.deciding.person import PERSON, Person
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.deciding.rulebook import rulebook


def open_motion(command: OpenMotion, motion: Motion, post: Dossier) -> list[Event]:
    definition = established(post, command.post_id, command.effective_on)
    opened = MotionOpened(level=definition.level, **dict(command))
    if motion.opened == opened:
        return []
    if motion.opened:
        raise already(command, Step.OPENED, motion.opened)
    require_seat(post, command.post_id, command.effective_on)
    return [opened]


def hold_recommendation(command: HoldRecommendation, motion: Motion) -> list[Event]:
    """May be held again, until a candidate is fixed: its result holds for a year only."""
    held = RecommendationHeld(**dict(command))
    if motion.recommendation == held:
        return []
    if motion.candidate:
        raise already(command, Step.CANDIDATE_FIXED, motion.candidate)
    opened_on = ready(command, motion, Step.RECOMMENDED)
    for what, day in (("谈话调研推荐", command.talks_on), ("会议推荐", command.meeting_on)):
        require_between(command.motion_id, what, day, opened_on, command.effective_on)
    return [held]


def fix_candidate(command: FixCandidate, motion: Motion, cadre: Person) -> list[Event]:
    cadre.require_known(command.cadre_id)
    if motion.candidate and motion.candidate.cadre_id == command.cadre_id:
        return []
    if motion.decision:
        raise already(command, Step.DECIDED, motion.decision)
    ready(command, motion, Step.CANDIDATE_FIXED)
    opened, recommendation = has(motion.opened), has(motion.recommendation)
    require_recommended(recommendation, command.cadre_id, command.effective_on)
    require_absent(cadre, command.cadre_id, opened.post_id, command.effective_on)
    eligibility = post_eligibility(cadre, opened.level, command.effective_on)
    if not eligibility.eligible:
        return _refused(command, motion, cadre, command.cadre_id, eligibility)
    unusual = eligibility.soft_failures
    if unusual and not command.justification:
        told = "；".join(f"{finding.reason}（{finding.rule}）" for finding in unusual)
        raise NotPossible(
            f"未达到一般要求 · a rule of what is usual (一般应当) is not met: {told}",
            where=command.cadre_id,
            hint="请说明理由 · give a justification",
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
        raise already(command, Step.INSPECTED, motion.inspection)
    ready(command, motion, Step.INSPECTED)
    opened_on = has(motion.opened).effective_on
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
    return [InspectionCompleted(cadre_id=has(candidate).cadre_id, **dict(command))]


def take_decision(command: TakeDecision, motion: Motion, cadre: Person) -> list[Event]:
    if motion.decision:
        if (motion.decision.vote, motion.decision.effective_on) == (
            command.vote,
            command.effective_on,
        ):
            return []
        raise already(command, Step.DECIDED, motion.decision)
    ready(command, motion, Step.DECIDED)
    opened, inspection = has(motion.opened), has(motion.inspection)
    if inspection.conclusion == "unfit":
        raise NotPossible(
            f"考察结论不合适 · the inspection (考察) found {inspection.cadre_id} unfit",
            where=command.motion_id,
            hint="请另定考察对象或终止 · fix another candidate or stop the motion",
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
        raise already(command, Step.NOTICE_PUBLISHED, motion.notice)
    ready(command, motion, Step.NOTICE_PUBLISHED)
    return [
        NoticePublished(
            effective_on=command.effective_on,
            motion_id=command.motion_id,
            cadre_id=has(motion.decision).cadre_id,
        )
    ]


def close_notice(command: CloseNotice, motion: Motion) -> list[Event]:
    """An objection found true stops the motion."""
    done = motion.notice_closed
    if done:
        same = (done.effective_on, done.objections, done.upheld)
        if same == (command.effective_on, command.objections, command.upheld):
            return []
        raise already(command, Step.NOTICE_CLOSED, done)
    ready(command, motion, Step.NOTICE_CLOSED)
    notice = has(motion.notice)
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
    command: ConcludeMotion, motion: Motion, cadre: Person, posts: Posts
) -> list[Event]:
    """The person, the post and the motion are written together or not at all."""
    if motion.concluded:
        if motion.concluded.effective_on == command.effective_on:
            return []
        raise already(command, Step.CONCLUDED, motion.concluded)
    ready(command, motion, Step.CONCLUDED)
    opened, cadre_id = has(motion.opened), has(motion.notice_closed).cadre_id
    eligibility = post_eligibility(cadre, opened.level, command.effective_on)
    if not eligibility.eligible:
        return _refused(command, motion, cadre, cadre_id, eligibility)
    definition = established(posts(opened.post_id), opened.post_id, command.effective_on)
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
    seats = settled(cadre_id, cadre, cadre.expecting(promoted), posts)
    return [
        promoted,
        *seats,
        MotionConcluded(effective_on=day, motion_id=command.motion_id, cadre_id=cadre_id),
    ]


def stop_motion(command: StopMotion, motion: Motion) -> list[Event]:
    stopped = _stopped(command, command.reason, command.note)
    if motion.stopped == stopped:
        return []
    require_running(command, motion)
    return [stopped]


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
            target=has(motion.opened).post_id,
            motion_id=command.motion_id,
            findings=eligibility.bearing,
        ),
    )


def _alone(command: MotionCommand, _world: World) -> Iterator[Scope[Any]]:
    yield MOTION.of(command.motion_id)


def _with_post(command: OpenMotion, _world: World) -> Iterator[Scope[Any]]:
    yield MOTION.of(command.motion_id)
    yield POST.of(command.post_id)


def _with_person(command: FixCandidate, _world: World) -> Iterator[Scope[Any]]:
    yield MOTION.of(command.motion_id)
    yield PERSON.of(command.cadre_id)


def _with_candidate(command: MotionCommand, world: World) -> Iterator[Scope[Any]]:
    """The motion, and the person it is about once it is loaded."""
    yield MOTION.of(command.motion_id)
    loaded = world.get(MOTION.of(command.motion_id))
    if loaded and loaded.candidate:
        yield PERSON.of(loaded.candidate.cadre_id)


def _with_seat(command: MotionCommand, world: World) -> Iterator[Scope[Any]]:
    """The motion, the person it is about, and the post whose seat it fills."""
    yield from _with_candidate(command, world)
    loaded = world.get(MOTION.of(command.motion_id))
    if loaded and loaded.opened:
        yield POST.of(loaded.opened.post_id)


def _motion(command: MotionCommand, world: World) -> Motion:
    return world[MOTION.of(command.motion_id)]


def _candidate(command: MotionCommand, world: World) -> Person:
    """The person a motion is about; nobody as long as no candidate is fixed."""
    candidate = _motion(command, world).candidate
    return world[PERSON.of(candidate.cadre_id)] if candidate else PERSON.initial


def _of_motion[C: MotionCommand](
    command: type[C], decide: Callable[[C, Motion], list[Event]], right: Right
) -> Handler[C]:
    """The handler of a step that reads nothing but its motion."""
    return Handler(command, _alone, lambda c, world: decide(c, _motion(c, world)), right)


DECIDES = Right(Role.DECIDER, EVERYBODY)
RECORDS = Right(Role.RECORDER, EVERYBODY)

CAPABILITY = Capability(
    mechanism="M72",
    handlers=[
        Handler(
            OpenMotion,
            _with_post,
            lambda c, world: open_motion(c, _motion(c, world), world[POST.of(c.post_id)]),
            DECIDES,
        ),
        _of_motion(HoldRecommendation, hold_recommendation, RECORDS),
        Handler(
            FixCandidate,
            _with_person,
            lambda c, world: fix_candidate(c, _motion(c, world), world[PERSON.of(c.cadre_id)]),
            DECIDES,
        ),
        _of_motion(CompleteInspection, complete_inspection, RECORDS),
        Handler(
            TakeDecision,
            _with_candidate,
            lambda c, world: take_decision(c, _motion(c, world), _candidate(c, world)),
            DECIDES,
        ),
        _of_motion(PublishNotice, publish_notice, RECORDS),
        _of_motion(CloseNotice, close_notice, RECORDS),
        Handler(
            ConcludeMotion,
            _with_seat,
            lambda c, world: conclude_motion(
                c, _motion(c, world), _candidate(c, world), posts_of(world)
            ),
            DECIDES,
        ),
        _of_motion(StopMotion, stop_motion, DECIDES),
    ],
    orders=[
        Order(
            "motion",
            opens=frozenset({MotionOpened}),
            after={
                CandidateFixed: frozenset({RecommendationHeld}),
                InspectionCompleted: frozenset({CandidateFixed}),
                DecisionTaken: frozenset({InspectionCompleted}),
                NoticePublished: frozenset({DecisionTaken}),
                NoticeClosed: frozenset({NoticePublished}),
                MotionConcluded: frozenset({NoticeClosed}),
            },
            # Another candidate must be inspected anew.
            undoes={CandidateFixed: frozenset({InspectionCompleted})},
            once=frozenset({MotionOpened, DecisionTaken, NoticePublished, NoticeClosed}),
            ends=frozenset({MotionConcluded, MotionStopped}),
        )
    ],
    reads=READS,
)
