"""Posts with their seats, who held them, and the team of a unit.

Until when somebody held a post is a query: a relief names the post it ends, not what began it.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, FromClause, Select, Table, null, or_, select, union_all

from cadre.appointment.deciding.post import POSTS
from cadre.appointment.deciding.promotion import PROMOTIONS
from cadre.appointment.deciding.seats import COMINGS, RELIEFS
from cadre.appointment.showing.births import age_on, birth_months
from cadre.contracts.event import Slug
from cadre.contracts.vocabulary import PostLevel
from cadre.shared.deciding.errors import NotFound
from cadre.shared.deciding.holding import Place, end_of
from cadre.shared.deciding.rights import EVERYBODY, NAMED, Right, Role
from cadre.shared.showing.facts import shown
from cadre.shared.showing.reader import Line, On, Reader, Reading
from cadre.shared.showing.reports import Count, Counted, Question, Report, ShareOf
from cadre.shared.showing.versions import shown as shown_versions
from cadre.shared.showing.view import View

VIEW = View()
READS = Right(Role.READER, EVERYBODY)
YOUNG_AGE = 35
_MOVE = ("event_id", "cadre_id", "post_id", "effective_on", "position", "superseded_by")


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


@VIEW.routes.get("/vacancies", READS, summary="职数与空缺 · Seats, filled and free, of every post")
async def vacancies(reader: Reading, on: On) -> Vacancies:
    """Of every post established by a day."""
    definitions = await _definitions(reader)
    known = sorted({row["post_id"] for row in definitions if row["effective_on"] <= on})
    held = await holdings(reader)
    posts = [_post_line(post_id, definitions, held, on) for post_id in known]
    return Vacancies(
        on=on,
        posts=posts,
        seats=sum(line.seats for line in posts),
        filled=sum(line.filled for line in posts),
        free=sum(line.free for line in posts),
    )


@VIEW.routes.get("/posts/{post_id}", READS, summary="职位与历任 · A post and everybody who held it")
async def post(reader: Reading, post_id: Slug, on: On) -> PostAnswer:
    """A post as defined on a day, or as first defined, and everybody who held it."""
    definitions = await _definitions(reader, post_id)
    if not definitions:
        raise NotFound(
            f"没有这个职位 · no post {post_id} is known here",
            where=post_id,
            hint="查询全部职位 · see GET /vacancies",
        )
    held = await holdings(reader, post_id=post_id)
    line = _post_line(post_id, definitions, held, on)
    return PostAnswer(on=on, holders=held, **line.model_dump())


async def _definitions(reader: Reader, post_id: str | None = None) -> list[Line]:
    """In order of their days; also of days to come."""
    chosen = shown_versions(POSTS).begun(date.max)
    if post_id is not None:
        chosen = chosen.where(shown_versions(POSTS).table.c.post_id == post_id)
    return await _rows(reader, chosen)


def _post_line(
    post_id: str, definitions: Sequence[Line], held: Sequence[Holding], on: date
) -> PostLine:
    mine = [row for row in definitions if row["post_id"] == post_id]
    past = [row for row in mine if row["effective_on"] <= on]
    row = past[-1] if past else mine[0]
    filled = sum(one.post_id == post_id and one.covers(on) for one in held)
    told = row | {"filled": filled, "free": row["seats"] - filled}
    return PostLine.model_validate(told, extra="ignore")


def _moves(table: Table, *more: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    return select(*[table.c[name] for name in _MOVE], *more)


_assumed, _promoted = shown(COMINGS).table, shown(PROMOTIONS).table
_COMINGS = union_all(
    _moves(_assumed, null().label("motion_id"), _assumed.c.basis),
    _moves(_promoted, _promoted.c.motion_id, null().label("basis")).where(
        _promoted.c.kind == "post"
    ),
).subquery()
_RELIEFS = _moves(shown(RELIEFS).table).subquery()


async def holdings(
    reader: Reader, *, post_id: str | None = None, cadre_id: str | None = None
) -> list[Holding]:
    """Every time in a post, in order of the days, corrected as it is."""
    reliefs: dict[tuple[str, str], list[Place]] = {}
    for place, row in await _standing(reader, _RELIEFS, post_id, cadre_id):
        reliefs.setdefault((row["post_id"], row["cadre_id"]), []).append(place)
    return [
        Holding.model_validate(
            row
            | {
                "since": place[0],
                "until": end_of(place, reliefs.get((row["post_id"], row["cadre_id"]), ())),
            },
            extra="ignore",
        )
        for place, row in await _standing(reader, _COMINGS, post_id, cadre_id)
    ]


async def _standing(
    reader: Reader, moves: FromClause, post_id: str | None, cadre_id: str | None
) -> list[tuple[Place, Line]]:
    """Rows that nothing corrected, each in the place of the first record of its line."""
    told = moves.c
    chosen = select(moves)
    if post_id is not None:
        chosen = chosen.where(or_(told.post_id == post_id, told.superseded_by.is_not(None)))
    if cadre_id is not None:
        chosen = chosen.where(told.cadre_id == cadre_id)
    rows = await _rows(reader, chosen)
    corrected = {row["superseded_by"]: row for row in rows if row["superseded_by"]}

    def place(row: Line) -> Place:
        first = row
        while first["event_id"] in corrected:
            first = corrected[first["event_id"]]
        return row["effective_on"], first["position"]

    standing = [
        (place(row), row)
        for row in rows
        if row["superseded_by"] is None and post_id in {None, row["post_id"]}
    ]
    return sorted(standing, key=lambda one: (one[0], one[1]["cadre_id"]))


async def _rows(reader: Reader, chosen: Select[*tuple[Any, ...]]) -> list[Line]:
    return [dict(row) for row in (await reader.connection.execute(chosen)).mappings()]


async def _posts(reader: Reader, question: Question) -> Iterable[Count]:
    """Who holds which post on the day."""
    return await _held(reader, question.on)


async def _team(reader: Reader, question: Question) -> Iterable[Count]:
    """Who holds the posts of one unit on the day: its team (班子)."""
    held = await _held(reader, question.on, question.of)
    born = await birth_months(reader)
    everyone = held[0].entries
    known = [entry for entry in everyone if entry.cadre_id in born]
    return [
        *held,
        Count(
            "young",
            f"{YOUNG_AGE} 周岁及以下",
            [one for one in known if age_on(question.on, born[one.cadre_id]) <= YOUNG_AGE],
        ),
        Count("age-unknown", "年龄不明", [one for one in everyone if one.cadre_id not in born]),
    ]


async def _held(reader: Reader, on: date, unit_id: str | None = None) -> list[Count]:
    """All holders, and those of each post; of one unit or of all."""
    titles = {
        post.post_id: f"{post.unit_name}{post.title}（{post.seats} 职）"
        for post in (await vacancies(reader, on)).posts
        if unit_id in {None, post.unit_id}
    }
    if not titles:
        raise NotFound(
            f"尚未设置职位 · no post of {unit_id or 'any unit'} was established by {on}",
            where="of",
            hint="查询职位与单位 · GET /vacancies lists posts with their units",
        )
    holders: dict[str, list[Counted]] = {post_id: [] for post_id in titles}
    for held in await holdings(reader):
        if held.post_id in holders and held.covers(on):
            holders[held.post_id].append(Counted(held.cadre_id, held.event_id))
    everyone = [entry for entries in holders.values() for entry in entries]
    by_post = [Count(f"post:{key}", titles[key], holders[key]) for key in sorted(titles)]
    return [Count("holders", "在任", everyone), *by_post]


VIEW.reports += [
    Report("posts", "职位在任情况", _posts, READS),
    Report(
        "team",
        "班子",
        _team,
        Right(Role.READER, NAMED),
        (ShareOf("young-of-team", "年轻干部占比", "young", "holders", "人"),),
        of="unit",
    ),
]
