"""Whom the supervision material of a cadre was shown to."""

from fastapi import Request
from pydantic import BaseModel

from cadre.contracts.event import CadreId
from cadre.shared.asking.parameters import Moment
from cadre.shared.deciding.rights import NAMED, Right, Role
from cadre.shared.log import readings
from cadre.shared.running.runtime import Runtime
from cadre.shared.showing.view import View

VIEW = View()


class ReadingsOfCadre(BaseModel):
    """Whom a cadre's supervision material was shown to, the earliest first."""

    cadre_id: str
    readings: list[readings.RecordedReading]


@VIEW.routes.get(
    "/readings/{person}",
    Right(Role.INSPECTOR, NAMED),
    summary="查阅记录 · Who was shown the supervision material of a cadre",
)
async def readings_of(
    request: Request, person: CadreId, since: Moment | None = None
) -> ReadingsOfCadre:
    runtime: Runtime = request.app.state.runtime
    return ReadingsOfCadre(cadre_id=person, readings=await runtime.readings.of_cadre(person, since))
