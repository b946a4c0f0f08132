"""What may be asked about posts, motions, probations, reviews and one person's record."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import Select, Table, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.appointment.tables import (
    MOTION_STEPS,
    MOTIONS,
    POST_DEFINITIONS,
    POST_DEPARTURES,
    POST_HOLDERS,
    PROBATION_OUTCOMES,
    PROBATIONS,
    PROMOTIONS,
    RANK_TENURES,
    REFUSALS,
    REVIEWS,
)
from cadre.contracts.appointment.motion import StopReason
from cadre.contracts.event import RuleFinding
from cadre.contracts.vocabulary import PostLevel, Rank
from cadre.shared.deciding.errors import NotFound
from cadre.shared.showing.reader import Reader

type Row = Mapping[str, Any]


class Holding(BaseModel):
    """One person's time in one post."""

    event_id: str
    cadre_id: str
    post_id: str
    since: date
    until: date | None = Field(description="First day no longer in the post")
    motion_id: str | None
    basis: str | None

    def covers(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day < self.until)


class PostLine(BaseModel):
    """A post with its seats on a day."""

    post_id: str
    unit_id: str
    unit_name: str
    title: str
    level: PostLevel
    seats: int = Field(description="职数")
    filled: int
    free: int


class Vacancies(BaseModel):
    on: date
    posts: list[PostLine]
    seats: int
    filled: int
    free: int


class PostAnswer(PostLine):
    on: date
    holders: list[Holding] = Field(description="Everybody recorded, past and present")


class MotionStep(BaseModel):
    """One line of the record of a motion (全程纪实)."""

    event_id: str
    step: str
    taken_on: date
    says: str
    details: dict[str, Any]


class MotionAnswer(BaseModel):
    """The file of a motion: where it stands and every step with its date, quorum and vote."""

    motion_id: str
    post_id: str
    level: PostLevel
    proposer: str
    proposal: str
    committee_size: int
    status: str
    status_on: date
    candidate: str | None
    present: int | None
    yes: int | None
    no: int | None
    deferred: int | None
    carried: bool | None
    notice_workdays: int | None
    objections: int | None
    stop_reason: StopReason | None
    steps: list[MotionStep]


class Probation(BaseModel):
    event_id: str
    cadre_id: str
    post_id: str
    since: date
    until: date = Field(description="First day on which it can be concluded")


class Probations(BaseModel):
    due_by: date
    probations: list[Probation]


class Review(BaseModel):
    event_id: str
    cadre_id: str
    opened_on: date
    decision_event: str
    corrected_event: str
    reason: str


class Reviews(BaseModel):
    reviews: list[Review]


class RankTenure(BaseModel):
    event_id: str
    rank: Rank
    since: date
    until: date | None


class ConcludedProbation(Probation):
    concluded_on: date | None
    passed: bool | None
    assessed_by: str | None
    note: str | None


class PromotionRecord(BaseModel):
    event_id: str
    promoted_on: date
    kind: Literal["post", "rank"]
    level: PostLevel | None
    from_level: PostLevel | None
    rank: Rank | None
    from_rank: Rank | None
    post_id: str | None
    post_title: str | None
    unit_name: str | None
    motion_id: str | None
    trained: bool
    findings: list[RuleFinding]


class Refused(BaseModel):
    event_id: str
    refused_on: date
    kind: Literal["post", "rank"]
    target: str
    motion_id: str | None
    earliest: date | None
    findings: list[RuleFinding]


class CadreRecord(BaseModel):
    """Ranks, posts, promotions and refusals of one person up to a day."""

    cadre_id: str
    on: date
    ranks: list[RankTenure]
    posts: list[Holding]
    promotions: list[PromotionRecord]
    refusals: list[Refused]
    probations: list[ConcludedProbation]


