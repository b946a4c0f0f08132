from datetime import date

import pytest

from cadre.contracts.supervision.assessment import MonthClosed
from cadre.contracts.supervision.unit_year import ExcellentAllotted, UnitYearOpened
from cadre.shared.deciding.testing import Specification, event_id
from cadre.supervision.app import SERVICE
from cadre.supervision.deciding.unit_year import CloseMonth, OpenUnitYear, ceiling

given = Specification(SERVICE.handlers)
OPEN = OpenUnitYear(
    unit_id="u-town",
    unit_name="东镇",
    year=2025,
    headcount=12,
    effective_on=date(2025, 1, 1),
)
OPENED = UnitYearOpened(
    unit_year_id="u-town-2025",
    unit_id="u-town",
    unit_name="东镇",
    year=2025,
    headcount=12,
    excellent_share=0.20,
    effective_on=date(2025, 1, 1),
)
JULY_CLOSED = MonthClosed(
    unit_year_id="u-town-2025", month="2025-07", effective_on=date(2025, 8, 5)
)


def allotted(cadre_id: str) -> ExcellentAllotted:
    return ExcellentAllotted(
        unit_year_id="u-town-2025", cadre_id=cadre_id, effective_on=date(2026, 1, 20)
    )


@pytest.mark.parametrize(
    ("headcount", "share", "floor", "half_up"),
    [(12, 0.20, 2, 2), (13, 0.20, 2, 3), (10, 0.25, 2, 3), (15, 0.20, 3, 3), (2, 0.20, 0, 0)],
)
def test_the_ceiling_is_rounded_as_the_unit_says(
    headcount: int, share: float, floor: int, half_up: int
) -> None:
    assert ceiling(headcount, share, "floor") == floor
    assert ceiling(headcount, share, "half-up") == half_up


def test_a_year_opens_with_the_usual_share() -> None:
    given().when(OPEN).then(OPENED)


def test_a_share_above_the_usual_needs_an_approval() -> None:
    wish = OPEN.model_copy(update={"excellent_share": 0.25})
    given().when(wish).then_refused("nobody approved it (ASM-03)")
    approved = {"excellent_share": 0.25, "approved_by": "区公务员局"}
    given().when(wish.model_copy(update=approved)).then(OPENED.model_copy(update=approved))


def test_no_approval_goes_beyond_the_highest_share() -> None:
    wish = OPEN.model_copy(update={"excellent_share": 0.26, "approved_by": "区公务员局"})
    given().when(wish).then_refused("above 25.0%")


def test_an_open_year_is_not_opened_otherwise() -> None:
    wish = OPEN.model_copy(update={"headcount": 20})
    given(OPENED).when(wish).then_refused(f"supersede {event_id(1)}")


def test_a_wrong_head_count_is_corrected() -> None:
    fix = {"headcount": 20, "supersedes": event_id(1)}
    given(OPENED).when(OPEN.model_copy(update=fix)).then(OPENED.model_copy(update=fix))


def test_a_correction_names_the_opening_that_holds() -> None:
    corrected = OPENED.model_copy(update={"headcount": 20, "supersedes": event_id(1)})
    again = OPEN.model_copy(update={"headcount": 30, "supersedes": event_id(1)})
    given(OPENED, corrected).when(again).then_refused(f"supersede {event_id(2)}")


def test_a_correction_keeps_room_for_the_places_in_use() -> None:
    wish = OPEN.model_copy(update={"headcount": 5, "supersedes": event_id(1)})
    full = (OPENED, allotted("c-aaaaaaaaaa"), allotted("c-bbbbbbbbbb"))
    given(*full).when(wish).then_refused("2 优秀 places are in use")
    enough = {"headcount": 10, "supersedes": event_id(1)}
    given(*full).when(OPEN.model_copy(update=enough)).then(OPENED.model_copy(update=enough))


def test_a_month_is_closed_once() -> None:
    close = CloseMonth(unit_id="u-town", month="2025-07", effective_on=date(2025, 8, 5))
    given(OPENED).when(close).then(JULY_CLOSED)
    later = close.model_copy(update={"effective_on": date(2025, 9, 1)})
    given(OPENED, JULY_CLOSED).when(later).then_nothing()


def test_a_month_is_not_closed_before_its_last_day() -> None:
    close = CloseMonth(unit_id="u-town", month="2025-07", effective_on=date(2025, 7, 30))
    given(OPENED).when(close).then_refused("2025-07 is not over on 2025-07-30")
    on_time = close.model_copy(update={"effective_on": date(2025, 7, 31)})
    assert len(given(OPENED).when(on_time).events()) == 1


def test_a_month_of_no_open_year_is_not_closed() -> None:
    close = CloseMonth(unit_id="u-town", month="2024-07", effective_on=date(2024, 8, 5))
    given(OPENED).when(close).then_refused("no assessment year u-town-2024 is open")
