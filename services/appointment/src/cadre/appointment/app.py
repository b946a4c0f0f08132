"""The routes of Appointment, and the service itself."""

from typing import Annotated

from fastapi import Depends, Query

from cadre.appointment import promotion_report, queries
from cadre.appointment.eligibility import Eligibility, post_eligibility, rank_eligibility
from cadre.appointment.evidence import CADRE
from cadre.appointment.handlers import HANDLERS
from cadre.appointment.judgements import JUDGEMENTS
from cadre.appointment.order import ORDERS
from cadre.appointment.post import POST, established
from cadre.appointment.reactions import REACTIONS
from cadre.appointment.read_models import READ_MODELS
from cadre.appointment.reports import REPORTS
from cadre.contracts.event import CadreId, Slug
from cadre.contracts.vocabulary import Rank
from cadre.shared.asking.parameters import Day, Position
from cadre.shared.deciding.errors import Malformed
from cadre.shared.deciding.rights import EVERYBODY, NAMED, Right, Role
from cadre.shared.serving.recording import name_reader
from cadre.shared.showing.reader import FromLog, On, Reading
from cadre.shared.showing.reports import Rounding
from cadre.shared.showing.routes import Routes
from cadre.shared.showing.service import Service

READS_NAMED = Right(Role.READER, NAMED)
READS_ALL = Right(Role.READER, EVERYBODY)

ROUTES = Routes.of()


@ROUTES.get(
    "/vacancies",
    READS_ALL,
    response_model=queries.Vacancies,
    summary="职数与空缺 · Seats, filled and free, of every post",
)
async def vacancies(reader: Reading, on: On) -> queries.Vacancies:
    return await queries.vacancies(reader.connection, on)


@ROUTES.get(
    "/posts/{post_id}",
    READS_ALL,
    response_model=queries.PostAnswer,
    summary="职位与历任 · A post and everybody who held it",
)
async def post(reader: Reading, post_id: Slug, on: On) -> queries.PostAnswer:
    return await queries.post(reader.connection, post_id, on)


@ROUTES.get(
    "/motions/{motion_id}",
    READS_ALL,
    response_model=queries.MotionAnswer,
    summary="全程纪实 · The file of a motion: every step, date, quorum and vote",
)
async def motion(reader: Reading, motion_id: Slug) -> queries.MotionAnswer:
    return await queries.motion(reader.connection, motion_id)


@ROUTES.get(
    "/promotions",
    READS_ALL,
    response_model=promotion_report.YoungPromotions,
    summary="提拔任用与年轻干部比例 · Promotions in a period and the share of the young",
)
async def promotions(
    reader: Reading,
    begin: Annotated[Day, Query(alias="from", description="First day")],
    end: Annotated[Day, Query(alias="to", description="Last day, included")],
    kind: Annotated[promotion_report.Kind | None, Query(description="Only these")] = None,
    age: Annotated[int, Query(ge=18, le=70, description="周岁")] = 35,
    inclusive: Annotated[bool, Query(description="Whether that age itself is young")] = True,
    rounding: Rounding = Rounding.HALF_UP,
) -> promotion_report.YoungPromotions:
    if end < begin:
        raise Malformed(f"the period ends on {end}, before it begins on {begin}", where="to")
    return await promotion_report.young_promotions(
        reader.connection,
        begin,
        end,
        kind=kind,
        age=age,
        inclusive=inclusive,
        rounding=rounding,
    )


@ROUTES.get(
    "/probations",
    READS_ALL,
    response_model=queries.Probations,
    summary="试用期到期 · Probations to be concluded by a day",
)
async def probations(
    reader: Reading, due_by: Annotated[Day, Query(description="The last day looked at")]
) -> queries.Probations:
    return await queries.probations(reader.connection, due_by)


@ROUTES.get(
    "/reviews",
    READS_ALL,
    response_model=queries.Reviews,
    summary="复核 · Decisions whose evidence came late or was corrected",
)
async def reviews(reader: Reading) -> queries.Reviews:
    return await queries.reviews(reader.connection)


@ROUTES.get(
    "/cadres/{cadre_id}/promotions",
    READS_NAMED,
    response_model=queries.CadreRecord,
    summary="任职、职级、晋升与未通过记录 · Ranks, posts, promotions and refusals of one cadre",
)
async def cadre_record(reader: Reading, cadre_id: CadreId, on: On) -> queries.CadreRecord:
    return await queries.cadre_record(reader, cadre_id, on)


@ROUTES.get(
    "/cadres/{cadre_id}/eligibility",
    Right(Role.INSPECTOR, NAMED),
    # It shows grades and what stands against somebody: supervision material.
    dependencies=[Depends(name_reader)],
    summary="晋升资格：逐条规则、依据与最早日期 · What every rule says, and from when it passes",
)
async def eligibility_of(
    log: FromLog,
    cadre_id: CadreId,
    target: Annotated[Slug, Query(description="A rank's code, or the id of a post")],
    on: On,
    known_at: Annotated[Position | None, Query(description="As known at a position")] = None,
) -> Eligibility:
    """Decided on the log's evidence itself, with the rules in force on the day."""
    cadre = await log.fold(CADRE.of(cadre_id), known_at)
    cadre.require_known(cadre_id)
    if target in set(Rank):
        return rank_eligibility(cadre, Rank(target), on)
    post = await log.fold(POST.of(target), known_at)
    return post_eligibility(cadre, established(post, target, on).level, on)


SERVICE = Service(
    name="appointment",
    title="用 Appointment",
    handlers=HANDLERS,
    read_models=READ_MODELS,
    reactions=REACTIONS,
    judgements=JUDGEMENTS,
    orders=ORDERS,
    routes=(ROUTES,),
    reports=REPORTS,
)
