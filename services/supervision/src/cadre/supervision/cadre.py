"""One person as Supervision decides on them."""

from collections.abc import Callable, Sequence
from typing import Any

from cadre.contracts.event import Event
from cadre.contracts.supervision.assessment import Assessed, AssessmentRefused, AssessmentRequested
from cadre.contracts.supervision.flag import FlagClosed, Flagged
from cadre.contracts.supervision.influence import Disciplined, RectificationChecked, Talked
from cadre.contracts.supervision.merit import MeritPosted, MeritReversed
from cadre.contracts.supervision.off_duty import OffDutyNoteExpired, OffDutyVisitMade
from cadre.shared.deciding.decider import Handler
from cadre.shared.deciding.person import Person, PersonCommand, person_handler, person_of
from cadre.shared.deciding.rights import Right

CADRE = person_of(
    Assessed,
    AssessmentRefused,
    AssessmentRequested,
    MeritPosted,
    MeritReversed,
    Flagged,
    FlagClosed,
    Talked,
    RectificationChecked,
    Disciplined,
    OffDutyVisitMade,
    OffDutyNoteExpired,
)


def cadre_handler[C: PersonCommand](
    command: type[C], decide: Callable[[C, Person], Sequence[Event]], right: Right
) -> Handler[Any]:
    """The handler of a command that reads nothing but its person."""
    return person_handler(CADRE, command, decide, right)
