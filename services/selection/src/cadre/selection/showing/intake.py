"""A year's intake: the plan against the hires (M02)."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from pydantic import BaseModel
from sqlalchemy import or_, select

from cadre.contracts.selection.intake import PlanLine
from cadre.contracts.selection.profile import Recruited
from cadre.selection.deciding.intake import PLANS
from cadre.selection.showing.profiles import CADRES, PersonLine, persons
from cadre.shared.asking.parameters import Year
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.showing.kept import keep
from cadre.shared.showing.reader import Line, Reader, Reading
from cadre.shared.showing.reports import Count, Question, Report, grouped
from cadre.shared.showing.versions import shown
from cadre.shared.showing.view import View

VIEW = View()
HIRES = keep(VIEW, Recruited, "hires", only={"channel", "major", "plan_id"}).table
READS_ALL = Right(Role.READER, EVERYBODY)


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
    effective_on: date
    plan_id: str | None


class Intake(BaseModel):
    """Plan and hires of a year. A hire counts for the year of its plan, else of its day."""

    year: int
    channels: list[ChannelLine]
    lines: list[IntakeLine]
    unplanned: list[UnplannedHire]


@VIEW.routes.get(
    "/intake/{year}",
    READS_ALL,
    summary="招录计划与完成情况 · Plan against hires, by channel and by shortage major",
)
async def intake(reader: Reading, year: Year) -> Intake:
    plans = await _plans(reader)
    of_year = {plan_id: lines for plan_id, (of, lines) in plans.items() if of == year}
    hires = await _hires(reader, year, plans, of_year)
    planned, by_line = Counter[str](), Counter[tuple[str, str | None]]()
    for line in (line for lines in of_year.values() for line in lines):
        planned[line.channel] += line.count
        by_line[line.channel, line.major] += line.count
    hired = Counter[str](hire["channel"] for hire in hires)
    hired_by_line = Counter[tuple[str, str | None]]()
    for hire in hires:
        of_major = (hire["channel"], hire["major"])
        hired_by_line[of_major if of_major in by_line else (hire["channel"], None)] += 1
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
        unplanned=await _unplanned(reader, of_year, hires),
    )


type _Lines = Mapping[str, Sequence[PlanLine]]
"""Lines by the id of their plan."""


async def _plans(reader: Reader) -> dict[str, tuple[int, list[PlanLine]]]:
    """The year and the lines of every plan, as it was planned last."""
    rows = (await reader.connection.execute(shown(PLANS).begun(date.max))).mappings()
    return {
        row["plan_id"]: (row["year"], [PlanLine(**line) for line in json.loads(row["lines"])])
        for row in rows
    }


async def _hires(
    reader: Reader, year: int, plans: Collection[str], of_year: Collection[str]
) -> list[Line]:
    told = HIRES.c
    in_this_year = told.effective_on.between(date(year, 1, 1), date(year, 12, 31))
    without_plan = or_(told.plan_id.is_(None), told.plan_id.not_in(plans))
    query = (
        select(HIRES)
        .where(
            told.superseded_by.is_(None),
            or_(told.plan_id.in_(of_year), in_this_year & without_plan),
        )
        .order_by(told.effective_on, told.cadre_id)
    )
    return [dict(row) for row in (await reader.connection.execute(query)).mappings()]


async def _unplanned(reader: Reader, of_year: _Lines, hires: Sequence[Line]) -> list[UnplannedHire]:
    planned = {plan_id: {line.channel for line in lines} for plan_id, lines in of_year.items()}
    anywhere = set[str]().union(*planned.values())
    unplanned = [
        hire
        for hire in hires
        if hire["channel"]
        not in (anywhere if hire["plan_id"] is None else planned.get(hire["plan_id"], ()))
    ]
    ids = {hire["cadre_id"] for hire in unplanned}
    chosen = CADRES.c.cadre_id.in_(ids)
    lines = {line.cadre_id: line for line in await persons(reader, chosen, date.max)}
    return [
        UnplannedHire.model_validate(hire | dict(lines[hire["cadre_id"]])) for hire in unplanned
    ]


async def _hired(reader: Reader, question: Question) -> Iterable[Count]:
    told = HIRES.c
    query = select(told.channel, told.cadre_id, told.event_id).where(
        told.effective_on.between(question.begin, question.on), told.superseded_by.is_(None)
    )
    return await grouped(reader, query, "hired", "录用")


VIEW.reports.append(Report("intake", "录用情况", _hired, READS_ALL))
