"""The routes of Supervision, and the service itself."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from cadre.contracts.event import CadreId, Slug, UnitId
from cadre.contracts.supervision.assessment import Period
from cadre.shared.asking.parameters import Moment, Year
from cadre.shared.deciding.texts import DATED
from cadre.shared.log import readings
from cadre.shared.running.runtime import Runtime
from cadre.shared.showing.reader import On, Reading
from cadre.shared.showing.service import Service
from cadre.supervision import lapsing
from cadre.supervision.handlers import HANDLERS
from cadre.supervision.judgements import JUDGEMENTS
from cadre.supervision.order import ORDERS
from cadre.supervision.queries import (
    assessments,
    influence,
    merit,
    off_duty,
    promotions,
    unit_years,
)
from cadre.supervision.reactions import REACTIONS
from cadre.supervision.read_models import READ_MODELS
from cadre.supervision.reports import REPORTS

Open = Annotated[bool, Query(alias="open", description="Only those still open on that day")]

ROUTER = APIRouter(tags=["supervision"])


@ROUTER.get("/cadres/{cadre_id}/assessments", summary="Assessments in force on a day")
async def assessments_of_cadre(
    reader: Reading, cadre_id: CadreId, on: On
) -> assessments.AssessmentsOfCadre:
    return await assessments.of_cadre(reader, cadre_id, on)


@ROUTER.get("/cadres/{cadre_id}/years/{year}", summary="A year's months, quarters and total")
async def year_of_cadre(
    reader: Reading, cadre_id: CadreId, year: Year, on: On
) -> assessments.YearOfCadre:
    return await assessments.year_of_cadre(reader, cadre_id, year, on)


@ROUTER.get("/cadres/{cadre_id}/assessment-refusals", summary="Grades refused, with every reason")
async def refusals_of_cadre(reader: Reading, cadre_id: CadreId) -> assessments.RefusalsOfCadre:
    return await assessments.refusals(reader, cadre_id)


@ROUTER.get("/assessments/missing", summary="Who of a unit has no assessment of a period")
async def missing_assessments(
    reader: Reading, unit_id: UnitId, period: Annotated[Period, DATED]
) -> assessments.Missing:
    return await assessments.missing(reader, unit_id, period)


@ROUTER.get("/assessment-requests", summary="Assessments asked for, the most urgent first")
async def assessment_requests(
    reader: Reading, on: On, only_open: Open = False
) -> assessments.Requests:
    return await assessments.requests(reader, on, only_open=only_open)


@ROUTER.get("/unit-years/{unit_year_id}", summary="The ceiling of 优秀 and who holds the places")
async def unit_year(reader: Reading, unit_year_id: Slug) -> unit_years.UnitYearView:
    return await unit_years.unit_year(reader, unit_year_id)


@ROUTER.get("/excellent-share", summary="How many of a year's promoted had been 优秀")
async def excellent_share(
    reader: Reading, year: Year, kind: Literal["post", "rank"] | None = None
) -> promotions.ExcellentShare:
    return await promotions.excellent_share(reader, year, kind)


@ROUTER.get("/cadres/{cadre_id}/merit", summary="Merit points on a day, with their entries")
async def merit_account(reader: Reading, cadre_id: CadreId, on: On) -> merit.MeritAccount:
    return await merit.account(reader, cadre_id, on)


@ROUTER.get("/merit/ranking", summary="Merit points of a unit's members, the highest first")
async def merit_ranking(
    reader: Reading,
    on: On,
    unit_id: UnitId | None = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
) -> merit.MeritRanking:
    return await merit.ranking(reader, on, unit_id, limit)


@ROUTER.get("/point-schemes/{scheme_id}", summary="The version of a point scheme on a day")
async def point_scheme(reader: Reading, scheme_id: Slug, on: On) -> merit.PointSchemeOn:
    return await merit.point_scheme(reader, scheme_id, on)


@ROUTER.get("/flags", summary="Warning signs, with counts of what became of them")
async def flags(reader: Reading, on: On, only_open: Open = False) -> influence.Flags:
    return await influence.flags(reader, on, only_open=only_open)


@ROUTER.get("/cadres/{cadre_id}/talks", summary="Talks of care, reminder and admonition")
async def talks_of_cadre(reader: Reading, cadre_id: CadreId, on: On) -> influence.TalksOfCadre:
    return await influence.talks(reader, cadre_id, on)


@ROUTER.get("/cadres/{cadre_id}/influence", summary="What bars a cadre on a day, and until when")
async def influence_of_cadre(reader: Reading, cadre_id: CadreId, on: On) -> influence.Influence:
    return await influence.influence(reader, cadre_id, on)


@ROUTER.get("/rectifications/due", summary="Admonitions whose check is due")
async def due_checks(reader: Reading, on: On) -> influence.DueChecks:
    return await influence.due_checks(reader, on)


@ROUTER.get("/cadres/{cadre_id}/off-duty-visits", summary="Visits outside working hours")
async def off_duty_visits(reader: Reading, cadre_id: CadreId, on: On) -> off_duty.VisitsOfCadre:
    return await off_duty.visits(reader, cadre_id, on)


class ReadingsOfCadre(BaseModel):
    """Whom a cadre's supervision material was shown to, the earliest first."""

    cadre_id: str
    readings: list[readings.RecordedReading]


@ROUTER.get("/readings/{person}", summary="Who was shown the supervision material of a cadre")
async def readings_of(
    request: Request, person: CadreId, since: Moment | None = None
) -> ReadingsOfCadre:
    runtime: Runtime = request.app.state.runtime
    return ReadingsOfCadre(cadre_id=person, readings=await runtime.readings.of_cadre(person, since))


SERVICE = Service(
    name="supervision",
    title="管 Supervision",
    handlers=HANDLERS,
    read_models=READ_MODELS,
    reactions=REACTIONS,
    judgements=JUDGEMENTS,
    orders=ORDERS,
    router=ROUTER,
    prepare=lapsing.prepare,
    enact=lapsing.enact,
    due=lapsing.due,
    confidential=True,
    reports=REPORTS,
)
