"""Warning signs (苗头性问题, M56): raised from anywhere, closed only by a human with a reason."""

from collections.abc import Sequence
from uuid import UUID

from cadre.contracts.event import Event
from cadre.contracts.supervision.flag import FlagClosed, FlagClosure, Flagged, WarningSign
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.supervision.cadre import Cadre, CadreCommand, on_record, require_known


class Flag(CadreCommand, WarningSign):
    """Raise a warning sign."""


class CloseFlag(CadreCommand, FlagClosure):
    """Dismiss a warning sign, or say that it was acted upon. No reaction ever sends this."""


def flag(command: Flag, cadre: Cadre) -> Sequence[Event]:
    require_known(cadre, command.cadre_id)
    flagged = Flagged.model_validate(command.model_dump())
    return [] if on_record(flagged, cadre.flags.values(), beside={"detail"}) else [flagged]


def close_flag(command: CloseFlag, cadre: Cadre) -> Sequence[Event]:
    require_known(cadre, command.cadre_id)
    key = command.flag_event
    raised = require_flag(cadre, command.cadre_id, key)
    closed = FlagClosed.model_validate(command.model_dump())
    before = cadre.closures.get(key)
    if before == closed:
        return []
    if before is not None:
        raise NotPossible(
            f"flag {key} was closed on {before.effective_on} ({before.outcome})",
            where=str(key),
            hint="raise a new flag for a new sign",
        )
    if command.effective_on < raised.effective_on:
        raise NotPossible(
            f"a flag of {raised.effective_on} cannot be closed on {command.effective_on}",
            where="effective_on",
        )
    return [closed]


def require_flag(cadre: Cadre, cadre_id: str, flag_event: UUID) -> Flagged:
    """The flag of that id. Raises NotFound where the person has none."""
    found = cadre.flags.get(flag_event)
    if found is None:
        raise NotFound(
            f"{cadre_id} has no flag {flag_event}",
            where=str(flag_event),
            hint="name the event id of the flag",
        )
    return found
