"""Postings and mentors as they are asked for."""

from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.contracts.event import Event
from cadre.contracts.training.mentorship import MentorPaired, MentorshipEnded, MentorshipReviewed
from cadre.contracts.training.posting import Posted, PostingEnded, PostingKind
from cadre.shared.deciding.testing import event_id
from training.asking import Get, project
from training.attending import held, planned
from training.people import LI, SUN, WANG, ZHAO, ZHOU, annulled, recruit

YEAR_END = date(2025, 12, 31)


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


async def test_a_recruitment_told_anew_counts_once(get: Get, connection: AsyncConnection):
    first = recruit(LI, on=date(2024, 7, 1))
    again = first.model_copy(update={"effective_on": date(2025, 7, 1), "supersedes": event_id(1)})
    await project(connection, first, again)
    assert (await get("/mentorships/missing", year=2024))["recruits"] == 0
    assert (await get("/mentorships/missing", year=2025))["recruits"] == 1


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
