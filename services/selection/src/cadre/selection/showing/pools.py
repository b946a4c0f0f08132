"""Talent pools: members, entries and heads, the stock equation, the way of somebody into them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, NamedTuple, Self

from fastapi import Query
from pydantic import BaseModel, Field

from cadre.contracts.event import CadreId, Slug
from cadre.selection.deciding.membership import ENTRIES
from cadre.selection.deciding.pool import POOLS
from cadre.selection.deciding.steps import ASSESSMENTS, COMPARISONS, NOMINATIONS
from cadre.selection.showing.profiles import CADRES, OnOrLatest, PersonLine, persons
from cadre.shared.asking.parameters import Day
from cadre.shared.deciding.errors import Malformed
from cadre.shared.deciding.rights import EVERYBODY, NAMED, Right, Role
from cadre.shared.showing.facts import Held, shown
from cadre.shared.showing.reader import On, Reader, Reading
from cadre.shared.showing.reports import Count, Counted, Question, Report, gathered
from cadre.shared.showing.versions import shown as shown_versions
from cadre.shared.showing.view import View

VIEW = View()
READS_ALL = Right(Role.READER, EVERYBODY)


class PoolLine(BaseModel):
    pool_id: str
    pool_class: str
    title: str
    seats: int
    members: int


class Pools(BaseModel):
    """All pools on a day. Who sits in two pools is two entries and one head (M11)."""

    on: date
    pools: list[PoolLine]
    entries: int
    heads: int


class Exit(BaseModel):
    """What ended a stay; ``effective_on`` is the first day outside."""

    event_id: str
    effective_on: date
    reason: str


class MemberLine(PersonLine):
    """Somebody who entered on ``effective_on``."""

    event_id: str
    effective_on: date
    ended: Exit | None


class PoolView(BaseModel):
    """One pool and its members on a day."""

    on: date
    pool_id: str
    pool_class: str
    title: str
    seats: int
    members: list[MemberLine]


class PoolStock(BaseModel):
    """Movements of a pool in a period: ``opening + entered - exited == closing``."""

    pool_id: str
    from_day: date = Field(serialization_alias="from")
    to_day: date = Field(serialization_alias="to")
    opening: int = Field(description="Members before the first day")
    entered: list[MemberLine]
    exited: list[MemberLine]
    closing: int = Field(description="Members on the last day, counted for itself")


class StepLine(BaseModel):
    """One step of somebody towards a pool."""

    event_id: str
    pool_id: str
    step: str
    effective_on: date
    by_unit: str | None = None
    fit: bool | None = None
    place: int | None = None
    compared_count: int | None = None


class StayLine(BaseModel):
    """One stay of somebody in a pool, as known on the day."""

    event_id: str
    pool_id: str
    effective_on: date
    decided_by: str
    ended: Exit | None


class PoolsOfCadre(BaseModel):
    cadre_id: str
    steps: list[StepLine]
    stays: list[StayLine]


async def _stays(reader: Reader, on: date, pool_id: str | None = None) -> list[Held]:
    """Every stay begun by a day, with the exit that had ended it by then."""
    begun = await shown(ENTRIES).held(reader, on)
    return [stay for stay in begun if pool_id in {None, stay.row["pool_id"]}]


@VIEW.routes.get("/pools", READS_ALL, summary="各人才库人次与人数 · Entries and heads of all pools")
async def pools(reader: Reading, on: On) -> Pools:
    members = [stay.row for stay in await _stays(reader, on) if stay.ended is None]
    counts = Counter(row["pool_id"] for row in members)
    rows = (await reader.connection.execute(shown_versions(POOLS).begun(on))).mappings()
    defined = {row["pool_id"]: row for row in rows}
    return Pools(
        on=on,
        pools=[
            PoolLine.model_validate({**defined[pool_id], "members": counts[pool_id]})
            for pool_id in sorted(defined)
        ],
        entries=len(members),
        heads=len({row["cadre_id"] for row in members}),
    )


@VIEW.routes.get("/pools/{pool_id}", READS_ALL, summary="人才库成员 · A pool and its members")
async def pool(reader: Reading, pool_id: Slug, on: On) -> PoolView:
    definition = await shown_versions(POOLS).on(reader, pool_id, on)
    within = [stay for stay in await _stays(reader, on, pool_id) if stay.ended is None]
    members = await _lines(reader, within, on)
    return PoolView.model_validate({**definition, "on": on, "members": members})


@VIEW.routes.get(
    "/pools/{pool_id}/stock",
    READS_ALL,
    summary="人才库进出平衡 · Movements of a pool in a period",
)
async def stock(
    reader: Reading,
    pool_id: Slug,
    from_day: Annotated[Day, Query(alias="from", description="期初 · First day of the period")],
    to_day: Annotated[Day, Query(alias="to", description="期末 · Last day of the period")],
) -> PoolStock:
    if to_day < from_day:
        raise Malformed(
            f"期末早于期初 · {to_day} lies before {from_day}",
            where="to",
            hint="请对调 · swap from and to",
        )
    await shown_versions(POOLS).on(reader, pool_id, to_day)
    found = _Movements.of(await _stays(reader, to_day, pool_id), from_day)
    return PoolStock(
        pool_id=pool_id,
        from_day=from_day,
        to_day=to_day,
        opening=len(found.opening),
        entered=await _lines(reader, found.entered, to_day),
        exited=await _lines(reader, found.exited, to_day),
        closing=len(found.closing),
    )


@VIEW.routes.get(
    "/cadres/{cadre_id}/pools",
    Right(Role.READER, NAMED),
    summary="推荐、考察、比选、入库、出库记录 · The way of a cadre into pools and out of them",
)
async def pools_of_cadre(
    reader: Reading, cadre_id: CadreId, on: OnOrLatest = date.max
) -> PoolsOfCadre:
    steps = [
        (one.row["effective_on"], one.row["position"], one.row | {"step": step})
        for step, facts in _STEPS.items()
        for one in await shown(facts).held(reader, on, cadre_id)
    ]
    stays = await shown(ENTRIES).held(reader, on, cadre_id)
    return PoolsOfCadre(
        cadre_id=cadre_id,
        steps=[StepLine.model_validate(row) for *_, row in sorted(steps, key=lambda one: one[:2])],
        stays=[StayLine.model_validate(stay.row | {"ended": stay.ended}) for stay in stays],
    )


_STEPS = {"nomination": NOMINATIONS, "assessment": ASSESSMENTS, "comparison": COMPARISONS}


class _Movements(NamedTuple):
    """The stock equation (M11): opening + entered - exited = closing."""

    opening: list[Held]
    entered: list[Held]
    exited: list[Held]
    closing: list[Held]

    @classmethod
    def of(cls, stays: Sequence[Held], begin: date) -> Self:
        """Of stays as known on the last day of a period."""
        before = [stay for stay in stays if stay.row["effective_on"] < begin]
        exited = [stay for stay in stays if stay.ended and stay.ended["effective_on"] >= begin]
        return cls(
            [one for one in before if one.ended is None or one.ended["effective_on"] >= begin],
            [stay for stay in stays if stay.row["effective_on"] >= begin],
            exited,
            [stay for stay in stays if stay.ended is None],
        )


async def _lines(reader: Reader, chosen: Sequence[Held], on: date) -> list[MemberLine]:
    ids = {stay.row["cadre_id"] for stay in chosen}
    by_id = {one.cadre_id: one for one in await persons(reader, CADRES.c.cadre_id.in_(ids), on)}
    return [
        MemberLine.model_validate(
            stay.row | dict(by_id[stay.row["cadre_id"]]) | {"ended": stay.ended}
        )
        for stay in chosen
    ]


def _counted(stay: Held) -> Counted:
    return Counted(stay.row["cadre_id"], stay.row["event_id"])


async def _members(reader: Reader, question: Question) -> Iterable[Count]:
    within = [stay for stay in await _stays(reader, question.on) if stay.ended is None]
    told = ((stay.row["pool_id"], _counted(stay)) for stay in within)
    return gathered(told, "members", "在库")


async def _stock(reader: Reader, question: Question) -> Iterable[Count]:
    """Each figure of the equation with its persons."""
    found = _Movements.of(await _stays(reader, question.on, question.of), question.begin)
    titles = {
        "opening": "期初在库",
        "entered": "期内入库",
        "exited": "期内出库",
        "closing": "期末在库",
    }
    return [
        Count(key, titles[key], [_counted(stay) for stay in stays])
        for key, stays in found._asdict().items()
    ]


VIEW.reports += [
    Report("pools", "各人才库在库情况", _members, READS_ALL),
    Report("pool", "人才库进出平衡", _stock, READS_ALL, of="pool"),
]
