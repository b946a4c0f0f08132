from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from appointment.motions import (
    MOTION,
    POST,
    STEPS,
    after,
    close_notice,
    complete_inspection,
    conclude_motion,
    fix_candidate,
    given,
    hold_recommendation,
    open_motion,
    post,
    prepared,
    publish_notice,
    take_decision,
)
from appointment.people import LIN, WU, admonished, at_level, checked, day, graded, known, vetoed
from cadre.appointment.deciding.motion import MOTION as MOTION_FOLD
from cadre.appointment.deciding.motion import MotionCommand, StopMotion
from cadre.contracts.appointment.motion import (
    CandidateFixed,
    DecisionTaken,
    Gate,
    GateResult,
    InspectionCompleted,
    MotionConcluded,
    MotionOpened,
    MotionStopped,
    NoticeClosed,
    StopReason,
    Vote,
)
from cadre.contracts.appointment.post import PostFilled
from cadre.contracts.appointment.promotion import Promoted, PromotionRefused
from cadre.contracts.event import Event
from cadre.contracts.vocabulary import Education, Grade, PostLevel
from cadre.shared.deciding.errors import CadreError
from cadre.shared.deciding.testing import event_id, recorded


def but(command: MotionCommand, **changes: Any) -> MotionCommand:
    return type(command).model_validate(command.model_dump() | changes)


def test_all_steps_lead_to_the_appointment() -> None:
    concluded = given(*after(7)).when(conclude_motion).events()
    promoted, filled, ended = concluded
    assert isinstance(promoted, Promoted)
    assert (promoted.cadre_id, promoted.kind, promoted.post_id) == (LIN, "post", POST)
    assert (promoted.from_level, promoted.level) == (
        PostLevel.SECTION_DEPUTY,
        PostLevel.SECTION_HEAD,
    )
    assert promoted.probation_until == day("2027-04-07")
    assert promoted.trained
    assert promoted.motion_id == MOTION
    on = conclude_motion.effective_on
    assert filled == PostFilled(effective_on=on, post_id=POST, cadre_id=LIN)
    assert ended == MotionConcluded(effective_on=on, motion_id=MOTION, cadre_id=LIN)


def test_a_post_outside_the_rule_has_no_probation() -> None:
    elected = post.model_copy(update={"on_probation": False})
    (promoted, *_) = given(*after(7, elected, *prepared[1:])).when(conclude_motion).events()
    assert isinstance(promoted, Promoted)
    assert promoted.probation_until is None


@pytest.mark.parametrize(
    ("done", "command", "missing"),
    [
        (1, fix_candidate, "民主推荐"),
        (2, complete_inspection, "确定考察对象"),
        (3, take_decision, "考察"),
        (4, publish_notice, "讨论决定"),
        (5, close_notice, "任前公示"),
        (6, conclude_motion, "公示结束"),
    ],
)
def test_a_step_names_the_step_that_is_missing(
    done: int, command: MotionCommand, missing: str
) -> None:
    given(*after(done)).when(command).then_refused(f"before {missing}, which is not recorded yet")


def test_no_step_without_a_motion() -> None:
    given(*prepared).when(take_decision).then_refused(f"no motion {MOTION} is known here")


@pytest.mark.parametrize("done", range(1, 8))
def test_no_step_lies_before_its_predecessor_in_time(done: int) -> None:
    early = STEPS[done - 1].effective_on.replace(day=1)
    with pytest.raises(CadreError, match=r"before|outside"):
        given(*after(done)).when(but(STEPS[done], effective_on=early)).events()


@for_all(order=st.lists(st.sampled_from(STEPS), max_size=40))
def test_steps_sent_in_any_order_never_skip_one(order: list[MotionCommand]) -> None:
    history: tuple[Event, ...] = prepared
    taken: list[MotionCommand] = []
    for command in order:
        try:
            events = given(*history).when(command).events()
        except CadreError:
            continue
        if events:
            taken.append(command)
            history = (*history, *events)
    assert taken == list(STEPS[: len(taken)])


