"""A motion for one post, with the command of every step and the events that came of them."""

from datetime import date

from appointment.people import BUREAU, LIN, at_level, day, trained
from cadre.appointment.app import SERVICE
from cadre.appointment.deciding.motion import (
    CloseNotice,
    CompleteInspection,
    ConcludeMotion,
    FixCandidate,
    HoldRecommendation,
    MotionCommand,
    OpenMotion,
    PublishNotice,
    TakeDecision,
)
from cadre.contracts.appointment.motion import FourChecks, Gate, GateResult, Vote
from cadre.contracts.appointment.post import PostEstablished
from cadre.contracts.event import Event
from cadre.contracts.vocabulary import PostLevel, unit_id
from cadre.shared.deciding.testing import Specification

given = Specification(SERVICE.handlers)

MOTION = "m-2026-01"
POST = "county-finance-head"

post = PostEstablished(
    effective_on=day("2024-01-01"),
    post_id=POST,
    unit_id=unit_id(BUREAU),
    unit_name=BUREAU,
    title="局长",
    level=PostLevel.SECTION_HEAD,
    seats=1,
)
deputy = at_level(PostLevel.SECTION_DEPUTY, "2020-03")
enough_hours = trained(2025, 100)
prepared: tuple[Event, ...] = (post, deputy, enough_hours)

open_motion = OpenMotion(
    effective_on=day("2026-03-02"),
    motion_id=MOTION,
    post_id=POST,
    proposer="县委组织部",
    committee_size=11,
    proposal="县财政局局长空缺，启动选拔任用",
)
hold_recommendation = HoldRecommendation(
    effective_on=day("2026-03-09"),
    motion_id=MOTION,
    talks_on=day("2026-03-05"),
    meeting_on=day("2026-03-09"),
    talked_count=30,
    voters_count=60,
    recommended=(LIN,),
)
fix_candidate = FixCandidate(effective_on=day("2026-03-10"), motion_id=MOTION, cadre_id=LIN)
complete_inspection = CompleteInspection(
    effective_on=day("2026-03-20"),
    motion_id=MOTION,
    team=("甲", "乙"),
    checks=FourChecks(
        archive_on=date(2026, 3, 12),
        matters_on=date(2026, 3, 13),
        discipline_on=date(2026, 3, 16),
        complaints_on=date(2026, 3, 16),
        clean=True,
    ),
    gates=tuple(
        GateResult(gate=gate, passed=True, decided_by="县委组织部", evidence=(f"{gate.zh}材料",))
        for gate in Gate
    ),
    signatures=("党组书记", "纪检组长"),
    conclusion="fit",
)
take_decision = TakeDecision(
    effective_on=day("2026-03-25"),
    motion_id=MOTION,
    vote=Vote(present=9, yes=8, no=1, deferred=0),
)
publish_notice = PublishNotice(effective_on=day("2026-03-27"), motion_id=MOTION)
close_notice = CloseNotice(effective_on=day("2026-04-03"), motion_id=MOTION)
conclude_motion = ConcludeMotion(effective_on=day("2026-04-07"), motion_id=MOTION)

STEPS: tuple[MotionCommand, ...] = (
    open_motion,
    hold_recommendation,
    fix_candidate,
    complete_inspection,
    take_decision,
    publish_notice,
    close_notice,
    conclude_motion,
)


def after(count: int, *history: Event) -> tuple[Event, ...]:
    """A history and what the first ``count`` steps add to it."""
    events = history or prepared
    for command in STEPS[:count]:
        events = (*events, *given(*events).when(command).events())
    return events
