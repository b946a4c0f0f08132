"""Who belongs to a unit on a day."""

from datetime import date

from sqlalchemy import Select, func, select

from cadre.shared.deciding.errors import NotFound
from cadre.shared.showing.reader import Reader
from cadre.supervision.tables import MEMBERSHIPS


async def require_known(reader: Reader, cadre_id: str) -> None:
    """Raise NotFound unless a service told where the person belongs."""
    found = await reader.connection.scalar(
        select(MEMBERSHIPS.c.cadre_id).where(MEMBERSHIPS.c.cadre_id == cadre_id).limit(1)
    )
    if found is None:
        raise NotFound(
            f"no cadre {cadre_id} is known here",
            where=cadre_id,
            hint="recruit or import the person first",
        )


def members_on(day: date, unit_id: str | None) -> Select[str]:
    """The ids of those who belong to the unit on a day, or to any unit."""
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
