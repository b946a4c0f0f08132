"""Merit accounts: the balance on a day with its entries, and the ranking of a peer group (M15)."""

from datetime import date

from pydantic import BaseModel, Field
from sqlalchemy import and_, func, select

from cadre.shared.deciding.errors import NotFound
from cadre.shared.showing.reader import Reader
from cadre.supervision.merit import Entry, balance_on
from cadre.supervision.queries.members import members_on, require_known
from cadre.supervision.tables import MERIT_ENTRIES, POINT_ITEMS


class MeritLine(BaseModel):
    event_id: str
    effective_on: date
    points: int
    title: str
    scheme_id: str | None
    scheme_version: int | None
    item: str | None
    evidence: str | None
    approved_by: str | None
    reverses: str | None = Field(description="The entry that this line takes back")


class MeritAccount(BaseModel):
    cadre_id: str
    on: date
    balance: int = Field(description="The sum of the entries shown")
    entries: list[MeritLine]


class MeritPlace(BaseModel):
    place: int = Field(description="Equal balances share a place: 1, 1, 3")
    cadre_id: str
    balance: int


class MeritRanking(BaseModel):
    on: date
    unit_id: str | None
    places: list[MeritPlace]


class PointItemLine(BaseModel):
    code: str
    title: str
    family: str
    points: int


class PointSchemeOn(BaseModel):
    scheme_id: str
    on: date
    version: int
    effective_on: date
    items: list[PointItemLine]


async def account(reader: Reader, cadre_id: str, on: date) -> MeritAccount:
    await require_known(reader, cadre_id)
    told = MERIT_ENTRIES.c
    rows = await reader.connection.execute(
        select(MERIT_ENTRIES)
        .where(told.cadre_id == cadre_id, told.effective_on <= on)
        .order_by(told.effective_on, told.event_id)
    )
    entries = [MeritLine.model_validate(row, from_attributes=True) for row in rows]
    balance = balance_on((Entry(line.effective_on, line.points) for line in entries), on)
    return MeritAccount(cadre_id=cadre_id, on=on, balance=balance, entries=entries)


async def ranking(reader: Reader, on: date, unit_id: str | None, limit: int) -> MeritRanking:
    """The members of a unit, or everyone, by balance; who has no entry has 0."""
    members = members_on(on, unit_id).subquery()
    told = MERIT_ENTRIES.c
    balance = func.coalesce(func.sum(told.points), 0).label("balance")
    totals = (
        select(members.c.cadre_id, balance)
        .outerjoin(
            MERIT_ENTRIES, and_(told.cadre_id == members.c.cadre_id, told.effective_on <= on)
        )
        .group_by(members.c.cadre_id)
        .subquery()
    )
    place = func.rank().over(order_by=totals.c.balance.desc()).label("place")
    rows = await reader.connection.execute(
        select(place, totals.c.cadre_id, totals.c.balance)
        .order_by(totals.c.balance.desc(), totals.c.cadre_id)
        .limit(limit)
    )
    places = [MeritPlace.model_validate(row, from_attributes=True) for row in rows]
    return MeritRanking(on=on, unit_id=unit_id, places=places)


async def point_scheme(reader: Reader, scheme_id: str, on: date) -> PointSchemeOn:
    """The version of a scheme in force on a day."""
    told = POINT_ITEMS.c
    in_force = (
        select(func.max(told.version))
        .where(told.scheme_id == scheme_id, told.effective_on <= on)
        .scalar_subquery()
    )
    rows = (
        await reader.connection.execute(
            select(POINT_ITEMS)
            .where(told.scheme_id == scheme_id, told.version == in_force)
            .order_by(told.code)
        )
    ).all()
    if not rows:
        raise NotFound(
            f"no version of {scheme_id} is in force on {on}",
            where=scheme_id,
            hint="publish it, or ask for a later day",
        )
    return PointSchemeOn(
        scheme_id=scheme_id,
        on=on,
        version=rows[0].version,
        effective_on=rows[0].effective_on,
        items=[PointItemLine.model_validate(row, from_attributes=True) for row in rows],
    )
