"""Whether a person may be promoted on a day: every rule's finding, and the earliest day.

The same history, target and day give the same answer for ever. The earliest day is found by
judging again on each later day on which a finding can change at all: the first of a month, the day
on which a recorded fact takes effect or its influence ends, the first day of a rule's version.
"""

from collections.abc import Callable, Iterator
from datetime import date
from functools import cache

from cadre.appointment.evidence import Cadre
from cadre.appointment.post_rules import post_findings
from cadre.appointment.rank_rules import rank_findings
from cadre.contracts.event import RuleFinding, Value
from cadre.contracts.supervision import Disciplined, Talked
from cadre.contracts.vocabulary import PostLevel, Rank
from cadre.shared.calendar import add_months
from cadre.shared.rulebook import rulebook

SEARCH_MONTHS_MAX = 120
"""How far ahead an earliest day is looked for."""

type Findings = tuple[RuleFinding, ...]


class Eligibility(Value):
    """What the rules say of one person, one target and one day."""

    target: str
    on: date
    eligible: bool
    earliest: date | None
    """First day from ``on`` on which every binding rule passes; none if time does not heal."""
    findings: Findings

    @property
    def soft_failures(self) -> Findings:
        """Rules of what is usual (一般应当) that are not met: they ask for a justification."""
        return tuple(f for f in self.findings if f.kind == "soft" and not f.passed)

    @property
    def bearing(self) -> Findings:
        """The findings without the failed ones that do not bind: what a refusal rests on."""
        return tuple(f for f in self.findings if f.passed or _binds(f))


def rank_eligibility(cadre: Cadre, target: Rank, on: date) -> Eligibility:
    """Whether a person may be promoted to a rank (职级晋升)."""
    return _judge(cadre, target, on, lambda day: rank_findings(cadre.on(day), target))


def post_eligibility(cadre: Cadre, level: PostLevel, on: date) -> Eligibility:
    """Whether a person may be candidate for a leading post of a level, and be appointed to it."""
    return _judge(cadre, level, on, lambda day: post_findings(cadre.on(day), level))


def _judge(
    cadre: Cadre, target: Rank | PostLevel, on: date, judge: Callable[[date], Findings]
) -> Eligibility:
    findings = judge(on)
    eligible = _passes(findings)
    earliest = on if eligible else None
    heals: dict[tuple[str, object], date] = {}
    if not all(finding.passed for finding in findings):
        for day in _turning_points(cadre, on):
            later = judge(day)
            for finding in later:
                if finding.passed:
                    heals.setdefault(_item(finding), day)
            if earliest is None and _passes(later):
                earliest = day
            if earliest and all(f.passed or _item(f) in heals for f in findings):
                break
    return Eligibility(
        target=target.value,
        on=on,
        eligible=eligible,
        earliest=earliest,
        findings=tuple(
            f if f.passed else f.model_copy(update={"earliest": heals.get(_item(f))})
            for f in findings
        ),
    )


def _passes(findings: Findings) -> bool:
    return all(finding.passed or not _binds(finding) for finding in findings)


def _binds(finding: RuleFinding) -> bool:
    """Only what is usual (soft) and what may be made up for later (deadline) do not."""
    return finding.kind not in {"soft", "deadline"}


def _item(finding: RuleFinding) -> tuple[str, object]:
    return finding.rule, finding.inputs.get("item")


def _turning_points(cadre: Cadre, on: date) -> Iterator[date]:
    """The later days, in order, on which a finding may differ from the day before."""
    first = on.replace(day=1)
    days = {add_months(first, months) for months in range(1, SEARCH_MONTHS_MAX + 1)}
    last = max(days)
    days |= {fact.event.effective_on for fact in cadre.facts}
    for fact in cadre.facts:
        match fact.event:
            case Talked(blocked_until=date() as until) | Disciplined(blocked_until=until):
                days.add(until)
            case _:
                pass
    days |= _version_days()
    return iter(sorted(day for day in days if on < day <= last))


@cache
def _version_days() -> frozenset[date]:
    """Days on which some rule begins or ends to hold."""
    versions = [rule for rules in rulebook().versions.values() for rule in rules]
    return frozenset(
        {rule.valid_from for rule in versions}
        | {rule.valid_to for rule in versions if rule.valid_to is not None}
    )
