"""Merit accounts: the balance on a day with its entries, and the ranking of a peer group (M15)."""

from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import func, select, union_all

from cadre.contracts.event import CadreId, UnitId
from cadre.shared.deciding.rights import NAMED, Right, Role
from cadre.shared.showing.facts import shown
from cadre.shared.showing.members import members_on, require_known
from cadre.shared.showing.reader import On, Reading
from cadre.shared.showing.view import View
from cadre.supervision.deciding.merit import MERIT, Entry, balance_on

VIEW = View()
READS = Right(Role.READER, NAMED)


class MeritLine(BaseModel):
    event_id: str
    effective_on: date
    points: int
    title: str
    scheme_id: str | None = None
    scheme_version: int | None = None
    item: str | None = None
    evidence: str | None = None
    approved_by: str | None = None
    reverses: str | None = Field(default=None, description="The entry that this line takes back")


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


@VIEW.routes.get(
    "/cadres/{cadre_id}/merit",
    READS,
    summary="实绩积分 · Merit points on a day, with their entries",
)
async def account(reader: Reading, cadre_id: CadreId, on: On) -> MeritAccount:
    await require_known(reader, cadre_id)
    entries: list[MeritLine] = []
    for one in await shown(MERIT).held(reader, on, cadre_id):
        entries.append(MeritLine.model_validate(one.row, extra="ignore"))
        if one.ended is not None:
            title = f"冲销：{one.ended['reason']}"
            told = one.ended | {"title": title, "reverses": one.row["event_id"]}
            entries.append(MeritLine.model_validate(told, extra="ignore"))
    entries.sort(key=lambda line: line.effective_on)
    balance = balance_on((Entry(line.effective_on, line.points) for line in entries), on)
    return MeritAccount(cadre_id=cadre_id, on=on, balance=balance, entries=entries)


@VIEW.routes.get(
    "/merit/ranking",
    READS,
    summary="积分排名 · Merit points of a unit's members, the highest first",
)
async def ranking(
    reader: Reading,
    on: On,
    unit_id: UnitId | None = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
) -> MeritRanking:
    """The members of a unit, or everyone, by balance; who has no entry has 0."""
    members = members_on(on, unit_id).subquery()
    posted = shown(MERIT).table
    ends = shown(MERIT).ends
    assert ends is not None  # noqa: S101
    taken = ends.table
    lines = union_all(
        select(posted.c.cadre_id, posted.c.points).where(
            posted.c.effective_on <= on, posted.c.superseded_by.is_(None)
        ),
        select(taken.c.cadre_id, taken.c.points)
        .join(posted, posted.c.event_id == taken.c.merit_event)
        .where(
            taken.c.effective_on <= on,
            taken.c.superseded_by.is_(None),
            posted.c.superseded_by.is_(None),
        ),
    ).subquery()
    balance = func.coalesce(func.sum(lines.c.points), 0).label("balance")
    totals = (
        select(members.c.cadre_id, balance)
        .outerjoin(lines, lines.c.cadre_id == members.c.cadre_id)
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