async def vacancies(connection: AsyncConnection, on: date) -> Vacancies:
    """Seats, filled and free, of every post established by a day."""
    definitions = await _rows(connection, select(POST_DEFINITIONS))
    known = sorted({row["post_id"] for row in definitions if row["since"] <= on})
    held = await holdings(connection)
    posts = [_post_line(post_id, definitions, held, on) for post_id in known]
    return Vacancies(
        on=on,
        posts=posts,
        seats=sum(line.seats for line in posts),
        filled=sum(line.filled for line in posts),
        free=sum(line.free for line in posts),
    )


async def post(connection: AsyncConnection, post_id: str, on: date) -> PostAnswer:
    """A post as defined on a day, or as first defined, and everybody who held it."""
    chosen = select(POST_DEFINITIONS).where(POST_DEFINITIONS.c.post_id == post_id)
    definitions = await _rows(connection, chosen)
    if not definitions:
        raise NotFound(f"no post {post_id} is known here", where=post_id, hint="see GET /vacancies")
    held = await holdings(connection, post_id=post_id)
    line = _post_line(post_id, definitions, held, on)
    return PostAnswer(on=on, holders=held, **line.model_dump())


async def motion(connection: AsyncConnection, motion_id: str) -> MotionAnswer:
    """The file of a motion (M72)."""
    chosen = select(MOTIONS).where(MOTIONS.c.motion_id == motion_id)
    found = await _rows(connection, chosen)
    if not found:
        raise NotFound(f"no motion {motion_id} is known here", where=motion_id)
    taken = select(MOTION_STEPS).where(MOTION_STEPS.c.motion_id == motion_id)
    steps = await _rows(connection, taken.order_by(MOTION_STEPS.c.place))
    return MotionAnswer(
        **found[0],
        steps=[
            MotionStep.model_validate(
                {name: step[name] for name in MotionStep.model_fields}
                | {"details": json.loads(step["details"])}
            )
            for step in steps
        ],
    )


async def probations(connection: AsyncConnection, due_by: date) -> Probations:
    """Probations that end by a day, of persons who still hold the post, and nobody concluded."""
    chosen = select(PROBATIONS).where(PROBATIONS.c.until <= due_by)
    rows = await _rows(connection, chosen.order_by(PROBATIONS.c.until, PROBATIONS.c.event_id))
    outcomes = select(PROBATION_OUTCOMES).where(PROBATION_OUTCOMES.c.superseded_by.is_(None))
    concluded = {row["promotion_event"] for row in await _rows(connection, outcomes)}
    held = {one.event_id for one in await holdings(connection) if one.covers(due_by)}
    return Probations(
        due_by=due_by,
        probations=[_read(Probation, row) for row in rows if row["event_id"] in held - concluded],
    )


async def reviews(connection: AsyncConnection) -> Reviews:
    """Every review opened because evidence came late or was corrected."""
    chosen = select(REVIEWS).where(REVIEWS.c.superseded_by.is_(None))
    ordered = chosen.order_by(REVIEWS.c.opened_on, REVIEWS.c.event_id)
    return Reviews(reviews=[_read(Review, row) for row in await _rows(connection, ordered)])


async def cadre_record(reader: Reader, cadre_id: str, on: date) -> CadreRecord:
    """One person's ranks, posts, promotions and refusals up to a day."""
    connection = reader.connection
    ranks = await _of_cadre(connection, RANK_TENURES, cadre_id, "since", on)
    held = [one for one in await holdings(connection, cadre_id=cadre_id) if one.since <= on]
    promoted = await _of_cadre(connection, PROMOTIONS, cadre_id, "promoted_on", on)
    refused = await _of_cadre(connection, REFUSALS, cadre_id, "refused_on", on)
    trials = await _of_cadre(connection, PROBATIONS, cadre_id, "since", on)
    ended = await _of_cadre(connection, PROBATION_OUTCOMES, cadre_id, "concluded_on", on)
    outcomes = {row["promotion_event"]: row for row in ended}
    ends = [*(row["since"] for row in ranks[1:]), None]
    return CadreRecord(
        cadre_id=cadre_id,
        on=on,
        ranks=[
            RankTenure(event_id=row["event_id"], rank=row["rank"], since=row["since"], until=end)
            for row, end in zip(ranks, ends, strict=False)
        ],
        posts=held,
        promotions=[_read(PromotionRecord, _judged(row)) for row in promoted],
        refusals=[_read(Refused, _judged(row)) for row in refused],
        probations=[await _concluded(reader, row, outcomes.get(row["event_id"])) for row in trials],
    )


