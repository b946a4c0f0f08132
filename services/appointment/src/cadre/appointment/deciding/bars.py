"""What stands against any promotion, of post or rank: veto, influence periods, grades; training.

Each function judges one item of a rule on the evidence of a day. ``evidence`` among the inputs
names the events that decided, so that a finding shows what it rests on.
"""

from collections.abc import Iterable

from cadre.appointment.deciding.evidence import LEVELS, RANKS, Evidence
from cadre.contracts.event import RuleFinding
from cadre.contracts.vocabulary import Grade, PostLevel, Rank
from cadre.shared.deciding.barring import influences, open_vetoes
from cadre.shared.deciding.rulebook import Rule, rulebook


def political(rule: Rule, evidence: Evidence) -> RuleFinding:
    """An open political veto (M01)."""
    veto = next((str(fact.id) for fact in open_vetoes(evidence.person, evidence.day)), None)
    return rule.finding(
        passed=veto is None,
        inputs={"item": "political", "evidence": veto or ""},
        reason=f"政治素质一票否决未解除（{veto}）" if veto else "无政治素质否决",
    )


def influence(rule: Rule, evidence: Evidence) -> RuleFinding:
    """Influence periods that run, and admonitions whose mending nobody has confirmed (M55).

    Each period blocks on its own, so the latest end decides (SUP-14).
    """
    day = evidence.day
    begun = influences(evidence.person, day)
    running = [one for one in begun if day < one.until]
    unchecked = [one for one in begun if one.unmended(day)]
    told = [f"{one.what}影响期至 {one.until}（不含）" for one in running]
    told += [f"{one.since} 的{one.what}未经回访确认整改" for one in unchecked]
    until = max((one.until for one in running), default=None)
    return rule.finding(
        passed=not any(one.bars(day) for one in begun),
        inputs={
            "item": "influence",
            "blocked_until": str(until) if until else None,
            "unchecked": len(unchecked),
            "evidence": named({one.source: None for one in (*running, *unchecked)}),
        },
        reason="；".join(told) or "无影响期",
    )


def recent_grades(rule: Rule, evidence: Evidence) -> RuleFinding:
    """Barred grades in the years that count: the last, or under the text of 2014 the last three."""
    return _grades(
        rule,
        evidence,
        years=rule.whole("grade_years"),
        barred={Grade(code) for code in rule.parameters["barred_grades"]},
    )


def year_after(evidence: Evidence) -> RuleFinding:
    """ASM-06: no promotion in the year after a grade of 基本称职 or below."""
    rule = rulebook().on("ASM-06", evidence.day)
    return _grades(
        rule,
        evidence,
        years=rule.whole("years_without_promotion"),
        barred={Grade.BASICALLY_COMPETENT, Grade.INCOMPETENT},
    )


def training(evidence: Evidence) -> RuleFinding:
    """SEL-08: the training of the last full year (TRN-02), for seniors of five years (TRN-01)."""
    day = evidence.day
    standard = rulebook().on("TRN-01" if _is_senior(evidence) else "TRN-02", day)
    first, last = day.year - standard.whole("years"), day.year - 1
    hours, days = evidence.trained(first, last)
    hours_min, days_min = standard.number("hours_min"), standard.whole("days_min")
    passed = hours >= hours_min or days >= days_min
    rule = rulebook().on("SEL-08", day)
    years = str(last) if first == last else f"{first}–{last}"
    short = (
        f"未达到 {hours_min:g} 学时或 {days_min} 天，任职后 {rule.whole('make_up_years')} 年内完成"
    )
    return rule.finding(
        passed=passed,
        inputs={
            "standard": standard.id,
            "years": years,
            "hours": hours,
            "hours_min": hours_min,
            "days": days,
            "days_min": days_min,
        },
        reason=f"{years} 年培训 {hours:g} 学时、{days} 天，{'达到要求' if passed else short}",
    )


def named(sources: Iterable[object]) -> str:
    """Event ids as one input of a finding."""
    return ",".join(str(source) for source in sources)


def _grades(rule: Rule, evidence: Evidence, *, years: int, barred: set[Grade]) -> RuleFinding:
    grades = evidence.grades()
    looked_at = range(evidence.day.year - years, evidence.day.year)
    found = {year: grades[year] for year in looked_at if year in grades}
    bad = {year: one for year, one in found.items() if one.grade in barred}
    return rule.finding(
        passed=not bad,
        inputs={
            "item": "grade",
            "years": years,
            "grades": ",".join(f"{year}:{one.grade.value}" for year, one in found.items()),
            "evidence": named(one.source for one in found.values()),
        },
        reason="、".join(f"{year} 年度考核{one.grade.zh}" for year, one in bad.items())
        or f"近 {years} 年年度考核无基本称职以下等次",
    )


def _is_senior(evidence: Evidence) -> bool:
    """Whether TRN-01 binds: from a level, or from a rank, upwards."""
    rule = rulebook().on("TRN-01", evidence.day)
    level, rank = evidence.level(), evidence.rank()
    level_from = LEVELS.index(PostLevel(rule.parameters["level_from"]))
    rank_from = RANKS.index(Rank(rule.parameters["rank_from"]))
    return (level is not None and LEVELS.index(level) <= level_from) or (
        rank is not None and RANKS.index(rank.what) <= rank_from
    )
