"""What may be asked about classes."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.contracts.training.training_class import ClassKind
from cadre.shared.deciding.errors import Malformed, NotFound
from cadre.training.answers import Attendee, ClassAnswer, ClassCount, ClassSummary
from cadre.training.tables import CLASS_ATTENDANCE, CLASSES


async def training_class(connection: AsyncConnection, class_id: str) -> ClassAnswer:
    """One class and who attended it."""
    query = select(CLASSES).where(CLASSES.c.class_id == class_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise NotFound(f"no class {class_id} is planned", where=class_id, hint="plan it first")
    attendance = await connection.execute(
        select(CLASS_ATTENDANCE)
        .where(CLASS_ATTENDANCE.c.class_id == class_id)
        .order_by(CLASS_ATTENDANCE.c.cadre_id)
    )
    return ClassAnswer(
        class_id=row.class_id,
        title=row.title,
        kind=row.kind,
        mode=row.mode,
        hours=row.hours,
        days=row.days,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        seats=row.seats,
        held_on=row.held_on,
        short=row.short,
        attendees=tuple(
            Attendee(cadre_id=item.cadre_id, hours=item.hours, credited=item.credited)
            for item in attendance
        ),
    )


async def class_summary(connection: AsyncConnection, year: int, year_last: int) -> ClassSummary:
    """Classes held that ended in these years, with attendances and persons."""
    if year_last < year:
        raise Malformed(
            f"{year_last} lies before {year}", where="to", hint="leave it out for one year"
        )
    held = and_(
        CLASSES.c.held_on.is_not(None),
        CLASSES.c.ends_on.between(date(year, 1, 1), date(year_last, 12, 31)),
    )
    classes = (await connection.execute(select(CLASSES).where(held))).all()
    attendance = await connection.execute(
        select(CLASS_ATTENDANCE, CLASSES.c.kind)
        .join(CLASSES, CLASSES.c.class_id == CLASS_ATTENDANCE.c.class_id)
        .where(held)
    )
    rows = attendance.all()
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


def _count(classes: Sequence[Row[Any]], attendance: Sequence[Row[Any]]) -> ClassCount:
    credited = [row.cadre_id for row in attendance if row.credited]
    return ClassCount(
        classes=len(classes),
        short=sum(bool(item.short) for item in classes),
        person_times=len(credited),
        heads=len(set(credited)),
        uncredited=len(attendance) - len(credited),
    )
