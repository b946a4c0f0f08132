from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadre.intake.dates import Ambiguous, Moment, read_date


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1985.06", Moment(1985, 6)),
        ("1985.6", Moment(1985, 6)),
        ("198506", Moment(1985, 6)),
        ("19850615", Moment(1985, 6, 15)),
        ("1985.06.15", Moment(1985, 6, 15)),
        ("1985-06-15 00:00:00", Moment(1985, 6, 15)),
        ("1985年6月", Moment(1985, 6)),
        ("1985年6月15日", Moment(1985, 6, 15)),
        ("1985/6", Moment(1985, 6)),
        ("１９８５．０６", Moment(1985, 6)),
        (" 1985 . 06 ", Moment(1985, 6)),
        ("1985.10", Moment(1985, 10)),
        ("1985.01", Moment(1985, 1)),
        ("1985年1月", Moment(1985, 1)),
        ("31213", Moment(1985, 6, 15, serial=True)),
    ],
)
def test_what_people_write_for_a_month(written: str, meant: Moment):
    assert read_date(written) == meant


@pytest.mark.parametrize(
    "written", ["", "1985", "1985.13", "1985.00", "19850631", "0985.06", "九月", "1985.6-1990.7"]
)
def test_what_is_no_month(written: str):
    assert read_date(written) is None


@pytest.mark.parametrize("written", ["1985.1", "１９８５．１"])
def test_january_and_october_look_alike(written: str):
    assert read_date(written) == Ambiguous((Moment(1985, 1), Moment(1985, 10)))


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_every_day_reads_back_in_every_form(day: date):
    for form in ("%Y%m%d", "%Y.%m.%d", "%Y-%m-%d", "%Y年%m月%d日"):
        assert read_date(day.strftime(form)) == Moment(day.year, day.month, day.day)


@given(st.text())
def test_any_text_is_read_or_refused(text: str):
    match read_date(text):
        case Moment() as moment:
            assert moment.last_day().month == moment.month
        case Ambiguous(candidates):
            assert [c.month for c in candidates] == [1, 10]
        case None:
            pass


def test_a_month_is_over_on_its_last_day():
    assert Moment(2024, 2).last_day() == date(2024, 2, 29)
    assert Moment(2024, 2, 3).last_day() == date(2024, 2, 3)
