"""Classes: one with its attendees, and how many were held for whom (M19, M22)."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import Row, and_, false, select, true, union_all

from cadre.contracts.event import Slug
from cadre.contracts.training.training_class import ClassHeld, ClassKind, ClassPlan, ClassPlanned
from cadre.shared.asking.parameters import Year
from cadre.shared.deciding.errors import Malformed, NotFound
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.showing.kept import keep
from cadre.shared.showing.reader import Reading
from cadre.shared.showing.view import View
from cadre.training.showing.trainings import REFUSALS, TRAININGS

VIEW = View()
PLANS = keep(VIEW, ClassPlanned, "class_plans").table
HELD = keep(VIEW, ClassHeld, "classes_held", only={"short"}).table
READS = Right(Role.READER, EVERYBODY)

ATTENDANCE = union_all(
    *(
        select(told.c.class_id, told.c.cadre_id, told.c.hours, credited.label("credited")).where(
            told.c.class_id.is_not(None), told.c.superseded_by.is_(None)
        )
        for told, credited in ((TRAININGS, true()), (REFUSALS, false()))
    )
).subquery()
CLASSES = (
    select(*PLANS.c, HELD.c.effective_on.label("held_on"), HELD.c.short)
    .outerjoin(HELD, HELD.c.class_id == PLANS.c.class_id)
    .where(PLANS.c.superseded_by.is_(None))
    .subquery()
)


class Attendee(BaseModel):
    cadre_id: str
    hours: float
    credited: bool


class ClassAnswer(ClassPlan):
    held_on: date | None
    short: bool | None = Field(description="Shorter than the rule for its kind asks")
    attendees: tuple[Attendee, ...]


class ClassCount(BaseModel):
    """Classes held, and those credited: attendances (人次) and persons (人)."""

    classes: int
    short: int
    person_times: int
    heads: int
    uncredited: int = Field(description="Attendances without credit (TRN-04)")


class ClassSummary(ClassCount):
    year: int
    year_last: int
    kinds: dict[ClassKind, ClassCount]


@VIEW.routes.get(
    "/classes/summary", READS, summary="培训班、人次与人数 · Classes held, attendances and persons"
)
async def class_summary(
    reader: Reading, year: Year, to: Annotated[Year | None, Query()] = None
) -> ClassSummary:
    """Classes held that ended in these years, with attendances and persons."""
    year_last = to or year
    if year_last < year:
        raise Malformed(
            f"结束年度早于起始年度 · {year_last} lies before {year}",
            where="to",
            hint="只查一年的，请不填 · leave it out for one year",
        )
    held = and_(
        CLASSES.c.held_on.is_not(None),
        CLASSES.c.ends_on.between(date(year, 1, 1), date(year_last, 12, 31)),
    )
    classes = (await reader.connection.execute(select(CLASSES).where(held))).all()
    came = select(ATTENDANCE, CLASSES.c.kind).join(
        CLASSES, CLASSES.c.class_id == ATTENDANCE.c.class_id
    )
    rows = (await reader.connection.execute(came.where(held))).all()
    kinds = {
        kind: _count(
            [item for item in classes if item.kind == kind],
            [row for row in rows if row.kind == kind],
        )
        for kind in ClassKind
        if any(item.kind == kind for item in classes)
    }
    total = _count(classes, rows)
    return ClassSummary(year=year, year_last=year_last, kinds=kinds, **dict(total))


@VIEW.routes.get("/classes/{class_id}", READS, summary="培训班 · A class and its attendees")
async def training_class(reader: Reading, class_id: Slug) -> ClassAnswer:
    query = select(CLASSES).where(CLASSES.c.class_id == class_id)
    plan = (await reader.connection.execute(query)).one_or_none()
    if plan is None:
        raise NotFound(
            f"没有这个培训班 · no class {class_id} is planned",
            where=class_id,
            hint="请先计划该培训班 · plan it first",
        )
    came = await reader.connection.execute(
        select(ATTENDANCE).where(ATTENDANCE.c.class_id == class_id).order_by(ATTENDANCE.c.cadre_id)
    )
    told = {name: getattr(plan, name) for name in (*ClassPlan.model_fields, "held_on", "short")}
    attendees = (Attendee.model_validate(row, from_attributes=True) for row in came)
    return ClassAnswer(**told, attendees=tuple(attendees))


def _count(classes: Sequence[Row[Any]], attendance: Sequence[Row[Any]]) -> ClassCount:
    credited = [row.cadre_id for row in attendance if row.credited]
    return ClassCount(
        classes=len(classes),
        short=sum(bool(item.short) for item in classes),
        person_times=len(credited),
        heads=len(set(credited)),
        uncredited=len(attendance) - len(credited),
    )
