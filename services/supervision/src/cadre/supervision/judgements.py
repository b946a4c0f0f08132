"""How grades, given or refused, are judged again.

A refusal does not name its unit: the finding of ASM-03 does, where a place of 优秀 was asked for.
"""

from collections.abc import Iterable
from typing import Any

from cadre.contracts.event import RuleFinding
from cadre.contracts.supervision.assessment import Assessed, AssessmentKind, AssessmentRefused
from cadre.contracts.vocabulary import Grade
from cadre.shared.deciding.decider import Scope, World
from cadre.shared.deciding.errors import NotFound
from cadre.shared.deciding.judgement import Answer, Judgement
from cadre.shared.deciding.person import Person
from cadre.supervision.assessment import grade_findings, place
from cadre.supervision.cadre import CADRE
from cadre.supervision.unit_year import UNIT_YEAR


def _answer(findings: tuple[RuleFinding, ...]) -> Answer:
    return Answer(all(finding.passed for finding in findings), findings)


def _assessed_scopes(event: Assessed) -> Iterable[Scope[Any]]:
    """Months and quarters are graded without a rule."""
    key = place(event)
    if event.kind is AssessmentKind.YEAR or key:
        yield CADRE.of(event.cadre_id)
    if key:
        yield UNIT_YEAR.of(key)


def _assessed(event: Assessed, world: World) -> Answer:
    """A grade that was given records no findings; it needs all of them passed."""
    cadre = world[CADRE.of(event.cadre_id)]
    wrong = cadre.fact(event.supersedes) if event.supersedes else None
    key = place(event)
    held = place(wrong.event) if wrong else None
    places = {key: world[UNIT_YEAR.of(key)]} if key and key != held else {}
    return _answer(grade_findings(event, cadre, places))


def _refused_scopes(event: AssessmentRefused) -> Iterable[Scope[Any]]:
    yield CADRE.of(event.cadre_id)
    key = _place_asked(event)
    if key:
        yield UNIT_YEAR.of(key)


def _refused(event: AssessmentRefused, world: World) -> Answer:
    cadre = world[CADRE.of(event.cadre_id)]
    key = _place_asked(event)
    if key is None and event.grade is Grade.EXCELLENT and not _holds_place(event, cadre):
        raise NotFound("the unit whose place of 优秀 was asked for is not recorded")
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


JUDGEMENTS: tuple[Judgement[Any], ...] = (
    Judgement(Assessed, _assessed_scopes, _assessed),
    Judgement(AssessmentRefused, _refused_scopes, _refused),
)
