"""What bars a person from being promoted or taken into a pool: political vetoes, influence periods.

Every service that asks it asks here, so that all give one answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from cadre.contracts.selection.identification import PoliticalQualityAssessed, PoliticalVetoLifted
from cadre.contracts.supervision.influence import (
    Disciplined,
    RectificationChecked,
    Talked,
    TalkKind,
)
from cadre.shared.deciding.calendar import add_months
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.person import Person
from cadre.shared.deciding.rulebook import rulebook


def open_vetoes(person: Person, day: date) -> list[Fact[PoliticalQualityAssessed]]:
    """Political vetoes that nobody had lifted by a day (M01)."""
    return [
        fact
        for fact in person.standing(PoliticalQualityAssessed, by=day)
        if fact.event.veto and not person.hanging(PoliticalVetoLifted, fact, by=day)
    ]


@dataclass(frozen=True, slots=True)
class Influence:
    """An influence period (影响期): from ``since`` to the day before ``until``.

    An admonition bars beyond that until a check found the matter mended, where SUP-03 asks for it.
    """

    source: str
    """The id of the event that began it."""
    what: str
    rule: str
    since: date
    until: date
    check_required: bool = False
    checks: tuple[tuple[date, bool], ...] = ()
    """When it was checked, and whether the matter was mended; in order of the days."""

    def checked_by(self, day: date) -> list[bool]:
        """The outcomes of the checks by a day."""
        return [passed for on, passed in self.checks if on <= day]

    def unmended(self, day: date) -> bool:
        """Whether a check that must lift it is missing on a day."""
        return self.check_required and not any(self.checked_by(day))

    def bars(self, day: date) -> bool:
        return self.since <= day and (day < self.until or self.unmended(day))


def influences(person: Person, by: date) -> list[Influence]:
    """Every influence period begun by a day, over or not, the earliest first."""
    begun = [
        admonition(
            str(fact.id),
            fact.event.effective_on,
            fact.event.blocked_until,
            (
                (check.event.effective_on, check.event.passed)
                for check in person.hanging(RectificationChecked, fact, by=by)
            ),
        )
        for fact in person.standing(Talked, by=by)
        if fact.event.blocked_until
    ]
    begun += [
        Influence(
            str(fact.id),
            fact.event.sanction.zh,
            fact.event.rule,
            fact.event.effective_on,
            fact.event.blocked_until,
        )
        for fact in person.standing(Disciplined, by=by)
    ]
    return sorted(begun, key=lambda one: (one.since, one.source))


def admonition(
    source: str, since: date, until: date, checks: Iterable[tuple[date, bool]]
) -> Influence:
    """The period of an admonition. A check that came too early for SUP-03 is none."""
    rule, due = rulebook().on("SUP-03", since), check_due(since)
    return Influence(
        source=source,
        what=TalkKind.ADMONITION.zh,
        rule=rule.id,
        since=since,
        until=until,
        check_required=bool(rule.parameters["check_required"]),
        checks=tuple(sorted((on, passed) for on, passed in checks if on >= due)),
    )


def check_due(talked_on: date) -> date:
    """The first day on which an admonition can be checked (SUP-03)."""
    return add_months(talked_on, rulebook().on("SUP-03", talked_on).whole("check_after_months"))
