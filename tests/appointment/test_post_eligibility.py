from datetime import date

import pytest

from appointment.people import LIN, at_level, cadre, day, graded, in_rank, known, trained
from cadre.appointment.deciding.eligibility import Eligibility, post_eligibility
from cadre.appointment.deciding.evidence import Evidence
from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.service import PostAssumed, ProbationConcluded, Relieved
from cadre.contracts.event import Event, RuleFinding
from cadre.contracts.selection.profile import ProfileCorrected
from cadre.contracts.training.posting import Posted, PostingKind
from cadre.contracts.vocabulary import Education, Grade, PostLevel, Rank
from cadre.shared.deciding.testing import event_id


def judged(level: PostLevel, on: str, *history: Event) -> Eligibility:
    return post_eligibility(cadre(*history), level, day(on))


def finding(found: Eligibility, rule: str, item: str | None = None) -> RuleFinding:
    return next(
        f for f in found.findings if f.rule == rule and item in {None, f.inputs.get("item")}
    )


def held(post_id: str, level: PostLevel, since: str) -> PostAssumed:
    return PostAssumed(
        cadre_id=LIN, effective_on=day(since), post_id=post_id, level=level, basis="任职文件"
    )


def relieved(post_id: str, on: str) -> Relieved:
    return Relieved(cadre_id=LIN, effective_on=day(on), post_id=post_id, reason="另有任用")


def test_the_text_of_2014_looked_at_three_years_that_of_2019_at_the_last() -> None:
    early = known().model_copy(update={"effective_on": date(2015, 1, 1)})
    history = (early, graded(2016, Grade.BASICALLY_COMPETENT))
    before = judged(PostLevel.SECTION_DEPUTY, "2019-03-02", *history)
    assert (before.eligible, before.earliest) == (False, day("2019-03-03"))
    assert finding(before, "SEL-16", "grade").version == date(2014, 1, 14)
    after = judged(PostLevel.SECTION_DEPUTY, "2019-03-03", *history)
    assert after.eligible
    assert finding(after, "SEL-16", "grade").version == date(2019, 3, 3)


def test_last_years_grade_bars_until_the_year_is_over() -> None:
    history = (known(), graded(2025, Grade.INCOMPETENT))
    assert judged(PostLevel.SECTION_DEPUTY, "2026-02-01", *history).earliest == day("2027-01-01")


@pytest.mark.parametrize(
    ("below", "target", "rule", "passes_on"),
    [
        (PostLevel.SECTION_HEAD, PostLevel.DIVISION_DEPUTY, "SEL-06", "2026-05-01"),
        (PostLevel.DIVISION_DEPUTY, PostLevel.DIVISION_HEAD, "SEL-05", "2025-05-01"),
        (PostLevel.DIVISION_HEAD, PostLevel.BUREAU_DEPUTY, "SEL-06", "2026-05-01"),
        (PostLevel.BUREAU_DEPUTY, PostLevel.BUREAU_HEAD, "SEL-05", "2025-05-01"),
    ],
)
def test_years_at_the_level_below(
    below: PostLevel, target: PostLevel, rule: str, passes_on: str
) -> None:
    found = judged(target, "2024-02-01", at_level(below, "2023-05"))
    assert finding(found, rule).earliest == day(passes_on)
    assert found.earliest == day(passes_on)


def test_levels_are_not_skipped_by_waiting() -> None:
    found = judged(
        PostLevel.DIVISION_DEPUTY, "2026-02-01", at_level(PostLevel.SECTION_DEPUTY, "2010-01")
    )
    assert (found.eligible, found.earliest) == (False, None)


def test_rank_holders_reach_a_division_post_by_the_ranks_the_rule_names() -> None:
    found = judged(PostLevel.DIVISION_DEPUTY, "2024-02-01", in_rank(Rank.OFFICER_1, "2023-05"))
    assert finding(found, "SEL-10").earliest == day("2026-05-01")


def test_service_years_come_from_the_imported_career() -> None:
    young = known(work_since="2020-07", level=PostLevel.SECTION_HEAD, level_since="2020-08")
    found = judged(PostLevel.DIVISION_DEPUTY, "2024-02-01", young)
    assert finding(found, "SEL-03", "service").earliest == day("2025-07-01")


