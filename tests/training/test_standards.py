from datetime import date

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from cadre.contracts.training.record import Trained
from cadre.contracts.training.training_class import ClassKind, Mode
from cadre.contracts.vocabulary import PostLevel, Rank
from cadre.shared.deciding.person import PERSON
from cadre.shared.deciding.testing import event_id, recorded
from cadre.training.deciding.standards import (
    Trainee,
    duties,
    in_post_days_min,
    is_senior,
    off_job,
    year_hours,
)
from cadre.training.deciding.task import credited
from training.people import LI

YOUNG = Trainee(known_since=date(2020, 7, 1), pool_since=date(2022, 1, 1))
SECTION_HEAD = Trainee(known_since=date(2010, 7, 1), level=PostLevel.SECTION_HEAD)
DIVISION_HEAD = Trainee(known_since=date(2010, 7, 1), level=PostLevel.DIVISION_HEAD)


def trained(
    ends_on: date,
    *,
    hours: float = 35,
    days: int = 5,
    kind: ClassKind = ClassKind.GENERAL,
    mode: Mode = Mode.CENTRALISED,
) -> Trained:
    return Trained(
        cadre_id=LI,
        effective_on=ends_on,
        title="培训",
        kind=kind,
        mode=mode,
        hours=hours,
        days=days,
        starts_on=ends_on,
        ends_on=ends_on,
    )


def political(ends_on: date, days: int = 5, mode: Mode = Mode.OFF_JOB) -> Trained:
    return trained(ends_on, days=days, kind=ClassKind.POLITICAL, mode=mode)


def passed(*attended: Trained, trainee: Trainee, on: date) -> dict[str, bool]:
    return {due.finding.rule: due.finding.passed for due in duties(attended, trainee, on)}


def test_off_job_training_is_due_three_years_later_and_overdue_the_day_after():
    attended = (political(date(2023, 3, 1)),)
    assert off_job(attended, YOUNG, date(2025, 12, 31)).due_on == date(2026, 3, 1)
    assert not off_job(attended, YOUNG, date(2026, 3, 1)).overdue
    assert off_job(attended, YOUNG, date(2026, 3, 2)).overdue
    assert passed(*attended, trainee=YOUNG, on=date(2026, 3, 1))["TRN-08"]
    assert not passed(*attended, trainee=YOUNG, on=date(2026, 3, 2))["TRN-08"]


@pytest.mark.parametrize(
    "attended",
    [
        pytest.param(political(date(2024, 3, 1), days=4), id="four days"),
        pytest.param(political(date(2024, 3, 1), mode=Mode.ONLINE), id="online"),
        pytest.param(trained(date(2024, 3, 1), mode=Mode.OFF_JOB), id="not political"),
        pytest.param(political(date(2026, 3, 3)), id="only afterwards"),
    ],
)
def test_what_does_not_satisfy_leaves_the_former_due_date(attended: Trained):
    state = off_job((political(date(2023, 3, 1)), attended), YOUNG, date(2026, 3, 2))
    assert (state.last_on, state.due_on, state.overdue) == (
        date(2023, 3, 1),
        date(2026, 3, 1),
        True,
    )


def test_who_never_attended_has_three_years_from_entering_the_pool():
    state = off_job((), YOUNG, date(2025, 1, 1))
    assert (state.last_on, state.due_on, state.overdue) == (None, date(2025, 1, 1), False)


def test_outside_the_pools_off_job_training_is_told_but_not_asked():
    state = off_job((political(date(2023, 3, 1)),), SECTION_HEAD, date(2024, 1, 1))
    assert (state.due_on, state.binding) == (date(2026, 3, 1), False)
    assert "TRN-08" not in passed(trainee=SECTION_HEAD, on=date(2024, 1, 1))


def test_eighty_hours_pass_locally_and_fail_by_statute():
    found = duties((trained(date(2025, 5, 1), hours=80),), SECTION_HEAD, date(2025, 12, 31))
    told = {due.finding.rule: (due.finding.passed, due.finding.instrument) for due in found}
    assert told == {
        "TRN-02": (False, "干部教育培训工作条例"),
        "TRN-09": (True, "本地规定"),
    }
    statutory = found[0].finding
    assert statutory.inputs["hours"] == 80
    assert "不少于 90 学时或 12 天" in statutory.reason


