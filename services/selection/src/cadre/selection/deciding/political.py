"""Political quality (M01): the worst conclusion is a veto, until a named body lifts it."""

from collections.abc import Sequence

from cadre.contracts.event import Event
from cadre.contracts.selection.identification import (
    PoliticalAssessment,
    PoliticalQualityAssessed,
    PoliticalVetoLifted,
    VetoLifting,
)
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.facts import Ending, Facts, Recorder
from cadre.shared.deciding.person import FactCommand, Person
from cadre.shared.deciding.rights import NAMED, Right, Role
from cadre.shared.deciding.rulebook import rulebook


class AssessPoliticalQuality(FactCommand, PoliticalAssessment):
    """作出政治素质结论 · Conclude on the political quality of somebody.

    POL-01 says which conclusion vetoes.
    """


class LiftPoliticalVeto(FactCommand, VetoLifting):
    """解除政治素质一票否决 · End the veto of one assessment."""


def assess(command: AssessPoliticalQuality, cadre: Person) -> Sequence[Event]:
    rule = rulebook().on("POL-01", command.effective_on)
    veto = command.conclusion.value in rule.parameters["vetoing"]
    return POLITICAL.recorded(command, cadre, veto=veto)


def lift(command: LiftPoliticalVeto, cadre: Person) -> Sequence[Event]:
    key = command.assessment_event
    assessed = cadre.require(PoliticalQualityAssessed, key, command.cadre_id)
    if not assessed.event.veto:
        raise NotPossible(
            "该事件不是此人有效的政治素质否决 · "
            f"event {key} is no standing political veto of this cadre",
            where="assessment_event",
            hint="请指明作出否决的考察 · name a political-quality-assessed event that vetoes",
        )
    if command.supersedes is None and cadre.hanging(PoliticalVetoLifted, assessed):
        return []
    return POLITICAL.ended(command, cadre)


DECIDES = Right(Role.DECIDER, NAMED)

POLITICAL = Facts(
    event=PoliticalQualityAssessed,
    by=Recorder(AssessPoliticalQuality, DECIDES, assess),
    besides={"note"},
    ended_by=Ending(event=PoliticalVetoLifted, by=Recorder(LiftPoliticalVeto, DECIDES, lift)),
    name="political-assessments",
    title="政治素质考察 · Assessments of political quality",
    seen_by=Role.READER,
    asked=False,
)
CAPABILITY = Capability(mechanism="M01", facts=[POLITICAL])
