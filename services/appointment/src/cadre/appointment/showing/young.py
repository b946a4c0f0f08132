"""How young the promoted are (M69): a share with everything it was computed from.

The age is taken on the day of the promotion, from the first of the month of birth. Whether the
boundary counts and how the share is rounded are choices, so the answer states them.
"""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import select

from cadre.appointment.deciding.evidence import LEVELS
from cadre.appointment.deciding.promotion import PROMOTIONS
from cadre.appointment.showing.births import age_on, birth_months
from cadre.appointment.showing.posts import YOUNG_AGE
from cadre.contracts.vocabulary import PostLevel, Rank
from cadre.shared.asking.parameters import Day
from cadre.shared.deciding.errors import Malformed
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.showing.facts import shown
from cadre.shared.showing.reader import Line, Reader, Reading
from cadre.shared.showing.reports import (
    Count,
    Counted,
    Question,
    Report,
    Rounding,
    ShareOf,
    percent,
)
from cadre.shared.showing.view import View

VIEW = View()
READS = Right(Role.READER, EVERYBODY)

type Kind = Literal["post", "rank"]


class PromotedPerson(BaseModel):
    event_id: str
    cadre_id: str
    effective_on: date
    kind: Kind
    level: PostLevel | None
    rank: Rank | None
    post_title: str | None
    unit_name: str | None
    birth_month: str | None
    age: int | None = Field(description="周岁 on the day of the promotion")


class TargetCount(BaseModel):
    """Promotions to one level or rank."""

    target: str
    promotions: int
    young: int


class YoungPromotions(BaseModel):
    """Promotions in a period and the share of the young among them."""

    begin: date
    end: date
    kind: Kind | None
    age: int
    inclusive: bool
    boundary: str
    rounding: Rounding
    promotions: int = Field(description="人次")
    persons: int = Field(description="人")
    young: int
    young_persons: int
    percent: float | None = Field(description="young of promotions; none if there are none")
    lateral: int = Field(description="Moves to a level not above the one held, left out")
    by_target: list[TargetCount]
    numerator: list[PromotedPerson]
    denominator: list[PromotedPerson]
    unknown: list[PromotedPerson] = Field(description="Of unknown age; only in the denominator")


@VIEW.routes.get(
    "/promotions",
    READS,
    summary="提拔任用与年轻干部比例 · Promotions in a period and the share of the young",
)
async def young_promotions(
    reader: Reading,
    begin: Annotated[Day, Query(alias="from", description="起始日期 · First day")],
    end: Annotated[Day, Query(alias="to", description="截止日期，含当日 · Last day, included")],
    kind: Annotated[Kind | None, Query(description="仅此类晋升 · Only these")] = None,
    age: Annotated[
        int, Query(ge=18, le=70, description="年龄，周岁 · Age in full years")
    ] = YOUNG_AGE,
    inclusive: Annotated[
        bool, Query(description="是否含该年龄 · Whether that age itself is young")
    ] = True,
    rounding: Rounding = Rounding.HALF_UP,
) -> YoungPromotions:
    """Promotions from ``begin`` to ``end``, both included, and who among them was young."""
    if end < begin:
        raise Malformed(
            f"止于始前 · the period ends on {end}, before it begins on {begin}", where="to"
        )
    rows = await _promotions(reader, begin, end, kind)
    born = await birth_months(reader)
    lines = [_line(row, born.get(row["cadre_id"])) for row in rows if _goes_up(row)]
    young = [
        line
        for line in lines
        if line.age is not None and (line.age < age or (inclusive and line.age == age))
    ]
    return YoungPromotions(
        begin=begin,
        end=end,
        kind=kind,
        age=age,
        inclusive=inclusive,
        boundary=f"{age} 周岁以下（{'含' if inclusive else '不含'}本数），按任职当日计算",
        rounding=rounding,
        promotions=len(lines),
        persons=len({line.cadre_id for line in lines}),
        young=len(young),
        young_persons=len({line.cadre_id for line in young}),
        percent=percent(len(young), len(lines), rounding),
        lateral=len(rows) - len(lines),
        by_target=_by_target(lines, young),
        numerator=young,
        denominator=lines,
        unknown=[line for line in lines if line.age is None],
    )


async def _promotions(reader: Reader, begin: date, end: date, kind: Kind | None) -> list[Line]:
    table = shown(PROMOTIONS).table
    told = table.c
    chosen = select(table).where(
        told.superseded_by.is_(None), told.effective_on.between(begin, end)
    )
    if kind:
        chosen = chosen.where(told.kind == kind)
    rows = await reader.connection.execute(chosen.order_by(told.effective_on, told.position))
    return [dict(row) for row in rows.mappings()]


def _goes_up(row: Line) -> bool:
    """Ranks always do; a post does unless its level is not above the one held."""
    if row["kind"] == "rank" or row["from_level"] is None:
        return True
    return LEVELS.index(PostLevel(row["level"])) < LEVELS.index(PostLevel(row["from_level"]))


def _line(row: Line, birth_month: str | None) -> PromotedPerson:
    age = age_on(row["effective_on"], birth_month) if birth_month else None
    told = row | {"birth_month": birth_month, "age": age}
    return PromotedPerson.model_validate(told, extra="ignore")


def _by_target(lines: list[PromotedPerson], young: list[PromotedPerson]) -> list[TargetCount]:
    order = (*PostLevel, *Rank)
    counts = {target: TargetCount(target=target.zh, promotions=0, young=0) for target in order}
    for line in lines:
        counts[_target(line)].promotions += 1
    for line in young:
        counts[_target(line)].young += 1
    return [count for count in counts.values() if count.promotions]


def _target(line: PromotedPerson) -> PostLevel | Rank:
    target = line.rank or line.level
    assert target is not None  # noqa: S101
    return target


def _counted(lines: Iterable[PromotedPerson]) -> list[Counted]:
    return [Counted(line.cadre_id, line.event_id) for line in lines]


async def _report(reader: Reader, question: Question) -> Iterable[Count]:
    """Promotions; young is `YOUNG_AGE` 周岁 and below on the day of the promotion."""
    counts: list[Count] = []
    kinds: tuple[tuple[Kind | None, str, str], ...] = (
        (None, "", "晋升"),
        ("post", ":post", "领导职务晋升"),
        ("rank", ":rank", "职级晋升"),
    )
    for kind, suffix, title in kinds:
        found = await young_promotions(
            reader, question.begin, question.on, kind=kind, age=YOUNG_AGE
        )
        counts += [
            Count(f"promoted{suffix}", title, _counted(found.denominator)),
            Count(f"young{suffix}", f"{title}，{YOUNG_AGE} 周岁及以下", _counted(found.numerator)),
            Count(f"age-unknown{suffix}", f"{title}，年龄不明", _counted(found.unknown)),
        ]
    return counts


VIEW.reports.append(
    Report(
        "promotions",
        "提拔任用与年轻干部比例",
        _report,
        READS,
        (
            ShareOf("young-of-promotions", "年轻干部占晋升人次", "young", "promoted", "人次"),
            ShareOf("young-of-promoted", "年轻干部占晋升人数", "young", "promoted", "人"),
        ),
    )
)
