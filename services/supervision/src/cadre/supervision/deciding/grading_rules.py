"""What the statutes say against a grade: one finding per rule, failed or passed."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from cadre.contracts.event import RuleFinding
from cadre.contracts.supervision.unit_year import UnitYearOpened
from cadre.shared.deciding.rulebook import rulebook
from cadre.supervision.deciding.unit_year import places_of


class Sanctioned(NamedTuple):
    """A sanction and the days it is in force, the last not included."""

    sanction: str
    since: date
    until: date


def within_ceiling(opening: UnitYearOpened, used: int, day: date) -> RuleFinding:
    """Whether ASM-03 leaves a 优秀 place when ``used`` are taken."""
    places = places_of(opening)
    passed = used < places
    rule = rulebook().on("ASM-03", day)
    return rule.finding(
        passed=passed,
        reason=f"{opening.unit_name}{opening.year} 年度优秀名额 {places} 个，"
        + (f"已用 {used} 个" if passed else "已用完"),
        inputs={
            "unit_year": opening.unit_year_id,
            "headcount": opening.headcount,
            "share": opening.excellent_share,
            "rounding": opening.rounding,
            "ceiling": places,
            "used": used,
        },
    )


def against_excellent(
    year: int, day: date, *, admonished_on: Iterable[date], sanctions: Iterable[Sanctioned]
) -> Iterable[RuleFinding]:
    """What SUP-03 and ASM-09, as in force on ``day``, say of 优秀 for ``year``."""
    admonition = rulebook().on("SUP-03", day)
    days = [talked_on for talked_on in admonished_on if talked_on.year == year]
    yield admonition.finding(
        passed=not days,
        reason=f"{year} 年受过诫勉，当年不得评为优秀" if days else f"{year} 年未受诫勉",
        inputs={"year": year, "admonished_on": _listed(days)},
    )
    warning = rulebook().on("ASM-09", day)
    kinds = warning.parameters["sanctions"]
    days = [s.since for s in sanctions if s.sanction in kinds and s.since.year == year]
    yield warning.finding(
        passed=not days,
        reason=f"{year} 年受过警告处分，当年不得评为优秀" if days else f"{year} 年未受警告处分",
        inputs={"year": year, "sanctioned_on": _listed(days)},
    )


def against_any_grade(year: int, day: date, sanctions: Iterable[Sanctioned]) -> RuleFinding:
    """What ASM-08 says of grading ``year`` at all: not while a 记过 or worse is in force."""
    rule = rulebook().on("ASM-08", day)
    in_force_on = date.fromisoformat(f"{year}-{rule.parameters['in_force_on']}")
    kinds = rule.parameters["sanctions"]
    days = [s.since for s in sanctions if s.sanction in kinds and s.since <= in_force_on < s.until]
    return rule.finding(
        passed=not days,
        reason=f"{year} 年末仍在记过以上处分期内，不定等次" if days else f"{year} 年末不在处分期内",
        inputs={"year": year, "sanctioned_on": _listed(days)},
    )


def _listed(days: Iterable[date]) -> str:
    return "、".join(day.isoformat() for day in sorted(days))
