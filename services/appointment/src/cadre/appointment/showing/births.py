"""In which month everybody was born, for the age on a day."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import BigInteger, Column, Date, String, select

from cadre.contracts.selection.profile import Baselined, ProfileCorrected, Recruited
from cadre.shared.deciding.calendar import full_years, month_start
from cadre.shared.deciding.messages import Recorded
from cadre.shared.showing.kept import mark_annulled, row, superseded
from cadre.shared.showing.read_models import Change
from cadre.shared.showing.reader import Reader
from cadre.shared.showing.view import View

VIEW = View()
BIRTH_MONTHS = VIEW.table(
    "birth_months",
    Column("event_id", String, primary_key=True),
    Column("cadre_id", String, index=True),
    Column("effective_on", Date),
    Column("birth_month", String),
    Column("position", BigInteger, comment="of two told of one day the later on the log holds"),
    Column("superseded_by", String),
)


@VIEW.on(Recruited, Baselined)
def _told(recorded: Recorded[Recruited | Baselined]) -> Iterable[Change]:
    return row(BIRTH_MONTHS, recorded)


@VIEW.on(ProfileCorrected)
def _corrected(recorded: Recorded[ProfileCorrected]) -> Iterable[Change]:
    if recorded.event.birth_month is not None:
        return row(BIRTH_MONTHS, recorded)
    return superseded(BIRTH_MONTHS, recorded)


mark_annulled(VIEW, ProfileCorrected, BIRTH_MONTHS)


async def birth_months(reader: Reader) -> dict[str, str]:
    """The month of birth as last told: a correction holds for every past promotion too."""
    told = BIRTH_MONTHS.c
    chosen = select(told.cadre_id, told.birth_month).where(told.superseded_by.is_(None))
    rows = await reader.connection.execute(chosen.order_by(told.effective_on, told.position))
    return {row.cadre_id: row.birth_month for row in rows}


def age_on(day: date, birth_month: str) -> int:
    """周岁 on a day, from the first of the month of birth."""
    return full_years(month_start(birth_month), day)
