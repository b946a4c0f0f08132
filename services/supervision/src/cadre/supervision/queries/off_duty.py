"""What is left of visits outside working hours (M54)."""

import json
from datetime import date

from pydantic import BaseModel
from sqlalchemy import select

from cadre.shared.showing.reader import Reader
from cadre.supervision.tables import OFF_DUTY_VISITS


class VisitLine(BaseModel):
    event_id: str
    note_id: str
    effective_on: date
    kind: str
    visitors: list[str]
    lawful_purpose: str
    note: str | None
    keep_until: date
    expired_on: date | None


class VisitsOfCadre(BaseModel):
    cadre_id: str
    visits: list[VisitLine]


async def visits(reader: Reader, cadre_id: str, on: date) -> VisitsOfCadre:
    """Visits up to a day; a note that lapsed reads 〔已遗忘〕."""
    table = OFF_DUTY_VISITS
    query = (
        select(table)
        .where(table.c.cadre_id == cadre_id, table.c.effective_on <= on)
        .order_by(table.c.effective_on, table.c.event_id)
    )
    rows = (await reader.connection.execute(query)).mappings()
    lines = [
        VisitLine.model_validate(
            dict(row)
            | {"note": await reader.open(row["note"]), "visitors": json.loads(row["visitors"])}
        )
        for row in rows
    ]
    return VisitsOfCadre(cadre_id=cadre_id, visits=lines)
