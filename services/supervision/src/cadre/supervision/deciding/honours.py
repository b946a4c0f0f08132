"""Honours (表彰, M63): conferred by a document, revoked by another (公务员法 art. 56)."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from cadre.contracts.event import Event, EventAnnulled
from cadre.contracts.supervision.annulling import SupervisionAnnulled
from cadre.contracts.supervision.honours import (
    Honour,
    HonourConferred,
    HonourRevocation,
    HonourRevoked,
)
from cadre.contracts.supervision.merit import MeritReversed
from cadre.shared.deciding.annulling import Annullable
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.decider import World
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.facts import Ending, Facts, Recorder
from cadre.shared.deciding.person import FactCommand, Person
from cadre.shared.deciding.rights import NAMED, Right, Role
from cadre.supervision.deciding.merit import reversals_for


class ConferHonour(FactCommand, Honour):
    """记录表彰奖励 · Record an honour from the day it was conferred."""


class RevokeHonour(FactCommand, HonourRevocation):
    """记录撤销表彰奖励 · Record that an honour was revoked.

    The points that rested on it are reversed with it.
    """


def confer(command: ConferHonour, cadre: Person) -> Sequence[Event]:
    recorded = HONOURS.recorded(command, cadre)
    if not recorded or command.supersedes is None or command.document is not None:
        return recorded
    return [*recorded, *reversals_for(command.supersedes, cadre, date.min, "更正后的表彰无文号")]


def revoke(command: RevokeHonour, cadre: Person) -> Sequence[Event]:
    if not (recorded := HONOURS.ended(command, cadre)):
        return []
    day, reason = command.effective_on, f"撤销表彰：{command.reason}"
    return [*recorded, *reversals_for(command.honour_event, cadre, day, reason)]


def _settle_honour(
    fact: Fact[Any], cadre: Person, _world: World, _by: EventAnnulled
) -> Sequence[Event]:
    """What never held scored no points."""
    return reversals_for(fact.id, cadre, date.min, "表彰记录已撤销，视为自始未生效")


def _settle_revocation(
    fact: Fact[HonourRevoked], cadre: Person, _world: World, by: EventAnnulled
) -> Sequence[Event]:
    """The points that it took away are there again."""
    line = cadre.newest(fact.event.honour_event)
    return [
        SupervisionAnnulled(
            cadre_id=by.cadre_id,
            effective_on=by.effective_on,
            supersedes=taken.id,
            annuls=MeritReversed.tag(),
            reason=by.reason,
            basis=by.basis,
        )
        for taken in cadre.standing(MeritReversed)
        if taken.event.honour_event and cadre.newest(taken.event.honour_event) == line
    ]


DECIDES = Right(Role.DECIDER, NAMED)

HONOURS = Facts(
    event=HonourConferred,
    by=Recorder(ConferHonour, Right(Role.RECORDER, NAMED), confer),
    ended_by=Ending(event=HonourRevoked, by=Recorder(RevokeHonour, DECIDES, revoke)),
    name="honours",
    title="表彰奖励 · Honours",
    seen_by=Role.READER,
    counted_by="level",
)
CAPABILITY = Capability(
    mechanism="M63",
    facts=[HONOURS],
    annullable=[
        Annullable((HonourConferred,), settle=_settle_honour),
        Annullable((HonourRevoked,), settle=_settle_revocation),
    ],
)
