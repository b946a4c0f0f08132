"""What may be asked about talent pools: members, entries and heads, the stock equation."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import select

from cadre.selection.queries import PersonLine, persons
from cadre.selection.stays import Stay, stays
from cadre.selection.tables import CADRES, POOL_STEPS, POOLS
from cadre.shared.deciding.errors import Malformed, NotFound
from cadre.shared.showing.reader import Reader


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


class MemberLine(PersonLine):
    entry_event: str
    entered_on: date
    exited_on: date | None
    exit_reason: str | None


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
    taken_on: date
    by_unit: str | None
    fit: bool | None
    place: int | None
    compared_count: int | None


class StayLine(BaseModel):
    """One stay of somebody in a pool."""

    entry_event: str
    pool_id: str
    entered_on: date
    decided_by: str
    exited_on: date | None
    exit_reason: str | None


class PoolsOfCadre(BaseModel):
    cadre_id: str
    steps: list[StepLine]
    stays: list[StayLine]


async def pools(reader: Reader, on: date) -> Pools:
    """Every pool defined by a day, with its members."""
    members = await stays(reader, lambda stay: stay.covers(on))
    counts = Counter(stay.pool_id for stay in members)
    defined = await _definitions(reader, on)
    return Pools(
        on=on,
        pools=[PoolLine(**_shown(pool), members=counts[pool["pool_id"]]) for pool in defined],
        entries=len(members),
        heads=len({stay.cadre_id for stay in members}),
    )


async def pool(reader: Reader, pool_id: str, on: date) -> PoolView:
    """Raises NotFound for a pool that nobody had defined by the day."""
    definition = await _definition(reader, pool_id, on)
    within = await stays(reader, lambda stay: stay.covers(on), pool_id=pool_id)
    members = await _lines(reader, within, on)
    # On a past day nobody knew of a later exit yet.
    seen = [m.model_copy(update={"exited_on": None, "exit_reason": None}) for m in members]
    return PoolView(on=on, **_shown(definition), members=seen)


async def stock(reader: Reader, pool_id: str, from_day: date, to_day: date) -> PoolStock:
    """Raises Malformed for a period that ends before it begins, NotFound for an unknown pool."""
    if to_day < from_day:
        raise Malformed(f"{to_day} lies before {from_day}", where="to", hint="swap from and to")
    await _definition(reader, pool_id, to_day)
    told = await stays(reader, lambda stay: stay.entered_on <= to_day, pool_id=pool_id)
    entered = [stay for stay in told if from_day <= stay.entered_on]
    exited = [stay for stay in told if stay.exited_on and from_day <= stay.exited_on <= to_day]
    return PoolStock(
        pool_id=pool_id,
        from_day=from_day,
        to_day=to_day,
        opening=sum(stay.within_before(from_day) for stay in told),
        entered=await _lines(reader, entered, to_day),
        exited=await _lines(reader, exited, to_day),
        closing=sum(stay.covers(to_day) for stay in told),
    )


async def pools_of(reader: Reader, cadre_id: str, on: date) -> PoolsOfCadre:
    """The way of somebody into pools and out of them, up to a day."""
    steps = (
        select(POOL_STEPS)
        .where(
            POOL_STEPS.c.cadre_id == cadre_id,
            POOL_STEPS.c.superseded_by.is_(None),
            POOL_STEPS.c.taken_on <= on,
        )
        .order_by(POOL_STEPS.c.taken_on, POOL_STEPS.c.event_id)
    )
    begun = await stays(reader, lambda stay: stay.entered_on <= on, cadre_id=cadre_id)
    found = (await reader.connection.execute(steps)).mappings()
    return PoolsOfCadre(
        cadre_id=cadre_id,
        steps=[StepLine.model_validate(dict(step)) for step in found],
        stays=[StayLine.model_validate(asdict(_as_known(stay, on))) for stay in begun],
    )


def _as_known(stay: Stay, on: date) -> Stay:
    if stay.exited_on and stay.exited_on <= on:
        return stay
    return replace(stay, exited_on=None, exit_reason=None)


async def _lines(reader: Reader, chosen: Sequence[Stay], on: date) -> list[MemberLine]:
    known = await persons(reader, CADRES.c.cadre_id.in_({stay.cadre_id for stay in chosen}), on)
    by_id = {line.cadre_id: line for line in known}
    return [
        MemberLine(
            **by_id[stay.cadre_id].model_dump(),
            entry_event=stay.entry_event,
            entered_on=stay.entered_on,
            exited_on=stay.exited_on,
            exit_reason=stay.exit_reason,
        )
        for stay in chosen
    ]


async def _definitions(reader: Reader, on: date) -> Sequence[dict[str, Any]]:
    """The definition in force on a day of every pool, by pool id."""
    query = (
        select(POOLS)
        .where(POOLS.c.superseded_by.is_(None), POOLS.c.defined_on <= on)
        .order_by(POOLS.c.pool_id, POOLS.c.defined_on)
    )
    rows = await reader.connection.execute(query)
    latest = {row["pool_id"]: dict(row) for row in rows.mappings()}
    return list(latest.values())


async def _definition(reader: Reader, pool_id: str, on: date) -> dict[str, Any]:
    for definition in await _definitions(reader, on):
        if definition["pool_id"] == pool_id:
            return definition
    raise NotFound(
        f"no pool {pool_id} existed on {on}", where=pool_id, hint="GET /pools lists them"
    )


def _shown(definition: dict[str, Any]) -> dict[str, Any]:
    return {name: definition[name] for name in ("pool_id", "pool_class", "title", "seats")}
