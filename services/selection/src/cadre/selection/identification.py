"""Knowing people at work: observation on occasions (M07) and political quality (M01)."""

from typing import assert_never

from cadre.contracts.event import CadreEvent
from cadre.contracts.selection.identification import (
    Observation,
    Observed,
    PoliticalAssessment,
    PoliticalQualityAssessed,
    PoliticalVetoLifted,
    VetoLifting,
)
from cadre.contracts.selection.kin import Kin, KinDeclared
from cadre.selection.cadre import Cadre, CadreCommand, CorrectableCommand
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.rulebook import rulebook


class Observe(CorrectableCommand, Observation):
    """Record what was seen of somebody on an occasion."""


class AssessPoliticalQuality(CorrectableCommand, PoliticalAssessment):
    """Conclude on the political quality of somebody; POL-01 says which conclusion vetoes."""


class LiftPoliticalVeto(CadreCommand, VetoLifting):
    """End the veto of one assessment."""


class DeclareKin(CorrectableCommand, Kin):
    """Declare that another cadre is kin (公务员法 art. 74)."""


type IdentificationCommand = Observe | AssessPoliticalQuality | LiftPoliticalVeto | DeclareKin


def decide(command: IdentificationCommand, cadre: Cadre) -> list[CadreEvent]:
    cadre.require_known(command.cadre_id)
    match command:
        case Observe():
            return _observe(command, cadre)
        case AssessPoliticalQuality():
            return _assess(command, cadre)
        case LiftPoliticalVeto():
            return _lift(command, cadre)
        case DeclareKin():
            return _declare(command, cadre)
        case _:
            assert_never(command)


def _observe(command: Observe, cadre: Cadre) -> list[CadreEvent]:
    # Two observations of one day may differ in their note alone, so the note is compared too.
    observed = Observed(**dict(command))
    if cadre.holds(observed):
        return []
    cadre.require_superseded(observed)
    return [observed]


def _declare(command: DeclareKin, cadre: Cadre) -> list[CadreEvent]:
    if command.kin_id == command.cadre_id:
        raise NotPossible("nobody is their own kin", where=command.cadre_id)
    declared = KinDeclared(**dict(command))
    if cadre.holds(declared):
        return []
    cadre.require_superseded(declared)
    return [declared]


def _assess(command: AssessPoliticalQuality, cadre: Cadre) -> list[CadreEvent]:
    rule = rulebook().on("POL-01", command.effective_on)
    veto = command.conclusion.value in rule.parameters["vetoing"]
    assessed = PoliticalQualityAssessed(**dict(command), veto=veto)
    if cadre.holds(assessed, besides=("note",)):
        return []
    cadre.require_superseded(assessed)
    return [assessed]


def _lift(command: LiftPoliticalVeto, cadre: Cadre) -> list[CadreEvent]:
    lifted = {fact.event.assessment_event for fact in cadre.standing(PoliticalVetoLifted)}
    if command.assessment_event in lifted:
        return []
    assessed = {
        fact.id: fact.event for fact in cadre.standing(PoliticalQualityAssessed) if fact.event.veto
    }.get(command.assessment_event)
    if assessed is None:
        raise NotPossible(
            f"event {command.assessment_event} is no standing political veto of this cadre",
            where="assessment_event",
            hint="name a political-quality-assessed event that vetoes and was not corrected",
        )
    if command.effective_on < assessed.effective_on:
        raise NotPossible(
            f"a veto of {assessed.effective_on} cannot be lifted on {command.effective_on}",
            where="effective_on",
            hint=f"the earliest day is {assessed.effective_on}",
        )
    return [PoliticalVetoLifted(**dict(command))]
