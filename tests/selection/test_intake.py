from datetime import date

from cadre.contracts.selection.intake import IntakePlanned, PlanLine
from cadre.contracts.vocabulary import Channel
from cadre.selection.app import SERVICE
from cadre.selection.deciding.intake import PlanIntake
from cadre.shared.deciding.testing import Specification, event_id

given = Specification(SERVICE.handlers)
PLAN = PlanIntake(
    plan_id="plan-2026",
    year=2026,
    lines=(
        PlanLine(channel=Channel.CIVIL_SERVICE, count=118),
        PlanLine(channel=Channel.VILLAGE_GRADUATE, count=328),
    ),
    effective_on=date(2026, 1, 15),
)
PLANNED = IntakePlanned(**dict(PLAN))
SMALLER = PLAN.model_copy(
    update={
        "lines": (PlanLine(channel=Channel.CIVIL_SERVICE, count=90),),
        "effective_on": date(2026, 4, 1),
    }
)
REPLANNED = IntakePlanned(**dict(SMALLER))


def test_a_plan() -> None:
    given().when(PLAN).then(PLANNED)


def test_a_new_plan_takes_the_place_of_the_old_one_from_its_day_on() -> None:
    given(PLANNED).when(SMALLER).then(REPLANNED)
    back = PLAN.model_copy(update={"effective_on": date(2026, 5, 1)})
    given(PLANNED, REPLANNED).when(back).then(IntakePlanned(**dict(back)))


def test_of_one_day_a_new_plan_replaces_the_old_one() -> None:
    same_day = SMALLER.model_copy(update={"effective_on": PLAN.effective_on})
    replaced = IntakePlanned(**dict(same_day) | {"supersedes": event_id(1)})
    given(PLANNED).when(same_day).then(replaced)
    again = IntakePlanned(**dict(PLAN) | {"supersedes": event_id(2)})
    given(PLANNED, replaced).when(PLAN).then(again)


def test_a_plan_of_a_wrong_day_is_corrected_by_naming_it() -> None:
    named = SMALLER.model_copy(update={"supersedes": event_id(1)})
    given(PLANNED).when(named).then(IntakePlanned(**dict(named)))


def test_a_plan_keeps_its_year() -> None:
    next_year = PLAN.model_copy(update={"year": 2027})
    given(PLANNED).when(next_year).then_refused("its year is 2026 and stays so")
    later = next_year.model_copy(update={"effective_on": date(2026, 4, 1)})
    given(PLANNED).when(later).then_refused("its year is 2026 and stays so")


def test_one_line_for_one_channel_and_major() -> None:
    twice = PLAN.model_copy(update={"lines": (PLAN.lines[0], PLAN.lines[0])})
    given().when(twice).then_refused("stand in the plan twice")
    with_major = PlanLine(channel=Channel.CIVIL_SERVICE, count=5, major="农学")
    by_major = PLAN.model_copy(update={"lines": (PLAN.lines[0], with_major)})
    given().when(by_major).then(IntakePlanned(**dict(by_major)))
