"""Kin, as they were declared (公务员法 art. 74); avoidance rests on it."""

from collections.abc import Sequence

from cadre.contracts.event import Event
from cadre.contracts.selection.kin import Kin, KinDeclared
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.facts import Facts, Recorder
from cadre.shared.deciding.person import FactCommand, Person
from cadre.shared.deciding.rights import NAMED, Right, Role


class DeclareKin(FactCommand, Kin):
    """申报亲属关系 · Declare that another cadre is kin (公务员法 art. 74)."""


def declare(command: DeclareKin, cadre: Person) -> Sequence[Event]:
    if command.kin_id == command.cadre_id:
        raise NotPossible(
            "不能申报本人为自己的亲属 · nobody is their own kin", where=command.cadre_id
        )
    return KIN.recorded(command, cadre)


KIN = Facts(
    event=KinDeclared,
    by=Recorder(DeclareKin, Right(Role.RECORDER, NAMED), declare),
    name="kin",
    title="申报的亲属关系 · Declared kin",
    seen_by=Role.READER,
)
CAPABILITY = Capability(mechanism="AVD-01", facts=[KIN])
