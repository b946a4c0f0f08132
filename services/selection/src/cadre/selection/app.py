"""The routes of Selection, and the service itself."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from cadre.contracts.event import CadreId, Slug
from cadre.selection import forgetting, intake_queries, pool_queries, queries
from cadre.selection.handlers import HANDLERS
from cadre.selection.identities import Identities
from cadre.selection.judgements import JUDGEMENTS
from cadre.selection.order import ORDERS
from cadre.selection.privacy import Forget
from cadre.selection.reactions import REACTIONS
from cadre.selection.read_models import READ_MODELS
from cadre.selection.registration import identities, prepare, prepare_many, start
from cadre.selection.reports import REPORTS
from cadre.selection.tables import CADRES
from cadre.shared.asking.parameters import Day, Year
from cadre.shared.deciding.errors import Malformed
from cadre.shared.deciding.rights import ASKED, EVERYBODY, NAMED, Right, Role
from cadre.shared.deciding.texts import FIT
from cadre.shared.keys.context import Context
from cadre.shared.showing.protected_persons import PROTECTED_PERSONS
from cadre.shared.showing.reader import FromLog, On, Reading
from cadre.shared.showing.routes import Admitted, Routes
from cadre.shared.showing.service import Service

READS_NAMED = Right(Role.READER, NAMED)
READS_ALL = Right(Role.READER, EVERYBODY)

ROUTES = Routes.of()

OnOrLatest = Annotated[
    Day, Query(description="As of this day; everything known where it is left out")
]
SearchText = Annotated[str, Field(min_length=1, max_length=100), FIT] | None


async def _identities(request: Request) -> Identities:
    context = request.app.state.context
    assert isinstance(context, Context)  # noqa: S101
    return identities(context)


class Search(BaseModel):
    """Whom to look for. A body, so that neither a name nor an ID number stands in an address."""

    model_config = ConfigDict(extra="forbid")

    name: SearchText = None
    id_number: SearchText = None


class RestrictionLine(BaseModel):
    """Data that may only be stored; ``ended`` says that the law demands it no longer."""

    cadre_id: str
    retained_until: date
    basis: str
    ended: bool


class Restrictions(BaseModel):
    on: date
    restrictions: list[RestrictionLine]


@ROUTES.post(
    "/cadres/find",
    Right(Role.READER, ASKED),
    response_model=queries.CadresFound,
    summary="按姓名或身份证号查找干部",
)
async def find_cadres(
    reader: Reading,
    admission: Admitted,
    index: Annotated[Identities, Depends(_identities)],
    search: Search,
) -> queries.CadresFound:
    if search.name is None and search.id_number is None:
        raise Malformed("nothing to search for", where="name", hint="give name, id_number or both")
    found = await index.find(name=search.name, id_number=search.id_number)
    found = [one for one in await admission.within(found) if one not in reader.hidden]
    chosen = CADRES.c.cadre_id.in_(found)
    return queries.CadresFound(cadres=await queries.persons(reader, chosen, date.max))


@ROUTES.get(
    "/cadres/{cadre_id}", READS_NAMED, response_model=queries.CadreView, summary="干部基本信息"
)
async def cadre(reader: Reading, cadre_id: CadreId, on: OnOrLatest = date.max) -> queries.CadreView:
    return await queries.cadre(reader, cadre_id, on)


@ROUTES.get(
    "/cadres/{cadre_id}/observations",
    READS_NAMED,
    response_model=queries.Observations,
    summary="日常识别记录",
)
async def observations(
    reader: Reading, cadre_id: CadreId, on: OnOrLatest = date.max
) -> queries.Observations:
    return await queries.observations(reader, cadre_id, on)


@ROUTES.get("/cadres/{cadre_id}/kin", READS_NAMED, summary="申报的亲属关系")
async def kin(reader: Reading, cadre_id: CadreId, on: OnOrLatest = date.max) -> queries.KinOfCadre:
    return await queries.kin(reader, cadre_id, on)


@ROUTES.get(
    "/cadres/{cadre_id}/pools",
    READS_NAMED,
    response_model=pool_queries.PoolsOfCadre,
    summary="推荐、考察、比选、入库、出库记录",
)
async def pools_of_cadre(
    reader: Reading, cadre_id: CadreId, on: OnOrLatest = date.max
) -> pool_queries.PoolsOfCadre:
    return await pool_queries.pools_of(reader, cadre_id, on)


@ROUTES.get("/coverage", READS_ALL, response_model=queries.Coverage, summary="政治素质考察覆盖面")
async def coverage(
    reader: Reading,
    on: On,
    since: Annotated[Day | None, Query(description="Only assessments from this day on")] = None,
) -> queries.Coverage:
    return await queries.coverage(reader, on, since)


@ROUTES.get(
    "/observations/blind-spots",
    READS_ALL,
    response_model=queries.BlindSpots,
    summary="日常识别空白名单",
)
async def blind_spots(
    reader: Reading,
    on: On,
    months: Annotated[
        int | None, Query(ge=1, le=120, description="As OBS-01 says where it is left out")
    ] = None,
) -> queries.BlindSpots:
    return await queries.blind_spots(reader, on, months)


@ROUTES.get(
    "/intake/{year}", READS_ALL, response_model=intake_queries.Intake, summary="招录计划与完成情况"
)
async def intake(reader: Reading, year: Year) -> intake_queries.Intake:
    return await intake_queries.intake(reader, year)


@ROUTES.get("/pools", READS_ALL, response_model=pool_queries.Pools, summary="各人才库人次与人数")
async def pools(reader: Reading, on: On) -> pool_queries.Pools:
    return await pool_queries.pools(reader, on)


@ROUTES.get(
    "/pools/{pool_id}", READS_ALL, response_model=pool_queries.PoolView, summary="人才库成员"
)
async def pool(reader: Reading, pool_id: Slug, on: On) -> pool_queries.PoolView:
    return await pool_queries.pool(reader, pool_id, on)


@ROUTES.get(
    "/pools/{pool_id}/stock",
    READS_ALL,
    response_model=pool_queries.PoolStock,
    summary="人才库进出平衡",
)
async def stock(
    reader: Reading,
    pool_id: Slug,
    from_day: Annotated[Day, Query(alias="from", description="First day of the period")],
    to_day: Annotated[Day, Query(alias="to", description="Last day of the period")],
) -> pool_queries.PoolStock:
    return await pool_queries.stock(reader, pool_id, from_day, to_day)


@ROUTES.get(
    "/reviews",
    READS_ALL,
    response_model=queries.Reviews,
    summary="入库复核 · Entries into pools whose evidence came late or was corrected",
)
async def reviews(reader: Reading) -> queries.Reviews:
    return await queries.reviews(reader)


@ROUTES.post(
    "/forgettings/preview",
    Right(Role.DECIDER, EVERYBODY),
    summary="删除个人信息前的预览：将销毁什么，有何障碍",
)
async def preview(request: Request, histories: FromLog, wish: Forget) -> forgetting.Preview:
    return await forgetting.preview(request.app.state.context, histories, wish)


@ROUTES.get("/restrictions", READS_ALL, summary="限制处理的干部与法定保存期限")
async def restrictions(reader: Reading, on: On) -> Restrictions:
    table = PROTECTED_PERSONS
    query = select(table).where(table.c.restricted).order_by(table.c.retained_until)
    rows = (await reader.connection.execute(query.order_by(table.c.cadre_id))).mappings()
    lines = [RestrictionLine(**row, ended=row["retained_until"] < on) for row in rows]
    return Restrictions(on=on, restrictions=lines)


SERVICE = Service(
    name="selection",
    title="选 Selection",
    handlers=HANDLERS,
    read_models=READ_MODELS,
    reactions=REACTIONS,
    judgements=JUDGEMENTS,
    orders=ORDERS,
    routes=(ROUTES,),
    reports=REPORTS,
    prepare=prepare,
    prepare_many=prepare_many,
    start=start,
    enact=forgetting.enact,
    due=forgetting.due,
)
