"""Assessments by month, quarter and year, and on a special occasion (M39, M42).

A year's 优秀 uses a place of the unit's year, so that decision writes the person's grade and the
unit's place together; a correction gives places back and takes them in one decision as well.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import Event, RuleFinding
from cadre.contracts.supervision.assessment import (
    Assessed,
    Assessment,
    AssessmentKind,
    AssessmentRefused,
    AssessmentRequest,
    AssessmentRequested,
)
from cadre.contracts.supervision.influence import TalkKind
from cadre.contracts.supervision.unit_year import ExcellentAllotted, ExcellentReleased
from cadre.contracts.vocabulary import Grade
from cadre.shared.deciding.decider import Scope, World
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.supervision.cadre import CADRE, Cadre, CadreCommand, on_record, require_known
from cadre.supervision.grading_rules import (
    Sanctioned,
    against_any_grade,
    against_excellent,
    within_ceiling,
)
from cadre.supervision.period import period_begins
from cadre.supervision.unit_year import UNIT_YEAR, UnitYearState, unit_year_id


class Assess(CadreCommand, Assessment):
    """Record how a cadre was assessed for a period."""


class CorrectAssessment(CadreCommand, Assessment):
    """Replace a recorded assessment by the right one, of the same kind and period."""

    supersedes: UUID = Field(description="The id of the `Assessed` that was wrong")


class RequestAssessment(CadreCommand, AssessmentRequest):
    """Ask for an assessment by a date."""


ROUTINE = (AssessmentKind.MONTH, AssessmentKind.QUARTER)

type UnitYears = Mapping[str, UnitYearState]


def place(assessment: Assessment | None) -> str | None:
    """The unit year of which this grade uses a 优秀 place, if it uses one."""
    if assessment is None or assessment.grade is not Grade.EXCELLENT:
        return None
    return unit_year_id(assessment.unit_id, assessment.period)


def assess_scopes(command: Assess, _world: World) -> Iterable[Scope[Any]]:
    yield CADRE.of(command.cadre_id)
    if place(command) or command.kind in ROUTINE:
        yield UNIT_YEAR.of(unit_year_id(command.unit_id, command.period))


def correct_scopes(command: CorrectAssessment, world: World) -> Iterable[Scope[Any]]:
    scope = CADRE.of(command.cadre_id)
    yield scope
    cadre = world.get(scope)
    if cadre is not None:
        wrong = cadre.assessed.get(command.supersedes)
        yield from (UNIT_YEAR.of(key) for key in sorted(_places(wrong) | _places(command)))


def _places(assessment: Assessment | None) -> frozenset[str]:
    key = place(assessment)
    return frozenset() if key is None else frozenset({key})


def assess(command: Assess, cadre: Cadre, unit_years: UnitYears) -> Sequence[Event]:
    require_known(cadre, command.cadre_id)
    wanted = Assessed.model_validate(command.model_dump())
    if on_record(wanted, cadre.assessed.values(), beside={"comment", "late"}):
        return []
    _require_begun(wanted)
    twin = _twin(wanted, cadre)
    if twin is not None:
        raise NotPossible(
            f"{command.period} {command.kind.zh} of {command.cadre_id} is recorded already",
            where=str(twin),
            hint="correct that assessment instead",
        )
    unit_year = unit_years.get(unit_year_id(wanted.unit_id, wanted.period))
    if unit_year is not None:
        _require_superior(wanted, unit_year)
    late = unit_year is not None and wanted.period in unit_year.closed_months
    return _grade(wanted.model_copy(update={"late": late}), None, cadre, unit_years)


def correct_assessment(
    command: CorrectAssessment, cadre: Cadre, unit_years: UnitYears
) -> Sequence[Event]:
    require_known(cadre, command.cadre_id)
    wrong_id = command.supersedes
    wrong = cadre.assessed.get(wrong_id)
    if wrong is None:
        raise NotFound(
            f"{command.cadre_id} has no assessment {wrong_id}",
            where=str(wrong_id),
            hint="name the event id of the assessment to correct",
        )
    wanted = Assessed.model_validate(
        command.model_dump(exclude={"supersedes"}) | {"supersedes": wrong_id, "late": wrong.late}
    )
    if on_record(wanted, cadre.assessed.values(), beside={"comment"}):
        return []
    _require_correctable(wrong_id, wrong, wanted, cadre)
    return _grade(wanted, wrong, cadre, unit_years)


def _require_correctable(wrong_id: UUID, wrong: Assessed, wanted: Assessed, cadre: Cadre) -> None:
    if wrong_id in cadre.superseded:
        raise NotPossible(
            f"assessment {wrong_id} was corrected before",
            where=str(wrong_id),
            hint="correct the assessment that replaced it",
        )
    if (wanted.kind, wanted.period) != (wrong.kind, wrong.period):
        raise NotPossible(
            f"a correction of {wrong.period} {wrong.kind.zh} cannot change the kind or the period",
            where=str(wrong_id),
        )
    if wanted.effective_on < wrong.effective_on:
        raise NotPossible(
            f"a correction cannot hold before {wrong.effective_on}, the day of what it corrects",
            where="effective_on",
        )


def _require_superior(wanted: Assessed, unit_year: UnitYearState) -> None:
    opening = unit_year.opening
    superior = opening[1].superior if opening and wanted.kind in ROUTINE else None
    if superior is not None and wanted.reviewer != superior:
        raise NotPossible(
            f"{wanted.reviewer} is not the direct superior; {superior} assesses {wanted.unit_name}",
            where="reviewer",
            hint="一级考一级: only the direct superior files months and quarters",
        )


def _require_begun(wanted: Assessed) -> None:
    if wanted.effective_on < period_begins(wanted.period):
        raise NotPossible(
            f"{wanted.period} has not begun on {wanted.effective_on}",
            where="period",
            hint="an assessment looks back on its period",
        )


def _twin(wanted: Assessed, cadre: Cadre) -> UUID | None:
    """The standing assessment of the same period; a special one is bound to its day as well."""
    special = wanted.kind is AssessmentKind.SPECIAL
    return next(
        (
            key
            for key, other in cadre.standing(cadre.assessed).items()
            if (other.kind, other.period) == (wanted.kind, wanted.period)
            and (not special or other.effective_on == wanted.effective_on)
        ),
        None,
    )


def _grade(
    wanted: Assessed, wrong: Assessed | None, cadre: Cadre, unit_years: UnitYears
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
        return [] if refusal in cadre.refusals else [refusal]
    day, person = wanted.effective_on, wanted.cadre_id
    return [
        wanted,
        *(
            ExcellentReleased(effective_on=day, unit_year_id=key, cadre_id=person)
            for key in released
        ),
        *(
            ExcellentAllotted(effective_on=day, unit_year_id=key, cadre_id=person)
            for key in allotted
        ),
    ]


def grade_findings(
    wanted: Assessed | AssessmentRefused, cadre: Cadre, places: UnitYears
) -> tuple[RuleFinding, ...]:
    """What the rules say of a grade that asks for a 优秀 place of these unit years."""
    ceilings = (
        within_ceiling(unit_year.opened(key), len(unit_year.holders), wanted.effective_on)
        for key, unit_year in places.items()
    )
    return (*ceilings, *_year_findings(wanted, cadre))


def _year_findings(wanted: Assessed | AssessmentRefused, cadre: Cadre) -> Iterable[RuleFinding]:
    if wanted.kind is AssessmentKind.YEAR:
        year, day = int(wanted.period), wanted.effective_on
        if wanted.grade is Grade.EXCELLENT:
            yield from against_excellent(
                year,
                day,
                admonished_on=(
                    talk.effective_on
                    for talk in cadre.standing(cadre.talks).values()
                    if talk.kind is TalkKind.ADMONITION
                ),
                sanctions=_sanctions(cadre),
            )
        if wanted.grade is not Grade.UNGRADED:
            yield against_any_grade(year, day, _sanctions(cadre))


def _sanctions(cadre: Cadre) -> tuple[Sanctioned, ...]:
    return tuple(
        Sanctioned(sanction.sanction, sanction.effective_on, sanction.blocked_until)
        for sanction in cadre.standing(cadre.sanctions).values()
    )


def request_assessment(command: RequestAssessment, cadre: Cadre) -> Sequence[Event]:
    require_known(cadre, command.cadre_id)
    if command.request_id in cadre.requests:
        return []
    return [AssessmentRequested.model_validate(command.model_dump())]
