"""Warning signs (苗头性问题, M56): raised from anywhere, closed only by a human with a reason."""

from collections.abc import Sequence

from cadre.contracts.event import Event
from cadre.contracts.supervision.flag import FlagClosed, FlagClosure, Flagged, WarningSign
from cadre.shared.deciding.person import Person, PersonCommand


class Flag(PersonCommand, WarningSign):
    """Raise a warning sign."""


class CloseFlag(PersonCommand, FlagClosure):
    """Dismiss a warning sign, or say that it was acted upon. No reaction ever sends this."""


def flag(command: Flag, cadre: Person) -> Sequence[Event]:
    return cadre.record(Flagged.model_validate(command.model_dump()), besides={"detail"})


def close_flag(command: CloseFlag, cadre: Person) -> Sequence[Event]:
    return cadre.end(FlagClosed.model_validate(command.model_dump()), Flagged)
