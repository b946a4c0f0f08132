from datetime import date
from uuid import UUID

import pytest

from appointment.motions import after
from appointment.people import (
    LIN,
    admonished,
    at_level,
    cadre,
    checked,
    day,
    graded,
    in_rank,
    sanctioned,
    trained,
    vetoed,
)
from cadre.appointment.app import SERVICE
from cadre.appointment.deciding.eligibility import rank_eligibility
from cadre.appointment.deciding.evidence import Evidence
from cadre.appointment.deciding.ranks import PromoteRank
from cadre.contracts.appointment.promotion import Promoted, PromotionRefused
from cadre.contracts.event import Event
from cadre.contracts.selection.identification import PoliticalVetoLifted
from cadre.contracts.vocabulary import Grade, PostLevel, Rank
from cadre.shared.deciding.testing import Specification, event_id

given = Specification(SERVICE.handlers)

clerk = in_rank(Rank.CLERK_1, "2023-12")
officer_3 = in_rank(Rank.OFFICER_3, "2023-12")


def promote(rank: Rank, on: str, corrects: UUID | None = None) -> PromoteRank:
    """With a notice of five workdays that ended that day or before (2025-03-03 was a Monday)."""
    return PromoteRank(
        supersedes=corrects,
        effective_on=day(on),
        cadre_id=LIN,
        rank=rank,
        notice_published_on=date(2025, 3, 3),
        notice_closed_on=date(2025, 3, 10),
    )


def failed(refused: Event) -> list[str]:
    assert isinstance(refused, PromotionRefused)
    return [finding.rule for finding in refused.findings if not finding.passed]


def earliest(target: Rank, on: str, *history: Event) -> date | None:
    return rank_eligibility(cadre(*history), target, day(on)).earliest


def test_two_years_in_the_rank_by_months_without_excellent_grades() -> None:
    assert earliest(Rank.OFFICER_4, "2024-01-10", clerk) == day("2025-12-01")


def test_only_grades_decided_by_the_day_shorten() -> None:
    """2024 takes half a year off; 2025 is decided when the years are long complete."""
    history = (clerk, graded(2024, Grade.EXCELLENT), graded(2025, Grade.EXCELLENT))
    assert earliest(Rank.OFFICER_4, "2024-01-10", *history) == day("2025-06-01")
    assert not rank_eligibility(cadre(*history), Rank.OFFICER_4, day("2025-05-31")).eligible
    years = next(
        finding
        for finding in rank_eligibility(cadre(*history), Rank.OFFICER_4, day("2025-06-01")).findings
        if finding.rule == "RNK-09"
    )
    assert (years.inputs["years"], years.inputs["months"]) == ("2024", 6)


def test_third_to_second_rank_officer_with_one_excellent_year() -> None:
    history = (officer_3, graded(2024, Grade.EXCELLENT))
    assert earliest(Rank.OFFICER_2, "2025-02-01", *history) == day("2025-06-01")


@pytest.mark.parametrize("year", [2022, 2023])
def test_an_excellent_grade_from_before_the_rank_does_not_count(year: int) -> None:
    history = (officer_3, graded(year, Grade.EXCELLENT, on="2024-01-10"))
    assert earliest(Rank.OFFICER_2, "2025-02-01", *history) == day("2025-12-01")


def test_excellent_grades_add_up() -> None:
    """Four years less two halves; the third 优秀 is decided only after the day."""
    history = (
        in_rank(Rank.RESEARCHER_1, "2022-01"),
        graded(2022, Grade.EXCELLENT, on="2024-01-05"),
        graded(2023, Grade.EXCELLENT),
        graded(2024, Grade.EXCELLENT),
    )
    assert earliest(Rank.INSPECTOR_2, "2024-02-01", *history) == day("2025-01-01")


@pytest.mark.parametrize("grade", [Grade.BASICALLY_COMPETENT, Grade.UNGRADED])
def test_a_lost_year_is_not_counted(grade: Grade) -> None:
    history = (clerk, graded(2024, grade))
    assert earliest(Rank.OFFICER_4, "2025-02-01", *history) == day("2026-12-01")


