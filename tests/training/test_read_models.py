from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from cadre.contracts.appointment.annulling import AppointmentAnnulled
from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.service import PostAssumed
from cadre.contracts.event import Event
from cadre.contracts.selection.annulling import SelectionAnnulled
from cadre.contracts.selection.membership import ExitReason, PoolEntered, PoolExited
from cadre.contracts.training.annulling import TrainingAnnulled
from cadre.contracts.training.mentorship import MentorPaired, MentorshipEnded, MentorshipReviewed
from cadre.contracts.training.posting import Posted, PostingEnded, PostingKind
from cadre.contracts.training.record import (
    CreditRefused,
    Trained,
    TrainingTaskCompleted,
    TrainingTaskOpened,
)
from cadre.contracts.training.training_class import ClassHeld, ClassKind, ClassPlanned, Mode
from cadre.contracts.vocabulary import PostLevel, Rank
from cadre.shared.deciding.errors import Malformed, NotFound
from cadre.shared.deciding.testing import event_id, recorded
from cadre.shared.projecting.read_models_sql import apply
from cadre.shared.showing.reader import Reader
from cadre.training.app import SERVICE
from cadre.training.showing import classes, duties
from cadre.training.showing.trainees import trainees
from cadre.training.showing.trainings import TRAININGS
from training.asking import ClearText, Get, asking
from training.people import LI, SUN, WANG, ZHAO, ZHOU, recruit

READ_MODELS = SERVICE.read_models
YEAR_END = date(2025, 12, 31)


@pytest.fixture
async def connection() -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine("sqlite+aiosqlite://")
    async with engine.begin() as connection:
        await connection.run_sync(READ_MODELS.metadata.create_all)
        yield connection
    await engine.dispose()


@pytest.fixture
async def get(connection: AsyncConnection) -> AsyncIterator[Get]:
    async with asking(reading(connection)) as get:
        yield get


async def project(connection: AsyncConnection, *history: Event) -> None:
    """Apply a history twice: the second time must change nothing."""
    for _ in range(2):
        changes = [
            change
            for position, event in enumerate(history, start=1)
            for change in READ_MODELS.changes(recorded(position, event))
        ]
        await apply(connection, READ_MODELS.metadata, changes)


def reading(connection: AsyncConnection) -> Reader:
    return Reader(connection, 0, ClearText())


def trained(cadre_id: str, ends_on: date, **changes: object) -> Trained:
    fields: dict[str, object] = {
        "cadre_id": cadre_id,
        "effective_on": ends_on,
        "title": "基层治理专题班",
        "kind": ClassKind.THEMATIC,
        "mode": Mode.CENTRALISED,
        "hours": 80,
        "days": 10,
        "starts_on": ends_on,
        "ends_on": ends_on,
    }
    return Trained.model_validate(fields | changes)


def planned(class_id: str, ends_on: date, **changes: object) -> ClassPlanned:
    fields: dict[str, object] = {
        "effective_on": ends_on,
        "class_id": class_id,
        "title": "专题班",
        "kind": ClassKind.THEMATIC,
        "mode": Mode.CENTRALISED,
        "hours": 21,
        "days": 3,
        "starts_on": ends_on,
        "ends_on": ends_on,
        "seats": 100,
    }
    return ClassPlanned.model_validate(fields | changes)


def held(plan: ClassPlanned, *attendees: str, short: bool = False) -> list[Event]:
    return [
        ClassHeld(
            effective_on=plan.ends_on, class_id=plan.class_id, attendees=attendees, short=short
        ),
        *(
            trained(c, plan.ends_on, class_id=plan.class_id, title=plan.title, hours=21, days=3)
            for c in attendees
        ),
    ]


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


def posted(cadre_id: str, host: str, **changes: object) -> Posted:
    fields: dict[str, object] = {
        "cadre_id": cadre_id,
        "effective_on": date(2025, 1, 1),
        "kind": PostingKind.VILLAGE_TEAM,
        "host": host,
        "home_unit": "某县财政局",
        "task": "驻村",
    }
    return Posted.model_validate(fields | changes)


postings: tuple[Event, ...] = (
    recruit(LI),
    posted(LI, "东村"),
    posted(WANG, "东村"),
    posted(ZHAO, "西村"),
    posted(SUN, "某镇党委", kind=PostingKind.SECONDMENT),
    PostingEnded(
        cadre_id=ZHAO,
        effective_on=date(2025, 7, 1),
        posting_event=event_id(4),
        evaluation="fair",
        note="尚可",
    ),
)


