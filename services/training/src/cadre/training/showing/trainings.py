"""Training that counts, credit that was refused, and the report of both (M20, M21)."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from functools import partial

from sqlalchemy import select

from cadre.contracts.training.record import CreditRefused, Trained
from cadre.contracts.training.training_class import Course
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.showing.kept import keep, superseded
from cadre.shared.showing.reader import Reader
from cadre.shared.showing.reports import Count, Question, Report, grouped
from cadre.shared.showing.view import View

VIEW = View()
TRAININGS = keep(VIEW, Trained, "trainings").table
REFUSALS = keep(VIEW, CreditRefused, "credit_refusals", only={"class_id", "hours"}).table
VIEW.on(CreditRefused)(partial(superseded, TRAININGS))
VIEW.on(Trained)(partial(superseded, REFUSALS))


class TrainingAttended(Course):
    """One training that counts."""

    event_id: str
    class_id: str | None


async def attended(
    reader: Reader, on: date, cadre_id: str | None = None
) -> dict[str, list[TrainingAttended]]:
    """What each cadre, or one, attended by a day, as corrected since."""
    told = TRAININGS.c
    query = select(TRAININGS).where(told.ends_on <= on, told.superseded_by.is_(None))
    if cadre_id is not None:
        query = query.where(told.cadre_id == cadre_id)
    found: dict[str, list[TrainingAttended]] = defaultdict(list)
    for row in await reader.connection.execute(query.order_by(told.ends_on, told.event_id)):
        found[row.cadre_id].append(TrainingAttended.model_validate(row, from_attributes=True))
    return found


async def _trainings(reader: Reader, question: Question) -> Iterable[Count]:
    told = TRAININGS.c
    query = select(told.kind, told.cadre_id, told.event_id).where(
        told.superseded_by.is_(None), told.ends_on.between(question.begin, question.on)
    )
    return await grouped(reader, query, "trained", "期内参训")


VIEW.reports.append(Report("training", "参训人次与人数", _trainings, Right(Role.READER, EVERYBODY)))
