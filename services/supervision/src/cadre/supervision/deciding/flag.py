"""Warning signs (苗头性问题, M56): raised from anywhere, closed only by a human with a reason."""

from cadre.contracts.supervision.flag import FlagClosed, FlagClosure, Flagged, WarningSign
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.facts import Ending, Facts, Recorder
from cadre.shared.deciding.person import FactCommand
from cadre.shared.deciding.rights import NAMED, Right, Role


class Flag(FactCommand, WarningSign):
    """提出预警 · Raise a warning sign."""


class CloseFlag(FactCommand, FlagClosure):
    """办结预警 · Dismiss a warning sign, or say that it was acted upon.

    No reaction ever sends this.
    """


FLAGS = Facts(
    event=Flagged,
    by=Recorder(Flag, Right(Role.RECORDER, NAMED)),
    besides={"detail"},
    ended_by=Ending(event=FlagClosed, by=Recorder(CloseFlag, Right(Role.DECIDER, NAMED))),
    name="flags",
    title="苗头性问题 · Warning signs",
    seen_by=Role.INSPECTOR,
    counted_by="kind",
)
CAPABILITY = Capability(mechanism="M56", facts=[FLAGS])