async def test_who_is_posted_on_a_day(get: Get, connection: AsyncConnection):
    await project(connection, *postings)
    last_day = await get("/postings", on="2025-06-30")
    back = await get("/postings", on="2025-07-01", kind="village-team")
    assert {p["cadre_id"] for p in last_day["postings"]} == {LI, WANG, ZHAO, SUN}
    assert ({p["cadre_id"] for p in back["postings"]}, back["heads"]) == ({LI, WANG}, 2)


async def test_an_evaluation_is_told_from_the_day_of_the_end(get: Get, connection: AsyncConnection):
    await project(connection, recruit(ZHAO), *postings[1:])
    (before,) = (await get(f"/cadres/{ZHAO}/postings", on="2025-06-30"))["postings"]
    (after,) = (await get(f"/cadres/{ZHAO}/postings", on="2025-07-01"))["postings"]
    assert before["ended"] is None
    assert (after["ended"]["evaluation"], after["ended"]["note"]) == ("fair", "尚可")


async def test_places_without_anybody_are_listed(get: Get, connection: AsyncConnection):
    await project(connection, *postings)
    answer = await get(
        "/postings/coverage?host=东村&host=南村", on="2025-07-01", kind="village-team"
    )
    heads = {host["host"]: host["heads"] for host in answer["hosts"]}
    assert heads == {"东村": 2, "南村": 0, "西村": 0}
    assert set(answer["uncovered"]) == {"南村", "西村"}


mentorships: tuple[Event, ...] = (
    recruit(LI, on=date(2025, 7, 1)),
    recruit(WANG, on=date(2025, 8, 1)),
    recruit(SUN, on=date(2024, 7, 1)),
    recruit(ZHOU, on=date(2010, 7, 1)),
    MentorPaired(cadre_id=LI, effective_on=date(2025, 7, 15), mentor_id=ZHOU, tasks=("业务帮带",)),
    MentorshipReviewed(
        cadre_id=LI,
        effective_on=date(2025, 10, 1),
        pairing_event=event_id(5),
        progress="good",
        note="进步明显",
    ),
    MentorshipEnded(
        cadre_id=LI, effective_on=date(2026, 7, 15), pairing_event=event_id(5), completed=True
    ),
)


async def test_recruits_without_a_mentor_are_listed(get: Get, connection: AsyncConnection):
    await project(connection, *mentorships)

    async def missing(**on: date) -> list[str]:
        answer = await get("/mentorships/missing", year=2025, **on)
        return [recruit["cadre_id"] for recruit in answer["missing"]]

    assert await missing(on=date(2025, 7, 14)) == [LI, WANG]
    assert await missing() == [WANG]
    assert await missing(on=date(2026, 7, 15)) == [LI, WANG]


async def test_a_mentor_has_apprentices_and_a_load(get: Get, connection: AsyncConnection):
    await project(connection, *mentorships)
    during = await get(f"/mentors/{ZHOU}", on=YEAR_END)
    assert [(a["cadre_id"], a["tasks"]) for a in during["apprentices"]] == [(LI, ["业务帮带"])]
    assert (during["load"]["rule"], during["load"]["passed"]) == ("TRN-12", True)
    after = await get(f"/mentors/{ZHOU}", on="2026-07-15")
    assert after["apprentices"] == []


async def test_an_apprentice_sees_mentor_and_reviews(get: Get, connection: AsyncConnection):
    await project(connection, *mentorships)
    (pair,) = (await get(f"/cadres/{LI}/mentorships", on=YEAR_END))["mentorships"]
    assert (pair["mentor_id"], pair["ended"]) == (ZHOU, None)
    assert [review["note"] for review in pair["reviews"]] == ["进步明显"]


async def test_routes_answer_over_http(get: Get, connection: AsyncConnection):
    plan = planned("one", date(2025, 3, 1))
    await project(connection, *mentorships, plan, *held(plan, LI))
    paths = {
        f"/cadres/{LI}/training?on=2025-12-31": ("off_job", "due_on"),
        f"/cadres/{LI}/postings?on=2025-12-31": ("postings",),
        f"/cadres/{LI}/mentorships?on=2025-12-31": ("mentorships", 0),
        "/dues?on=2025-12-01": ("items", 0),
        "/classes/summary?year=2025": ("kinds", "thematic"),
        "/classes/summary?year=2024&to=2025": ("kinds", "thematic"),
        "/classes/one": ("attendees", 0),
        "/postings?on=2025-12-31": ("postings",),
        "/postings/coverage?on=2025-12-31&kind=frontline&host=东村": ("uncovered", 0),
        "/mentorships/missing?year=2025": ("missing", 0),
        f"/mentors/{ZHOU}?on=2025-12-31": ("apprentices", 0),
    }
    for path, keys in paths.items():
        answer: Any = await get(path)
        for key in keys:
            answer = answer[key]
    for wrong in ("/dues?on=9999-12-31", "/mentorships/missing?year=1800"):
        with pytest.raises(httpx.HTTPStatusError, match="422"):
            await get(wrong)


