"""Whom assessment and observation have reached, and whom not (M01, M07)."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, and_, exists, func, select

from cadre.selection.deciding.observation import OBSERVATIONS
from cadre.selection.deciding.political import POLITICAL
from cadre.selection.showing.profiles import CADRES, PersonLine, persons
from cadre.shared.asking.parameters import Day
from cadre.shared.deciding.calendar import add_months
from cadre.shared.deciding.facts import Facts
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.deciding.rulebook import rulebook
from cadre.shared.showing.facts import shown
from cadre.shared.showing.reader import On, Reader, Reading
from cadre.shared.showing.reports import Count, Counted, Question, Report, ShareOf
from cadre.shared.showing.view import View

VIEW = View()
READS_ALL = Right(Role.READER, EVERYBODY)


class Coverage(BaseModel):
    """How many of the managed cadres had a political assessment by the day (M01)."""

    on: date
    since: date | None = Field(description="Only assessments from this day on count")
    managed: int
    assessed: int
    share: float | None = Field(description="assessed / managed, not rounded")
    unassessed: list[PersonLine]


class BlindSpots(BaseModel):
    """Managed cadres without a single observation in the months up to the day (M07)."""

    on: date
    after: date = Field(description="Observations after this day count")
    months: int
    managed: int
    unobserved: list[PersonLine]


def _managed(on: date) -> ColumnElement[bool]:
    """Who had entered by a day."""
    return CADRES.c.entered_on <= on


async def _without(
    reader: Reader, facts: Facts[Any], since: ColumnElement[bool], on: date
) -> tuple[int, list[PersonLine]]:
    """How many are managed on a day, and who of them has no such fact by then."""
    told = shown(facts).table.c
    reached = exists().where(
        told.cadre_id == CADRES.c.cadre_id,
        told.superseded_by.is_(None),
        told.effective_on <= on,
        since,
    )
    total = select(func.count()).select_from(CADRES).where(_managed(on))
    missed = await persons(reader, and_(_managed(on), ~reached), on)
    return await reader.connection.scalar(total) or 0, missed


@VIEW.routes.get(
    "/coverage",
    READS_ALL,
    summary="政治素质考察覆盖面 · How many of the managed cadres were assessed, and who was not",
)
async def coverage(
    reader: Reading,
    on: On,
    since: Annotated[
        Day | None, Query(description="只计此日及以后的考察 · Only assessments from this day on")
    ] = None,
) -> Coverage:
    counts = shown(POLITICAL).table.c.effective_on >= (since or date.min)
    managed, unassessed = await _without(reader, POLITICAL, counts, on)
    assessed = managed - len(unassessed)
    return Coverage(
        on=on,
        since=since,
        managed=managed,
        assessed=assessed,
        share=assessed / managed if managed else None,
        unassessed=unassessed,
    )


@VIEW.routes.get(
    "/observations/blind-spots",
    READS_ALL,
    summary="日常识别空白名单 · Whom nobody has observed for longer than OBS-01 allows",
)
async def blind_spots(
    reader: Reading,
    on: On,
    months: Annotated[
        int | None,
        Query(ge=1, le=120, description="不填则按 OBS-01 · As OBS-01 says where it is left out"),
    ] = None,
) -> BlindSpots:
    months = months or rulebook().on("OBS-01", on).whole("months_max")
    after = add_months(on, -months)
    counts = shown(OBSERVATIONS).table.c.effective_on > after
    managed, unobserved = await _without(reader, OBSERVATIONS, counts, on)
    return BlindSpots(on=on, after=after, months=months, managed=managed, unobserved=unobserved)


def _reached(name: str, title: str, facts: Facts[Any], key: str, counted: str) -> Report:
    """A report of managed cadres, and of those of whom something was recorded in the period."""

    async def count(reader: Reader, question: Question) -> Iterable[Count]:
        told = shown(facts).table.c
        found = select(told.cadre_id, told.event_id).where(
            told.superseded_by.is_(None), told.effective_on.between(question.begin, question.on)
        )
        managed = select(CADRES.c.cadre_id, CADRES.c.entry_event).where(_managed(question.on))
        everyone = [Counted(*row) for row in await reader.connection.execute(managed)]
        ids = {one.cadre_id for one in everyone}
        recorded = [Counted(*row) for row in await reader.connection.execute(found)]
        reached = [one for one in recorded if one.cadre_id in ids]
        seen = {one.cadre_id for one in reached}
        return [
            Count("managed", "在管干部", everyone),
            Count(key, counted, reached),
            Count("missed", "尚无记录", [one for one in everyone if one.cadre_id not in seen]),
        ]

    return Report(
        name, title, count, READS_ALL, (ShareOf("covered", "覆盖面", key, "managed", "人"),)
    )


VIEW.reports += [
    _reached("coverage", "政治素质考察覆盖面", POLITICAL, "assessed", "期内有政治素质考察"),
    _reached("observation", "日常识别覆盖面", OBSERVATIONS, "observed", "期内有日常识别记录"),
]
