"""Cadres as the standards see them: since when they are known, and which rules bind them."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Column, Date, Row, String, Table, func, select

from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.service import PostAssumed
from cadre.contracts.selection.membership import PoolEntered, PoolExited
from cadre.contracts.selection.profile import Baselined
from cadre.contracts.vocabulary import PostLevel, Rank
from cadre.shared.deciding.messages import Recorded
from cadre.shared.showing.kept import keep, mark_annulled, row
from cadre.shared.showing.lines import lines
from cadre.shared.showing.members import MEMBERSHIPS
from cadre.shared.showing.read_models import Change
from cadre.shared.showing.reader import Reader
from cadre.shared.showing.view import View
from cadre.training.deciding.standards import Trainee

VIEW = View()
STANDINGS = VIEW.table(
    "standings",
    Column("event_id", String, primary_key=True),
    Column("cadre_id", String, index=True),
    Column("effective_on", Date),
    Column("position", BigInteger, comment="of two of one day the later on the log holds"),
    *(Column(name, String) for name in ("level", "rank", "superseded_by")),
)
POOL_STAYS = keep(VIEW, PoolEntered, "pool_stays", only=()).table
POOL_EXITS = keep(VIEW, PoolExited, "pool_exits", only={"entry_event"}).table


@VIEW.on(Baselined)
def _taken_over(recorded: Recorded[Baselined]) -> Iterable[Change]:
    standing = recorded.event.standing
    return row(STANDINGS, recorded, level=standing.level, rank=standing.rank)


@VIEW.on(Promoted, PostAssumed)
def _promoted(recorded: Recorded[Promoted | PostAssumed]) -> Iterable[Change]:
    return row(STANDINGS, recorded)


for _kind in (Promoted, PostAssumed):
    mark_annulled(VIEW, _kind, STANDINGS)


async def trainees(reader: Reader, on: date, cadre_id: str | None = None) -> dict[str, Trainee]:
    """Everybody known on a day, or one cadre, with level, rank and pool as they were then."""
    told = MEMBERSHIPS.c
    since = func.min(told.effective_on).label("since")
    known = select(told.cadre_id, since).where(told.superseded_by.is_(None)).group_by(told.cadre_id)
    if cadre_id is not None:
        known = known.where(told.cadre_id == cadre_id)
    levels: dict[str, PostLevel] = {}
    ranks: dict[str, Rank] = {}
    for fact in await _facts(reader, STANDINGS, on, cadre_id):
        if fact.level is not None:
            levels[fact.cadre_id] = PostLevel(fact.level)
        if fact.rank is not None:
            ranks[fact.cadre_id] = Rank(fact.rank)
    pool_since = await _pool_since(reader, on, cadre_id)
    return {
        one.cadre_id: Trainee(
            known_since=one.since,
            level=levels.get(one.cadre_id),
            rank=ranks.get(one.cadre_id),
            pool_since=pool_since.get(one.cadre_id),
        )
        for one in await reader.connection.execute(known.having(since <= on))
    }


async def _pool_since(reader: Reader, on: date, cadre_id: str | None) -> dict[str, date]:
    """Since when each is in a pool, the earliest of several."""
    chosen = await lines(reader.connection, POOL_STAYS)
    left = {
        chosen.newest(fact.entry_event): fact.effective_on
        for fact in await _facts(reader, POOL_EXITS, on, cadre_id)
    }
    since: dict[str, date] = {}
    for stay in await _facts(reader, POOL_STAYS, on, cadre_id):
        if left.get(stay.event_id, date.min) < stay.effective_on:
            since.setdefault(stay.cadre_id, stay.effective_on)
    return since


async def _facts(
    reader: Reader, table: Table, on: date, cadre_id: str | None
) -> Sequence[Row[Any]]:
    """The facts that held by a day and were not corrected, in order of days, then as recorded."""
    told = table.c
    query = select(table).where(told.effective_on <= on, told.superseded_by.is_(None))
    if cadre_id is not None:
        query = query.where(told.cadre_id == cadre_id)
    ordered = query.order_by(told.effective_on, told.position)
    return (await reader.connection.execute(ordered)).all()
