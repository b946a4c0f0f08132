"""Reports: numbers that open onto the persons they count and the events behind each.

A figure says 人次 (entries) and 人 (persons) both; a share says how it was rounded. The same
question, asked with a day and a position (``on``, ``known_at``), is answered with the same bytes
for ever.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import Select

from cadre.shared.asking.parameters import Day, Word
from cadre.shared.deciding.errors import Malformed, NotFound
from cadre.shared.deciding.rights import ASKED, NOBODY, About, Named, Right
from cadre.shared.showing.reader import On, Reader, Reading
from cadre.shared.showing.routes import Admitted, Routes

EVERYTHING = "all"
"""Opens every figure."""


class Rounding(StrEnum):
    """41.361 to one decimal is 41.4 half-up and 41.3 truncated."""

    HALF_UP = "half-up"
    TRUNCATE = "truncate"


def percent(
    part: int, whole: int, rounding: Rounding = Rounding.HALF_UP, decimals: int = 1
) -> float | None:
    """A share in percent, rounded once, from exact numbers; none of nothing."""
    if whole == 0:
        return None
    exact = Decimal(100 * part) / Decimal(whole)
    mode = ROUND_HALF_UP if rounding is Rounding.HALF_UP else ROUND_DOWN
    return float(exact.quantize(Decimal(1).scaleb(-decimals), mode))


class Counted(NamedTuple):
    """One entry (人次) of a figure: whom it counts and the event that says so."""

    cadre_id: str
    event_id: str


class Behind(BaseModel):
    """A person a figure counts, and why."""

    cadre_id: str
    events: list[str] = Field(description="Ids of the events, as `cadre history` shows them")


class Figure(BaseModel):
    """A number. ``entries`` counts events, ``persons`` counts each cadre once."""

    key: str
    title: str
    entries: int = Field(description="人次")
    persons: int = Field(description="人")
    restricted: int = Field(description="Persons counted whose data may only be stored: not shown")
    behind: list[Behind] | None = Field(default=None, description="With open=<key> or open=all")


class Share(BaseModel):
    """One figure as a share of another."""

    key: str
    title: str
    part: str
    whole: str
    unit: Literal["人", "人次"]
    percent: float | None = Field(description="None of nothing")
    rounding: Rounding
    decimals: int


class ReportAnswer(BaseModel):
    """A report, and all that is needed to ask for it again."""

    report: str
    title: str
    of: str | None
    begin: date
    on: date
    position: int = Field(description="Ask again with ?known_at= this")
    figures: list[Figure]
    shares: list[Share]


class ReportLine(BaseModel):
    report: str
    title: str
    of: str | None = Field(description="What its parameter `of` names, where it takes one")


class ReportList(BaseModel):
    reports: list[ReportLine]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a period that ends on the day asked about, and of what."""

    begin: date
    on: date
    of: str


@dataclass(frozen=True, slots=True)
class Count:
    """A figure before it is told: its entries, in any order."""

    key: str
    title: str
    entries: Sequence[Counted]


@dataclass(frozen=True, slots=True)
class ShareOf:
    """Which figure is a share of which."""

    key: str
    title: str
    part: str
    whole: str
    unit: Literal["人", "人次"]


type Counting = Callable[[Reader, Question], Awaitable[Iterable[Count]]]


@dataclass(frozen=True, slots=True)
class Report:
    """A report as data. ``of`` says what the question's ``of`` must name; empty where nothing.

    ``right`` is about NAMED only where that is a unit: a report about all is for whoever may ask
    about all.
    """

    name: str
    title: str
    counts: Counting
    right: Right
    shares: tuple[ShareOf, ...] = ()
    of: str = ""

    def __post_init__(self) -> None:
        if self.right.about is not (About.NAMED if self.of == "unit" else About.EVERYBODY):
            msg = f"the right of the report {self.name} does not fit what it is about"
            raise TypeError(msg)

    def names(self, of: str | None) -> Named:
        """Whom the question names."""
        return Named(units=frozenset({of}) if of and self.of == "unit" else frozenset())

    def question(self, begin: date | None, on: date, of: str | None) -> Question:
        """Raises Malformed for what does not fit this report."""
        if bool(self.of) != bool(of):
            raise Malformed(
                "报表的对象不符 · "
                f"the report {self.name} is {'about one ' + self.of if self.of else 'about all'}",
                where="of",
                hint=f"请写明对象 · name the {self.of}" if self.of else "请省去 · leave it out",
            )
        begin = begin or date(on.year, 1, 1)
        if begin > on:
            raise Malformed(
                f"截止日期早于起始日期 · {on} lies before {begin}",
                where="from",
                hint="请对调两个日期 · swap from and on",
            )
        return Question(begin, on, of or "")

    async def answer(
        self, reader: Reader, question: Question, rounding: Rounding, shown: str | None
    ) -> ReportAnswer:
        """Count and tell; ``shown`` is the key of the figure to open."""
        counts = await self.counts(reader, question)
        figures = [_figure(count, shown, reader.hidden) for count in counts]
        known = {figure.key: figure for figure in figures}
        if shown not in {None, EVERYTHING, *known}:
            raise NotFound(
                f"该报表没有此项 · the report {self.name} has no figure {shown}",
                where="open",
                hint=f"可选的有 · one of {', '.join(known)}, or {EVERYTHING}",
            )
        return ReportAnswer(
            report=self.name,
            title=self.title,
            of=question.of or None,
            begin=question.begin,
            on=question.on,
            position=reader.position,
            figures=figures,
            shares=[_share(share, known, rounding) for share in self.shares],
        )


