"""The reports of Supervision: annual grades, 优秀 among the promoted, talks and warning signs."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select

from cadre.contracts.supervision.assessment import AssessmentKind
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.deciding.rulebook import rulebook
from cadre.shared.showing.reader import Reader
from cadre.shared.showing.reports import Count, Counted, Question, Report, ShareOf, grouped
from cadre.supervision.queries.assessments import standing_on
from cadre.supervision.queries.promotions import was_excellent
from cadre.supervision.tables import ASSESSMENTS, FLAGS, PROMOTIONS, TALKS


async def _grades(reader: Reader, question: Question) -> Iterable[Count]:
    """Annual grades in force on the day, of the years that end in the period."""
    row = ASSESSMENTS.c
    years = row.period.between(str(question.begin.year), str(question.on.year))
    query = (
        standing_on(question.on)
        .where(row.kind == AssessmentKind.YEAR, years)
        .with_only_columns(row.grade, row.cadre_id, row.event_id)
    )
    return await grouped(reader, query, "graded", "年度考核")


async def _excellent(reader: Reader, question: Question) -> Iterable[Count]:
    """Promotions of the period, and those that a grade 优秀 preceded (M39)."""
    row = PROMOTIONS.c
    promoted: list[Counted] = []
    excellent: list[Counted] = []
    for year in range(question.begin.year, question.on.year + 1):
        graded = was_excellent(year, rulebook().on("EXS-01", question.on))
        rows = await reader.connection.execute(
            select(row.cadre_id, row.event_id, graded.label("graded")).where(
                row.superseded_by.is_(None),
                row.effective_on.between(question.begin, question.on),
                row.effective_on.between(date(year, 1, 1), date(year, 12, 31)),
            )
        )
        for cadre_id, event_id, had in rows:
            promoted.append(Counted(cadre_id, event_id))
            if had:
                excellent.append(promoted[-1])
    return [
        Count("promoted", "晋升", promoted),
        Count("excellent", "晋升前曾为优秀", excellent),
    ]


async def _talks(reader: Reader, question: Question) -> Iterable[Count]:
    row = TALKS.c
    query = select(row.kind, row.cadre_id, row.event_id).where(
        row.superseded_by.is_(None), row.effective_on.between(question.begin, question.on)
    )
    return await grouped(reader, query, "talks", "谈话")


async def _flags(reader: Reader, question: Question) -> Iterable[Count]:
    row = FLAGS.c
    raised = select(row.kind, row.cadre_id, row.event_id).where(
        row.effective_on.between(question.begin, question.on)
    )
    closed = select(row.cadre_id, row.event_id).where(
        row.closed_on.between(question.begin, question.on)
    )
    told = await reader.connection.execute(closed)
    return [
        *await grouped(reader, raised, "flags", "苗头性问题"),
        Count("closed", "期内办结", [Counted(*one) for one in told]),
    ]


READS_ALL = Right(Role.READER, EVERYBODY)
INSPECTS_ALL = Right(Role.INSPECTOR, EVERYBODY)

REPORTS = (
    Report("grades", "年度考核等次", _grades, READS_ALL),
    Report(
        "excellent-share",
        "晋升人员中曾获优秀的比例",
        _excellent,
        READS_ALL,
        (
            ShareOf("excellent-of-promoted", "占晋升人数", "excellent", "promoted", "人"),
            ShareOf("excellent-of-promotions", "占晋升人次", "excellent", "promoted", "人次"),
        ),
    ),
    Report("talks", "关爱、提醒、诫勉谈话", _talks, INSPECTS_ALL),
    Report("flags", "苗头性问题", _flags, INSPECTS_ALL),
)
