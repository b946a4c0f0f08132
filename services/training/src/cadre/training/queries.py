"""What may be asked about persons: where one stands on a day, and who has what to do.

Classes, and postings and mentors, have files of their own.
"""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.contracts.training.training_class import ClassKind
from cadre.shared.deciding.rulebook import rulebook
from cadre.shared.showing.reader import Reader
from cadre.training.answers import CadreTraining, DueItem, Dues, Task
from cadre.training.queries_practice import evaluated_postings, reviewed_mentorships
from cadre.training.standards import duties, off_job, year_hours
from cadre.training.tables import TASKS
from cadre.training.trainees import attended, known_by, trainees, unknown


async def cadre_training(reader: Reader, cadre_id: str, on: date) -> CadreTraining:
    """Hours, findings, tasks, postings and mentors of one cadre."""
    connection = reader.connection
    trainee = (await trainees(connection, on, cadre_id)).get(cadre_id)
    if trainee is None:
        raise unknown(cadre_id, on)
    trainings = (await attended(connection, on, cadre_id)).get(cadre_id, [])
    years = sorted({item.ends_on.year for item in trainings} | {on.year}, reverse=True)
    tasks = await connection.execute(
        select(TASKS)
        .where(TASKS.c.cadre_id == cadre_id, TASKS.c.opened_on <= on)
        .order_by(TASKS.c.due_on, TASKS.c.task_id)
    )
    return CadreTraining(
        cadre_id=cadre_id,
        on=on,
        years=tuple(year_hours(trainings, year, on) for year in years),
        off_job=off_job(trainings, trainee, on),
        findings=tuple(due.finding for due in duties(trainings, trainee, on)),
        tasks=tuple(_task(row, on) for row in tasks),
        postings=await evaluated_postings(reader, cadre_id, on),
        mentorships=await reviewed_mentorships(reader, cadre_id, on),
        trainings=tuple(trainings),
    )


def _task(row: Row[Any], on: date) -> Task:
    completed_on = known_by(row.completed_on, on)
    return Task(
        task_id=row.task_id,
        reason=row.reason,
        kind=row.kind,
        days_min=row.days_min,
        rule=row.rule,
        opened_on=row.opened_on,
        due_on=row.due_on,
        completed_on=completed_on,
        overdue=(completed_on or on) > row.due_on,
    )


async def dues(connection: AsyncConnection, on: date, within_days: int, limit: int) -> Dues:
    """Who has what to do by ``within_days`` from now, and who is late."""
    horizon = on + timedelta(days=within_days)
    trainings = await attended(connection, on)
    items = [
        DueItem(cadre_id=cadre_id, due_on=due.due_on, overdue=on > due.due_on, finding=due.finding)
        for cadre_id, trainee in (await trainees(connection, on)).items()
        for due in duties(trainings.get(cadre_id, []), trainee, on)
        if due.open and due.due_on <= horizon
    ]
    tasks = await connection.execute(
        select(TASKS).where(TASKS.c.opened_on <= on, TASKS.c.due_on <= horizon)
    )
    items += [_task_due(row, on) for row in tasks if known_by(row.completed_on, on) is None]
    items.sort(key=lambda item: (item.due_on, item.cadre_id, item.finding.rule))
    return Dues(on=on, within_days=within_days, count=len(items), items=tuple(items[:limit]))


def _task_due(row: Row[Any], on: date) -> DueItem:
    finding = (
        rulebook()
        .on(row.rule, row.opened_on)
        .finding(
            passed=False,
            reason=f"{row.reason}：最迟于 {row.due_on} 完成{ClassKind(row.kind).zh}，"
            f"不少于 {row.days_min} 天",
            inputs={"task_id": row.task_id, "due_on": str(row.due_on), "days_min": row.days_min},
        )
    )
    overdue = on > row.due_on
    return DueItem(cadre_id=row.cadre_id, due_on=row.due_on, overdue=overdue, finding=finding)
