"""What every rule says of one entry into a pool (M09, M11): POL-01 and POOL-01 to POOL-08.

All rules are asked, also after one has failed, so that a refusal tells the whole case.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from cadre.contracts.event import RuleFinding
from cadre.contracts.selection.membership import (
    PoolAssessed,
    PoolCompared,
    PoolEntered,
    PoolEntryRefused,
    PoolExited,
    PoolNominated,
)
from cadre.contracts.selection.pool import PoolDefined
from cadre.contracts.selection.profile import Baselined, Recruited
from cadre.selection.deciding.pool import POOLS, SEATS
from cadre.selection.deciding.profile import profile_on, require_entry
from cadre.selection.deciding.stays import memberships, with_seats_of
from cadre.shared.deciding.barring import influences, open_vetoes
from cadre.shared.deciding.calendar import full_years, month_start
from cadre.shared.deciding.dossier import Dossier
from cadre.shared.deciding.person import Person
from cadre.shared.deciding.rulebook import Rule, rulebook


@dataclass(frozen=True, slots=True)
class EntryCase:
    """One cadre, one pool, one day."""

    cadre: Person
    profile: Recruited | Baselined
    """As of the day."""
    pool: Dossier
    definition: PoolDefined
    day: date
    until: date | None = None
    """The first day outside, where it is known already."""

    def rule(self, rule_id: str) -> Rule:
        return rulebook().on(rule_id, self.day)

    def steps[E: (PoolNominated, PoolAssessed, PoolCompared)](
        self, kind: type[E], since: date
    ) -> list[E]:
        """Steps towards this pool from a day on, by the day of the case."""
        facts = self.cadre.standing(kind, by=self.day)
        events = [fact.event for fact in facts]
        return [e for e in events if e.pool_id == self.pool_id and e.effective_on >= since]

    @property
    def pool_id(self) -> str:
        return self.definition.pool_id


def case_of(
    entry: PoolEntered | PoolEntryRefused, cadre: Person, pool: Dossier, corrects: UUID | None
) -> EntryCase:
    """The case of a wished entry, as if the one that it corrects had never been."""
    day, pool_id = entry.effective_on, entry.pool_id
    definition = POOLS.in_force(pool, pool_id, day)
    profile = profile_on(cadre, day, require_entry(cadre, entry.cadre_id))
    wrong = cadre.of_line(corrects, PoolEntered) if corrects else None
    if wrong is None:
        return EntryCase(cadre, profile, pool, definition, day)
    others = cadre.without_line(wrong)
    left = [exited.event.effective_on for exited in cadre.hanging(PoolExited, wrong)]
    freed = with_seats_of(others, pool, pool_id, entry.cadre_id)
    return EntryCase(others, profile, freed, definition, day, min(left, default=None))


def findings(case: EntryCase) -> tuple[RuleFinding, ...]:
    """One finding for each rule that applies, one for each open veto and influence period."""
    return (
        *_procedure(case),
        *_political_veto(case),
        *_influence_periods(case),
        *_rectification(case),
        *_party_membership(case),
        *_age(case),
        _seats(case),
    )


def _procedure(case: EntryCase) -> Iterator[RuleFinding]:
    """Nomination, assessment and comparison in this order, since the last stay in the pool."""
    stays = memberships(case.cadre, case.pool_id)
    left = [m.exited_on for m in stays if m.exited_on and m.exited_on <= case.day]
    since = max(left, default=date.min)
    nominated = case.steps(PoolNominated, since)
    yield case.rule("POOL-01").finding(
        passed=bool(nominated),
        reason="已有单位推荐" if nominated else "尚无单位推荐",
        inputs={"pool": case.pool_id, "on": _on(nominated)},
    )
    since = nominated[0].effective_on if nominated else since
    assessed = case.steps(PoolAssessed, since)
    fit = bool(assessed) and assessed[-1].fit
    unfit = "最近一次组织考察结论为不合适" if assessed else "推荐后尚未组织考察"
    yield case.rule("POOL-02").finding(
        passed=fit,
        reason="组织考察结论为合适" if fit else unfit,
        inputs={"pool": case.pool_id, "on": _on(assessed[-1:]), "fit": fit},
    )
    since = assessed[0].effective_on if assessed else since
    compared = case.steps(PoolCompared, since)
    yield case.rule("POOL-03").finding(
        passed=bool(compared),
        reason="已比选研究" if compared else "考察后尚未比选研究",
        inputs={"pool": case.pool_id, "on": _on(compared)},
    )


def _on(steps: list[PoolNominated] | list[PoolAssessed] | list[PoolCompared]) -> str | None:
    return str(steps[0].effective_on) if steps else None


def _political_veto(case: EntryCase) -> Iterator[RuleFinding]:
    rule = case.rule("POL-01")
    vetoes = open_vetoes(case.cadre, case.day)
    for veto in vetoes:
        yield rule.finding(
            passed=False,
            reason=f"{veto.event.effective_on} 政治素质考察结论为“{veto.event.conclusion.zh}”，"
            "否决尚未解除",
            inputs={"assessment_event": str(veto.id)},
        )
    if not vetoes:
        yield rule.finding(passed=True, reason="无未解除的政治素质否决", inputs={})


def _influence_periods(case: EntryCase) -> Iterator[RuleFinding]:
    rule = case.rule("POOL-04")
    running = [one for one in influences(case.cadre, case.day) if case.day < one.until]
    for one in running:
        yield rule.finding(
            passed=False,
            reason=f"{one.since} {one.what}的影响期至 {one.until}（不含）",
            inputs={"event": one.source, "blocked_until": str(one.until), "rule": one.rule},
            earliest=one.until,
        )
    if not running:
        yield rule.finding(passed=True, reason="不在影响期内", inputs={})


def _rectification(case: EntryCase) -> Iterator[RuleFinding]:
    """After the period of an admonition, a check must have passed.

    While the period runs the check is not due, so that POOL-04 alone tells the earliest day.
    """
    for one in influences(case.cadre, case.day):
        if not one.check_required or case.day < one.until:
            continue
        outcomes, passed = one.checked_by(case.day), not one.unmended(case.day)
        missing = "回访未整改到位" if outcomes else "尚未回访整改情况"
        yield case.rule("POOL-05").finding(
            passed=passed,
            reason=f"{one.since} {one.what}后{'回访已整改' if passed else missing}",
            inputs={"talk_event": one.source, "checks": len(outcomes)},
        )


def _party_membership(case: EntryCase) -> Iterator[RuleFinding]:
    rule = case.rule("POOL-06")
    if case.definition.pool_class.value not in rule.parameters["pool_classes"]:
        return
    political = case.profile.political
    refused = political.value in rule.parameters["refused_political"]
    verb = "不收" if refused else "可收"
    yield rule.finding(
        passed=not refused,
        reason=f"{case.definition.pool_class.zh}库{verb}{political.zh}",
        inputs={"political": political.value},
    )


def _age(case: EntryCase) -> Iterator[RuleFinding]:
    """周岁 on the day, counted from the first day of the month of birth."""
    rule = case.rule("POOL-07")
    if case.definition.pool_class.value not in rule.parameters["pool_classes"]:
        return
    age = full_years(month_start(case.profile.birth_month), case.day)
    age_max = rule.whole("age_max")
    yield rule.finding(
        passed=age <= age_max,
        reason=f"{case.day} 满 {age} 周岁，"
        f"{case.definition.pool_class.zh}库要求不超过 {age_max} 周岁",
        inputs={"birth_month": case.profile.birth_month, "age": age, "age_max": age_max},
    )


def _seats(case: EntryCase) -> RuleFinding:
    free = SEATS.free_from(case.pool, case.day, case.until)
    passed = free > 0
    return case.rule("POOL-08").finding(
        passed=passed,
        reason=f"名额 {case.definition.seats} 个，" + ("尚有空额" if passed else "已无空额"),
        inputs={"pool": case.pool_id, "seats": case.definition.seats, "free": free},
        earliest=None if passed else SEATS.first_free(case.pool, case.day),
    )