def test_a_motion_needs_a_vacancy() -> None:
    full = PostFilled(effective_on=day("2025-01-01"), post_id=POST, cadre_id=WU)
    given(*prepared, full).when(open_motion).then_refused("has no vacancy")
    given(*prepared[1:]).when(open_motion).then_refused(f"no post {POST} is known here")


def test_of_two_motions_for_one_seat_the_second_cannot_conclude() -> None:
    other = PostFilled(effective_on=day("2026-04-01"), post_id=POST, cadre_id=WU)
    given(*after(7), other).when(conclude_motion).then_refused("has no vacancy")


def test_opening_twice_differently_is_refused() -> None:
    again = but(open_motion, proposal="另一动议")
    given(*after(1)).when(again).then_refused("动议 is recorded already")


def test_a_recommendation_may_be_held_again_until_a_candidate_is_fixed() -> None:
    again = but(hold_recommendation, recommended=(LIN, WU))
    assert len(given(*after(2)).when(again).events()) == 1
    given(*after(3)).when(again).then_refused("确定考察对象 is recorded already")


def test_talks_and_meeting_lie_within_the_motion() -> None:
    early = but(hold_recommendation, talks_on=day("2026-03-01"))
    given(*after(1)).when(early).then_refused("谈话调研推荐 on 2026-03-01 lies outside 2026-03-02")


def test_only_the_recommended_become_candidates_and_only_for_a_year() -> None:
    history = (*after(2), known(WU))
    given(*history).when(but(fix_candidate, cadre_id=WU)).then_refused("was not recommended")
    last = but(fix_candidate, effective_on=day("2027-03-09"), justification="培训待补")
    assert isinstance(given(*history).when(last).events()[0], CandidateFixed)
    late = but(fix_candidate, effective_on=day("2027-03-10"))
    given(*history).when(late).then_refused("held until 2027-03-09")


@pytest.mark.parametrize(
    ("bar", "item"),
    [
        (vetoed("2026-01-05"), "political"),
        (graded(2025, Grade.BASICALLY_COMPETENT), "grade"),
        (admonished("2026-01-15", "2026-07-15"), "influence"),
    ],
)
def test_a_barred_candidate_is_refused_as_a_fact_of_the_person(bar: Event, item: str) -> None:
    (refused,) = given(*after(2), bar).when(fix_candidate).events()
    assert isinstance(refused, PromotionRefused)
    assert (refused.cadre_id, refused.target, refused.motion_id) == (LIN, POST, MOTION)
    failed = [f for f in refused.findings if not f.passed]
    assert [(f.rule, f.inputs["item"]) for f in failed] == [("SEL-16", item)]


def test_all_bars_are_told_at_once() -> None:
    bars = (vetoed("2026-01-05"), graded(2025, Grade.INCOMPETENT))
    (refused,) = given(*after(2), *bars).when(fix_candidate).events()
    assert isinstance(refused, PromotionRefused)
    assert [f.inputs["item"] for f in refused.findings if not f.passed] == ["political", "grade"]


def test_what_is_unusual_asks_for_a_justification() -> None:
    schooled_little = prepared[1].model_copy(update={"education": Education.SECONDARY})
    history = after(2, post, schooled_little, prepared[2])
    given(*history).when(fix_candidate).then_refused("give a justification")
    (fixed,) = given(*history).when(but(fix_candidate, justification="基层急需")).events()
    assert isinstance(fixed, CandidateFixed)
    assert fixed.justification == "基层急需"
    assert [f.rule for f in fixed.findings if not f.passed] == ["SEL-07"]


