"""What may be asked about postings and mentors, as of a day."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.contracts.training.posting import PostingKind
from cadre.shared.deciding.rulebook import rulebook
from cadre.shared.showing.reader import Reader
from cadre.training.answers import (
    Coverage,
    EvaluatedPosting,
    HostCoverage,
    Mentor,
    Mentorship,
    MentorshipReviewed,
    MissingMentorships,
    PostingLine,
    PostingsOn,
    Recruit,
    ReviewedMentorship,
)
from cadre.training.tables import CADRES, MENTORSHIP_REVIEWS, MENTORSHIPS, POSTINGS
from cadre.training.trainees import known_by, trainees, unknown


async def postings(connection: AsyncConnection, on: date, kind: PostingKind | None) -> PostingsOn:
    """Who is posted where on a day."""
    where = () if kind is None else (POSTINGS.c.kind == kind,)
    rows = await _begun(connection, POSTINGS, on, _lasting(POSTINGS, on), *where)
    return PostingsOn(
        on=on,
        heads=len({row.cadre_id for row in rows}),
        postings=tuple(_posting(row, on) for row in rows),
    )


async def coverage(
    connection: AsyncConnection, on: date, kind: PostingKind, wanted: Sequence[str]
) -> Coverage:
    """How many are at each place: those ever posted to, and those asked for (M30)."""
    rows = await _begun(connection, POSTINGS, on, POSTINGS.c.kind == kind)
    there: dict[str, set[str]] = {host: set() for host in wanted}
    for row in rows:
        present = there.setdefault(row.host, set())
        if known_by(row.ended_on, on) is None:
            present.add(row.cadre_id)
    hosts = tuple(HostCoverage(host=host, heads=len(there[host])) for host in sorted(there))
    return Coverage(
        on=on, kind=kind, hosts=hosts, uncovered=tuple(h.host for h in hosts if h.heads == 0)
    )


async def missing_mentorships(
    connection: AsyncConnection, year: int, on: date
) -> MissingMentorships:
    """Recruits of a year who have no mentor on a day (M25)."""
    recruits = (
        await connection.execute(
            select(CADRES)
            .where(CADRES.c.recruited_on.between(date(year, 1, 1), date(year, 12, 31)))
            .order_by(CADRES.c.recruited_on, CADRES.c.cadre_id)
        )
    ).all()
    pairs = await _begun(connection, MENTORSHIPS, on, _lasting(MENTORSHIPS, on))
    paired = {pair.cadre_id for pair in pairs}
    missing = tuple(
        Recruit(cadre_id=row.cadre_id, recruited_on=row.recruited_on, channel=row.channel)
        for row in recruits
        if row.cadre_id not in paired
    )
    return MissingMentorships(year=year, on=on, recruits=len(recruits), missing=missing)


async def mentor(connection: AsyncConnection, cadre_id: str, on: date) -> Mentor:
    """A mentor's apprentices on a day, against the limit."""
    if cadre_id not in await trainees(connection, on, cadre_id):
        raise unknown(cadre_id, on)
    pairs = await _begun(
        connection,
        MENTORSHIPS,
        on,
        _lasting(MENTORSHIPS, on),
        MENTORSHIPS.c.mentor_id == cadre_id,
    )
    rule = rulebook().on("TRN-12", on)
    limit = rule.whole("apprentices_max")
    load = rule.finding(
        passed=len(pairs) < limit,
        reason=f"在带 {len(pairs)} 人，上限 {limit} 人",
        inputs={"apprentices": len(pairs), "apprentices_max": limit},
    )
    return Mentor(
        cadre_id=cadre_id,
        on=on,
        load=load,
        apprentices=tuple(_mentorship(pair, on) for pair in pairs),
    )


async def evaluated_postings(
    reader: Reader, cadre_id: str, on: date
) -> tuple[EvaluatedPosting, ...]:
    rows = await _begun(reader.connection, POSTINGS, on, POSTINGS.c.cadre_id == cadre_id)
    return tuple(
        [
            EvaluatedPosting(
                **dict(line := _posting(row, on)),
                note=await reader.open(row.note) if line.ended_on else None,
            )
            for row in rows
        ]
    )


async def reviewed_mentorships(
    reader: Reader, cadre_id: str, on: date
) -> tuple[ReviewedMentorship, ...]:
    pairs = await _begun(reader.connection, MENTORSHIPS, on, MENTORSHIPS.c.cadre_id == cadre_id)
    reviews = await _begun(
        reader.connection, MENTORSHIP_REVIEWS, on, MENTORSHIP_REVIEWS.c.cadre_id == cadre_id
    )
    told = [
        (
            review.pairing_event,
            MentorshipReviewed(
                reviewed_on=review.effective_on,
                progress=review.progress,
                note=await reader.open(review.note),
            ),
        )
        for review in reviews
    ]
    return tuple(
        ReviewedMentorship(
            **dict(_mentorship(pair, on)),
            reviews=tuple(review for event_id, review in told if event_id == pair.event_id),
        )
        for pair in pairs
    )


def _posting(row: Row[Any], on: date) -> PostingLine:
    ended_on = known_by(row.ended_on, on)
    return PostingLine(
        event_id=row.event_id,
        cadre_id=row.cadre_id,
        kind=row.kind,
        host=row.host,
        home_unit=row.home_unit,
        task=row.task,
        since=row.effective_on,
        until=row.until,
        ended_on=ended_on,
        evaluation=row.evaluation if ended_on else None,
    )


def _mentorship(row: Row[Any], on: date) -> Mentorship:
    ended_on = known_by(row.ended_on, on)
    return Mentorship(
        event_id=row.event_id,
        cadre_id=row.cadre_id,
        mentor_id=row.mentor_id,
        tasks=tuple(json.loads(row.tasks)),
        since=row.effective_on,
        until=row.until,
        ended_on=ended_on,
        completed=row.completed if ended_on else None,
    )


async def _begun(
    connection: AsyncConnection, table: Table, on: date, *where: ColumnElement[bool]
) -> Sequence[Row[Any]]:
    """Postings or mentorships that began by a day."""
    begun = (table.c.effective_on <= on, table.c.superseded_by.is_(None))
    order = (table.c.effective_on, table.c.event_id)
    return (await connection.execute(select(table).where(*begun, *where).order_by(*order))).all()


def _lasting(table: Table, on: date) -> ColumnElement[bool]:
    """Not ended by a day, whatever was planned."""
    return or_(table.c.ended_on.is_(None), table.c.ended_on > on)
