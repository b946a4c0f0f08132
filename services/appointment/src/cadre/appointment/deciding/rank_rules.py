"""The rules of rank promotion (职务与职级并行): step, years, what shortens and what bars."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from cadre.appointment.deciding import bars
from cadre.appointment.deciding.evidence import LEVELS, RANKS, AnnualGrade, Evidence
from cadre.contracts.event import RuleFinding
from cadre.contracts.vocabulary import Grade, PostLevel, Rank
from cadre.shared.deciding.rulebook import Rule, rulebook

TENURE_RULES = {
    Rank.INSPECTOR_1: "RNK-04",
    Rank.INSPECTOR_2: "RNK-04",
    Rank.RESEARCHER_1: "RNK-05",
    Rank.RESEARCHER_2: "RNK-06",
    Rank.RESEARCHER_3: "RNK-06",
    Rank.RESEARCHER_4: "RNK-06",
    Rank.OFFICER_1: "RNK-07",
    Rank.OFFICER_2: "RNK-07",
    Rank.OFFICER_3: "RNK-07",
    Rank.OFFICER_4: "RNK-07",
    Rank.CLERK_1: "RNK-08",
}
"""Which rule sets the years for a rank; nobody is promoted to the lowest."""


@dataclass(frozen=True, slots=True)
class Basis:
    """A rank or level whose months count towards the next rank, and what changes their count."""

    what: Rank | PostLevel
    since: date
    held: frozenset[int]
    excellent: dict[int, AnnualGrade]
    lost: dict[int, AnnualGrade]
    required: int
    """Months asked for, less what 优秀 takes off."""

    @property
    def lost_months(self) -> int:
        return sum(month // 12 in self.lost for month in self.held)

    @property
    def counted(self) -> int:
        return len(self.held) - self.lost_months


def rank_findings(evidence: Evidence, target: Rank) -> tuple[RuleFinding, ...]:
    """Every rule's finding on the promotion to a rank on the day of the evidence."""
    bar = rulebook().on("RNK-13", evidence.day)
    return (
        _step(evidence, target),
        *_years(evidence, target),
        bars.influence(bar, evidence),
        bars.political(bar, evidence),
        bars.year_after(evidence),
        bars.training(evidence),
    )


def _next_lower(target: Rank) -> Rank | None:
    index = RANKS.index(target) + 1
    return RANKS[index] if index < len(RANKS) else None


def _step(evidence: Evidence, target: Rank) -> RuleFinding:
    """RNK-03: one step at a time; who has a leading post and no rank enters by its level."""
    rank, lower = evidence.rank(), _next_lower(target)
    entered = rank is None and _level_basis(evidence, target) is not None
    passed = entered or (rank is not None and rank.what is lower)
    present = rank.what.zh if rank else "无职级"
    return (
        rulebook()
        .on("RNK-03", evidence.day)
        .finding(
            passed=passed,
            inputs={"rank": rank.what.value if rank else None, "target": target.value},
            reason=f"现{present}，{'可逐级晋升' if passed else '不能越级晋升'}{target.zh}",
        )
    )


def _years(evidence: Evidence, target: Rank) -> list[RuleFinding]:
    """The years in rank or post, and each rule that shortens or lengthens them."""
    rule_id = TENURE_RULES.get(target)
    if rule_id is None:
        return []
    rule = rulebook().on(rule_id, evidence.day)
    bases = [_rank_basis(evidence, target), _level_basis(evidence, target)]
    known = [basis for basis in bases if basis is not None]
    if not known:
        return [
            rule.finding(
                passed=False,
                inputs={"target": target.value, "basis": None},
                reason=f"未任晋升{target.zh}所需的职级或职务",
            )
        ]
    best = max(known, key=lambda basis: basis.counted - basis.required)
    return [_tenure(rule, target, best), *_shortened(evidence, best), *_lost(evidence, best)]


