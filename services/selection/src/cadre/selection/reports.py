"""The reports of Selection: pools, intake, and whom observation and assessment reached."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, and_, or_, select

from cadre.selection.queries import managed
from cadre.selection.tables import (
    CADRES,
    HIRES,
    OBSERVATIONS,
    POLITICAL_ASSESSMENTS,
    POOL_MEMBERS,
)
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.showing.reader import Reader
from cadre.shared.showing.reports import Count, Counted, Question, Report, ShareOf, grouped


async def _entries(
    reader: Reader, table: Table, *where: ColumnElement[bool], event: Column[str] | None = None
) -> list[Counted]:
    """One entry for each row of facts about a cadre."""
    told = table.c.event_id if event is None else event
    rows = await reader.connection.execute(select(table.c.cadre_id, told).where(*where))
    return [Counted(*row) for row in rows]


async def _managed(reader: Reader, on: date) -> list[Counted]:
    return await _entries(reader, CADRES, managed(on), event=CADRES.c.entry_event)


def _members_on(on: date) -> ColumnElement[bool]:
    left = POOL_MEMBERS.c.exited_on
    return and_(POOL_MEMBERS.c.entered_on <= on, or_(left.is_(None), left > on))


async def _pools(reader: Reader, question: Question) -> Iterable[Count]:
    row = POOL_MEMBERS.c
    query = select(row.pool_id, row.cadre_id, row.event_id).where(_members_on(question.on))
    return await grouped(reader, query, "members", "在库")


async def _pool(reader: Reader, question: Question) -> Iterable[Count]:
    """The stock equation (M11): opening + entered - exited = closing, each with its persons."""
    row, this = POOL_MEMBERS.c, POOL_MEMBERS.c.pool_id == question.of
    begin, on = question.begin, question.on
    before = and_(row.entered_on < begin, or_(row.exited_on.is_(None), row.exited_on >= begin))
    movements: Sequence[tuple[str, str, Any]] = (
        ("opening", "期初在库", before),
        ("entered", "期内入库", row.entered_on.between(begin, on)),
        ("exited", "期内出库", row.exited_on.between(begin, on)),
        ("closing", "期末在库", _members_on(on)),
    )
    return [
        Count(key, title, await _entries(reader, POOL_MEMBERS, this, where))
        for key, title, where in movements
    ]


async def _reached(
    reader: Reader, question: Question, table: Table, day: str, key: str, title: str
) -> Iterable[Count]:
    """Managed cadres, and those among them of whom something was recorded in the period."""
    facts = await _entries(
        reader,
        table,
        table.c.superseded_by.is_(None),
        table.c[day].between(question.begin, question.on),
    )
    everyone = await _managed(reader, question.on)
    ids = {entry.cadre_id for entry in everyone}
    reached = [fact for fact in facts if fact.cadre_id in ids]
    seen = {fact.cadre_id for fact in reached}
    return [
        Count("managed", "在管干部", everyone),
        Count(key, title, reached),
        Count("missed", "尚无记录", [one for one in everyone if one.cadre_id not in seen]),
    ]


async def _observed(reader: Reader, question: Question) -> Iterable[Count]:
    return await _reached(
        reader, question, OBSERVATIONS, "observed_on", "observed", "期内有日常识别记录"
    )


async def _assessed(reader: Reader, question: Question) -> Iterable[Count]:
    return await _reached(
        reader, question, POLITICAL_ASSESSMENTS, "assessed_on", "assessed", "期内有政治素质考察"
    )


async def _intake(reader: Reader, question: Question) -> Iterable[Count]:
    row = HIRES.c
    query = select(row.channel, row.cadre_id, row.event_id).where(
        row.hired_on.between(question.begin, question.on)
    )
    return await grouped(reader, query, "hired", "录用")


READS_ALL = Right(Role.READER, EVERYBODY)

REPORTS = (
    Report("pools", "各人才库在库情况", _pools, READS_ALL),
    Report("pool", "人才库进出平衡", _pool, READS_ALL, of="pool"),
    Report(
        "coverage",
        "政治素质考察覆盖面",
        _assessed,
        READS_ALL,
        (ShareOf("covered", "覆盖面", "assessed", "managed", "人"),),
    ),
    Report(
        "observation",
        "日常识别覆盖面",
        _observed,
        READS_ALL,
        (ShareOf("covered", "覆盖面", "observed", "managed", "人"),),
    ),
    Report("intake", "录用情况", _intake, READS_ALL),
)
