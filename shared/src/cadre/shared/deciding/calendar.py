"""Days as statutes count them.

Periods in months run by the calendar, the day clipped to the month's end; of a period in days the
first is not counted (民法典 art. 201); "以上/以下/以内/届满" include their bound (art. 1259).
Workdays follow the State Council's yearly calendar, which the library knows for 2004–2026; other
years need a table of their own (`Workdays.overrides`).
"""

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone

import chinese_calendar  # pyright: ignore[reportMissingTypeStubs]

from cadre.shared.deciding.errors import NotPossible

CHINA = timezone(timedelta(hours=8))


def today_in_china() -> date:
    return datetime.now(CHINA).date()


def add_months(day: date, months: int) -> date:
    """``day`` moved by whole months; the 31st becomes the month's last day where there is none."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def add_years(day: date, years: int) -> date:
    return add_months(day, 12 * years)


def month_start(year_month: str) -> date:
    """``"1985-06"`` → 1 June 1985."""
    return date.fromisoformat(f"{year_month}-01")


def months_between(begin: date, end: date) -> int:
    """Whole months from the month of ``begin`` to the month of ``end`` (RNK-12)."""
    return (end.year - begin.year) * 12 + end.month - begin.month


def full_years(begin: date, end: date) -> int:
    """周岁: whole years passed from ``begin`` to ``end``."""
    return end.year - begin.year - ((end.month, end.day) < (begin.month, begin.day))


@dataclass(frozen=True, slots=True)
class Workdays:
    """Which days are worked. ``overrides`` decides before the library does."""

    overrides: Mapping[date, bool] = field(default_factory=dict[date, bool])

    def is_workday(self, day: date) -> bool:
        if day in self.overrides:
            return self.overrides[day]
        try:
            return bool(chinese_calendar.is_workday(day))  # pyright: ignore[reportUnknownMemberType]
        except NotImplementedError as error:
            raise NotPossible(
                f"尚无该年的节假日安排 · the holiday calendar of {day.year} is not known",
                where=str(day),
                hint="请补入国务院该年的放假安排 · "
                "add the State Council's table of that year to the workday overrides",
            ) from error

    def between(self, begin: date, end: date) -> int:
        """Workdays after ``begin`` up to and including ``end``."""
        span = (end - begin).days
        return sum(self.is_workday(begin + timedelta(days=n)) for n in range(1, span + 1))

    def after(self, begin: date, count: int) -> date:
        """The day on which ``count`` workdays have passed since ``begin``."""
        day = begin
        while count > 0:
            day += timedelta(days=1)
            count -= self.is_workday(day)
        return day
