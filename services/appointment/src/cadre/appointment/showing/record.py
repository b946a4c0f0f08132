"""What one person's promotions are, with ranks, posts, probations and refusals."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import BigInteger, Column, Date, String, select

from cadre.appointment.deciding.probation import OUTCOMES
from cadre.appointment.deciding.promotion import PROMOTIONS, REFUSALS
from cadre.appointment.showing.posts import Holding, holdings
from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.event import CadreId, Refusal
from cadre.contracts.selection.profile import Baselined
from cadre.contracts.vocabulary import Rank
from cadre.shared.asking.parameters import Day
from cadre.shared.deciding.calendar import month_start
from cadre.shared.deciding.messages import Recorded
from cadre.shared.deciding.rights import EVERYBODY, NAMED, Right, Role
from cadre.shared.showing.facts import Held, shown
from cadre.shared.showing.kept import answer, mark_annulled, row, superseded
from cadre.shared.showing.read_models import Change
from cadre.shared.showing.reader import Line, On, Reader, Reading
from cadre.shared.showing.view import View

VIEW = View()
RANKS = VIEW.table(
    "ranks",
    Column("event_id", String, primary_key=True),
    Column("cadre_id", String, index=True),
    Column("effective_on", Date),
    Column("rank", String),
    Column("position", BigInteger),
    Column("superseded_by", String),
)


@VIEW.on(Promoted)
def _promoted(recorded: Recorded[Promoted]) -> Iterable[Change]:
    return row(RANKS, recorded) if recorded.event.rank else ()


mark_annulled(VIEW, Promoted, RANKS)


@VIEW.on(Baselined)
def _taken_over(recorded: Recorded[Baselined]) -> Iterable[Change]:
    standing = recorded.event.standing
    if standing.rank is None:
        return superseded(RANKS, recorded)
    since = standing.rank_since
    begun = month_start(since) if since else recorded.event.effective_on
    return row(RANKS, recorded, rank=standing.rank, effective_on=begun)


class Probation(BaseModel):
    event_id: str
    cadre_id: str
    post_id: str
    since: date
    until: date = Field(description="First day on which it can be concluded")


class Probations(BaseModel):
    due_by: date
    probations: list[Probation]


class RankTenure(BaseModel):
    event_id: str
    rank: Rank
    since: date
    until: date | None


class ConcludedProbation(Probation):
    concluded_on: date | None = None
    passed: bool | None = None
    assessed_by: str | None = None
    note: str | None = None


CadreRecord = answer(
    "CadreRecord",
    {
        "cadre_id": str,
        "on": date,
        "ranks": list[RankTenure],
        "posts": list[Holding],
        "promotions": list[shown(PROMOTIONS).kept.model("PromotionRecord")],
        "refusals": list[shown(REFUSALS).kept.model("RefusalRecord", earliest=(date | None, None))],
        "probations": list[ConcludedProbation],
    },
)
"""Ranks, posts, promotions and refusals of one person up to a day."""


@VIEW.routes.get(
    "/probations",
    Right(Role.READER, EVERYBODY),
    summary="试用期到期 · Probations to be concluded by a day",
)
async def probations(
    reader: Reading, due_by: Annotated[Day, Query(description="截止日期 · The last day looked at")]
) -> Probations:
    """Probations that end by a day, of persons who still hold the post, and nobody concluded."""
    told = shown(PROMOTIONS).table.c
    rows = await reader.connection.execute(
        select(told.event_id, told.cadre_id, told.post_id, told.effective_on, told.probation_until)
        .where(told.probation_until <= due_by)
        .order_by(told.probation_until, told.position)
    )
    outcomes = await shown(OUTCOMES).held(reader, date.max)
    concluded = {one.row["promotion_event"] for one in outcomes}
    held = {one.event_id for one in await holdings(reader) if one.covers(due_by)} - concluded
    return Probations(
        due_by=due_by,
        probations=[
            Probation.model_validate(_probation(dict(promoted)))
            for promoted in rows.mappings()
            if promoted["event_id"] in held
        ],
    )


@VIEW.routes.get(
    "/cadres/{cadre_id}/promotions",
    Right(Role.READER, NAMED),
    summary="任职、职级、晋升与未通过记录 · Ranks, posts, promotions and refusals of one cadre",
    response_model=CadreRecord,
)
async def cadre_record(reader: Reading, cadre_id: CadreId, on: On) -> BaseModel:
    """One person's ranks, posts, promotions and refusals up to a day."""
    promotions = await shown(PROMOTIONS).held(reader, on, cadre_id)
    refusals = await shown(REFUSALS).held(reader, on, cadre_id)
    outcomes = await shown(OUTCOMES).held(reader, on, cadre_id)
    by_promotion = {one.row["promotion_event"]: one for one in outcomes}
    return CadreRecord.model_validate(
        {
            "cadre_id": cadre_id,
            "on": on,
            "ranks": await _ranks(reader, cadre_id, on),
            "posts": [one for one in await holdings(reader, cadre_id=cadre_id) if one.since <= on],
            "promotions": [await shown(PROMOTIONS).line(reader, one) for one in promotions],
            "refusals": [_refused(await shown(REFUSALS).line(reader, one)) for one in refusals],
            "probations": [
                await _concluded(reader, one.row, by_promotion.get(one.row["event_id"]))
                for one in promotions
                if one.row["probation_until"]
            ],
        }
    )


def _refused(line: Line) -> Line:
    return line | {"earliest": Refusal.model_validate({"findings": line["findings"]}).earliest}


async def _ranks(reader: Reader, cadre_id: str, on: date) -> list[RankTenure]:
    """Each lasts until the next."""
    told = RANKS.c
    chosen = select(RANKS).where(
        told.cadre_id == cadre_id, told.effective_on <= on, told.superseded_by.is_(None)
    )
    found = await reader.connection.execute(chosen.order_by(told.effective_on, told.position))
    rows = found.mappings().all()
    ends = [*(row["effective_on"] for row in rows[1:]), None]
    return [
        RankTenure(event_id=row["event_id"], rank=row["rank"], since=row["effective_on"], until=end)
        for row, end in zip(rows, ends, strict=False)
    ]


async def _concluded(reader: Reader, promoted: Line, outcome: Held | None) -> ConcludedProbation:
    """A probation, with how it ended where it has."""
    told = _probation(promoted)
    if outcome is not None:
        line = await shown(OUTCOMES).line(reader, outcome)
        told = line | told | {"concluded_on": line["effective_on"]}
    return ConcludedProbation.model_validate(told, extra="ignore")


def _probation(promoted: Line) -> Line:
    """The probation that a promotion to a post began."""
    told = {name: promoted[name] for name in ("event_id", "cadre_id", "post_id")}
    return told | {"since": promoted["effective_on"], "until": promoted["probation_until"]}
