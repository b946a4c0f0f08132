"""Talks, checks and sanctions (M55), and the influence periods (影响期) they start."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import Event, RuleFinding
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
from cadre.shared.deciding.calendar import add_months
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.rulebook import Rule, rulebook
from cadre.supervision.cadre import Cadre, CadreCommand, Facts, on_record, require_known
from cadre.supervision.flag import require_flag


class Talk(CadreCommand, Conversation):
    """Record a talk of care, reminder or admonition; it closes no flag by itself."""

    supersedes: UUID | None = Field(default=None, description="The talk this record corrects")


class CheckRectification(CadreCommand, RectificationCheck):
    """Record whether the matter of an admonition was mended."""


class Discipline(CadreCommand, SanctionDecision):
    """Record a sanction from the day it took effect."""

    supersedes: UUID | None = Field(default=None, description="The sanction this one corrects")


@dataclass(frozen=True, slots=True)
class Block:
    """An influence period: from ``since`` until a passed check, but not before ``until``."""

    event_id: str
    title: str
    rule: str
    since: date
    until: date
    check_required: bool = False
    passed_on: date | None = None
    """The first passed check."""

    def mended_by(self, day: date) -> bool:
        return self.passed_on is not None and self.passed_on <= day

    def bars(self, day: date) -> bool:
        if day < self.since:
            return False
        return day < self.until or (self.check_required and not self.mended_by(day))

    def finding(self, day: date) -> RuleFinding:
        """Why it bars on a day, and when time heals it; a missing check never does."""
        overdue = day >= self.until
        told = f"{self.since} {self.title}，影响期至 {self.until}（不含）"
        rule = rulebook().on(self.rule, self.since)
        return rule.finding(
            passed=False,
            reason=f"{told}，尚未回访合格" if overdue else told,
            inputs={
                "event": self.event_id,
                "since": self.since.isoformat(),
                "until": self.until.isoformat(),
                "mended": self.mended_by(day),
            },
            earliest=None if overdue else self.until,
        )


def admonition_block(event_id: str, since: date, until: date, passed_on: Iterable[date]) -> Block:
    """The block of an admonition; whether a check must lift it is SUP-03's to say."""
    rule = rulebook().on("SUP-03", since)
    return Block(
        event_id=event_id,
        title=TalkKind.ADMONITION.zh,
        rule=rule.id,
        since=since,
        until=until,
        check_required=bool(rule.parameters["check_required"]),
        passed_on=min(passed_on, default=None),
    )


def influence_on(blocks: Iterable[Block], day: date) -> tuple[RuleFinding, ...]:
    """What bars the person on a day: each period by itself, then the latest end (SUP-14)."""
    found = tuple(
        block.finding(day)
        for block in sorted(blocks, key=lambda block: (block.since, block.event_id))
        if block.bars(day)
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


def talk(command: Talk, cadre: Cadre) -> Sequence[Event]:
    require_known(cadre, command.cadre_id)
    day = command.effective_on
    rule = rulebook().on("SUP-03", day) if command.kind is TalkKind.ADMONITION else None
    talked = Talked(
        **command.model_dump(),
        blocked_until=add_months(day, rule.whole("months")) if rule else None,
        rule=rule.id if rule else None,
    )
    if on_record(talked, cadre.talks.values(), beside={"record"}):
        return []
    _require_correctable(command.supersedes, cadre.talks, cadre)
    if command.flag_event is not None:
        require_flag(cadre, command.cadre_id, command.flag_event)
    if rule is not None and len(set(command.talkers)) < rule.whole("talkers_min"):
        raise NotPossible(
            f"a 诫勉谈话 needs {rule.whole('talkers_min')} talkers ({rule.id})",
            where="talkers",
            hint="name everyone who held the talk",
        )
    return [talked]


def check_rectification(command: CheckRectification, cadre: Cadre) -> Sequence[Event]:
    require_known(cadre, command.cadre_id)
    key = command.talk_event
    admonition = cadre.standing(cadre.talks).get(key)
    if admonition is None:
        raise NotFound(
            f"{command.cadre_id} has no talk {key} that stands",
            where=str(key),
            hint="name the event id of the admonition",
        )
    checked = RectificationChecked.model_validate(command.model_dump())
    if on_record(checked, cadre.checks.values(), beside={"note"}):
        return []
    if admonition.kind is not TalkKind.ADMONITION:
        raise NotPossible(f"a {admonition.kind.zh} asks for no check", where=str(key))
    rule = rulebook().on("SUP-03", admonition.effective_on)
    earliest = add_months(admonition.effective_on, rule.whole("check_after_months"))
    if command.effective_on < earliest:
        raise NotPossible(
            f"the check comes {rule.whole('check_after_months')} months after the talk ({rule.id})",
            where="effective_on",
            hint=f"check on {earliest} or later",
        )
    if any(check.talk_event == key and check.passed for check in cadre.checks.values()):
        raise NotPossible(f"the check of {key} was passed before", where=str(key))
    return [checked]


def discipline(command: Discipline, cadre: Cadre) -> Sequence[Event]:
    require_known(cadre, command.cadre_id)
    rule, months = sanction_period(command.sanction, command.effective_on)
    disciplined = Disciplined(
        **command.model_dump(),
        blocked_until=add_months(command.effective_on, months),
        rule=rule.id,
    )
    if disciplined in cadre.sanctions.values():
        return []
    _require_correctable(command.supersedes, cadre.sanctions, cadre)
    return [disciplined]


def sanction_period(sanction: Sanction, day: date) -> tuple[Rule, int]:
    """The rule that sets a sanction's period, and its months: SUP-05 or, in the party, SUP-11."""
    rules = (rulebook().on(rule_id, day) for rule_id in ("SUP-05", "SUP-11"))
    rule = next(rule for rule in rules if sanction in rule.parameters["months"])
    return rule, int(rule.parameters["months"][sanction])


def _require_correctable[E: Event](wrong: UUID | None, facts: Facts[E], cadre: Cadre) -> None:
    if wrong is not None and wrong not in cadre.standing(facts):
        raise NotFound(
            f"nothing of id {wrong} stands here to be corrected",
            where=str(wrong),
            hint="name the event id of what was recorded wrongly",
        )
