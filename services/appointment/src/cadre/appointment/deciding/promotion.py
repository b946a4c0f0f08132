"""Promotions and their refusals, to a post (`motion`) or to the next rank (`ranks`) alike."""

from collections.abc import Sequence

from cadre.contracts.appointment.promotion import Promoted, PromotionRefused
from cadre.contracts.event import Event, EventAnnulled, RuleFinding
from cadre.shared.deciding.annulling import Annullable
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.decider import World
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.facts import Facts
from cadre.shared.deciding.person import Person
from cadre.shared.deciding.rights import Role


def refusal(cadre: Person, refused: PromotionRefused) -> list[Event]:
    """A refusal is recorded once: the same again tells nothing new."""
    return cadre.record(refused)


def was_trained(findings: Sequence[RuleFinding]) -> bool:
    """Whether the training standard was met (SEL-08)."""
    return all(finding.passed for finding in findings if finding.rule == "SEL-08")


def _settle(fact: Fact[Promoted], _cadre: Person, _world: World, _by: EventAnnulled) -> list[Event]:
    if fact.event.kind == "post":
        raise NotPossible(
            "任职经选任程序 · a motion led to this post: its steps cannot be taken back",
            where="supersedes",
            hint="请免去职务 · relieve the person of the post",
        )
    return []


PROMOTIONS = Facts(
    event=Promoted,
    name="promotions",
    title="提拔任职、职级晋升 · Promotions",
    seen_by=Role.READER,
    asked=False,
)
REFUSALS = Facts(
    event=PromotionRefused,
    name="refusals",
    title="晋升未通过 · Refused promotions",
    seen_by=Role.READER,
    asked=False,
)
CAPABILITY = Capability(
    mechanism="M69",
    facts=[PROMOTIONS, REFUSALS],
    annullable=[Annullable((Promoted,), settle=_settle)],
)
