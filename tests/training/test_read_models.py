from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.contracts.appointment.annulling import AppointmentAnnulled
from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.service import PostAssumed
from cadre.contracts.event import Event
from cadre.contracts.selection.annulling import SelectionAnnulled
from cadre.contracts.selection.membership import ExitReason, PoolEntered, PoolExited
from cadre.contracts.training.record import (
    CreditRefused,
    TrainingTaskCompleted,
    TrainingTaskOpened,
)
from cadre.contracts.training.training_class import ClassKind, Mode
from cadre.contracts.vocabulary import PostLevel, Rank
from cadre.shared.deciding.errors import Malformed, NotFound
from cadre.shared.deciding.testing import event_id
from cadre.training.showing import classes, duties
from cadre.training.showing.trainees import trainees
from cadre.training.showing.trainings import TRAININGS
from training.asking import Get, asking, project, reading
from training.attending import held, planned, trained
from training.people import LI, WANG, ZHAO, annulled, recruit

YEAR_END = date(2025, 12, 31)


asked = TrainingTaskOpened(
    cadre_id=LI,
    effective_on=date(2024, 7, 1),
    task_id=event_id(99),
    reason="新录用",
    kind=ClassKind.INDUCTION,
    days_min=12,
    due_on=date(2025, 7, 1),
    rule="TRN-05",
)
done = TrainingTaskCompleted(
    cadre_id=LI, effective_on=date(2025, 8, 1), task_id=event_id(99), overdue=True
)


async def test_eighty_hours_are_told_against_plan_and_statute(connection: AsyncConnection):
    await project(connection, recruit(LI), trained(LI, date(2025, 5, 1)))
    answer = await duties.cadre_training(reading(connection), LI, YEAR_END)
    assert {f.rule: f.passed for f in answer.findings} == {"TRN-02": False, "TRN-09": True}
    assert (answer.years[0].year, answer.years[0].recognised) == (2025, 80)
    before = await duties.cadre_training(reading(connection), LI, date(2025, 4, 30))
    assert (before.years[0].recognised, before.trainings) == (0, ())


async def test_a_correction_replaces_what_it_supersedes(connection: AsyncConnection):
    wrong = trained(LI, date(2025, 5, 1))
    right = wrong.model_copy(update={"hours": 96.0, "supersedes": event_id(2)})
    await project(connection, recruit(LI), wrong, right)
    answer = await duties.cadre_training(reading(connection), LI, YEAR_END)
    assert [item.hours for item in answer.trainings] == [96]
    query = select(TRAININGS.c.superseded_by).where(TRAININGS.c.event_id == str(event_id(2)))
    assert (await connection.execute(query)).scalar_one() == str(event_id(3))


async def test_a_withdrawn_credit_counts_no_more(connection: AsyncConnection):
    plan = planned("one", date(2025, 5, 1))
    refusal = CreditRefused(
        cadre_id=LI,
        effective_on=date(2025, 6, 1),
        supersedes=event_id(4),
        class_id="one",
        title=plan.title,
        hours=3,
        findings=(),
    )
    await project(connection, recruit(LI), plan, *held(plan, LI), refusal)
    answer = await duties.cadre_training(reading(connection), LI, YEAR_END)
    assert answer.years[0].total == 0
    attendees = (await classes.training_class(reading(connection), "one")).attendees
    assert [(a.cadre_id, a.hours, a.credited) for a in attendees] == [(LI, 3, False)]


async def test_rules_follow_the_level_of_the_day(connection: AsyncConnection):
    promoted = Promoted(
        cadre_id=LI,
        effective_on=date(2025, 6, 1),
        kind="post",
        level=PostLevel.DIVISION_DEPUTY,
        trained=True,
        findings=(),
    )
    await project(connection, recruit(LI), promoted)
    before = await duties.cadre_training(reading(connection), LI, date(2025, 5, 31))
    after = await duties.cadre_training(reading(connection), LI, date(2025, 6, 1))
    assert before.findings[0].rule == "TRN-02"
    assert after.findings[0].rule == "TRN-01"


async def test_a_level_that_was_annulled_binds_nobody(connection: AsyncConnection):
    promoted = Promoted(
        cadre_id=LI,
        effective_on=date(2025, 6, 1),
        kind="rank",
        rank=Rank.INSPECTOR_1,
        trained=True,
        findings=(),
    )
    assumed = PostAssumed(
        cadre_id=LI,
        effective_on=date(2025, 6, 1),
        post_id="head",
        level=PostLevel.DIVISION_DEPUTY,
        basis="任免文件",
    )
    for fact in (promoted, assumed):
        annulled = AppointmentAnnulled(
            cadre_id=LI,
            effective_on=date(2025, 9, 1),
            supersedes=event_id(2),
            annuls=fact.tag(),
            reason="误录",
            basis="批复",
        )
        await project(connection, recruit(LI), fact, annulled)
        found = await duties.cadre_training(reading(connection), LI, date(2025, 7, 1))
        assert found.findings[0].rule == "TRN-02"


