"""What may be asked about a year's intake: the plan against the hires (M02)."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import BaseModel
from sqlalchemy import or_, select

from cadre.selection.queries import PersonLine, persons
from cadre.selection.tables import CADRES, HIRES, INTAKE_PLANS, PLAN_LINES
from cadre.shared.showing.reader import Reader


class IntakeLine(BaseModel):
    """A channel and, where the plan names one, a shortage major."""

    channel: str
    major: str | None
    planned: int
    hired: int


class ChannelLine(BaseModel):
    channel: str
    planned: int
    hired: int


class UnplannedHire(PersonLine):
    """A hire through a channel that no line of the plan names."""

    channel: str
    hired_on: date
    plan_id: str | None


class Intake(BaseModel):
    """Plan and hires of a year. A hire counts for the year of its plan, else of its day."""

    year: int
    channels: list[ChannelLine]
    lines: list[IntakeLine]
    unplanned: list[UnplannedHire]


async def intake(reader: Reader, year: int) -> Intake:
    """Plan against hires, by channel and by shortage major."""
    plan = await _plan_lines(reader, year)
    hires = await _hires(reader, year)
    planned, wanted_majors = Counter[str](), {(line["channel"], line["major"]) for line in plan}
    by_line = Counter[tuple[str, str | None]]()
    for line in plan:
        planned[line["channel"]] += line["count"]
        by_line[line["channel"], line["major"]] += line["count"]
    hired = Counter[str](hire["channel"] for hire in hires)
    hired_by_line = Counter[tuple[str, str | None]]()
    for hire in hires:
        of_major = (hire["channel"], hire["major"])
        hired_by_line[of_major if of_major in wanted_majors else (hire["channel"], None)] += 1
    keys = sorted(by_line.keys() | hired_by_line.keys(), key=lambda key: (key[0], key[1] or ""))
    return Intake(
        year=year,
        channels=[
            ChannelLine(channel=channel, planned=planned[channel], hired=hired[channel])
            for channel in sorted(planned.keys() | hired.keys())
        ],
        lines=[
            IntakeLine(channel=key[0], major=key[1], planned=by_line[key], hired=hired_by_line[key])
            for key in keys
        ],
        unplanned=await _unplanned(reader, plan, hires),
    )


async def _plan_lines(reader: Reader, year: int) -> list[dict[str, Any]]:
    query = (
        select(PLAN_LINES, INTAKE_PLANS.c.plan_id)
        .join(INTAKE_PLANS, INTAKE_PLANS.c.event_id == PLAN_LINES.c.event_id)
        .where(INTAKE_PLANS.c.year == year, INTAKE_PLANS.c.superseded_by.is_(None))
    )
    return [dict(row) for row in (await reader.connection.execute(query)).mappings()]


async def _hires(reader: Reader, year: int) -> list[dict[str, Any]]:
    plans = select(INTAKE_PLANS.c.plan_id).where(INTAKE_PLANS.c.superseded_by.is_(None))
    of_this_year = plans.where(INTAKE_PLANS.c.year == year)
    in_this_year = HIRES.c.hired_on.between(date(year, 1, 1), date(year, 12, 31))
    without_plan = or_(HIRES.c.plan_id.is_(None), HIRES.c.plan_id.not_in(plans))
    query = (
        select(HIRES)
        .where(
            HIRES.c.superseded_by.is_(None),
            or_(HIRES.c.plan_id.in_(of_this_year), in_this_year & without_plan),
        )
        .order_by(HIRES.c.hired_on, HIRES.c.cadre_id)
    )
    return [dict(row) for row in (await reader.connection.execute(query)).mappings()]


async def _unplanned(
    reader: Reader, plan: Sequence[dict[str, Any]], hires: Sequence[dict[str, Any]]
) -> list[UnplannedHire]:
    channels = {line["channel"] for line in plan}
    channels_of_plans = {(line["plan_id"], line["channel"]) for line in plan}
    unplanned = [
        hire
        for hire in hires
        if (
            hire["channel"] not in channels
            if hire["plan_id"] is None
            else (hire["plan_id"], hire["channel"]) not in channels_of_plans
        )
    ]
    ids = [hire["cadre_id"] for hire in unplanned]
    lines = {
        line.cadre_id: line for line in await persons(reader, CADRES.c.cadre_id.in_(ids), date.max)
    }
    return [
        UnplannedHire(
            **lines[hire["cadre_id"]].model_dump(),
            channel=hire["channel"],
            hired_on=hire["hired_on"],
            plan_id=hire["plan_id"],
        )
        for hire in unplanned
    ]