def annulled(what: Event, position: int) -> TrainingAnnulled:
    return TrainingAnnulled(
        cadre_id=LI,
        effective_on=YEAR_END,
        supersedes=event_id(position),
        annuls=what.tag(),
        reason="查无此事",
        basis="复查决定",
    )


async def test_a_posting_is_shown_as_corrected_with_the_end_of_its_line(
    get: Get, connection: AsyncConnection
):
    wrong = posted(LI, "东村")
    back = PostingEnded(
        cadre_id=LI,
        effective_on=date(2025, 7, 1),
        posting_event=event_id(2),
        evaluation="good",
        note="好",
    )
    right = wrong.model_copy(
        update={"effective_on": date(2025, 2, 1), "supersedes": event_id(2), "host": "西村"}
    )
    sooner = back.model_copy(update={"effective_on": date(2025, 6, 1), "supersedes": event_id(3)})
    await project(connection, recruit(LI), wrong, back, right, sooner)
    (told,) = (await get(f"/cadres/{LI}/postings", on=YEAR_END))["postings"]
    assert (told["host"], told["ended"]["effective_on"]) == ("西村", "2025-06-01")
    assert (await get("/postings", on="2025-01-15"))["heads"] == 0
    assert (await get("/postings", on="2025-05-31"))["heads"] == 1
    assert (await get("/postings", on="2025-06-01"))["heads"] == 0
    await project(connection, recruit(LI), wrong, back, right, sooner, annulled(sooner, 5))
    assert (await get("/postings", on="2025-06-01"))["heads"] == 1
    await project(connection, recruit(LI), wrong, back, right, sooner, annulled(right, 4))
    assert (await get("/postings", on="2025-03-01"))["heads"] == 0
    hosts = (await get("/postings/coverage", on=YEAR_END, kind="village-team"))["hosts"]
    assert hosts == []


async def test_a_pair_is_shown_as_corrected_with_its_reviews_and_its_end(
    get: Get, connection: AsyncConnection
):
    pair = mentorships[4]
    right = pair.model_copy(update={"mentor_id": SUN, "supersedes": event_id(5)})
    await project(connection, *mentorships, right)
    (told,) = (await get(f"/cadres/{LI}/mentorships", on="2026-07-15"))["mentorships"]
    assert (told["mentor_id"], told["ended"]["completed"]) == (SUN, True)
    assert [review["note"] for review in told["reviews"]] == ["进步明显"]
    assert (await get(f"/mentors/{ZHOU}", on=YEAR_END))["apprentices"] == []
    assert len((await get(f"/mentors/{SUN}", on=YEAR_END))["apprentices"]) == 1
    late = right.model_copy(update={"effective_on": date(2025, 11, 1), "supersedes": event_id(8)})
    await project(connection, *mentorships, right, late)
    (told,) = (await get(f"/cadres/{LI}/mentorships", on=YEAR_END))["mentorships"]
    assert told["reviews"] == []
    await project(connection, *mentorships, right, late, annulled(late, 9))
    assert (await get("/mentorships/missing", year=2025))["missing"][0]["cadre_id"] == LI


async def test_annulled_attendance_is_shown_nowhere(get: Get, connection: AsyncConnection):
    plan = planned("one", date(2025, 3, 1))
    history: list[Event] = [recruit(LI), plan, *held(plan, LI)]
    await project(connection, *history, annulled(history[3], 4))
    assert (await get("/classes/one"))["attendees"] == []
    assert (await get("/classes/summary", year=2025))["person_times"] == 0
    assert (await get(f"/cadres/{LI}/training", on=YEAR_END))["trainings"] == []


async def test_a_recruitment_told_anew_counts_once(get: Get, connection: AsyncConnection):
    first = recruit(LI, on=date(2024, 7, 1))
    again = first.model_copy(update={"effective_on": date(2025, 7, 1), "supersedes": event_id(1)})
    await project(connection, first, again)
    assert (await get("/mentorships/missing", year=2024))["recruits"] == 0
    assert (await get("/mentorships/missing", year=2025))["recruits"] == 1