def test_a_corrected_grade_follows_the_correction() -> None:
    history = (
        clerk,
        graded(2024, Grade.EXCELLENT),
        graded(2024, Grade.COMPETENT, on="2025-03-01", corrects=event_id(2)),
    )
    assert earliest(Rank.OFFICER_4, "2025-04-01", *history) == day("2025-12-01")


def test_years_in_a_leading_post_count_for_the_rank_its_level_opens() -> None:
    history = (at_level(PostLevel.SECTION_DEPUTY, "2023-03"),)
    assert earliest(Rank.OFFICER_3, "2024-06-01", *history) == day("2025-03-01")


def test_promotion_cites_every_rule_and_tells_the_training() -> None:
    history = (clerk, graded(2024, Grade.EXCELLENT), trained(2024, 90))
    (promoted,) = given(*history).when(promote(Rank.OFFICER_4, "2025-06-01")).events()
    assert isinstance(promoted, Promoted)
    assert (promoted.rank, promoted.from_rank) == (Rank.OFFICER_4, Rank.CLERK_1)
    assert promoted.trained
    assert [f.rule for f in promoted.findings] == [
        "RNK-03", "RNK-07", "RNK-09", "RNK-13", "RNK-13", "ASM-06", "SEL-08", "RNK-14",
    ]  # fmt: skip
    assert all(finding.passed for finding in promoted.findings)


def test_too_few_hours_do_not_refuse_but_are_told() -> None:
    history = (clerk, graded(2024, Grade.EXCELLENT), trained(2024, 89))
    (promoted,) = given(*history).when(promote(Rank.OFFICER_4, "2025-06-01")).events()
    assert isinstance(promoted, Promoted)
    assert not promoted.trained


def test_a_refusal_tells_every_failed_rule_and_the_earliest_day() -> None:
    history = (clerk, sanctioned("2025-02-01", "2026-02-01"))
    (refused,) = given(*history).when(promote(Rank.OFFICER_3, "2025-04-01")).events()
    assert failed(refused) == ["RNK-03", "RNK-07", "RNK-13"]
    (refused,) = given(*history).when(promote(Rank.OFFICER_4, "2025-04-01")).events()
    assert failed(refused) == ["RNK-07", "RNK-13"]
    assert isinstance(refused, PromotionRefused)
    dates = [finding.earliest for finding in refused.findings if not finding.passed]
    assert dates == [day("2025-12-01"), day("2026-02-01")]
    assert refused.earliest == day("2026-02-01")
    assert earliest(Rank.OFFICER_4, "2025-04-01", *history) == day("2026-02-01")


def test_a_short_notice_is_refused_with_the_day_it_would_have_been_enough() -> None:
    command = promote(Rank.OFFICER_4, "2025-12-01").model_copy(
        update={"notice_closed_on": date(2025, 3, 7)}
    )
    (refused,) = given(clerk).when(command).events()
    assert isinstance(refused, PromotionRefused)
    notice = refused.findings[-1]
    assert (notice.rule, notice.inputs["workdays"]) == ("RNK-14", 4)
    assert notice.earliest == day("2025-03-10")


def test_a_notice_cannot_close_after_the_promotion() -> None:
    given(clerk).when(promote(Rank.OFFICER_4, "2025-03-09")).then_refused("not in order")


def test_the_rank_held_already_is_no_promotion() -> None:
    given(clerk).when(promote(Rank.CLERK_1, "2025-06-01")).then_nothing()


def test_ranks_are_promoted_in_their_order() -> None:
    later = Promoted(
        effective_on=day("2026-01-01"),
        cadre_id=LIN,
        kind="rank",
        rank=Rank.OFFICER_4,
        trained=True,
        findings=(),
    )
    command = promote(Rank.OFFICER_4, "2025-12-01")
    given(clerk, later).when(command).then_refused("a later rank promotion")


DONE = (
    clerk,
    *given(clerk).when(promote(Rank.OFFICER_4, "2025-12-01")).events(),
)
WRONG = event_id(2)