async def test_of_two_promotions_of_one_day_the_later_recorded_holds(
    connection: AsyncConnection,
) -> None:
    """Whatever their ids: with ten persons some order against the log."""
    ten = [f"c-{letter * 10}" for letter in "abcdefghij"]
    day = date(2025, 6, 1)
    rank = {"effective_on": day, "kind": "rank", "trained": True, "findings": ()}
    ranked = [
        Promoted.model_validate({"cadre_id": one, "rank": rank_, **rank})
        for rank_ in (Rank.OFFICER_4, Rank.OFFICER_3)
        for one in ten
    ]
    await project(connection, *(recruit(one) for one in ten), *ranked)
    found = await trainees(reading(connection), day)
    assert {one.rank for one in found.values()} == {Rank.OFFICER_3}


async def test_nobody_is_known_before_the_own_recruitment(connection: AsyncConnection):
    await project(connection, recruit(LI, on=date(2024, 7, 1)))
    with pytest.raises(NotFound):
        await duties.cadre_training(reading(connection), LI, date(2024, 6, 30))
    async with asking(reading(connection)) as get:
        with pytest.raises(NotFound):
            await get(f"/mentors/{WANG}", on=YEAR_END)


async def test_off_job_training_falls_due_for_members_of_a_pool(connection: AsyncConnection):
    entered = PoolEntered(
        cadre_id=LI, effective_on=date(2023, 1, 1), pool_id="young", decided_by="区委", findings=()
    )
    left = PoolExited(
        cadre_id=LI,
        effective_on=date(2027, 1, 1),
        pool_id="young",
        reason=ExitReason.AGE,
        entry_event=event_id(2),
    )
    attended = trained(
        LI, date(2023, 3, 1), kind=ClassKind.POLITICAL, mode=Mode.OFF_JOB, days=5, hours=35
    )
    await project(connection, recruit(LI, on=date(2020, 7, 1)), entered, left, attended)

    async def due(on: date) -> list[tuple[date, bool]]:
        items = (await duties.dues(reading(connection), on, 30, 100)).items
        return [(i.due_on, i.overdue) for i in items if i.finding.rule == "TRN-08"]

    assert await due(date(2026, 1, 29)) == []
    assert await due(date(2026, 1, 30)) == [(date(2026, 3, 1), False)]
    assert await due(date(2026, 3, 1)) == [(date(2026, 3, 1), False)]
    assert await due(date(2026, 3, 2)) == [(date(2026, 3, 1), True)]
    assert await due(date(2027, 1, 1)) == []


ENTERED = PoolEntered(
    cadre_id=LI, effective_on=date(2023, 1, 1), pool_id="young", decided_by="区委", findings=()
)
LEFT = PoolExited(
    cadre_id=LI,
    effective_on=date(2025, 1, 1),
    pool_id="young",
    reason=ExitReason.AGE,
    entry_event=event_id(2),
)


def void(kind: str, what: int) -> SelectionAnnulled:
    return SelectionAnnulled(
        cadre_id=LI,
        effective_on=date(2025, 6, 1),
        supersedes=event_id(what),
        annuls=f"selection.{kind}.v1",
        reason="录入有误",
        basis="纪要",
    )


@pytest.mark.parametrize(
    ("more", "due_in_2024", "due_in_2025"),
    [
        ((), "2026-01-01", None),
        (
            (
                ENTERED.model_copy(
                    update={"supersedes": event_id(2)} | {"effective_on": date(2023, 6, 1)}
                ),
            ),
            "2026-06-01",
            None,
        ),
        (
            (LEFT.model_copy(update={"supersedes": event_id(3)} | {"effective_on": YEAR_END}),),
            "2026-01-01",
            "2026-01-01",
        ),
        ((void("pool-exited", 3),), "2026-01-01", "2026-01-01"),
        ((void("pool-entered", 2),), None, None),
    ],
)
async def test_membership_of_a_pool_follows_what_was_corrected_and_annulled(
    connection: AsyncConnection,
    more: tuple[Event, ...],
    due_in_2024: str | None,
    due_in_2025: str | None,
):
    await project(connection, recruit(LI, on=date(2020, 7, 1)), ENTERED, LEFT, *more)

    async def due(on: date) -> str | None:
        items = (await duties.dues(reading(connection), on, 3660, 100)).items
        return next((str(i.due_on) for i in items if i.finding.rule == "TRN-08"), None)

    assert await due(date(2024, 12, 31)) == due_in_2024
    assert await due(date(2025, 5, 1)) == due_in_2025


