"""Stays in pools as the tables tell them: an entry, and the exit that ended it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, Table, select

from cadre.selection.tables import POOL_EXITS, POOL_MEMBERS
from cadre.shared.showing.lines import Lines
from cadre.shared.showing.reader import Reader


@dataclass(frozen=True, slots=True)
class Stay:
    """From ``entered_on`` to the day before ``exited_on``."""

    entry_event: str
    cadre_id: str
    pool_id: str
    entered_on: date
    decided_by: str
    exited_on: date | None
    exit_reason: str | None

    def covers(self, day: date) -> bool:
        return self.entered_on <= day and (self.exited_on is None or day < self.exited_on)

    def within_before(self, day: date) -> bool:
        """Whether it covers the day before."""
        return self.entered_on < day and (self.exited_on is None or day <= self.exited_on)


async def stays(
    reader: Reader,
    that: Callable[[Stay], bool],
    *,
    pool_id: str | None = None,
    cadre_id: str | None = None,
) -> list[Stay]:
    """Of one pool or one person, or all: those that stand after all corrections, by their days."""
    execute = reader.connection.execute
    entries = list((await execute(_of(POOL_MEMBERS, pool_id, cadre_id))).mappings())
    exits = list((await execute(_of(POOL_EXITS, pool_id, cadre_id))).mappings())
    lines = Lines({row["event_id"]: row["superseded_by"] for row in entries if _wrong(row)})
    left: dict[str, list[Any]] = {}
    for row in exits:
        if not _wrong(row):
            left.setdefault(lines.newest(row["entry_event"]), []).append(row)
    found = (_stay(row, left.get(row["event_id"], [])) for row in entries if not _wrong(row))
    chosen = [stay for stay in found if that(stay)]
    return sorted(chosen, key=lambda stay: (stay.entered_on, stay.entry_event))


def _of(table: Table, pool_id: str | None, cadre_id: str | None) -> Select[Any]:
    query = select(table)
    if pool_id is not None:
        query = query.where(table.c.pool_id == pool_id)
    if cadre_id is not None:
        query = query.where(table.c.cadre_id == cadre_id)
    return query


def _wrong(row: Any) -> bool:
    return row["superseded_by"] is not None


def _stay(entry: Any, exits: list[Any]) -> Stay:
    """An exit from before the entry, as corrected, ends nothing."""
    ending = [row for row in exits if row["exited_on"] >= entry["entered_on"]]
    ended = min(ending, key=lambda row: row["exited_on"], default=None)
    return Stay(
        entry_event=entry["event_id"],
        cadre_id=entry["cadre_id"],
        pool_id=entry["pool_id"],
        entered_on=entry["entered_on"],
        decided_by=entry["decided_by"],
        exited_on=ended["exited_on"] if ended else None,
        exit_reason=ended["exit_reason"] if ended else None,
    )
