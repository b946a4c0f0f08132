"""Cadres as the standards see them: which rules bind whom, and what each attended."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.contracts.vocabulary import PostLevel, Rank
from cadre.shared.deciding.errors import NotFound
from cadre.shared.showing.lines import lines
from cadre.training.answers import TrainingAttended
from cadre.training.standards import Trainee
from cadre.training.tables import CADRES, POOL_EXITS, POOL_STAYS, STANDINGS, TRAININGS


async def trainees(
    connection: AsyncConnection, on: date, cadre_id: str | None = None
) -> dict[str, Trainee]:
    """Everybody known on a day, or one cadre, with level, rank and pool as they were then."""
    known = select(CADRES).where(CADRES.c.known_since <= on)
    if cadre_id is not None:
        known = known.where(CADRES.c.cadre_id == cadre_id)
    levels: dict[str, PostLevel] = {}
    ranks: dict[str, Rank] = {}
    for row in await _facts(connection, STANDINGS, on, cadre_id):
        if row.level is not None:
            levels[row.cadre_id] = PostLevel(row.level)
        if row.rank is not None:
            ranks[row.cadre_id] = Rank(row.rank)
    pool_since: dict[str, date] = {}
    corrected = await lines(connection, POOL_STAYS)
    left = {
        corrected.newest(row.entry_event): row.effective_on
        for row in await _facts(connection, POOL_EXITS, on, cadre_id)
    }
    for row in await _facts(connection, POOL_STAYS, on, cadre_id):
        if left.get(row.event_id, date.min) < row.effective_on:
            pool_since.setdefault(row.cadre_id, row.effective_on)  # the earliest of several
    return {
        row.cadre_id: Trainee(
            known_since=row.known_since,
            level=levels.get(row.cadre_id),
            rank=ranks.get(row.cadre_id),
            pool_since=pool_since.get(row.cadre_id),
        )
        for row in await connection.execute(known)
    }


async def _facts(
    connection: AsyncConnection, table: Table, on: date, cadre_id: str | None
) -> Sequence[Row[Any]]:
    """The facts that held by a day and were not corrected, by cadre and day, then as recorded."""
    query = select(table).where(table.c.effective_on <= on, table.c.superseded_by.is_(None))
    if cadre_id is not None:
        query = query.where(table.c.cadre_id == cadre_id)
    order = (table.c.cadre_id, table.c.effective_on, table.c.position)
    return (await connection.execute(query.order_by(*order))).all()


async def attended(
    connection: AsyncConnection, on: date, cadre_id: str | None = None
) -> dict[str, list[TrainingAttended]]:
    """What each cadre, or one, attended by a day, as corrected since."""
    query = select(TRAININGS).where(TRAININGS.c.ends_on <= on, TRAININGS.c.superseded_by.is_(None))
    if cadre_id is not None:
        query = query.where(TRAININGS.c.cadre_id == cadre_id)
    found: dict[str, list[TrainingAttended]] = defaultdict(list)
    for row in await connection.execute(query.order_by(TRAININGS.c.ends_on, TRAININGS.c.event_id)):
        found[row.cadre_id].append(TrainingAttended.model_validate(row, from_attributes=True))
    return found


def unknown(cadre_id: str, on: date) -> NotFound:
    """What to raise for a cadre whom nobody knew on that day."""
    return NotFound(
        f"no cadre {cadre_id} is known here on {on}",
        where=cadre_id,
        hint="record the recruitment, or import the career, first",
    )


def known_by(day: date | None, on: date) -> date | None:
    """A day as it was known to have come by ``on``."""
    return day if day is not None and day <= on else None