async def test_an_open_task_is_due_then_overdue_then_done(connection: AsyncConnection):
    await project(connection, recruit(LI), asked, done)

    async def due(on: date) -> list[tuple[str, str, bool]]:
        items = (await duties.dues(reading(connection), on, 90, 100)).items
        return [(i.cadre_id, i.finding.rule, i.overdue) for i in items]

    assert await due(date(2025, 4, 1)) == []
    assert await due(date(2025, 7, 1)) == [(LI, "TRN-05", False)]
    assert await due(date(2025, 7, 2)) == [(LI, "TRN-05", True)]
    assert await due(date(2025, 8, 1)) == []


async def test_a_task_reopened_by_a_correction_is_open(connection: AsyncConnection):
    again = asked.model_copy(update={"supersedes": event_id(2)})
    await project(connection, recruit(LI), asked, done, again)
    (task,) = (await duties.cadre_training(reading(connection), LI, YEAR_END)).tasks
    assert (task.completed_on, task.overdue) == (None, True)


async def test_short_hours_fall_due_at_the_end_of_the_year(connection: AsyncConnection):
    await project(
        connection,
        recruit(LI),
        recruit(WANG),
        trained(LI, date(2025, 5, 1)),
        trained(WANG, date(2025, 5, 1), hours=90),
    )
    answer = await duties.dues(reading(connection), date(2025, 11, 1), 90, 100)
    assert [(i.cadre_id, i.finding.rule, i.due_on) for i in answer.items] == [
        (LI, "TRN-02", YEAR_END)
    ]
    cut = await duties.dues(reading(connection), date(2026, 12, 1), 90, 1)
    assert (cut.count, len(cut.items)) == (4, 1)


async def test_person_times_and_heads_differ(connection: AsyncConnection):
    first, second = planned("one", date(2025, 3, 1)), planned("two", date(2025, 9, 1))
    last_year = planned("old", date(2024, 9, 1), kind=ClassKind.YOUNG_CADRE)
    never = planned("never", date(2025, 10, 1))
    refused = CreditRefused(
        cadre_id=ZHAO,
        effective_on=date(2025, 9, 1),
        class_id="two",
        title="专题班",
        hours=3,
        findings=(),
    )
    people = [recruit(cadre_id) for cadre_id in (LI, WANG, ZHAO)]
    plans = (first, second, last_year, never)
    attended = [
        *held(first, LI, WANG),
        *held(second, LI),
        refused,
        *held(last_year, LI, short=True),
    ]
    await project(connection, *people, *plans, *attended)

    one_year = await classes.class_summary(reading(connection), 2025)
    assert (one_year.classes, one_year.person_times, one_year.heads) == (2, 3, 2)
    assert (one_year.uncredited, one_year.short) == (1, 0)
    both = await classes.class_summary(reading(connection), 2024, 2025)
    assert (both.classes, both.person_times, both.heads, both.short) == (3, 4, 2, 1)
    assert both.kinds[ClassKind.YOUNG_CADRE].person_times == 1
    with pytest.raises(Malformed):
        await classes.class_summary(reading(connection), 2025, 2024)


async def test_a_class_shows_its_plan_and_who_came(connection: AsyncConnection):
    plan = planned("one", date(2025, 3, 1))
    anew = plan.model_copy(update={"seats": 2, "supersedes": event_id(2)})
    await project(connection, recruit(LI), plan, anew, *held(anew, LI))
    answer = await classes.training_class(reading(connection), "one")
    assert (answer.seats, answer.held_on, answer.short) == (2, date(2025, 3, 1), False)
    assert [(a.cadre_id, a.credited) for a in answer.attendees] == [(LI, True)]
    with pytest.raises(NotFound):
        await classes.training_class(reading(connection), "two")


async def test_annulled_attendance_is_shown_nowhere(get: Get, connection: AsyncConnection):
    plan = planned("one", date(2025, 3, 1))
    history: list[Event] = [recruit(LI), plan, *held(plan, LI)]
    await project(connection, *history, annulled(history[3], 4))
    assert (await get("/classes/one"))["attendees"] == []
    assert (await get("/classes/summary", year=2025))["person_times"] == 0
    assert (await get(f"/cadres/{LI}/training", on=YEAR_END))["trainings"] == []
