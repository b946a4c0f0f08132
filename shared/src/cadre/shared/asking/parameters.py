"""The kinds of parameters that questions have, each with its bounds, for all routes."""

from datetime import date as calendar_day
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from cadre.shared.deciding.texts import FIT

POSITION_MAX = 2**63 - 1
FIRST_YEAR, LAST_YEAR = 1949, 2200


def _of_these_times(moment: datetime) -> datetime:
    # Far from both ends of the calendar, where a change of the time zone leaves it.
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        msg = f"a time lies between the years {FIRST_YEAR} and {LAST_YEAR}"
        raise ValueError(msg)
    return moment


type Position = Annotated[int, Field(ge=0, le=POSITION_MAX)]
"""A place on the log."""
type Moment = Annotated[AwareDatetime, AfterValidator(_of_these_times)]
type Day = Annotated[
    calendar_day,
    Field(ge=calendar_day(FIRST_YEAR, 1, 1), le=calendar_day(LAST_YEAR, 12, 31)),
]
type Year = Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)]
type Word = Annotated[str, Field(min_length=1, max_length=200), FIT]
"""A name or a code, in one line."""
