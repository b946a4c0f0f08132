"""Whose data may only be stored, and who is a candidate: neither is simply forgotten."""

from collections.abc import Iterable
from datetime import date

from pydantic import BaseModel
from sqlalchemy import Boolean, Column, Select, String, select

from cadre.contracts.appointment.motion import CandidateFixed, MotionConcluded, MotionStopped
from cadre.shared.deciding.messages import Recorded
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.showing.protected_persons import PROTECTED_PERSONS
from cadre.shared.showing.read_models import Change, Put
from cadre.shared.showing.reader import On, Reading
from cadre.shared.showing.view import View

VIEW = View()
_CANDIDACIES = VIEW.table(
    "candidacies",
    Column("motion_id", String, primary_key=True),
    Column("cadre_id", String, index=True),
    Column("ended", Boolean),
)


class RestrictionLine(BaseModel):
    """Data that may only be stored; ``ended`` says that the law demands it no longer."""

    cadre_id: str
    retained_until: date
    basis: str
    ended: bool


class Restrictions(BaseModel):
    on: date
    restrictions: list[RestrictionLine]


@VIEW.on(CandidateFixed)
def _candidate(recorded: Recorded[CandidateFixed]) -> Iterable[Change]:
    event = recorded.event
    yield Put(_CANDIDACIES.name, {"motion_id": event.motion_id, "cadre_id": event.cadre_id})


@VIEW.on(MotionStopped, MotionConcluded)
def _ended(recorded: Recorded[MotionStopped | MotionConcluded]) -> Iterable[Change]:
    yield Put(_CANDIDACIES.name, {"motion_id": recorded.event.motion_id, "ended": True})


def open_motions(cadre_id: str) -> Select[str]:
    """The query for the motions in which somebody is a candidate."""
    told = _CANDIDACIES.c
    chosen = select(told.motion_id).where(told.cadre_id == cadre_id, told.ended.is_(None))
    return chosen.order_by(told.motion_id)


@VIEW.routes.get(
    "/restrictions",
    Right(Role.READER, EVERYBODY),
    summary="限制处理的干部与法定保存期限 · Whose data may only be stored, and until when",
)
async def restrictions(reader: Reading, on: On) -> Restrictions:
    table = PROTECTED_PERSONS
    query = select(table).where(table.c.restricted).order_by(table.c.retained_until)
    rows = (await reader.connection.execute(query.order_by(table.c.cadre_id))).mappings()
    lines = [RestrictionLine(**row, ended=row["retained_until"] < on) for row in rows]
    return Restrictions(on=on, restrictions=lines)