def test_a_promotion_is_corrected_as_if_the_wrong_one_had_never_been() -> None:
    (right,) = given(*DONE).when(promote(Rank.OFFICER_4, "2026-01-01", WRONG)).events()
    assert isinstance(right, Promoted)
    assert (right.supersedes, right.from_rank) == (WRONG, Rank.CLERK_1)
    (years,) = (f for f in right.findings if f.rule == "RNK-07")
    assert years.inputs["months_counted"] == 25
    tenures = Evidence(cadre(*DONE, right), day("2026-06-01")).rank_tenures()
    assert [(one.what, one.begins) for one in tenures] == [
        (Rank.CLERK_1, day("2023-12-01")),
        (Rank.OFFICER_4, day("2026-01-01")),
    ]


def test_a_correction_that_the_rules_refuse_is_recorded_as_refused_and_the_promotion_stands() -> (
    None
):
    early = promote(Rank.OFFICER_4, "2025-11-01", WRONG)
    (refused,) = given(*DONE).when(early).events()
    assert isinstance(refused, PromotionRefused)
    assert (refused.corrects, refused.supersedes, failed(refused)) == (WRONG, None, ["RNK-07"])
    (refused,) = given(*DONE).when(promote(Rank.OFFICER_3, "2025-12-01", WRONG)).events()
    assert failed(refused) == ["RNK-03", "RNK-07"]


def test_a_correction_of_a_promotion_that_changes_nothing_causes_nothing() -> None:
    given(*DONE).when(promote(Rank.OFFICER_4, "2025-12-01", WRONG)).then_nothing()


def test_the_same_promotion_judged_otherwise_by_now_is_a_correction() -> None:
    """What was learnt since stands in the findings of the new record."""
    learnt = (*DONE, graded(2024, Grade.EXCELLENT))
    (right,) = given(*learnt).when(promote(Rank.OFFICER_4, "2025-12-01", WRONG)).events()
    assert isinstance(right, Promoted)
    assert "RNK-09" in [finding.rule for finding in right.findings]


def test_only_a_rank_promotion_that_stands_is_corrected() -> None:
    right = given(*DONE).when(promote(Rank.OFFICER_4, "2026-01-01", WRONG)).events()
    again = promote(Rank.OFFICER_4, "2026-02-01", WRONG)
    given(*DONE, *right).when(again).then_refused("was corrected already")
    given(*DONE).when(promote(Rank.OFFICER_4, "2026-01-01", event_id(1))).then_refused(
        "no promoted"
    )
    in_post = after(8)
    appointed = next(i for i, e in enumerate(in_post, start=1) if isinstance(e, Promoted))
    command = promote(Rank.OFFICER_4, "2026-05-01", event_id(appointed))
    given(*in_post).when(command).then_refused("a motion led to this post")


def test_a_promotion_with_a_later_one_is_corrected_but_not_past_it() -> None:
    (first,) = given(clerk).when(promote(Rank.OFFICER_4, "2025-12-01")).events()
    history = (clerk, first)
    later = given(*history).when(promote(Rank.OFFICER_3, "2028-01-01")).events()
    history = (*history, *later)
    for on in ("2026-01-01", "2027-12-01"):
        (right,) = given(*history).when(promote(Rank.OFFICER_4, on, WRONG)).events()
        assert isinstance(right, Promoted)
    (refused,) = given(*history).when(promote(Rank.OFFICER_4, "2028-06-01", WRONG)).events()
    assert "RNK-03" in failed(refused)
    held = promote(Rank.OFFICER_3, "2028-06-01", WRONG)
    given(*history).when(held).then_refused("is held since 2028-01-01")
    before = promote(Rank.OFFICER_3, "2025-06-01", event_id(3))
    given(*history).when(before).then_refused("a later rank promotion")


def test_nobody_unknown_is_promoted() -> None:
    given().when(promote(Rank.OFFICER_4, "2025-12-01")).then_refused("no cadre c-aaaaaaaaaa")