def test_grass_roots_years_the_record_does_not_prove_are_a_matter_of_justification() -> None:
    head = at_level(PostLevel.SECTION_HEAD, "2018-05")
    unproved = judged(PostLevel.DIVISION_DEPUTY, "2026-02-01", head)
    assert unproved.eligible
    assert "SEL-03" in {f.rule for f in unproved.soft_failures}
    village = Posted(
        cadre_id=LIN,
        effective_on=day("2024-01-10"),
        kind=PostingKind.VILLAGE_TEAM,
        host="某村",
        home_unit="某局",
        task="驻村",
    )
    proved = judged(PostLevel.DIVISION_DEPUTY, "2026-02-01", head, village)
    assert finding(proved, "SEL-03", "grassroots").passed


def test_two_posts_below_are_usual() -> None:
    one = (known(), held("town-a-head", PostLevel.SECTION_HEAD, "2024-03-01"))
    two = (*one, relieved("town-a-head", "2025-03-01"))
    two = (*two, held("town-b-head", PostLevel.SECTION_HEAD, "2025-03-01"))
    assert not finding(judged(PostLevel.DIVISION_DEPUTY, "2026-02-01", *one), "SEL-04").passed
    found = judged(PostLevel.DIVISION_DEPUTY, "2026-02-01", *two)
    assert finding(found, "SEL-04").passed
    assert finding(found, "SEL-06").inputs["months"] == 23


def test_a_move_at_the_same_level_asks_for_no_years() -> None:
    found = judged(
        PostLevel.DIVISION_DEPUTY, "2024-02-01", at_level(PostLevel.DIVISION_DEPUTY, "2023-12")
    )
    assert found.eligible
    assert {"SEL-03", "SEL-05", "SEL-06"}.isdisjoint(f.rule for f in found.findings)


def test_the_month_a_post_is_registered_does_not_end_the_imported_level() -> None:
    """The imported level goes on in the post recorded later, and ends when that is left."""
    history = (
        at_level(PostLevel.SECTION_HEAD, "2022-01"),
        held("finance-head", PostLevel.SECTION_HEAD, "2024-06-01"),
    )
    found = judged(PostLevel.DIVISION_DEPUTY, "2024-08-01", *history)
    assert finding(found, "SEL-06").inputs["months"] == 31
    left = (*history, relieved("finance-head", "2024-09-01"))
    later = judged(PostLevel.DIVISION_DEPUTY, "2026-08-01", *left)
    assert finding(later, "SEL-06").inputs["months"] == 32


def test_a_failed_probation_counts_for_nothing_and_leads_back() -> None:
    promoted = Promoted(
        cadre_id=LIN,
        effective_on=day("2024-03-01"),
        kind="post",
        level=PostLevel.SECTION_HEAD,
        from_level=PostLevel.SECTION_DEPUTY,
        post_id="finance-head",
        probation_until=day("2025-03-01"),
        trained=True,
        findings=(),
    )
    failed = ProbationConcluded(
        cadre_id=LIN,
        effective_on=day("2025-03-01"),
        promotion_event=event_id(2),
        post_id="finance-head",
        passed=False,
        assessed_by="县委组织部",
        note="不合格",
    )
    history = (
        at_level(PostLevel.SECTION_DEPUTY, "2022-01"),
        promoted,
        failed,
        relieved("finance-head", "2025-03-01"),
    )
    evidence = Evidence(cadre(*history), day("2026-01-01"))
    assert evidence.level() is PostLevel.SECTION_DEPUTY
    heads = [t for t in evidence.level_tenures() if t.what is PostLevel.SECTION_HEAD]
    assert heads == []
    assert Evidence(cadre(*history), day("2024-06-01")).level() is PostLevel.SECTION_HEAD


def test_education_is_that_of_the_day() -> None:
    graduated = ProfileCorrected(
        cadre_id=LIN,
        effective_on=day("2025-07-01"),
        education=Education.DOCTORATE,
        reason="取得学位",
        basis="学位证书",
    )
    little = known().model_copy(update={"education": Education.SECONDARY})
    history = (little, graduated)
    assert not finding(judged(PostLevel.SECTION_DEPUTY, "2025-06-30", *history), "SEL-07").passed
    assert finding(judged(PostLevel.SECTION_DEPUTY, "2025-07-01", *history), "SEL-07").passed


def test_training_of_seniors_is_counted_over_five_years() -> None:
    senior = at_level(PostLevel.DIVISION_DEPUTY, "2020-01")
    hours = [trained(year, 110) for year in range(2021, 2026)]
    enough = finding(judged(PostLevel.DIVISION_DEPUTY, "2026-02-01", senior, *hours), "SEL-08")
    assert (enough.passed, enough.inputs["standard"], enough.inputs["hours"]) == (
        True,
        "TRN-01",
        550,
    )
    short = finding(judged(PostLevel.DIVISION_DEPUTY, "2026-02-01", senior, *hours[1:]), "SEL-08")
    assert not short.passed