def _tenure(rule: Rule, target: Rank, basis: Basis) -> RuleFinding:
    begun = f"{basis.since:%Y-%m} 起任{basis.what.zh}"
    return rule.finding(
        passed=basis.counted >= basis.required,
        inputs={
            "target": target.value,
            "basis": basis.what.value,
            "since": f"{basis.since:%Y-%m}",
            "months_held": len(basis.held),
            "months_lost": basis.lost_months,
            "months_counted": basis.counted,
            "months_required": basis.required,
        },
        reason=f"{begun}，计满 {basis.counted} 个月，须满 {basis.required} 个月",
    )


def _shortened(evidence: Evidence, basis: Basis) -> list[RuleFinding]:
    """RNK-09, cited where it took something off."""
    if not basis.excellent:
        return []
    rule = rulebook().on("RNK-09", evidence.day)
    months = _months_each(rule) * len(basis.excellent)
    return [
        rule.finding(
            passed=True,
            inputs=_cited(basis.excellent) | {"months": months},
            reason=f"{_years_text(basis.excellent)} 年度考核优秀，年限缩短 {months} 个月",
        )
    ]


def _lost(evidence: Evidence, basis: Basis) -> list[RuleFinding]:
    """RNK-10, cited where months were not counted."""
    if not basis.lost_months:
        return []
    rule = rulebook().on("RNK-10", evidence.day)
    return [
        rule.finding(
            passed=True,
            inputs=_cited(basis.lost) | {"months": basis.lost_months},
            reason=f"{_years_text(basis.lost)} 年度不计入年限，共 {basis.lost_months} 个月",
        )
    ]


def _rank_basis(evidence: Evidence, target: Rank) -> Basis | None:
    rank = evidence.rank()
    if rank is None or rank.what is not _next_lower(target):
        return None
    return _basis(evidence, target, rank.what, rank.begins, evidence.months_at([rank]))


def _level_basis(evidence: Evidence, target: Rank) -> Basis | None:
    """The leading post whose years count for the rank, or a higher one."""
    code: str | None = _asked(evidence, target).get("level")
    if code is None:
        return None
    asked, held = PostLevel(code), evidence.level()
    if held is None or LEVELS.index(held) > LEVELS.index(asked):
        return None
    enough = LEVELS[: LEVELS.index(asked) + 1]
    tenures = [tenure for tenure in evidence.level_tenures() if tenure.what in enough]
    since = min(tenure.begins for tenure in tenures)
    return _basis(evidence, target, asked, since, evidence.months_at(tenures))


def _basis(
    evidence: Evidence, target: Rank, what: Rank | PostLevel, since: date, held: set[int]
) -> Basis:
    """Count only grades decided by the day, of years spent in this rank or post."""
    shortens = rulebook().on("RNK-09", evidence.day)
    loses = rulebook().on("RNK-10", evidence.day)
    lost_grades = {Grade(code) for code in loses.parameters["grades"]}
    grades = evidence.grades()
    excellent = {
        year: one
        for year, one in grades.items()
        if one.grade is Grade.EXCELLENT
        and sum(month // 12 == year for month in held) >= shortens.whole("months_in_rank_min")
    }
    years = float(_asked(evidence, target)["years"])
    return Basis(
        what=what,
        since=since,
        held=frozenset(held),
        excellent=excellent,
        lost={year: one for year, one in grades.items() if one.grade in lost_grades},
        required=round(12 * years) - _months_each(shortens) * len(excellent),
    )


def _asked(evidence: Evidence, target: Rank) -> dict[str, Any]:
    """What the years rule says of a target: ``years``, and ``level`` where a post counts too."""
    rule_id = TENURE_RULES.get(target)
    asked: dict[str, Any] = (
        rulebook().on(rule_id, evidence.day).parameters[target.value] if rule_id else {}
    )
    return asked


def _months_each(rule: Rule) -> int:
    return round(12 * rule.number("years_each"))


def _cited(grades: dict[int, AnnualGrade]) -> dict[str, str | int | float | bool | None]:
    return {
        "years": ",".join(str(year) for year in sorted(grades)),
        "evidence": bars.named(grades[year].source for year in sorted(grades)),
    }


def _years_text(grades: dict[int, AnnualGrade]) -> str:
    return "、".join(str(year) for year in sorted(grades))
