"""Who is known and where they serve on a day, as the services told it.

Of two units that were told of the same day the later on the log holds.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final

from sqlalchemy import BigInteger, Column, Date, Select, String, func, select

from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.selection.profile import Baselined, ProfileCorrected, Recruited
from cadre.shared.deciding.messages import Recorded
from cadre.shared.deciding.person import unknown
from cadre.shared.showing.kept import mark_annulled, row, superseded
from cadre.shared.showing.read_models import Change, Tables
from cadre.shared.showing.reader import Reader

TABLES: Final = Tables()
MEMBERSHIPS: Final = TABLES.table(
    "memberships",
    Column("event_id", String, primary_key=True),
    Column("cadre_id", String, index=True),
    Column("unit_id", String, index=True),
    Column("unit_name", String),
    Column("effective_on", Date),
    Column("position", BigInteger, comment="of two of one day the later on the log holds"),
    Column("superseded_by", String),
)


@TABLES.on(Baselined)
def _taken_over(recorded: Recorded[Baselined]) -> Iterable[Change]:
    standing = recorded.event.standing
    unit = {"unit_id": standing.unit_id, "unit_name": standing.unit_name}
    return row(MEMBERSHIPS, recorded, **unit)


@TABLES.on(Recruited)
def _recruited(recorded: Recorded[Recruited]) -> Iterable[Change]:
    return row(MEMBERSHIPS, recorded)


@TABLES.on(ProfileCorrected, Promoted)
def _moved(recorded: Recorded[ProfileCorrected | Promoted]) -> Iterable[Change]:
    if recorded.event.unit_id is not None:
        return row(MEMBERSHIPS, recorded)
    return superseded(MEMBERSHIPS, recorded)


for _kind in (ProfileCorrected, Promoted):
    mark_annulled(TABLES, _kind, MEMBERSHIPS)


async def require_known(reader: Reader, cadre_id: str) -> None:
    """Raises NotFound for somebody who was neither recruited nor taken over from a file."""
    known = select(MEMBERSHIPS.c.cadre_id).where(MEMBERSHIPS.c.cadre_id == cadre_id).limit(1)
    if await reader.connection.scalar(known) is None:
        raise unknown(cadre_id)


def members_on(day: date, unit_id: str | None = None) -> Select[str]:
    """The ids of those who belong to a unit on a day, or to any."""
    told = MEMBERSHIPS.c
    newest_first = func.row_number().over(
        partition_by=told.cadre_id, order_by=(told.effective_on.desc(), told.position.desc())
    )
    latest = (
        select(told.cadre_id, told.unit_id, newest_first.label("age"))
        .where(told.effective_on <= day, told.superseded_by.is_(None))
        .subquery()
    )
    members = select(latest.c.cadre_id).where(latest.c.age == 1)
    return members if unit_id is None else members.where(latest.c.unit_id == unit_id)