async def _concluded(reader: Reader, trial: Row, outcome: Row | None) -> ConcludedProbation:
    """A probation, with how it ended where it has."""
    told = outcome or dict.fromkeys(("concluded_on", "passed", "assessed_by", "note"))
    return _read(ConcludedProbation, {**told, **trial, "note": await reader.open(told["note"])})


async def _rows(connection: AsyncConnection, chosen: Select[Any]) -> Sequence[Row]:
    return [dict(row) for row in (await connection.execute(chosen)).mappings()]


async def _of_cadre(
    connection: AsyncConnection, table: Table, cadre_id: str, dated: str, on: date
) -> Sequence[Row]:
    """A person's standing facts up to a day, the earliest first."""
    chosen = select(table).where(table.c.cadre_id == cadre_id, table.c[dated] <= on)
    if "superseded_by" in table.c:
        chosen = chosen.where(table.c.superseded_by.is_(None))
    return await _rows(connection, chosen.order_by(table.c[dated], table.c.event_id))


async def holdings(
    connection: AsyncConnection, *, post_id: str | None = None, cadre_id: str | None = None
) -> list[Holding]:
    """Holders with the first departure after their coming, corrected as they are.

    What came first on one day is told by the first record of each, whatever was corrected later.
    """
    began = await _standing(connection, POST_HOLDERS, post_id, cadre_id)
    departures: dict[tuple[str, str], list[tuple[date, int]]] = {}
    for row in await _standing(connection, POST_DEPARTURES, post_id, cadre_id):
        left = departures.setdefault((row["post_id"], row["cadre_id"]), [])
        left.append((row["left_on"], row["place"]))
    holdings: list[Holding] = []
    for row in sorted(began, key=lambda row: (row["since"], row["place"], row["cadre_id"])):
        left = departures.get((row["post_id"], row["cadre_id"]), [])
        later = [move for move in left if move > (row["since"], row["place"])]
        until = min(later)[0] if later else None
        holdings.append(_read(Holding, {**row, "until": until}))
    return holdings


async def _standing(
    connection: AsyncConnection, table: Table, post_id: str | None, cadre_id: str | None
) -> list[Row]:
    """Rows that nothing corrected, each in the place of the first record of its line."""
    corrected_one = table.c.superseded_by.is_not(None)
    chosen = select(table)
    if post_id is not None:
        chosen = chosen.where(or_(table.c.post_id == post_id, corrected_one))
    if cadre_id is not None:
        chosen = chosen.where(table.c.cadre_id == cadre_id)
    rows = await _rows(connection, chosen)
    corrected = {row["superseded_by"]: row for row in rows if row["superseded_by"]}

    def place(row: Row) -> int:
        while row["event_id"] in corrected:
            row = corrected[row["event_id"]]
        first: int = row["place"]
        return first

    return [
        {**row, "place": place(row)}
        for row in rows
        if row["superseded_by"] is None and post_id in {None, row["post_id"]}
    ]


def _post_line(
    post_id: str, definitions: Sequence[Row], held: Sequence[Holding], on: date
) -> PostLine:
    mine = [row for row in definitions if row["post_id"] == post_id]
    mine.sort(key=lambda row: row["since"])
    past = [row for row in mine if row["since"] <= on]
    row = past[-1] if past else mine[0]
    filled = sum(one.post_id == post_id and one.covers(on) for one in held)
    return _read(PostLine, {**row, "filled": filled, "free": row["seats"] - filled})


def _judged(row: Row) -> Row:
    return {**row, "findings": json.loads(row["findings"])}


def _read[A: BaseModel](answer: type[A], row: Row) -> A:
    return answer.model_validate({name: row[name] for name in answer.model_fields})
