"""The rules of promotion to a leading post (党政领导干部选拔任用): bars and qualifications.

Which levels a rule binds is part of its data. A person who holds the level already, or a higher
one, is moved and not promoted: the qualifications of years do not apply.
"""

from cadre.appointment.deciding import bars
from cadre.appointment.deciding.evidence import LEVELS, Evidence
from cadre.contracts.event import RuleFinding
from cadre.contracts.selection.profile import Baselined
from cadre.contracts.vocabulary import Education, PostLevel
from cadre.shared.deciding.calendar import months_between
from cadre.shared.deciding.rulebook import Rule, rulebook

EDUCATIONS = tuple(Education)
"""From the highest down."""


def post_findings(evidence: Evidence, level: PostLevel) -> tuple[RuleFinding, ...]:
    """Every rule's finding on a leading post of a level on the day of the evidence."""
    bar = rulebook().on("SEL-16", evidence.day)
    return (
        bars.political(bar, evidence),
        bars.recent_grades(bar, evidence),
        bars.influence(bar, evidence),
        *_service(evidence, level),
        *_posts_below(evidence, level),
        *_years_below(evidence, level),
        _education(evidence, level),
        bars.training(evidence),
    )


def _moves_up(evidence: Evidence, level: PostLevel) -> bool:
    held = evidence.level()
    return held is None or LEVELS.index(held) > LEVELS.index(level)


def _binds(rule: Rule, evidence: Evidence, level: PostLevel) -> bool:
    return level.value in rule.parameters["levels"] and _moves_up(evidence, level)


def _service(evidence: Evidence, level: PostLevel) -> list[RuleFinding]:
    """SEL-03: years of service, and of grass-roots work as far as the record proves them."""
    rule = rulebook().on("SEL-03", evidence.day)
    if not _binds(rule, evidence, level):
        return []
    since, asked = evidence.work_since(), 12 * rule.whole("service_years_min")
    months = months_between(since, evidence.day) if since else 0
    years = rule.finding(
        passed=months >= asked,
        inputs={"item": "service", "months": months, "months_required": asked},
        reason=f"工龄 {months} 个月，须满 {asked} 个月",
    )
    below = evidence.months_posted(rule.parameters["grassroots_postings"])
    asked = 12 * rule.whole("grassroots_years_min")
    proved = f"在册基层经历 {below} 个月，须满 {asked} 个月"
    grassroots = rule.finding(
        passed=below >= asked,
        inputs={"item": "grassroots", "months": below, "months_required": asked},
        reason=proved if below >= asked else f"{proved}，其余须由考察材料证明",
    )
    # The record knows postings only: what it does not prove asks for a justification.
    return [years, grassroots.model_copy(update={"kind": "soft"})]


def _posts_below(evidence: Evidence, level: PostLevel) -> list[RuleFinding]:
    """SEL-04, of what is usual: two posts at the next lower level."""
    rule = rulebook().on("SEL-04", evidence.day)
    if not _binds(rule, evidence, level):
        return []
    below = LEVELS[LEVELS.index(level) + 1]
    baselined = {fact.id for fact in evidence.of(Baselined)}
    posts = {
        tenure.post_id or str(tenure.source)
        for tenure in evidence.level_tenures()
        if tenure.what is below and (tenure.post_id or tenure.source in baselined)
    }
    asked = rule.whole("posts_min")
    return [
        rule.finding(
            passed=len(posts) >= asked,
            inputs={"level": below.value, "posts": len(posts), "posts_min": asked},
            reason=f"{below.zh}职位经历 {len(posts)} 个，一般应当有 {asked} 个以上",
        )
    ]


def _years_below(evidence: Evidence, level: PostLevel) -> list[RuleFinding]:
    """SEL-05 or SEL-06: years at the level below; SEL-10: years in rank instead of a post."""
    if not _moves_up(evidence, level):
        return []
    for rule in (rulebook().on(rule_id, evidence.day) for rule_id in ("SEL-05", "SEL-06")):
        code: str | None = rule.parameters["from"].get(level.value)
        if code is None:
            continue
        by_rank = _years_in_rank(evidence, level)
        if by_rank and evidence.level() is None:
            return [by_rank]
        below = PostLevel(code)
        enough = LEVELS[: LEVELS.index(below) + 1]
        held = evidence.months_at(t for t in evidence.level_tenures() if t.what in enough)
        return [_years(rule, below.zh, len(held), below.value)]
    return []


def _years_in_rank(evidence: Evidence, level: PostLevel) -> RuleFinding | None:
    """SEL-10, for who holds one of the ranks it names for the level."""
    rule = rulebook().on("SEL-10", evidence.day)
    codes: list[str] = rule.parameters["ranks"].get(level.value, [])
    rank = evidence.rank()
    if rank is None or rank.what.value not in codes:
        return None
    tenures = [t for t in evidence.rank_tenures() if t.what.value in codes]
    zh = "、".join(dict.fromkeys(t.what.zh for t in tenures))
    return _years(rule, zh, len(evidence.months_at(tenures)), ",".join(codes))


def _years(rule: Rule, zh: str, months: int, code: str) -> RuleFinding:
    asked = 12 * rule.whole("years_min")
    return rule.finding(
        passed=months >= asked,
        inputs={"from": code, "months": months, "months_required": asked},
        reason=f"任{zh} {months} 个月，须满 {asked} 个月",
    )


def _education(evidence: Evidence, level: PostLevel) -> RuleFinding:
    """SEL-07, of what is usual."""
    rule = rulebook().on("SEL-07", evidence.day)
    by_level: dict[str, str] = rule.parameters["education_min_of"]
    asked = Education(by_level.get(level.value, rule.parameters["education_min"]))
    held = evidence.education()
    return rule.finding(
        passed=held is not None and EDUCATIONS.index(held) <= EDUCATIONS.index(asked),
        inputs={"education": held.value if held else None, "education_min": asked.value},
        reason=f"{held.zh if held else '学历未知'}，一般应当具有{asked.zh}以上文化程度",
    )