def test_another_candidate_starts_the_inspection_anew() -> None:
    both = but(hold_recommendation, recommended=(LIN, WU))
    history = (*prepared, known(WU))
    for command in (open_motion, both, fix_candidate, complete_inspection):
        history = (*history, *given(*history).when(command).events())
    history = (
        *history,
        *given(*history)
        .when(but(fix_candidate, cadre_id=WU, effective_on=day("2026-03-21")))
        .events(),
    )
    given(*history).when(take_decision).then_refused("before 考察")


def test_the_holder_of_the_post_is_no_candidate() -> None:
    two_seats = post.model_copy(update={"seats": 2})
    assumed = after(8, two_seats, *prepared[1:])
    fresh = [but(step, motion_id="m-2026-02", effective_on=day("2026-05-06")) for step in STEPS[:2]]
    fresh[1] = but(fresh[1], talks_on=day("2026-05-06"), meeting_on=day("2026-05-06"))
    for command in fresh:
        assumed = (*assumed, *given(*assumed).when(command).events())
    again = but(fix_candidate, motion_id="m-2026-02", effective_on=day("2026-05-06"))
    given(*assumed).when(again).then_refused("holds county-finance-head already")


def test_an_inspection_needs_two_inspectors_and_two_signatures() -> None:
    alone = but(complete_inspection, team=("甲", "甲"))
    given(*after(3)).when(alone).then_refused("考察组 needs 2 persons, 1 named")
    unsigned = but(complete_inspection, signatures=("党组书记",))
    given(*after(3)).when(unsigned).then_refused("SEL-20")


def test_checks_lie_between_the_motion_and_the_inspection() -> None:
    checks = complete_inspection.checks.model_copy(update={"archive_on": day("2026-03-21")})
    given(*after(3)).when(but(complete_inspection, checks=checks)).then_refused("档案审核")


def test_the_gates_keep_their_order_and_a_failed_one_ends_them() -> None:
    gates = complete_inspection.gates
    swapped = but(complete_inspection, gates=(gates[1], gates[0], *gates[2:]))
    given(*after(3)).when(swapped).then_refused("政治关、能力关、实绩关、廉洁关")
    failed = GateResult(gate=Gate.ABILITY, passed=False, decided_by="组织部", evidence=("测评",))
    on = but(complete_inspection, gates=(gates[0], failed, *gates[2:]))
    given(*after(3)).when(on).then_refused("one after the other")
    fit = but(complete_inspection, gates=(gates[0], failed))
    given(*after(3)).when(fit).then_refused("nobody is fit")
    (completed,) = given(*after(3)).when(but(fit, conclusion="unfit")).events()
    assert isinstance(completed, InspectionCompleted)
    given(*after(3), completed).when(take_decision).then_refused("unfit")


def test_nobody_is_fit_with_an_unclean_check() -> None:
    checks = complete_inspection.checks.model_copy(update={"clean": False})
    given(*after(3)).when(but(complete_inspection, checks=checks)).then_refused("nobody is fit")


def test_seven_of_eleven_are_no_quorum() -> None:
    vote = Vote(present=7, yes=6, no=1, deferred=0)
    given(*after(4)).when(but(take_decision, vote=vote)).then_refused("the meeting is invalid")


def test_eight_of_eleven_are_a_quorum_and_six_votes_a_majority() -> None:
    vote = Vote(present=8, yes=6, no=2, deferred=0)
    (decision,) = given(*after(4)).when(but(take_decision, vote=vote)).events()
    assert isinstance(decision, DecisionTaken)
    assert decision.carried
    assert [f.rule for f in decision.findings[:2]] == ["SEL-21", "SEL-22"]


def test_exactly_two_thirds_are_a_quorum() -> None:
    history = [
        event.model_copy(update={"committee_size": 12})
        if isinstance(event, MotionOpened)
        else event
        for event in after(4)
    ]
    vote = Vote(present=8, yes=7, no=1, deferred=0)
    (decision,) = given(*history).when(but(take_decision, vote=vote)).events()
    assert isinstance(decision, DecisionTaken)
    assert decision.carried


