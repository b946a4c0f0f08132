"""What is declared of facts, shown: their tables, questions and reports.

What ended a fact is a row of its own, under the event it names; a question follows the corrections
to the fact that stands (ADR 0037).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import Table, select

from cadre.contracts.event import CadreId, UnitId
from cadre.shared.deciding.calendar import add_months
from cadre.shared.deciding.facts import Facts
from cadre.shared.deciding.rights import EVERYBODY, NAMED, Right
from cadre.shared.showing.kept import Kept, answer, keep
from cadre.shared.showing.lines import lines
from cadre.shared.showing.members import members_on, require_known
from cadre.shared.showing.reader import Line, On, Reader, Reading
from cadre.shared.showing.reports import Count, Counted, Question, Report
from cadre.shared.showing.view import View


@dataclass(frozen=True, slots=True)
class Held:
    """A fact that holds on a day, and what ended it by then."""

    row: Line
    ended: Line | None = None


class Missing(BaseModel):
    """Who of a unit, or of everybody, has no such fact in a time."""

    since: date = Field(description="The first day of the time")
    on: date = Field(description="Its last day; also the day of the memberships")
    unit_id: str | None
    members: int
    missing: list[str] = Field(description="Ids of the cadres who have none")


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One declaration of facts, and the view that follows from it."""

    facts: Facts[Any]
    view: View
    kept: Kept
    ends: Kept | None

    @property
    def table(self) -> Table:
        return self.kept.table

    async def held(self, reader: Reader, on: date, cadre_id: str | None = None) -> list[Held]:
        """The facts begun by a day, in order of days, each with its ending by then."""
        rows = await _standing(reader, self.table, on, cadre_id)
        if self.ends is None or not rows:
            return [Held(row) for row in rows]
        of_person = () if cadre_id is None else (self.table.c.cadre_id == cadre_id,)
        chosen = await lines(reader.connection, self.table, *of_person)
        ends: dict[str, list[Line]] = {}
        for row in await _standing(reader, self.ends.table, on, cadre_id):
            ends.setdefault(chosen.newest(row[self.ends.event.hangs_on]), []).append(row)
        return [Held(row, _first(ends.get(row["event_id"], ()), row)) for row in rows]

    def told(self) -> dict[str, Any]:
        """A fact as it is told: the fields of a model."""
        if self.ends is None:
            return self.kept.told()
        ended = self.ends.model(f"{self.facts.event.__name__}Ended")
        return self.kept.told() | {"ended": (ended | None, None)}

    async def line(self, reader: Reader, held: Held) -> Line:
        """A fact by the fields of `told`."""
        line = await self.kept.line(reader, held.row)
        if self.ends is not None:
            ended = held.ended
            line["ended"] = None if ended is None else await self.ends.line(reader, ended)
        return line


@cache
def shown(facts: Facts[Any]) -> Shown:
    """The view of facts; views written by hand ask its table as well."""
    view = View()
    table = facts.name.replace("-", "_")
    ending = facts.ended_by
    ends = keep(view, ending.event, f"{table}_ended") if ending else None
    one = Shown(facts, view, keep(view, facts.event, table), ends)
    if facts.asked:
        _ask(one)
    if facts.expected:
        _ask_missing(one)
    if facts.counted_by:
        right = Right(facts.seen_by, EVERYBODY)
        view.reports.append(Report(facts.name, facts.title, _Counting(one).count, right))
    return one


def _ask(one: Shown) -> None:
    name = one.table.name
    line = answer(f"{one.facts.event.__name__}Line", one.told())
    lines_told = (list[line], Field(description="In order of their days"))
    model = answer(
        f"{one.facts.event.__name__}OfCadre", {"cadre_id": str, "on": date, name: lines_told}
    )

    @one.view.routes.get(
        f"/cadres/{{cadre_id}}/{one.facts.name}",
        Right(one.facts.seen_by, NAMED),
        summary=one.facts.title,
        response_model=model,
    )
    async def of_cadre(reader: Reading, cadre_id: CadreId, on: On) -> BaseModel:  # pyright: ignore[reportUnusedFunction]
        await require_known(reader, cadre_id)
        held = await one.held(reader, on, cadre_id)
        told = [await one.line(reader, fact) for fact in held]
        return model.model_validate({"cadre_id": cadre_id, "on": on, name: told})


def _ask_missing(one: Shown) -> None:
    @one.view.routes.get(
        f"/{one.facts.name}/missing",
        Right(one.facts.seen_by, NAMED),
        summary=f"{one.facts.title}：谁没有 · Who has none",
    )
    async def missing(  # pyright: ignore[reportUnusedFunction]
        reader: Reading,
        on: On,
        unit_id: UnitId | None = None,
        months: Annotated[
            int, Query(ge=1, le=120, description="回看多少个月 · How far it looks back")
        ] = 12,
    ) -> Missing:
        since = add_months(on, -months)
        told = one.table.c
        having = select(told.cadre_id).where(
            told.superseded_by.is_(None), told.effective_on > since, told.effective_on <= on
        )
        members = set(await reader.connection.scalars(members_on(on, unit_id)))
        found = members - set(await reader.connection.scalars(having))
        return Missing(
            since=since, on=on, unit_id=unit_id, members=len(members), missing=sorted(found)
        )


@dataclass(frozen=True, slots=True)
class _Counting:
    """Facts of a period by the values of a field; where they end, also those that last."""

    shown: Shown

    async def count(self, reader: Reader, question: Question) -> Iterable[Count]:
        held = await self.shown.held(reader, question.on)
        begun = [one for one in held if one.row["effective_on"] >= question.begin]
        recorded = self._by_value(self.shown.facts.name, "期内", begun)
        if self.shown.ends is None:
            return recorded
        lasting = [one for one in held if one.ended is None]
        ended = [one for one in held if one.ended and one.ended["effective_on"] >= question.begin]
        return [
            *recorded,
            *self._by_value("lasting", "期末有效", lasting),
            Count("ended", "期内终止", [_counted(one) for one in ended]),
        ]

    def _by_value(self, key: str, title: str, held: Sequence[Held]) -> list[Count]:
        groups: dict[str, list[Counted]] = {}
        for one in held:
            groups.setdefault(str(one.row[self.shown.facts.counted_by]), []).append(_counted(one))
        parts = [Count(f"{key}:{value}", value, groups[value]) for value in sorted(groups)]
        return [Count(key, title, [_counted(one) for one in held]), *parts]


async def _standing(reader: Reader, table: Table, on: date, cadre_id: str | None) -> list[Line]:
    """Rows that no other replaced, in order of days."""
    told = table.c
    query = select(table).where(told.effective_on <= on, told.superseded_by.is_(None))
    if cadre_id is not None:
        query = query.where(told.cadre_id == cadre_id)
    rows = await reader.connection.execute(query.order_by(told.effective_on, told.position))
    return [dict(row) for row in rows.mappings()]


def _counted(one: Held) -> Counted:
    return Counted(one.row["cadre_id"], one.row["event_id"])


def _first(ends: Sequence[Line], begun: Line) -> Line | None:
    """What lies before the fact began has fallen."""
    return next((end for end in ends if end["effective_on"] >= begun["effective_on"]), None)
