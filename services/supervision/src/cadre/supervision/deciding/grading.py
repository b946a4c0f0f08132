"""Grades: who gives them, how given and refused ones are judged again, who asks for one.

A refusal does not name its unit: the finding of ASM-03 does, where a place of 优秀 was asked for.
"""

from collections.abc import Iterable
from typing import Any

from cadre.contracts.appointment.service import ProbationConcluded
from cadre.contracts.event import RuleFinding
from cadre.contracts.supervision.assessment import (
    Assessed,
    AssessmentKind,
    AssessmentRefused,
    AssessmentRequested,
)
from cadre.contracts.vocabulary import Grade
from cadre.shared.deciding.annulling import Annullable
from cadre.shared.deciding.calendar import add_months
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.decider import Handler, Scope, World
from cadre.shared.deciding.errors import NotFound
from cadre.shared.deciding.judgement import Answer, Judgement
from cadre.shared.deciding.messages import Command, Recorded
from cadre.shared.deciding.person import PERSON, Person, person_handler
from cadre.shared.deciding.reactions import Reaction, reaction_id
from cadre.shared.deciding.rights import NAMED, Right, Role
from cadre.shared.deciding.rulebook import rulebook
from cadre.supervision.deciding.assessment import (
    Assess,
    CorrectAssessment,
    RequestAssessment,
    UnitYears,
    assess,
    assess_scopes,
    correct_assessment,
    correct_scopes,
    grade_findings,
    place,
    places_held,
    request_assessment,
    settle_annulled,
)
from cadre.supervision.deciding.unit_year import UNIT_YEAR


def _answer(findings: tuple[RuleFinding, ...]) -> Answer:
    return Answer(all(finding.passed for finding in findings), findings)


def _assessed_scopes(event: Assessed) -> Iterable[Scope[Any]]:
    """Months and quarters are graded without a rule."""
    key = place(event)
    if event.kind is AssessmentKind.YEAR or key:
        yield PERSON.of(event.cadre_id)
    if key:
        yield UNIT_YEAR.of(key)


def _assessed(event: Assessed, world: World) -> Answer:
    """A grade that was given records no findings; it needs all of them passed."""
    cadre = world[PERSON.of(event.cadre_id)]
    wrong = cadre.fact(event.supersedes) if event.supersedes else None
    key = place(event)
    held = place(wrong.event) if wrong else None
    places = {key: world[UNIT_YEAR.of(key)]} if key and key != held else {}
    return _answer(grade_findings(event, cadre, places))


def _refused_scopes(event: AssessmentRefused) -> Iterable[Scope[Any]]:
    yield PERSON.of(event.cadre_id)
    key = _place_asked(event)
    if key:
        yield UNIT_YEAR.of(key)


def _refused(event: AssessmentRefused, world: World) -> Answer:
    cadre = world[PERSON.of(event.cadre_id)]
    key = _place_asked(event)
    if key is None and event.grade is Grade.EXCELLENT and not _holds_place(event, cadre):
        raise NotFound(
            "没有记录所占优秀名额的单位 · "
            "the unit whose place of 优秀 was asked for is not recorded"
        )
    return _answer(grade_findings(event, cadre, {key: world[UNIT_YEAR.of(key)]} if key else {}))


def _place_asked(event: AssessmentRefused) -> str | None:
    named = (f.inputs.get("unit_year") for f in event.findings if f.rule == "ASM-03")
    return next((key for key in named if isinstance(key, str)), None)


def _holds_place(event: AssessmentRefused, cadre: Person) -> bool:
    """Whether a place was held already, so that a correction asked for none."""
    return any(
        (one.event.kind, one.event.period, one.event.grade)
        == (event.kind, event.period, event.grade)
        for one in cadre.standing(Assessed)
    )


ASSESS_AFTER_PROBATION = "assess-after-probation"


def assess_after_probation(recorded: Recorded[ProbationConcluded]) -> Iterable[Command]:
    """A probation that ended asks for an assessment, confirmed or not (PRB-01).

    For one, however often its outcome is corrected.
    """
    event = recorded.event
    months = rulebook().on("PRB-01", event.effective_on).whole("months")
    yield RequestAssessment(
        effective_on=event.effective_on,
        cadre_id=event.cadre_id,
        request_id=reaction_id(event.promotion_event, ASSESS_AFTER_PROBATION),
        reason=f"试用期满考核（{event.say()}）",
        due_on=add_months(event.effective_on, months),
    )


def _unit_years(scopes: Iterable[Scope[Any]], world: World) -> UnitYears:
    return {scope.id: world[scope] for scope in scopes if scope.fold is UNIT_YEAR}


RECORDS = Right(Role.RECORDER, NAMED)
GRADING = (Assessed, AssessmentRefused, AssessmentRequested)

CAPABILITY = Capability(
    mechanism="M39 M42",
    handlers=[
        Handler(
            Assess,
            assess_scopes,
            lambda c, world: assess(
                c, world[PERSON.of(c.cadre_id)], _unit_years(assess_scopes(c, world), world)
            ),
            RECORDS,
        ),
        Handler(
            CorrectAssessment,
            correct_scopes,
            lambda c, world: correct_assessment(
                c, world[PERSON.of(c.cadre_id)], _unit_years(correct_scopes(c, world), world)
            ),
            RECORDS,
        ),
        person_handler(RequestAssessment, request_assessment, RECORDS),
    ],
    annullable=[Annullable(GRADING, places_held, settle_annulled)],
    judgements=[
        Judgement(Assessed, _assessed_scopes, _assessed),
        Judgement(AssessmentRefused, _refused_scopes, _refused),
    ],
    reactions=[Reaction(ASSESS_AFTER_PROBATION, ProbationConcluded, assess_after_probation)],
)
