"""Assessments by month, quarter and year, and on a special occasion (M39, M42).

A year's 优秀 uses a place of the unit's year, so that decision writes the person's grade and the
unit's place together; a correction gives places back and takes them in one decision as well.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import CadreEvent, Event, EventAnnulled, RuleFinding
from cadre.contracts.supervision.assessment import (
    Assessed,
    Assessment,
    AssessmentKind,
    AssessmentRefused,
    AssessmentRequest,
    AssessmentRequested,
)
from cadre.contracts.supervision.influence import Disciplined, Talked, TalkKind
from cadre.contracts.vocabulary import Grade
from cadre.shared.deciding.decider import Scope, World
from cadre.shared.deciding.dossier import Dossier, Fact
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.person import PERSON, Person, PersonCommand
from cadre.supervision.deciding.grading_rules import (
    Sanctioned,
    against_any_grade,
    against_excellent,
    within_ceiling,
)
from cadre.supervision.deciding.period import period_begins
from cadre.supervision.deciding.unit_year import (
    EXCELLENT,
    UNIT_YEAR,
    closed_months,
    holders_of,
    opened,
    opening_of,
    unit_year_id,
)


class Assess(PersonCommand, Assessment):
    """记录考核结果 · Record how a cadre was assessed for a period."""


class CorrectAssessment(PersonCommand, Assessment):
    """更正考核 · Replace a recorded assessment by the right one, of the same kind and period."""

    supersedes: UUID = Field(description="The id of the `Assessed` that was wrong")


class RequestAssessment(PersonCommand, AssessmentRequest):
    """要求限期组织考核 · Ask for an assessment by a date."""


ROUTINE = (AssessmentKind.MONTH, AssessmentKind.QUARTER)

type UnitYears = Mapping[str, Dossier]


def place(assessment: Assessment | None) -> str | None:
    """The unit year of which this grade uses a 优秀 place, if it uses one."""
    if assessment is None or assessment.grade is not Grade.EXCELLENT:
        return None
    return unit_year_id(assessment.unit_id, assessment.period)


def assess_scopes(command: Assess, _world: World) -> Iterable[Scope[Any]]:
    yield PERSON.of(command.cadre_id)
    if place(command) or command.kind in ROUTINE:
        yield UNIT_YEAR.of(unit_year_id(command.unit_id, command.period))


def correct_scopes(command: CorrectAssessment, world: World) -> Iterable[Scope[Any]]:
    scope = PERSON.of(command.cadre_id)
    yield scope
    cadre = world.get(scope)
    if cadre is not None:
        wrong = cadre.fact(command.supersedes)
        held = _places(wrong.event) if wrong else frozenset[str]()
        yield from (UNIT_YEAR.of(key) for key in sorted(held | _places(command)))


def _places(assessment: Assessment | None) -> frozenset[str]:
    key = place(assessment)
    return frozenset() if key is None else frozenset({key})


def assess(command: Assess, cadre: Person, unit_years: UnitYears) -> Sequence[Event]:
    cadre.require_known(command.cadre_id)
    wanted = Assessed.model_validate(command.model_dump())
    if cadre.holds(wanted, besides={"comment", "late"}):
        return []
    _require_begun(wanted)
    twin = _twin(wanted, cadre)
    if twin is not None:
        raise NotPossible(
            "该周期的考核已有记录 · "
            f"{command.period} {command.kind.zh} of {command.cadre_id} is recorded already",
            where=str(twin),
            hint="请更正原考核 · correct that assessment instead",
        )
    unit_year = unit_years.get(unit_year_id(wanted.unit_id, wanted.period))
    if unit_year is not None:
        _require_superior(wanted, unit_year)
    late = unit_year is not None and wanted.period in closed_months(unit_year)
    return _grade(wanted.model_copy(update={"late": late}), None, cadre, unit_years)


def correct_assessment(
    command: CorrectAssessment, cadre: Person, unit_years: UnitYears
) -> Sequence[Event]:
    cadre.require_known(command.cadre_id)
    wanted = Assessed.model_validate(command.model_dump())
    if cadre.holds(wanted, besides={"comment", "late"}):
        return []
    wrong = cadre.correctable(Assessed, command.supersedes).event
    _require_of_one_period(wrong, wanted)
    return _grade(wanted.model_copy(update={"late": wrong.late}), wrong, cadre, unit_years)


def _require_of_one_period(wrong: Assessed, wanted: Assessed) -> None:
    if (wanted.kind, wanted.period) != (wrong.kind, wrong.period):
        raise NotPossible(
            "更正不得改变考核的类别或周期 · "
            f"a correction of {wrong.period} {wrong.kind.zh} cannot change the kind or the period",
            where=str(wanted.supersedes),
        )
    if wanted.effective_on < wrong.effective_on:
        raise NotPossible(
            "更正的生效日期不得早于被更正的考核 · "
            f"a correction cannot hold before {wrong.effective_on}, the day of what it corrects",
            where="effective_on",
        )


def _require_superior(wanted: Assessed, unit_year: Dossier) -> None:
    opening = opening_of(unit_year)
    superior = opening.event.superior if opening and wanted.kind in ROUTINE else None
    if superior is not None and wanted.reviewer != superior:
        raise NotPossible(
            "考核主体不是直接上级 · "
            f"{wanted.reviewer} is not the direct superior; {superior} assesses {wanted.unit_name}",
            where="reviewer",
            hint="一级考一级，平时考核由直接上级填报 · "
            "一级考一级: only the direct superior files months and quarters",
        )


def _require_begun(wanted: Assessed) -> None:
    if wanted.effective_on < period_begins(wanted.period):
        raise NotPossible(
            f"考核周期尚未开始 · {wanted.period} has not begun on {wanted.effective_on}",
            where="period",
            hint="考核须在周期开始之后进行 · an assessment looks back on its period",
        )


def _twin(wanted: Assessed, cadre: Person) -> UUID | None:
    """The standing assessment of the same period; a special one is bound to its day as well."""
    special = wanted.kind is AssessmentKind.SPECIAL
    return next(
        (
            fact.id
            for fact in cadre.standing(Assessed)
            if (fact.event.kind, fact.event.period) == (wanted.kind, wanted.period)
            and (not special or fact.event.effective_on == wanted.effective_on)
        ),
        None,
    )


def _grade(
    wanted: Assessed, wrong: Assessed | None, cadre: Person, unit_years: UnitYears
) -> list[Event]:
    """The grade with the places it takes and gives back, or its refusal."""
    released, allotted = _places(wrong) - _places(wanted), _places(wanted) - _places(wrong)
    findings = grade_findings(wanted, cadre, {key: unit_years[key] for key in allotted})
    if not all(finding.passed for finding in findings):
        refusal = AssessmentRefused(
            effective_on=wanted.effective_on,
            cadre_id=wanted.cadre_id,
            kind=wanted.kind,
            period=wanted.period,
            grade=wanted.grade,
            findings=findings,
        )
        return [] if cadre.holds(refusal) else [refusal]
    day, person = wanted.effective_on, wanted.cadre_id
    return [
        wanted,
        *(EXCELLENT.release(key, person, day) for key in released),
        *(EXCELLENT.take(key, person, day) for key in allotted),
    ]


def grade_findings(
    wanted: Assessed | AssessmentRefused, cadre: Person, places: UnitYears
) -> tuple[RuleFinding, ...]:
    """What the rules say of a grade that asks for a 优秀 place of these unit years."""
    ceilings = (
        within_ceiling(opened(unit_year, key), len(holders_of(unit_year)), wanted.effective_on)
        for key, unit_year in places.items()
    )
    return (*ceilings, *_year_findings(wanted, cadre))


def _year_findings(wanted: Assessed | AssessmentRefused, cadre: Person) -> Iterable[RuleFinding]:
    if wanted.kind is AssessmentKind.YEAR:
        year, day = int(wanted.period), wanted.effective_on
        if wanted.grade is Grade.EXCELLENT:
            yield from against_excellent(
                year,
                day,
                admonished_on=(
                    talk.event.effective_on
                    for talk in cadre.standing(Talked)
                    if talk.event.kind is TalkKind.ADMONITION
                ),
                sanctions=_sanctions(cadre),
            )
        if wanted.grade is not Grade.UNGRADED:
            yield against_any_grade(year, day, _sanctions(cadre))


def _sanctions(cadre: Person) -> tuple[Sanctioned, ...]:
    return tuple(
        Sanctioned(fact.event.sanction, fact.event.effective_on, fact.event.blocked_until)
        for fact in cadre.standing(Disciplined)
    )


def request_assessment(command: RequestAssessment, cadre: Person) -> Sequence[Event]:
    """Asked again under one id, the last request holds."""
    cadre.require_known(command.cadre_id)
    wanted = AssessmentRequested.model_validate(command.model_dump())
    asked = [
        fact.event
        for fact in cadre.every(AssessmentRequested)
        if fact.event.request_id == command.request_id
    ]
    return [] if asked and asked[-1] == wanted else [wanted]


def places_held(event: CadreEvent, _cadre: Person) -> Iterable[Scope[Any]]:
    """The unit year whose place an assessment holds."""
    if isinstance(event, Assessed):
        yield from (UNIT_YEAR.of(key) for key in _places(event))


def settle_annulled(
    fact: Fact[Any], _cadre: Person, _world: World, by: EventAnnulled
) -> Sequence[Event]:
    """The place of 优秀 that an annulled grade gives back."""
    event: CadreEvent = fact.event
    if not isinstance(event, Assessed):
        return []
    return [EXCELLENT.release(key, event.cadre_id, by.effective_on) for key in _places(event)]
