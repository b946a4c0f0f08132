"""Where a person serves on a day: the one question that limits a caller to units.

It is the exact unit; units have no tree.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.event import Event
from cadre.contracts.selection.profile import Baselined, Recruited
from cadre.shared.deciding.decider import Fold
from cadre.shared.deciding.messages import Recorded
from cadre.shared.log.signed import Message
from cadre.shared.projecting.setting_aside import named_by

_SUBJECTS_END = tuple(f".{event.name()}" for event in (Recruited, Baselined, Promoted))


@dataclass(frozen=True, slots=True)
class Serving:
    """The units somebody came to, each with its event and first day, in the order of the log."""

    known: tuple[tuple[UUID, date, str], ...] = ()

    def on(self, day: date) -> str | None:
        """The unit in which somebody serves on a day; of one day the later fact counts."""
        begun = [(since, place, unit) for place, (_, since, unit) in enumerate(self.known)]
        past = [one for one in begun if one[0] <= day]
        return max(past)[2] if past else None


def _evolve(state: Serving, recorded: Recorded[Event]) -> Serving:
    event = recorded.event
    known = tuple(one for one in state.known if one[0] != event.supersedes)
    match event:
        case Recruited():
            unit = event.unit_id
        case Baselined():
            unit = event.standing.unit_id
        case Promoted():
            unit = event.unit_id
        case _:
            unit = None
    if unit is not None:
        known = (*known, (recorded.event_id, event.effective_on, unit))
    return state if known == state.known else Serving(known)


SERVING = Fold("*", "cadre", Serving(), _evolve, bears_unreadable=True)
"""A person's units, from the whole history."""


def moved_by(message: Message) -> str | None:
    """The person whose units an event may have changed."""
    if not message.subject.endswith(_SUBJECTS_END) and named_by(message) is None:
        return None
    _, entity, person = message.aggregate
    return person if entity == "cadre" else None