def test_the_last_of_several_influence_periods_decides() -> None:
    history = (
        in_rank(Rank.CLERK_1, "2022-01"),
        admonished("2026-02-10", "2026-08-10"),
        sanctioned("2026-03-01", "2027-03-01"),
        checked(event_id(2), "2026-08-20"),
    )
    found = rank_eligibility(cadre(*history), Rank.OFFICER_4, day("2026-04-01"))
    assert found.earliest == day("2027-03-01")
    bar = next(finding for finding in found.findings if finding.rule == "RNK-13")
    assert bar.inputs["blocked_until"] == "2027-03-01"
    assert bar.inputs["evidence"] == f"{event_id(2)},{event_id(3)}"


def test_an_admonition_blocks_until_the_period_is_over_and_the_matter_mended() -> None:
    long_ago = in_rank(Rank.CLERK_1, "2022-01")
    history = (long_ago, admonished("2026-01-15", "2026-07-15"))
    mended = (*history, checked(event_id(2), "2026-07-15"))
    assert not rank_eligibility(cadre(*mended), Rank.OFFICER_4, day("2026-07-14")).eligible
    assert rank_eligibility(cadre(*mended), Rank.OFFICER_4, day("2026-07-15")).eligible
    assert earliest(Rank.OFFICER_4, "2026-07-14", *mended) == day("2026-07-15")
    assert not rank_eligibility(cadre(*history), Rank.OFFICER_4, day("2027-01-01")).eligible
    not_mended = (*history, checked(event_id(2), "2026-07-15", passed=False))
    assert earliest(Rank.OFFICER_4, "2026-07-20", *not_mended) is None


def test_a_check_that_came_too_early_mends_nothing() -> None:
    """As when the day of the talk was corrected after it had been checked (SUP-03)."""
    history = (in_rank(Rank.CLERK_1, "2022-01"), admonished("2026-01-15", "2026-07-15"))
    early = (*history, checked(event_id(2), "2026-07-10"))
    assert not rank_eligibility(cadre(*early), Rank.OFFICER_4, day("2026-07-15")).eligible


def test_a_political_veto_stands_until_it_is_lifted() -> None:
    history = (in_rank(Rank.CLERK_1, "2022-01"), vetoed("2026-01-10"))
    found = rank_eligibility(cadre(*history), Rank.OFFICER_4, day("2026-02-01"))
    assert (found.eligible, found.earliest) == (False, None)
    assert str(event_id(2)) in next(f.reason for f in found.findings if not f.passed)
    lifted = PoliticalVetoLifted(
        cadre_id=LIN,
        effective_on=day("2026-03-01"),
        assessment_event=event_id(2),
        decided_by="县委组织部",
        reason="复核",
    )
    assert rank_eligibility(cadre(*history, lifted), Rank.OFFICER_4, day("2026-03-01")).eligible


def test_no_promotion_in_the_year_after_a_basically_competent_grade() -> None:
    history = (in_rank(Rank.CLERK_1, "2020-01"), graded(2024, Grade.BASICALLY_COMPETENT))
    assert earliest(Rank.OFFICER_4, "2025-02-01", *history) == day("2026-01-01")


def test_the_earliest_day_may_lie_before_a_known_bar_begins() -> None:
    """The grade of 2025, decided within that year, bars only from the next year on."""
    history = (
        in_rank(Rank.CLERK_1, "2020-01"),
        graded(2025, Grade.INCOMPETENT, on="2025-12-20"),
        sanctioned("2024-12-26", "2025-12-26"),
    )
    assert earliest(Rank.OFFICER_4, "2025-12-22", *history) == day("2025-12-26")
    assert earliest(Rank.OFFICER_4, "2026-01-01", *history) == day("2027-01-01")


def test_late_and_early_arrival_of_the_same_facts_give_the_same_answer() -> None:
    history = (clerk, graded(2024, Grade.EXCELLENT), sanctioned("2025-02-01", "2025-08-01"))
    forward = rank_eligibility(cadre(*history), Rank.OFFICER_4, day("2025-07-01"))
    backward = rank_eligibility(cadre(*reversed(history)), Rank.OFFICER_4, day("2025-07-01"))
    assert (forward.eligible, forward.earliest) == (backward.eligible, backward.earliest)
    assert forward.earliest == day("2025-08-01")
