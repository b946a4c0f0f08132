"""Where a person serves on a day: the one question that limits a caller to units.

It is the exact unit; units have no tree.
"""

from datetime import date

from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.selection.profile import Baselined, ProfileCorrected, Recruited
from cadre.shared.deciding.decider import Fold
from cadre.shared.deciding.dossier import learn
from cadre.shared.deciding.person import ANNULLED, Person
from cadre.shared.log.signed import Message
from cadre.shared.projecting.setting_aside import named_by

_TELLING = (Recruited, Baselined, ProfileCorrected, Promoted)
_SUBJECTS_END = tuple(f".{event.name()}" for event in (*_TELLING, *ANNULLED))

SERVING = Fold(
    "*", "cadre", Person(reads=frozenset({*_TELLING, *ANNULLED})), learn, bears_unreadable=True
)
"""What tells of a person's units, from the whole history."""


def unit_on(person: Person, day: date) -> str | None:
    """The unit in which somebody serves on a day; of one day the later fact counts."""
    unit: str | None = None
    for fact in person.standing(*_TELLING, by=day):
        match fact.event:
            case Baselined(standing=standing):
                unit = standing.unit_id
            case Recruited() | ProfileCorrected() | Promoted() as event:
                unit = event.unit_id or unit
    return unit


def moved_by(message: Message) -> str | None:
    """The person whose units an event may have changed."""
    if not message.subject.endswith(_SUBJECTS_END) and named_by(message) is None:
        return None
    _, entity, person = message.aggregate
    return person if entity == "cadre" else None
