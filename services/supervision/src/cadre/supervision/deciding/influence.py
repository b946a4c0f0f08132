"""Talks, checks and sanctions (M55), and the influence periods (影响期) they start."""

from collections.abc import Iterable, Sequence
from datetime import date

from cadre.contracts.event import Event, RuleFinding
from cadre.contracts.supervision.flag import Flagged
from cadre.contracts.supervision.influence import (
    Conversation,
    Disciplined,
    RectificationCheck,
    RectificationChecked,
    Sanction,
    SanctionDecision,
    Talked,
    TalkKind,
)
from cadre.shared.deciding.barring import Influence, check_due
from cadre.shared.deciding.calendar import add_months
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.facts import Facts, Recorder
from cadre.shared.deciding.person import FactCommand, Person
from cadre.shared.deciding.rights import NAMED, Right, Role
from cadre.shared.deciding.rulebook import Rule, rulebook


class Talk(FactCommand, Conversation):
    """记录谈话 · Record a talk of care, reminder or admonition; it closes no flag by itself."""


class CheckRectification(FactCommand, RectificationCheck):
    """记录诫勉后回访 · Record whether the matter of an admonition was mended."""


class Discipline(FactCommand, SanctionDecision):
    """记录政务处分或党纪处分 · Record a sanction from the day it took effect."""


def finding(one: Influence, day: date) -> RuleFinding:
    """Why a period bars on a day, and when time heals it; a missing check never does."""
    overdue = day >= one.until
    told = f"{one.since} {one.what}，影响期至 {one.until}（不含）"
    return (
        rulebook()
        .on(one.rule, one.since)
        .finding(
            passed=False,
            reason=f"{told}，尚未回访合格" if overdue else told,
            inputs={
                "event": one.source,
                "since": one.since.isoformat(),
                "until": one.until.isoformat(),
                "mended": any(one.checked_by(day)),
            },
            earliest=None if overdue else one.until,
        )
    )


def influence_on(periods: Iterable[Influence], day: date) -> tuple[RuleFinding, ...]:
    """What bars the person on a day: each period by itself, then the latest end (SUP-14)."""
    found = tuple(
        finding(one, day)
        for one in sorted(periods, key=lambda one: (one.since, one.source))
        if one.bars(day)
    )
    if len(found) < 2:  # noqa: PLR2004 -- one period alone has nothing to be concurrent with
        return found
    known = [finding.earliest for finding in found if finding.earliest is not None]
    latest = max(known) if len(known) == len(found) else None
    rule = rulebook().on("SUP-14", day)
    concurrent = rule.finding(
        passed=False,
        reason=f"{len(found)} 个影响期并存，以最后届满者为准",
        inputs={"periods": len(found), "latest": latest.isoformat() if latest else None},
        earliest=latest,
    )
    return (*found, concurrent)


def talk(command: Talk, cadre: Person) -> Sequence[Event]:
    cadre.require_known(command.cadre_id)
    day = command.effective_on
    rule = rulebook().on("SUP-03", day) if command.kind is TalkKind.ADMONITION else None
    until = add_months(day, rule.whole("months")) if rule else None
    recorded = TALKS.recorded(command, cadre, blocked_until=until, rule=rule.id if rule else None)
    if not recorded:
        return []
    if command.flag_event is not None:
        cadre.require(Flagged, command.flag_event, command.cadre_id)
    if rule is not None and len(set(command.talkers)) < rule.whole("talkers_min"):
        raise NotPossible(
            f"谈话人不足 · a 诫勉谈话 needs {rule.whole('talkers_min')} talkers ({rule.id})",
            where="talkers",
            hint="请写明所有谈话人 · name everyone who held the talk",
        )
    return recorded


def check_rectification(command: CheckRectification, cadre: Person) -> Sequence[Event]:
    key = command.talk_event
    admonition = cadre.require(Talked, key, command.cadre_id)
    if not (recorded := CHECKS.recorded(command, cadre)):
        return []
    if admonition.event.kind is not TalkKind.ADMONITION:
        raise NotPossible(
            f"此类谈话无须回访 · a {admonition.event.kind.zh} asks for no check", where=str(key)
        )
    earliest = check_due(admonition.event.effective_on)
    if command.effective_on < earliest:
        raise NotPossible(
            "回访须在诫勉谈话满规定月数之后 · "
            f"the check comes months after the talk (SUP-03), on {earliest} or later",
            where="effective_on",
            hint=f"请在规定日期之后回访 · check on {earliest} or later",
        )
    for before in cadre.hanging(RectificationChecked, admonition):
        passed = before.event.passed and before.event.effective_on >= earliest
        if passed and before.id != command.supersedes:
            raise NotPossible(
                f"此次诫勉的回访已通过 · the check of {key} was passed before", where=str(key)
            )
    return recorded


def discipline(command: Discipline, cadre: Person) -> Sequence[Event]:
    rule, months = sanction_period(command.sanction, command.effective_on)
    until = add_months(command.effective_on, months)
    return SANCTIONS.recorded(command, cadre, blocked_until=until, rule=rule.id)


def sanction_period(sanction: Sanction, day: date) -> tuple[Rule, int]:
    """The rule that sets a sanction's period, and its months: SUP-05 or, in the party, SUP-11."""
    rules = (rulebook().on(rule_id, day) for rule_id in ("SUP-05", "SUP-11"))
    rule = next(rule for rule in rules if sanction in rule.parameters["months"])
    return rule, int(rule.parameters["months"][sanction])


DECIDES = Right(Role.DECIDER, NAMED)

TALKS = Facts(
    event=Talked,
    by=Recorder(Talk, Right(Role.RECORDER, NAMED), talk),
    besides={"record"},
    name="talks",
    title="关爱、提醒、诫勉谈话 · Talks of care, reminder and admonition",
    seen_by=Role.INSPECTOR,
    counted_by="kind",
    asked=False,
)
CHECKS = Facts(
    event=RectificationChecked,
    by=Recorder(CheckRectification, DECIDES, check_rectification),
    besides={"note"},
    name="rectification-checks",
    title="诫勉后回访 · Checks after an admonition",
    seen_by=Role.INSPECTOR,
    asked=False,
)
SANCTIONS = Facts(
    event=Disciplined,
    by=Recorder(Discipline, DECIDES, discipline),
    name="sanctions",
    title="政务处分、党纪处分 · Sanctions",
    seen_by=Role.INSPECTOR,
    counted_by="sanction",
)
CAPABILITY = Capability(mechanism="M55", facts=[TALKS, CHECKS, SANCTIONS])
