"""What Supervision does when another service speaks. Nothing here ever closes a flag."""

from collections.abc import Iterable
from typing import Any

from cadre.contracts.appointment.service import ProbationConcluded
from cadre.shared.deciding.calendar import add_months
from cadre.shared.deciding.messages import Command, Recorded
from cadre.shared.deciding.reactions import Reaction, reaction_id
from cadre.shared.deciding.rulebook import rulebook
from cadre.supervision.assessment import RequestAssessment

ASSESS_AFTER_PROBATION = "assess-after-probation"


def assess_after_probation(recorded: Recorded[ProbationConcluded]) -> Iterable[Command]:
    """A probation that ended asks for an assessment, confirmed or not (PRB-01).

    For one, however often its outcome is corrected.
    """
    event = recorded.event
    months = rulebook().on("PRB-01", event.effective_on).whole("months")
    yield RequestAssessment(
        effective_on=event.effective_on,
        cadre_id=event.cadre_id,
        request_id=reaction_id(event.promotion_event, ASSESS_AFTER_PROBATION),
        reason=f"试用期满考核（{event.say()}）",
        due_on=add_months(event.effective_on, months),
    )


REACTIONS: tuple[Reaction[Any], ...] = (
    Reaction(ASSESS_AFTER_PROBATION, ProbationConcluded, assess_after_probation),
)
