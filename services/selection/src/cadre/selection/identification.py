"""Knowing people at work: observation on occasions (M07) and political quality (M01)."""

from typing import assert_never

from cadre.contracts.event import Event
from cadre.contracts.selection.identification import (
    Observation,
    Observed,
    PoliticalAssessment,
    PoliticalQualityAssessed,
    PoliticalVetoLifted,
    VetoLifting,
)
from cadre.contracts.selection.kin import Kin, KinDeclared
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.person import FactCommand, Person
from cadre.shared.deciding.rulebook import rulebook


class Observe(FactCommand, Observation):
    """Record what was seen of somebody on an occasion."""


class AssessPoliticalQuality(FactCommand, PoliticalAssessment):
    """Conclude on the political quality of somebody; POL-01 says which conclusion vetoes."""


class LiftPoliticalVeto(FactCommand, VetoLifting):
    """End the veto of one assessment."""


class DeclareKin(FactCommand, Kin):
    """Declare that another cadre is kin (公务员法 art. 74)."""


type IdentificationCommand = Observe | AssessPoliticalQuality | LiftPoliticalVeto | DeclareKin


def decide(command: IdentificationCommand, cadre: Person) -> list[Event]:
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


def _observe(command: Observe, cadre: Person) -> list[Event]:
    # Two observations of one day may differ in their note alone, so the note is compared too.
    return cadre.record(Observed(**dict(command)))


def _declare(command: DeclareKin, cadre: Person) -> list[Event]:
    if command.kin_id == command.cadre_id:
        raise NotPossible("nobody is their own kin", where=command.cadre_id)
    return cadre.record(KinDeclared(**dict(command)))


def _assess(command: AssessPoliticalQuality, cadre: Person) -> list[Event]:
    rule = rulebook().on("POL-01", command.effective_on)
    veto = command.conclusion.value in rule.parameters["vetoing"]
    return cadre.record(PoliticalQualityAssessed(**dict(command), veto=veto), besides=("note",))


def _lift(command: LiftPoliticalVeto, cadre: Person) -> list[Event]:
    key = command.assessment_event
    assessed = cadre.require(PoliticalQualityAssessed, key, command.cadre_id)
    if not assessed.event.veto:
        raise NotPossible(
            f"event {key} is no standing political veto of this cadre",
            where="assessment_event",
            hint="name a political-quality-assessed event that vetoes",
        )
    lifted = PoliticalVetoLifted(**dict(command))
    if command.supersedes is None and cadre.hanging(PoliticalVetoLifted, assessed):
        return []
    return cadre.end(lifted, PoliticalQualityAssessed)