@pytest.mark.parametrize("enough", [trained(date(2025, 5, 1), hours=90), None])
def test_ninety_hours_or_twelve_days_pass_by_statute(enough: Trained | None):
    attended = enough or trained(date(2025, 5, 1), hours=80, days=12)
    assert passed(attended, trainee=SECTION_HEAD, on=date(2025, 12, 31)) == {
        "TRN-02": True,
        "TRN-09": True,
    }


def test_hours_count_in_the_year_in_which_training_ended_and_not_before_it_did():
    attended = (trained(date(2025, 1, 2), hours=90),)
    assert year_hours(attended, 2024, date(2025, 6, 1)).total == 0
    assert year_hours(attended, 2025, date(2025, 1, 1)).total == 0
    assert year_hours(attended, 2025, date(2025, 1, 2)).total == 90


def test_hours_online_stand_apart_and_count_up_to_the_cap():
    attended = (
        trained(date(2025, 2, 1), hours=60, days=20, mode=Mode.ONLINE),
        trained(date(2025, 3, 1), hours=30, days=4, mode=Mode.OFF_JOB),
    )
    hours = year_hours(attended, 2025, date(2025, 12, 31))
    assert (hours.total, hours.online, hours.recognised, hours.days) == (90, 60, 70, 4)
    assert hours.by_mode[Mode.OFF_JOB] == 30


@pytest.mark.parametrize(
    ("level", "rank", "senior"),
    [
        (PostLevel.DIVISION_DEPUTY, None, True),
        (PostLevel.BUREAU_HEAD, None, True),
        (PostLevel.SECTION_HEAD, None, False),
        (None, Rank.RESEARCHER_4, True),
        (None, Rank.OFFICER_1, False),
        (PostLevel.SECTION_HEAD, Rank.RESEARCHER_3, True),
        (None, None, False),
    ],
)
def test_the_five_year_total_binds_from_division_level_and_researcher_rank(
    level: PostLevel | None, rank: Rank | None, senior: bool
):
    trainee = Trainee(known_since=date(2010, 1, 1), level=level, rank=rank)
    assert is_senior(trainee, date(2025, 1, 1)) is senior


def test_the_five_year_total_adds_five_calendar_years():
    years = [trained(date(year, 6, 1), hours=110) for year in range(2021, 2026)]
    on = date(2025, 12, 31)
    assert passed(*years, trainee=DIVISION_HEAD, on=on)["TRN-01"]
    assert not passed(*years[1:], trainee=DIVISION_HEAD, on=on)["TRN-01"]
    assert not passed(*years, trainee=DIVISION_HEAD, on=date(2026, 1, 1))["TRN-01"]


def test_nobody_owes_five_years_of_training_earlier():
    newcomer = Trainee(known_since=date(2024, 3, 1), level=PostLevel.DIVISION_HEAD)
    statutory = duties((), newcomer, date(2025, 1, 1))[0]
    assert statutory.due_on == date(2028, 12, 31)


def test_in_post_training_is_longer_for_higher_posts():
    day = date(2025, 1, 1)
    assert in_post_days_min(PostLevel.DIVISION_DEPUTY, day) == 30
    assert in_post_days_min(PostLevel.SECTION_HEAD, day) == 15
    assert in_post_days_min(None, day) == 15


@for_all(st.data())
def test_late_entries_and_corrections_come_out_the_same_in_any_order(data: st.DataObject):
    entries = st.builds(
        trained,
        st.dates(date(2024, 1, 1), date(2026, 12, 31)),
        hours=st.floats(0.1, 100),
        days=st.integers(0, 20),
        mode=st.sampled_from(Mode),
    )
    first = data.draw(st.lists(entries, min_size=1, max_size=8))
    wrong = data.draw(st.sets(st.integers(1, len(first))))
    right = [
        data.draw(entries).model_copy(update={"supersedes": event_id(position)})
        for position in sorted(wrong)
    ]
    history = [recorded(i, event) for i, event in enumerate([*first, *right], start=1)]
    shuffled = data.draw(st.permutations(history))
    kept = [event for i, event in enumerate(first, start=1) if i not in wrong] + right

    on = date(2025, 12, 31)
    told = year_hours(credited(PERSON.fold(shuffled)), 2025, on)
    assert told == year_hours(kept, 2025, on)
    assert told.total == pytest.approx(sum(e.hours for e in kept if e.ends_on.year == 2025))
