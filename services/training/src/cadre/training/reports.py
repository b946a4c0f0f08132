"""The reports of Training: attendance and practice."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Table, or_, select

from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.showing.reader import Reader
from cadre.shared.showing.reports import Count, Counted, Question, Report, grouped
from cadre.training.tables import MENTORSHIPS, POSTINGS, TRAININGS


async def _training(reader: Reader, question: Question) -> Iterable[Count]:
    row = TRAININGS.c
    query = select(row.kind, row.cadre_id, row.event_id).where(
        row.superseded_by.is_(None), row.ends_on.between(question.begin, question.on)
    )
    return await grouped(reader, query, "trained", "期内参训")


async def _postings(reader: Reader, question: Question) -> Iterable[Count]:
    row = POSTINGS.c
    query = select(row.kind, row.cadre_id, row.event_id).where(*_lasting(POSTINGS, question))
    return await grouped(reader, query, "posted", "在外锻炼")


async def _mentorships(reader: Reader, question: Question) -> Iterable[Count]:
    query = select(MENTORSHIPS).where(*_lasting(MENTORSHIPS, question))
    pairs = (await reader.connection.execute(query)).all()
    return [
        Count("apprentices", "受带教", [Counted(pair.cadre_id, pair.event_id) for pair in pairs]),
        Count("mentors", "导师", [Counted(pair.mentor_id, pair.event_id) for pair in pairs]),
    ]


def _lasting(table: Table, question: Question) -> tuple[ColumnElement[bool], ...]:
    """Begun by the day asked about, and not ended by then."""
    return (
        table.c.superseded_by.is_(None),
        table.c.effective_on <= question.on,
        or_(table.c.ended_on.is_(None), table.c.ended_on > question.on),
    )


READS_ALL = Right(Role.READER, EVERYBODY)

REPORTS = (
    Report("training", "参训人次与人数", _training, READS_ALL),
    Report("postings", "在外锻炼", _postings, READS_ALL),
    Report("mentorships", "导师带教", _mentorships, READS_ALL),
)