async def grouped(
    reader: Reader, query: Select[Any, Any, Any], key: str, title: str
) -> list[Count]:
    """A figure of all rows (group, cadre, event) of a query, and one ``key:<group>`` for each."""
    rows = await reader.connection.execute(query)
    return gathered(((group, Counted(*entry)) for group, *entry in rows), key, title)


def gathered(told: Iterable[tuple[str, Counted]], key: str, title: str) -> list[Count]:
    """A figure of all these entries, and one ``key:<group>`` for each group."""
    groups: dict[str, list[Counted]] = {}
    for group, entry in told:
        groups.setdefault(group, []).append(entry)
    everyone = [entry for entries in groups.values() for entry in entries]
    parts = [Count(f"{key}:{name}", name, groups[name]) for name in sorted(groups)]
    return [Count(key, title, everyone), *parts]


def _figure(count: Count, shown: str | None, hidden: AbstractSet[str]) -> Figure:
    persons: dict[str, set[str]] = {}
    for cadre_id, event_id in count.entries:
        persons.setdefault(cadre_id, set()).add(event_id)
    behind = [
        Behind(cadre_id=cadre_id, events=sorted(persons[cadre_id]))
        for cadre_id in sorted(persons.keys() - hidden)
    ]
    return Figure(
        key=count.key,
        title=count.title,
        entries=len(set(count.entries)),
        persons=len(persons),
        restricted=len(persons.keys() & hidden),
        behind=behind if shown in {count.key, EVERYTHING} else None,
    )


def _share(share: ShareOf, figures: dict[str, Figure], rounding: Rounding) -> Share:
    part, whole = figures[share.part], figures[share.whole]
    numbers = (part.persons, whole.persons) if share.unit == "人" else (part.entries, whole.entries)
    return Share(
        key=share.key,
        title=share.title,
        part=share.part,
        whole=share.whole,
        unit=share.unit,
        percent=percent(*numbers, rounding),
        rounding=rounding,
        decimals=1,
    )


def report_routes(reports: Sequence[Report]) -> Routes:
    """``GET /reports`` and ``GET /reports/<name>``."""
    routes = Routes.of(prefix="/reports", tags=["reports"])
    known = {report.name: report for report in reports}

    @routes.get("", Right(None, NOBODY), summary="报表目录 · Which reports there are")
    async def listed() -> ReportList:  # pyright: ignore[reportUnusedFunction]
        lines = [ReportLine(report=r.name, title=r.title, of=r.of or None) for r in reports]
        return ReportList(reports=lines)

    @routes.get(
        "/{name}",
        Right(None, ASKED),
        summary="报表 · Numbers, and with open= who and what is behind them",
    )
    async def answered(  # pyright: ignore[reportUnusedFunction]
        reader: Reading,
        admission: Admitted,
        name: Word,
        on: On,
        begin: Annotated[
            Day | None,
            Query(
                alias="from",
                description="起始日期，默认当年 1 月 1 日 · First day; else 1 January of `on`",
            ),
        ] = None,
        of: Annotated[
            Word | None, Query(description="对象：人才库、单位等 · Which pool, unit, …")
        ] = None,
        rounding: Rounding = Rounding.HALF_UP,
        shown: Annotated[Word | None, Query(alias="open")] = None,
    ) -> ReportAnswer:
        report = known.get(name)
        if report is None:
            raise NotFound(
                f"没有此报表 · no report {name}",
                where=name,
                hint=f"可选的有 · one of {', '.join(known)}",
            )
        await admission.require(report.right, report.names(of))
        return await report.answer(reader, report.question(begin, on, of), rounding, shown)

    return routes
