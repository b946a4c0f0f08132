"""The reports of Selection: pools, intake, and whom observation and assessment reached."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from sqlalchemy import Column, ColumnElement, Table, select

from cadre.selection.queries import managed
from cadre.selection.stays import Stay, stays
from cadre.selection.tables import (
    CADRES,
    HIRES,
    OBSERVATIONS,
    POLITICAL_ASSESSMENTS,
)
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.showing.reader import Reader
from cadre.shared.showing.reports import (
    Count,
    Counted,
    Question,
    Report,
    ShareOf,
    gathered,
    grouped,
)


async def _entries(
    reader: Reader, table: Table, *where: ColumnElement[bool], event: Column[str] | None = None
) -> list[Counted]:
    """One entry for each row of facts about a cadre."""
    told = table.c.event_id if event is None else event
    rows = await reader.connection.execute(select(table.c.cadre_id, told).where(*where))
    return [Counted(*row) for row in rows]


async def _managed(reader: Reader, on: date) -> list[Counted]:
    return await _entries(reader, CADRES, managed(on), event=CADRES.c.entry_event)


async def _pools(reader: Reader, question: Question) -> Iterable[Count]:
    within = await stays(reader, lambda stay: stay.covers(question.on))
    told = ((stay.pool_id, _counted(stay)) for stay in within)
    return gathered(told, "members", "在库")


async def _pool(reader: Reader, question: Question) -> Iterable[Count]:
    """The stock equation (M11): opening + entered - exited = closing, each with its persons."""
    begin, on = question.begin, question.on
    movements: Sequence[tuple[str, str, Callable[[Stay], bool]]] = (
        ("opening", "期初在库", lambda stay: stay.within_before(begin)),
        ("entered", "期内入库", lambda stay: begin <= stay.entered_on <= on),
        ("exited", "期内出库", lambda stay: bool(stay.exited_on and begin <= stay.exited_on <= on)),
        ("closing", "期末在库", lambda stay: stay.covers(on)),
    )
    told = await stays(reader, lambda _: True, pool_id=question.of)
    return [
        Count(key, title, [_counted(stay) for stay in told if counts(stay)])
        for key, title, counts in movements
    ]


def _counted(stay: Stay) -> Counted:
    return Counted(stay.cadre_id, stay.entry_event)


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
        row.hired_on.between(question.begin, question.on), row.superseded_by.is_(None)
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
