"""How credit for a class, given or refused, is judged again (TRN-04)."""

from collections.abc import Iterable
from typing import Any

from cadre.contracts.training.record import CreditRefused, Trained
from cadre.shared.deciding.decider import Scope, World
from cadre.shared.deciding.judgement import Answer, Judgement
from cadre.training.training_class import CLASS, outcome_of, require_plan

type Credit = Trained | CreditRefused


def _scopes(event: Credit) -> Iterable[Scope[Any]]:
    """Training that was no class here is recorded as told, without a rule."""
    return (CLASS.of(event.class_id),) if event.class_id else ()


def _credit(event: Credit, world: World) -> Answer:
    class_id = event.class_id or ""
    plan = require_plan(world[CLASS.of(class_id)], class_id)
    outcome = outcome_of(event.cadre_id, plan, event.hours, 0, event.effective_on)
    match outcome:
        case Trained():
            return Answer(granted=True, findings=())
        case CreditRefused():
            return Answer(granted=False, findings=outcome.findings)


JUDGEMENTS: tuple[Judgement[Any], ...] = (
    Judgement(Trained, _scopes, _credit),
    Judgement(CreditRefused, _scopes, _credit),
)
