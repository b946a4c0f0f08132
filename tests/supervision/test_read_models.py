"""The routes over the tables that events fill."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from cadre.contracts.appointment.annulling import AppointmentAnnulled
from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.event import Event, Sealed
from cadre.contracts.selection.profile import Baselined, CareerEntry, Recruited, Standing
from cadre.contracts.supervision.assessment import (
    Assessed,
    AssessmentKind,
    AssessmentRefused,
    AssessmentRequested,
    MonthClosed,
)
from cadre.contracts.supervision.flag import FlagClosed, Flagged, FlagKind
from cadre.contracts.supervision.influence import (
    Disciplined,
    RectificationChecked,
    Sanction,
    Talked,
    TalkKind,
)
from cadre.contracts.supervision.merit import MeritPosted, MeritReversed
from cadre.contracts.supervision.point_scheme import PointItem, PointSchemePublished
from cadre.contracts.supervision.unit_year import (
    ExcellentAllotted,
    ExcellentReleased,
    UnitYearOpened,
)
from cadre.contracts.vocabulary import Channel, Education, Grade, Political, RoutineGrade, Sex
from cadre.shared.deciding.errors import NotFound
from cadre.shared.deciding.messages import Recorded
from cadre.shared.deciding.rulebook import rulebook
from cadre.shared.deciding.testing import event_id, recorded

type After = Callable[..., AbstractAsyncContextManager[Any]]

ANNA, BO, CAI = "c-aaaaaaaaaa", "c-bbbbbbbbbb", "c-cccccccccc"
WHO = {
    "full_name": "安",
    "id_number": "110101199001011237",
    "birth_date": date(1990, 1, 1),
    "birth_month": "1990-01",
    "sex": Sex.FEMALE,
    "ethnicity": "汉族",
    "political": Political.PARTY_MEMBER,
    "education": Education.BACHELOR,
}


def recruited(cadre_id: str, unit_id: str = "u-town") -> Recruited:
    return Recruited.model_validate(
        WHO
        | {
            "cadre_id": cadre_id,
            "channel": Channel.CIVIL_SERVICE,
            "unit_id": unit_id,
            "unit_name": "东镇",
            "effective_on": date(2015, 9, 1),
        }
    )


def imported(cadre_id: str, *grades: tuple[str, Grade]) -> Baselined:
    career = tuple(CareerEntry(kind="grade", begins=begins, grade=g) for begins, g in grades)
    return Baselined.model_validate(
        WHO
        | {
            "cadre_id": cadre_id,
            "standing": Standing(unit_id="u-town", unit_name="东镇"),
            "career": career,
            "source_file": "任免表.lrmx",
            "source_sha256": "0" * 64,
            "effective_on": date(2024, 6, 1),
        }
    )


def assessed(cadre_id: str, period: str, on: date, **more: object) -> Assessed:
    kind = AssessmentKind.QUARTER if "Q" in period else AssessmentKind.MONTH
    fields: dict[str, object] = {
        "cadre_id": cadre_id,
        "kind": kind if "-" in period else AssessmentKind.YEAR,
        "period": period,
        "grade": RoutineGrade.GOOD if "-" in period else Grade.EXCELLENT,
        "unit_id": "u-town",
        "unit_name": "东镇",
        "reviewer": "区委组织部",
        "effective_on": on,
    }
    return Assessed.model_validate(fields | more)


def promoted(cadre_id: str, on: date, kind: str = "post", unit_id: str | None = None) -> Promoted:
    return Promoted.model_validate(
        {
            "cadre_id": cadre_id,
            "kind": kind,
            "unit_id": unit_id,
            "trained": True,
            "findings": (),
            "effective_on": on,
        }
    )


def posted(cadre_id: str, points: int, on: date) -> MeritPosted:
    return MeritPosted(
        cadre_id=cadre_id,
        scheme_id="merit",
        item="award",
        evidence="文件",
        approved_by="镇党委",
        scheme_version=1,
        title="表彰",
        points=points,
        effective_on=on,
    )


def closed(month: str, on: date) -> MonthClosed:
    return MonthClosed(unit_year_id="u-town-2025", month=month, effective_on=on)


OPENED = UnitYearOpened(
    unit_year_id="u-town-2025",
    unit_id="u-town",
    unit_name="东镇",
    year=2025,
    headcount=12,
    excellent_share=0.20,
    effective_on=date(2025, 1, 1),
)
ADMONISHED = Talked(
    cadre_id=ANNA,
    kind=TalkKind.ADMONITION,
    talkers=("王", "李"),
    reason="工作拖沓",
    record=Sealed(sealed="v1.record"),
    blocked_until=date(2026, 7, 15),
    rule="SUP-03",
    effective_on=date(2026, 1, 15),
)
CHECKED = RectificationChecked(
    cadre_id=ANNA,
    talk_event=event_id(2),
    passed=True,
    note="已整改",
    effective_on=date(2026, 7, 15),
)


# Assessments


async def test_a_corrected_grade_gives_way_on_the_day_of_the_correction(after: After) -> None:
    fix = {"grade": Grade.COMPETENT, "supersedes": event_id(2)}
    history = (
        recruited(ANNA),
        assessed(ANNA, "2025", date(2026, 1, 20), comment="突出"),
        assessed(ANNA, "2025", date(2026, 3, 1), **fix),
    )
    async with after(*history) as get:
        seen = {
            day: [
                (line["grade"], line["comment"])
                for line in (await get(f"/cadres/{ANNA}/assessments", on=day))["assessments"]
            ]
            for day in ("2026-01-19", "2026-01-20", "2026-02-28", "2026-03-01")
        }
    assert seen == {
        "2026-01-19": [],
        "2026-01-20": [("excellent", "突出")],
        "2026-02-28": [("excellent", "突出")],
        "2026-03-01": [("competent", None)],
    }


async def test_an_imported_grade_shows_from_the_end_of_its_year(after: After) -> None:
    async with after(imported(ANNA, ("2019-01", Grade.EXCELLENT))) as get:
        early = await get(f"/cadres/{ANNA}/assessments", on="2019-12-30")
        later = await get(f"/cadres/{ANNA}/assessments", on="2019-12-31")
    assert early["assessments"] == []
    assert [(x["period"], x["grade"], x["unit_id"]) for x in later["assessments"]] == [
        ("2019", "excellent", None)
    ]


async def test_a_year_totals_the_quarters_whose_months_are_closed(after: After) -> None:
    history = (
        recruited(ANNA),
        OPENED,
        assessed(ANNA, "2025-02", date(2025, 4, 9), late=True),
        assessed(ANNA, "2025-Q1", date(2025, 4, 10), score=88.1),
        assessed(ANNA, "2025-Q2", date(2025, 7, 10), score=90.2),
        assessed(ANNA, "2025-Q3", date(2025, 10, 10), score=91.0),
        *(closed(f"2025-0{n}", date(2025, n + 1, 5)) for n in range(1, 6)),
        closed("2025-06", date(2025, 9, 1)),
    )
    async with after(*history) as get:
        before = await get(f"/cadres/{ANNA}/years/2025", on="2025-08-31")
        after_closing = await get(f"/cadres/{ANNA}/years/2025", on="2025-12-31")
    assert before["total"] == 88.1
    assert after_closing["total"] == 178.3
    assert [(q["quarter"], q["counts"]) for q in after_closing["quarters"]] == [
        ("2025-Q1", True),
        ("2025-Q2", True),
        ("2025-Q3", False),
    ]
    assert [(m["period"], m["late"]) for m in after_closing["months"]] == [("2025-02", True)]
    assert after_closing["grade"] is None


async def test_members_without_an_assessment_of_the_period_are_listed(after: After) -> None:
    history = (
        recruited(ANNA),
        recruited(BO),
        recruited(CAI),
        promoted(CAI, date(2025, 8, 1), unit_id="u-west"),
        assessed(ANNA, "2025-07", date(2025, 8, 2)),
        assessed(BO, "2025-Q3", date(2025, 10, 2)),
    )
    async with after(*history) as get:
        july = await get("/assessments/missing", unit_id="u-town", period="2025-07")
        third = await get("/assessments/missing", unit_id="u-town", period="2025-Q3")
    assert (july["members"], july["missing"]) == (3, [BO, CAI])
    assert (third["members"], third["missing"]) == (2, [ANNA])


async def test_a_request_is_done_by_a_later_special_or_yearly_assessment(after: After) -> None:
    asked = AssessmentRequested(
        cadre_id=ANNA,
        request_id=event_id(77),
        reason="试用期满考核",
        due_on=date(2026, 2, 28),
        effective_on=date(2026, 1, 31),
    )
    special = {"kind": AssessmentKind.SPECIAL, "grade": RoutineGrade.GOOD}
    history = (
        recruited(ANNA),
        assessed(ANNA, "2025", date(2026, 1, 20)),
        assessed(ANNA, "2026-02", date(2026, 3, 2)),
        asked,
        assessed(ANNA, "2026", date(2026, 3, 5), **special),
    )
    async with after(*history) as get:
        open_then = await get("/assessment-requests", on="2026-03-04", open=True)
        open_later = await get("/assessment-requests", on="2026-03-05", open=True)
        every = await get("/assessment-requests", on="2026-03-05")
    assert [(r["cadre_id"], r["overdue"]) for r in open_then["requests"]] == [(ANNA, True)]
    assert open_later["requests"] == []
    assert [(r["done_on"], r["overdue"]) for r in every["requests"]] == [("2026-03-05", False)]


async def test_a_refusal_shows_its_reasons_and_findings(after: After) -> None:
    rule = rulebook().on("SUP-03", date(2026, 1, 20))
    refused = AssessmentRefused(
        cadre_id=ANNA,
        kind=AssessmentKind.YEAR,
        period="2025",
        grade=Grade.EXCELLENT,
        findings=(rule.finding(passed=False, reason="2025 年受过诫勉", inputs={"year": 2025}),),
        effective_on=date(2026, 1, 20),
    )
    async with after(recruited(ANNA), refused) as get:
        (line,) = (await get(f"/cadres/{ANNA}/assessment-refusals"))["refusals"]
    assert line["reasons"] == refused.reasons()
    assert line["findings"] == [finding.model_dump(mode="json") for finding in refused.findings]


# The unit's year


async def test_a_unit_year_shows_its_places_and_what_speaks_against_them(after: After) -> None:
    place = {"unit_year_id": "u-town-2025", "effective_on": date(2026, 1, 20)}
    late_admonition = ADMONISHED.model_copy(update={"effective_on": date(2025, 11, 1)})
    history = (
        OPENED.model_copy(update={"headcount": 5}),
        OPENED.model_copy(update={"headcount": 15, "supersedes": event_id(1)}),
        closed("2025-01", date(2025, 2, 5)),
        ExcellentAllotted.model_validate(place | {"cadre_id": ANNA}),
        ExcellentAllotted.model_validate(place | {"cadre_id": BO}),
        ExcellentAllotted.model_validate(place | {"cadre_id": CAI}),
        ExcellentReleased.model_validate(place | {"cadre_id": CAI}),
        late_admonition,
    )
    async with after(*history) as get:
        seen = await get("/unit-years/u-town-2025")
        with pytest.raises(NotFound, match="u-town-2024"):
            await get("/unit-years/u-town-2024")
    assert (seen["headcount"], seen["ceiling"], seen["used"], seen["free"]) == (15, 3, 2, 1)
    assert seen["closed_months"] == ["2025-01"]
    against = {h["cadre_id"]: [f["rule"] for f in h["against"]] for h in seen["holders"]}
    assert against == {ANNA: ["SUP-03"], BO: []}


# The share of 优秀 among the promoted


@pytest.mark.parametrize(("total", "percent", "above"), [(63, 85.7, True), (64, 84.4, False)])
async def test_54_of_63_is_over_85_percent_and_54_of_64_is_not(
    after: After, total: int, percent: float, above: bool
) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    people = [f"c-aaaaaaaa{letters[n // 32]}{letters[n % 32]}" for n in range(total)]
    history: list[Event] = [promoted(person, date(2025, 6, 1)) for person in people]
    history += [assessed(person, "2023", date(2024, 1, 20)) for person in people[:54]]
    async with after(*history) as get:
        share = await get("/excellent-share", year=2025)
    assert (share["excellent"], share["promoted"]) == (54, total)
    assert (share["percent"], share["above"]) == (percent, above)
    assert share["without_excellent"] == sorted(people[54:])


@pytest.mark.parametrize(
    ("grades", "counts"),
    [
        ([assessed(ANNA, "2022", date(2023, 1, 20))], True),
        ([assessed(ANNA, "2021", date(2022, 1, 20))], False),
        ([assessed(ANNA, "2025", date(2025, 12, 20))], False),
        ([assessed(ANNA, "2024", date(2025, 6, 2))], False),
        ([assessed(ANNA, "2024", date(2025, 1, 20), grade=Grade.COMPETENT)], False),
        ([imported(ANNA, ("2023-12", Grade.EXCELLENT))], True),
        (
            [
                assessed(ANNA, "2024", date(2025, 1, 20)),
                assessed(
                    ANNA,
                    "2024",
                    date(2025, 5, 1),
                    grade=Grade.COMPETENT,
                    supersedes=event_id(2),
                ),
            ],
            False,
        ),
        (
            [
                assessed(ANNA, "2024", date(2025, 1, 20)),
                assessed(
                    ANNA,
                    "2024",
                    date(2025, 7, 1),
                    grade=Grade.COMPETENT,
                    supersedes=event_id(2),
                ),
            ],
            True,
        ),
    ],
)
async def test_the_grade_in_force_on_the_day_of_the_promotion_counts(
    after: After, grades: list[Event], counts: bool
) -> None:
    async with after(promoted(ANNA, date(2025, 6, 1)), *grades) as get:
        share = await get("/excellent-share", year=2025)
    assert (share["with_excellent"] == [ANNA]) is counts


async def test_persons_are_counted_once_and_a_year_without_promotions_has_no_share(
    after: After,
) -> None:
    history = (
        promoted(ANNA, date(2025, 2, 1), "rank"),
        promoted(ANNA, date(2025, 6, 1), "post"),
        promoted(BO, date(2025, 6, 1), "rank"),
    )
    async with after(*history) as get:
        assert (await get("/excellent-share", year=2025))["promoted"] == 2
        assert (await get("/excellent-share", year=2025, kind="post"))["promoted"] == 1
        empty = await get("/excellent-share", year=2024)
    assert (empty["percent"], empty["above"]) == (None, False)


async def test_a_promotion_counts_as_corrected_and_an_annulled_one_not_at_all(
    after: After,
) -> None:
    wrong = promoted(ANNA, date(2024, 5, 1), "rank")
    right = wrong.model_copy(update={"effective_on": date(2025, 5, 1), "supersedes": event_id(2)})
    void = AppointmentAnnulled(
        cadre_id=ANNA,
        effective_on=date(2025, 9, 1),
        supersedes=event_id(3),
        annuls=Promoted.tag(),
        reason="误录",
        basis="批复",
    )
    for news, counts in (((right,), (0, 1)), ((right, void), (0, 0))):
        async with after(recruited(ANNA), wrong, *news) as get:
            told = [await get("/excellent-share", year=year) for year in (2024, 2025)]
        assert tuple(share["promoted"] for share in told) == counts


# Merit


async def test_a_balance_is_shown_for_any_day_with_its_entries(after: After) -> None:
    reversal = MeritReversed(
        cadre_id=ANNA,
        merit_event=event_id(2),
        points=-5,
        reason="误",
        effective_on=date(2025, 8, 1),
    )
    history = (
        recruited(ANNA),
        posted(ANNA, 5, date(2025, 5, 1)),
        posted(ANNA, 3, date(2025, 7, 1)),
        reversal,
    )
    async with after(*history) as get:
        balances = [
            (await get(f"/cadres/{ANNA}/merit", on=day))["balance"]
            for day in ("2025-04-30", "2025-05-01", "2025-07-31", "2025-08-01")
        ]
        entries = (await get(f"/cadres/{ANNA}/merit", on="2025-08-01"))["entries"]
        with pytest.raises(NotFound):
            await get(f"/cadres/{BO}/merit", on="2025-08-01")
    assert balances == [0, 5, 8, 3]
    assert [(e["points"], e["reverses"]) for e in entries] == [
        (5, None),
        (3, None),
        (-5, str(event_id(2))),
    ]


async def test_equal_balances_share_a_place_and_no_entry_is_zero(after: After) -> None:
    history = (
        recruited(ANNA),
        recruited(BO),
        recruited(CAI),
        recruited("c-dddddddddd", "u-west"),
        posted(ANNA, 5, date(2025, 5, 1)),
        posted(BO, 5, date(2025, 5, 1)),
        posted("c-dddddddddd", 9, date(2025, 5, 1)),
        posted(CAI, 9, date(2025, 6, 1)),
    )
    async with after(*history) as get:
        town = await get("/merit/ranking", on="2025-05-31", unit_id="u-town")
        top = await get("/merit/ranking", on="2025-06-01", limit=2)
    assert [(p["place"], p["cadre_id"], p["balance"]) for p in town["places"]] == [
        (1, ANNA, 5),
        (1, BO, 5),
        (3, CAI, 0),
    ]
    assert [(p["place"], p["cadre_id"]) for p in top["places"]] == [(1, CAI), (1, "c-dddddddddd")]


async def test_of_two_units_told_of_one_day_the_later_recorded_holds(after: After) -> None:
    """Whatever their ids: with ten persons some order against the log."""
    ten = [f"c-{letter * 10}" for letter in "abcdefghij"]
    moved = {"kind": "post", "unit_id": "u-town", "unit_name": "东镇", "findings": ()}
    moved |= {"effective_on": recruited(ANNA).effective_on, "trained": True}
    promoted = [Promoted.model_validate(moved | {"cadre_id": one}) for one in ten]
    async with after(*(recruited(one, "u-west") for one in ten), *promoted) as get:
        found = await get("/merit/ranking", on="2025-05-31", unit_id="u-town")
    assert sorted(p["cadre_id"] for p in found["places"]) == ten


async def test_the_version_of_the_day_is_shown(after: After) -> None:
    item = PointItem(code="award", title="表彰", family="commendation", points=5)
    more = item.model_copy(update={"points": 8})
    history = (
        PointSchemePublished(
            scheme_id="merit", version=1, items=(item,), effective_on=date(2025, 1, 1)
        ),
        PointSchemePublished(
            scheme_id="merit", version=2, items=(more,), effective_on=date(2025, 7, 1)
        ),
    )
    async with after(*history) as get:
        june = await get("/point-schemes/merit", on="2025-06-30")
        july = await get("/point-schemes/merit", on="2025-07-01")
        with pytest.raises(NotFound):
            await get("/point-schemes/merit", on="2024-12-31")
    assert (june["version"], june["items"][0]["points"]) == (1, 5)
    assert (july["version"], july["items"][0]["points"]) == (2, 8)


# Warning signs, talks and influence


async def test_flags_are_open_until_the_day_they_were_closed(after: After) -> None:
    def flag(number: str) -> Flagged:
        return Flagged(
            cadre_id=ANNA,
            kind=FlagKind.COMPLAINT,
            source="信访局",
            reference=number,
            detail=Sealed(sealed="v1.detail"),
            effective_on=date(2026, 3, 1),
        )

    def close(position: int, outcome: str) -> FlagClosed:
        return FlagClosed.model_validate(
            {
                "cadre_id": ANNA,
                "flag_event": event_id(position),
                "outcome": outcome,
                "reason": "查无实据",
                "effective_on": date(2026, 3, 20),
            }
        )

    history = (flag("1"), flag("2"), flag("3"), close(1, "dismissed"), close(2, "acted"))
    async with after(*history) as get:
        before = await get("/flags", on="2026-03-19", open=True)
        later = await get("/flags", on="2026-03-20", open=True)
        every = await get("/flags", on="2026-03-20")
    assert before["counts"] == {"open": 3, "dismissed": 0, "acted": 0}
    assert later["counts"] == {"open": 1, "dismissed": 1, "acted": 1}
    assert [line["reference"] for line in later["flags"]] == ["3"]
    assert {line["detail"] for line in every["flags"]} == {"v1.detail"}
    outcomes = [line["ended"]["outcome"] if line["ended"] else "" for line in every["flags"]]
    assert sorted(outcomes) == ["", "acted", "dismissed"]


async def test_an_admonition_bars_through_14_july_and_no_longer_after_its_check(
    after: After,
) -> None:
    async with after(recruited(ANNA), ADMONISHED, CHECKED) as get:
        barred = {
            day: (await get(f"/cadres/{ANNA}/influence", on=day))["free_from"]
            for day in ("2026-01-15", "2026-07-14")
        }
        eve = await get(f"/cadres/{ANNA}/influence", on="2026-01-14")
        free = await get(f"/cadres/{ANNA}/influence", on="2026-07-15")
    assert barred == {"2026-01-15": "2026-07-15", "2026-07-14": "2026-07-15"}
    assert (eve["blocked"], free["blocked"]) == (False, False)


async def test_an_admonition_without_its_check_is_due_and_still_bars(after: After) -> None:
    async with after(recruited(ANNA), ADMONISHED) as get:
        state = await get(f"/cadres/{ANNA}/influence", on="2026-07-15")
        early = await get("/rectifications/due", on="2026-07-14")
        due = await get("/rectifications/due", on="2026-07-15")
    assert (state["blocked"], state["free_from"]) == (True, None)
    assert early["due"] == []
    assert [(d["cadre_id"], d["due_since"]) for d in due["due"]] == [(ANNA, "2026-07-15")]


async def test_a_passed_check_is_no_longer_due(after: After) -> None:
    async with after(recruited(ANNA), ADMONISHED, CHECKED) as get:
        assert (await get("/rectifications/due", on="2026-08-01"))["due"] == []


async def test_talks_show_their_record_and_their_checks(after: After) -> None:
    async with after(recruited(ANNA), ADMONISHED, CHECKED) as get:
        (line,) = (await get(f"/cadres/{ANNA}/talks", on="2026-08-01"))["talks"]
    assert (line["record"], line["talkers"]) == ("v1.record", ["王", "李"])
    assert [(c["passed"], c["note"]) for c in line["checks"]] == [(True, "已整改")]


LATE_FACTS = (
    recruited(ANNA),
    ADMONISHED.model_copy(update={"effective_on": date(2026, 2, 1)}),
    ADMONISHED.model_copy(update={"supersedes": event_id(2)}),
    CHECKED.model_copy(update={"talk_event": event_id(3)}),
    Disciplined(
        cadre_id=ANNA,
        sanction=Sanction.WARNING,
        decided_by="区监委",
        document="区监〔2026〕3号",
        blocked_until=date(2026, 9, 1),
        rule="SUP-05",
        effective_on=date(2026, 3, 1),
    ),
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@for_all(st.permutations([recorded(i, event) for i, event in enumerate(LATE_FACTS, start=1)]))
def test_influence_does_not_depend_on_the_order_in_which_facts_were_recorded(
    over: After, facts: Sequence[Recorded[Event]]
) -> None:
    async def free_from() -> list[str | None]:
        async with over(facts) as get:
            days = ("2026-01-14", "2026-01-20", "2026-04-01", "2026-08-01", "2026-09-01")
            return [(await get(f"/cadres/{ANNA}/influence", on=day))["free_from"] for day in days]

    assert asyncio.run(free_from()) == [None, "2026-07-15", "2026-09-01", "2026-09-01", None]
