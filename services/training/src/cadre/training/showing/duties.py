"""Where somebody stands with training on a day, and who has what to do (M18, M20)."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import Row, and_, func, select

from cadre.contracts.event import CadreId, RuleFinding
from cadre.contracts.training.record import (
    TrainingTask,
    TrainingTaskCompleted,
    TrainingTaskOpened,
)
from cadre.contracts.training.training_class import ClassKind
from cadre.shared.deciding.errors import NotFound
from cadre.shared.deciding.rights import EVERYBODY, NAMED, Right, Role
from cadre.shared.deciding.rulebook import rulebook
from cadre.shared.showing.kept import keep
from cadre.shared.showing.reader import On, Reader, Reading
from cadre.shared.showing.view import View
from cadre.training.deciding.standards import OffJob, YearHours, duties, off_job, year_hours
from cadre.training.showing.trainees import trainees
from cadre.training.showing.trainings import TrainingAttended, attended

VIEW = View()
TASKS = keep(VIEW, TrainingTaskOpened, "tasks").table
COMPLETED = keep(VIEW, TrainingTaskCompleted, "tasks_completed", only={"task_id"}).table


class Task(TrainingTask):
    opened_on: date
    completed_on: date | None
    overdue: bool


class CadreTraining(BaseModel):
    """Where one cadre stands on a day."""

    cadre_id: str
    on: date
    years: tuple[YearHours, ...] = Field(description="The latest first")
    off_job: OffJob
    findings: tuple[RuleFinding, ...] = Field(description="Statutory and local, passed or not")
    tasks: tuple[Task, ...]
    trainings: tuple[TrainingAttended, ...]


class DueItem(BaseModel):
    cadre_id: str
    due_on: date
    overdue: bool
    finding: RuleFinding


class Dues(BaseModel):
    """Who has what to do and by when, the most urgent first."""

    on: date
    within_days: int
    count: int = Field(description="How many there are, also beyond `items`")
    items: tuple[DueItem, ...]


@VIEW.routes.get(
    "/cadres/{cadre_id}/training",
    Right(Role.READER, NAMED),
    summary="学时、脱产政治训练与培训任务 · Hours, off-job training and tasks of a cadre",
)
async def cadre_training(reader: Reading, cadre_id: CadreId, on: On) -> CadreTraining:
    trainee = (await trainees(reader, on, cadre_id)).get(cadre_id)
    if trainee is None:
        raise NotFound(
            f"当日查无此人 · no cadre {cadre_id} is known here on {on}",
            where=cadre_id,
            hint="请先记录录用，或导入既往履历 · "
            "record the recruitment, or import the career, first",
        )
    trainings = (await attended(reader, on, cadre_id)).get(cadre_id, [])
    years = sorted({item.ends_on.year for item in trainings} | {on.year}, reverse=True)
    return CadreTraining(
        cadre_id=cadre_id,
        on=on,
        years=tuple(year_hours(trainings, year, on) for year in years),
        off_job=off_job(trainings, trainee, on),
        findings=tuple(due.finding for due in duties(trainings, trainee, on)),
        tasks=tuple(_task(row, on) for row in await _tasks(reader, on) if row.cadre_id == cadre_id),
        trainings=tuple(trainings),
    )


@VIEW.routes.get(
    "/dues",
    Right(Role.READER, EVERYBODY),
    summary="到期与逾期 · Who has what to do, and by when",
)
async def dues(
    reader: Reading,
    on: On,
    within_days: Annotated[int, Query(ge=0, le=3660)] = 90,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> Dues:
    """Who has what to do by ``within_days`` from now, and who is late."""
    horizon = on + timedelta(days=within_days)
    trainings = await attended(reader, on)
    items = [
        DueItem(cadre_id=cadre_id, due_on=due.due_on, overdue=on > due.due_on, finding=due.finding)
        for cadre_id, trainee in (await trainees(reader, on)).items()
        for due in duties(trainings.get(cadre_id, []), trainee, on)
        if due.open and due.due_on <= horizon
    ]
    tasks = await _tasks(reader, on)
    items += [_due(row, on) for row in tasks if row.done_on is None and row.due_on <= horizon]
    items.sort(key=lambda item: (item.due_on, item.cadre_id, item.finding.rule))
    return Dues(on=on, within_days=within_days, count=len(items), items=tuple(items[:limit]))


async def _tasks(reader: Reader, on: date) -> Sequence[Row[Any]]:
    """The tasks opened by a day, each with the day by then on which it was completed."""
    asked, told = TASKS.c, COMPLETED.c
    done = and_(
        told.task_id == asked.task_id,
        told.position > asked.position,
        told.superseded_by.is_(None),
        told.effective_on <= on,
    )
    query = (
        select(*asked, func.min(told.effective_on).label("done_on"))
        .outerjoin(COMPLETED, done)
        .where(asked.effective_on <= on, asked.superseded_by.is_(None))
        .group_by(*asked)
        .order_by(asked.due_on, asked.task_id)
    )
    return (await reader.connection.execute(query)).all()


def _task(row: Row[Any], on: date) -> Task:
    told = {name: getattr(row, name) for name in TrainingTask.model_fields}
    told |= {"opened_on": row.effective_on, "completed_on": row.done_on}
    return Task(**told, overdue=(row.done_on or on) > row.due_on)


def _due(row: Row[Any], on: date) -> DueItem:
    finding = (
        rulebook()
        .on(row.rule, row.effective_on)
        .finding(
            passed=False,
            reason=f"{row.reason}：最迟于 {row.due_on} 完成{ClassKind(row.kind).zh}，"
            f"不少于 {row.days_min} 天",
            inputs={"task_id": row.task_id, "due_on": str(row.due_on), "days_min": row.days_min},
        )
    )
    overdue = on > row.due_on
    return DueItem(cadre_id=row.cadre_id, due_on=row.due_on, overdue=overdue, finding=finding)
