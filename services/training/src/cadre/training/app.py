"""The service as data, and what may be asked of it over HTTP."""

from datetime import date
from typing import Annotated

from fastapi import Query

from cadre.contracts.event import CadreId, Slug
from cadre.contracts.training.posting import PostingKind
from cadre.shared.asking.parameters import Word, Year
from cadre.shared.deciding.rights import EVERYBODY, NAMED, Right, Role
from cadre.shared.showing.reader import On, Reading
from cadre.shared.showing.routes import Routes
from cadre.shared.showing.service import Service
from cadre.training import queries, queries_classes, queries_practice
from cadre.training.answers import (
    CadreTraining,
    ClassAnswer,
    ClassSummary,
    Coverage,
    Dues,
    Mentor,
    MissingMentorships,
    PostingsOn,
)
from cadre.training.handlers import HANDLERS
from cadre.training.judgements import JUDGEMENTS
from cadre.training.order import ORDERS
from cadre.training.reactions import REACTIONS
from cadre.training.read_models import READ_MODELS
from cadre.training.reports import REPORTS

READS_NAMED = Right(Role.READER, NAMED)
READS_ALL = Right(Role.READER, EVERYBODY)

ROUTES = Routes.of()


@ROUTES.get(
    "/cadres/{cadre_id}/training",
    READS_NAMED,
    summary="学时、脱产政治训练、培训任务、派出锻炼与导师 · Where one cadre stands",
)
async def cadre_training(reader: Reading, cadre_id: CadreId, on: On) -> CadreTraining:
    return await queries.cadre_training(reader, cadre_id, on)


@ROUTES.get("/dues", READS_ALL, summary="到期与逾期 · Who has what to do, and by when")
async def dues(
    reader: Reading,
    on: On,
    within_days: Annotated[int, Query(ge=0, le=3660)] = 90,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> Dues:
    return await queries.dues(reader.connection, on, within_days, limit)


@ROUTES.get(
    "/classes/summary",
    READS_ALL,
    summary="培训班、人次与人数 · Classes held, attendances and persons",
)
async def class_summary(
    reader: Reading, year: Year, to: Annotated[Year | None, Query()] = None
) -> ClassSummary:
    return await queries_classes.class_summary(reader.connection, year, to or year)


@ROUTES.get("/classes/{class_id}", READS_ALL, summary="培训班 · A class and its attendees")
async def training_class(reader: Reading, class_id: Slug) -> ClassAnswer:
    return await queries_classes.training_class(reader.connection, class_id)


@ROUTES.get("/postings", READS_ALL, summary="在外锻炼 · Who is posted where")
async def postings(reader: Reading, on: On, kind: PostingKind | None = None) -> PostingsOn:
    return await queries_practice.postings(reader.connection, on, kind)


@ROUTES.get(
    "/postings/coverage",
    READS_ALL,
    summary="锻炼点覆盖 · How many are at each place, and which places have nobody",
)
async def coverage(
    reader: Reading,
    on: On,
    kind: PostingKind,
    host: Annotated[list[Word] | None, Query(description="Places that must be covered")] = None,
) -> Coverage:
    return await queries_practice.coverage(reader.connection, on, kind, host or [])


@ROUTES.get(
    "/mentorships/missing",
    READS_ALL,
    summary="未结对新录用人员 · Recruits of a year without a mentor",
)
async def missing_mentorships(
    reader: Reading,
    year: Year,
    on: Annotated[On | None, Query(description="As of this day, else the year's end")] = None,
) -> MissingMentorships:
    return await queries_practice.missing_mentorships(
        reader.connection, year, on or date(year, 12, 31)
    )


@ROUTES.get("/mentors/{cadre_id}", READS_NAMED, summary="导师带教 · A mentor's apprentices")
async def mentor(reader: Reading, cadre_id: CadreId, on: On) -> Mentor:
    return await queries_practice.mentor(reader.connection, cadre_id, on)


SERVICE = Service(
    name="training",
    title="育 Training",
    handlers=HANDLERS,
    read_models=READ_MODELS,
    routes=(ROUTES,),
    reports=REPORTS,
    reactions=REACTIONS,
    judgements=JUDGEMENTS,
    orders=ORDERS,
)
