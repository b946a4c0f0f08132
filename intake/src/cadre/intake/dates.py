"""Dates as people write them into forms and rosters.

A cadre file counts in months: 1985.06, 198506, 1985年6月. A day may follow. The one trap is
``1985.1``: a spreadsheet that took 1985.10 for a number shows the same, so it is January or
October and nobody can tell from the cell alone.
"""

import re
import unicodedata
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

EARLIEST, LATEST = 1900, 2100
"""Years outside this range are taken for typing errors."""

SERIAL_ORIGIN = date(1899, 12, 30)
SERIALS = range(10_000, 74_000)
"""Day counts of a spreadsheet from 1927 to 2102; six-digit year-months lie far above."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A month, and the day where it was told."""

    year: int
    month: int
    day: int | None = None
    serial: bool = False
    """Read from a bare day count of a spreadsheet."""

    @property
    def year_month(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    def last_day(self) -> date:
        """The day itself, or the last of the month: by then everything told has happened."""
        day = self.day or monthrange(self.year, self.month)[1]
        return date(self.year, self.month, day)


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Either of two months."""

    candidates: tuple[Moment, Moment]


DIVIDED = re.compile(
    r"(?P<year>\d{4})(?P<mark>[.\-/年])(?P<month>\d{1,2})(?:[.\-/月](?P<day>\d{1,2}))?[月日.]?"
)
LIKE_A_NUMBER = re.compile(r"\d{4}\.1")
COMPACT = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})?")
SERIAL = re.compile(r"\d{5}")
MIDNIGHT = re.compile(r"[ T]?00:00(:00)?$")


def half_width(text: str) -> str:
    """Full-width digits and punctuation as ASCII, without any white space."""
    return "".join(unicodedata.normalize("NFKC", text).split())


@lru_cache(maxsize=4096)
def read_date(text: str) -> Moment | Ambiguous | None:
    """What a written date means; None if it is not one."""
    plain = half_width(MIDNIGHT.sub("", text.strip())).replace("。", ".")
    if found := DIVIDED.fullmatch(plain):
        if LIKE_A_NUMBER.fullmatch(plain):
            return _january_or_october(int(found["year"]))
        return _moment(found["year"], found["month"], found["day"])
    if found := COMPACT.fullmatch(plain):
        return _moment(found["year"], found["month"], found["day"])
    if SERIAL.fullmatch(plain) and int(plain) in SERIALS:
        day = SERIAL_ORIGIN + timedelta(days=int(plain))
        return Moment(day.year, day.month, day.day, serial=True)
    return None


def _january_or_october(year: int) -> Ambiguous | None:
    january, october = _moment(year, 1), _moment(year, 10)
    return Ambiguous((january, october)) if january and october else None


def _moment(year: str | int, month: str | int, day: str | None = None) -> Moment | None:
    y, m = int(year), int(month)
    if not (EARLIEST <= y <= LATEST and 1 <= m <= 12):  # noqa: PLR2004  a year has twelve months
        return None
    if day is None:
        return Moment(y, m)
    return Moment(y, m, int(day)) if 1 <= int(day) <= monthrange(y, m)[1] else None
