"""How young the promoted are (M69): a share with everything it was computed from.

The age is taken on the day of the promotion, from the first of the month of birth. Whether the
boundary counts and how the share is rounded are choices, so the answer states them.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.appointment.evidence import LEVELS
from cadre.appointment.tables import BIRTH_MONTHS, PROMOTIONS
from cadre.contracts.vocabulary import PostLevel, Rank
from cadre.shared.deciding.calendar import full_years, month_start
from cadre.shared.showing.reports import Rounding, percent

type Kind = Literal["post", "rank"]


class PromotedPerson(BaseModel):
    event_id: str
    cadre_id: str
    promoted_on: date
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


async def young_promotions(
    connection: AsyncConnection,
    begin: date,
    end: date,
    *,
    kind: Kind | None = None,
    age: int = 35,
    inclusive: bool = True,
    rounding: Rounding = Rounding.HALF_UP,
) -> YoungPromotions:
    """Promotions from ``begin`` to ``end``, both included, and who among them was young."""
    rows = await _promotions(connection, begin, end, kind)
    promoted = [row for row in rows if _goes_up(row)]
    born = await birth_months(connection)
    lines = [_line(row, born.get(row["cadre_id"])) for row in promoted]
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
        lateral=len(rows) - len(promoted),
        by_target=_by_target(lines, young),
        numerator=young,
        denominator=lines,
        unknown=[line for line in lines if line.age is None],
    )


async def _promotions(
    connection: AsyncConnection, begin: date, end: date, kind: Kind | None
) -> list[Mapping[str, Any]]:
    chosen = select(PROMOTIONS).where(
        PROMOTIONS.c.superseded_by.is_(None), PROMOTIONS.c.promoted_on.between(begin, end)
    )
    if kind:
        chosen = chosen.where(PROMOTIONS.c.kind == kind)
    ordered = chosen.order_by(PROMOTIONS.c.promoted_on, PROMOTIONS.c.event_id)
    return [dict(row) for row in (await connection.execute(ordered)).mappings()]


async def birth_months(connection: AsyncConnection) -> dict[str, str]:
    """The month of birth as last told: a correction holds for every past promotion too."""
    chosen = select(BIRTH_MONTHS).where(BIRTH_MONTHS.c.superseded_by.is_(None))
    ordered = chosen.order_by(BIRTH_MONTHS.c.told_on, BIRTH_MONTHS.c.position)
    rows = (await connection.execute(ordered)).mappings()
    return {row["cadre_id"]: row["birth_month"] for row in rows}


def _goes_up(row: Mapping[str, Any]) -> bool:
    """Ranks always do; a post does unless its level is not above the one held."""
    if row["kind"] == "rank" or row["from_level"] is None:
        return True
    return LEVELS.index(PostLevel(row["level"])) < LEVELS.index(PostLevel(row["from_level"]))


def _line(row: Mapping[str, Any], birth_month: str | None) -> PromotedPerson:
    age = full_years(month_start(birth_month), row["promoted_on"]) if birth_month else None
    known = {name: row[name] for name in PromotedPerson.model_fields if name in row}
    return PromotedPerson(**known, birth_month=birth_month, age=age)


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