def test_half_of_all_members_is_no_majority_though_most_present_agree() -> None:
    history = after(4)
    committee = [
        event.model_copy(update={"committee_size": 10})
        if isinstance(event, MotionOpened)
        else event
        for event in history
    ]
    vote = Vote(present=7, yes=5, no=1, deferred=1)
    decision, stopped = given(*committee).when(but(take_decision, vote=vote)).events()
    assert isinstance(decision, DecisionTaken)
    assert not decision.carried
    assert isinstance(stopped, MotionStopped)
    assert stopped.reason is StopReason.NOT_CARRIED
    given(*committee, decision, stopped).when(publish_notice).then_refused("the motion has ended")


def test_everybody_present_votes() -> None:
    vote = Vote(present=9, yes=8, no=0, deferred=0)
    given(*after(4)).when(but(take_decision, vote=vote)).then_refused("do not add up")
    crowd = Vote(present=12, yes=12, no=0, deferred=0)
    given(*after(4)).when(but(take_decision, vote=crowd)).then_refused("do not add up")


@pytest.mark.parametrize(("done", "command"), [(4, take_decision), (7, conclude_motion)])
def test_a_bar_that_appeared_since_refuses(done: int, command: MotionCommand) -> None:
    history = (*after(done), admonished("2026-03-22", "2026-09-22"))
    (refused,) = given(*history).when(command).events()
    assert isinstance(refused, PromotionRefused)
    assert "诫勉谈话影响期至 2026-09-22" in refused.reasons()
    mended = (*history, checked(event_id(len(history)), "2026-09-22"))
    later = but(command, effective_on=day("2026-09-22"))
    assert not isinstance(given(*mended).when(later).events()[0], PromotionRefused)


def test_the_notice_stands_five_workdays() -> None:
    early = but(close_notice, effective_on=day("2026-04-02"))
    given(*after(6)).when(early).then_refused("4 of 5 workdays")
    given(*after(6)).when(early).then_refused("close it on 2026-04-03 or later")
    (closed,) = given(*after(6)).when(close_notice).events()
    assert isinstance(closed, NoticeClosed)
    assert closed.workdays == 5


def test_an_objection_found_true_stops_the_motion() -> None:
    upheld = but(close_notice, objections=1, upheld=True)
    closed, stopped = given(*after(6)).when(upheld).events()
    assert isinstance(closed, NoticeClosed)
    assert isinstance(stopped, MotionStopped)
    assert stopped.reason is StopReason.OBJECTION
    given(*after(6), closed, stopped).when(conclude_motion).then_refused("公示期反映问题属实")


def test_a_motion_is_stopped_once_and_not_after_its_end() -> None:
    stop = StopMotion(
        effective_on=day("2026-03-11"), motion_id=MOTION, reason=StopReason.NO_CANDIDATE
    )
    given(*after(3)).when(stop).then(MotionStopped(**dict(stop)))
    given(*after(8)).when(but(stop, effective_on=day("2026-05-06"))).then_refused("has ended")


def test_a_division_post_asks_for_years_at_the_level_below() -> None:
    division = post.model_copy(update={"level": PostLevel.DIVISION_DEPUTY})
    head = at_level(PostLevel.SECTION_HEAD, "2023-05")
    (refused,) = given(*after(2, division, head)).when(fix_candidate).events()
    assert isinstance(refused, PromotionRefused)
    years = next(f for f in refused.findings if f.rule == "SEL-06")
    assert (years.inputs["months"], years.inputs["months_required"]) == (34, 36)
    assert refused.earliest == day("2026-05-01")


def test_the_state_of_a_motion_is_its_steps() -> None:
    history = [recorded(i, e) for i, e in enumerate(after(4), start=1)]
    motion = MOTION_FOLD.fold(history)
    assert [step.value for step, event in motion.steps() if event] == [
        "opened",
        "recommended",
        "candidate-fixed",
        "inspected",
    ]
