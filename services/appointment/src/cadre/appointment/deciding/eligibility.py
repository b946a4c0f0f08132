"""Whether a person may be promoted on a day: every rule's finding, and the earliest day.

The same history, target and day give the same answer for ever. The earliest day is found by
judging again on later days on which a finding can change: the first of a month, the day on which a
recorded fact takes effect or its influence ends, the first day of a rule's version. Once the last
recorded fact has taken effect, time can only heal: from there on the days are halved.
"""

from bisect import bisect_left
from collections.abc import Callable
from datetime import date
from functools import cache

from cadre.appointment.deciding.evidence import Evidence
from cadre.appointment.deciding.post_rules import post_findings
from cadre.appointment.deciding.rank_rules import rank_findings
from cadre.contracts.event import RuleFinding, Value
from cadre.contracts.selection.profile import Baselined
from cadre.contracts.supervision.assessment import Assessed, AssessmentKind
from cadre.contracts.supervision.influence import Disciplined, Talked
from cadre.contracts.vocabulary import PostLevel, Rank
from cadre.shared.deciding.calendar import add_months
from cadre.shared.deciding.person import Person
from cadre.shared.deciding.rulebook import rulebook

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


def rank_eligibility(cadre: Person, target: Rank, on: date) -> Eligibility:
    """Whether a person may be promoted to a rank (职级晋升)."""
    return _judge(cadre, target, on, lambda day: rank_findings(Evidence(cadre, day), target))


def post_eligibility(cadre: Person, level: PostLevel, on: date) -> Eligibility:
    """Whether a person may be candidate for a leading post of a level, and be appointed to it."""
    return _judge(cadre, level, on, lambda day: post_findings(Evidence(cadre, day), level))


def _judge(
    cadre: Person, target: Rank | PostLevel, on: date, judge: Callable[[date], Findings]
) -> Eligibility:
    judge = cache(judge)
    findings = judge(on)
    eligible = _passes(findings)
    eventful, quiet = ([], []) if eligible else _later_days(cadre, on)

    def heals(finding: RuleFinding) -> date | None:
        return _first(lambda day: _item_passes(judge(day), finding), eventful, quiet)

    return Eligibility(
        target=target.value,
        on=on,
        eligible=eligible,
        earliest=on if eligible else _first(lambda day: _passes(judge(day)), eventful, quiet),
        findings=tuple(
            finding
            if finding.passed or not _binds(finding)
            else finding.model_copy(update={"earliest": heals(finding)})
            for finding in findings
        ),
    )


def _first(passes: Callable[[date], bool], eventful: list[date], quiet: list[date]) -> date | None:
    """The first day that passes; among the quiet ones every later day then passes too."""
    for day in eventful:
        if passes(day):
            return day
    index = bisect_left(quiet, 1, key=lambda day: int(passes(day)))
    return quiet[index] if index < len(quiet) else None


def _passes(findings: Findings) -> bool:
    return all(finding.passed or not _binds(finding) for finding in findings)


def _item_passes(findings: Findings, failed: RuleFinding) -> bool:
    """Whether the same item of the same rule passes among these findings."""
    wanted = (failed.rule, failed.inputs.get("item"))
    return any(f.passed for f in findings if (f.rule, f.inputs.get("item")) == wanted)


def _binds(finding: RuleFinding) -> bool:
    """Only what is usual (soft) and what may be made up for later (deadline) do not."""
    return finding.kind not in {"soft", "deadline"}


def _later_days(cadre: Person, on: date) -> tuple[list[date], list[date]]:
    """The later days on which a finding may change: up to the last known event, and after it."""
    first = on.replace(day=1)
    days = {add_months(first, months) for months in range(1, SEARCH_MONTHS_MAX + 1)}
    last = max(days)
    events = {fact.event.effective_on for fact in cadre.all()} | _version_days()
    for fact in cadre.all():
        match fact.event:
            case Talked(blocked_until=date() as until) | Disciplined(blocked_until=until):
                days.add(until)
            case Assessed(kind=AssessmentKind.YEAR, period=year):
                events.add(date(int(year) + 1, 1, 1))
            case Baselined(career=entries):
                years = {int(e.begins[:4]) for e in entries if e.grade}
                events |= {date(year + 1, 1, 1) for year in years}
            case _:
                pass
    ahead = sorted(day for day in days | events if on < day <= last)
    last_event = max((day for day in events if on < day <= last), default=on)
    return [d for d in ahead if d <= last_event], [d for d in ahead if d > last_event]


@cache
def _version_days() -> frozenset[date]:
    """Days on which some rule begins or ends to hold."""
    versions = [rule for rules in rulebook().versions.values() for rule in rules]
    return frozenset(
        {rule.valid_from for rule in versions}
        | {rule.valid_to for rule in versions if rule.valid_to is not None}
    )
