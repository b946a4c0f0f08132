"""What Appointment does when evidence comes late or is corrected: it opens a review.

Its own facts are evidence of what was decided after them.
"""

from collections.abc import Iterator
from typing import Any

from cadre.appointment.cadre import OpenReview
from cadre.contracts.appointment.annulling import AppointmentAnnulled
from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.service import PostAssumed, ProbationConcluded, Relieved
from cadre.contracts.event import CadreEvent
from cadre.contracts.selection.annulling import SelectionAnnulled
from cadre.contracts.selection.identification import PoliticalQualityAssessed, PoliticalVetoLifted
from cadre.contracts.selection.profile import Baselined, ProfileCorrected
from cadre.contracts.supervision.annulling import SupervisionAnnulled
from cadre.contracts.supervision.assessment import Assessed, AssessmentKind
from cadre.contracts.supervision.influence import Disciplined, RectificationChecked, Talked
from cadre.contracts.training.annulling import TrainingAnnulled
from cadre.contracts.training.posting import Posted, PostingEnded
from cadre.contracts.training.record import Trained
from cadre.shared.deciding.messages import Recorded
from cadre.shared.deciding.reactions import Reaction


def review_assessed(recorded: Recorded[Assessed]) -> Iterator[OpenReview]:
    """An annual grade that was corrected, or filed after its period was closed."""
    event = recorded.event
    if event.kind is AssessmentKind.YEAR and (event.supersedes or event.late):
        what = "更正" if event.supersedes else "补录"
        yield OpenReview(
            effective_on=event.effective_on,
            cadre_id=event.cadre_id,
            evidence_event=recorded.event_id,
            reason=f"{event.period} 年度考核{what}为{event.grade.zh}",
        )


def review_talked(recorded: Recorded[Talked]) -> Iterator[OpenReview]:
    """A talk with an influence period; the decision finds whether it came late."""
    event = recorded.event
    if event.blocked_until or event.supersedes:
        yield OpenReview(
            effective_on=event.effective_on,
            cadre_id=event.cadre_id,
            evidence_event=recorded.event_id,
            reason=f"{event.effective_on} 起的{event.kind.zh}影响期在决定之后才登记",
        )


def review_disciplined(recorded: Recorded[Disciplined]) -> Iterator[OpenReview]:
    """A sanction; the decision finds whether it came late."""
    event = recorded.event
    yield OpenReview(
        effective_on=event.effective_on,
        cadre_id=event.cadre_id,
        evidence_event=recorded.event_id,
        reason=f"{event.effective_on} 起的{event.sanction.zh}影响期在决定之后才登记",
    )


def review_corrected(recorded: Recorded[Any]) -> Iterator[OpenReview]:
    """Evidence that was corrected or annulled; the decision finds whether anything rested on it."""
    event: CadreEvent = recorded.event
    if event.supersedes is not None:
        yield OpenReview(
            effective_on=event.effective_on,
            cadre_id=event.cadre_id,
            evidence_event=recorded.event_id,
            reason=f"依据已更正或撤销：{event.say()}"[:2000],
        )


CORRECTED = (
    Baselined,
    ProfileCorrected,
    PoliticalQualityAssessed,
    PoliticalVetoLifted,
    SelectionAnnulled,
    RectificationChecked,
    SupervisionAnnulled,
    Trained,
    Posted,
    PostingEnded,
    TrainingAnnulled,
    Promoted,
    PostAssumed,
    Relieved,
    ProbationConcluded,
    AppointmentAnnulled,
)

REACTIONS: tuple[Reaction[Any], ...] = (
    Reaction("review-assessed", Assessed, review_assessed),
    Reaction("review-talked", Talked, review_talked),
    Reaction("review-disciplined", Disciplined, review_disciplined),
    *(
        Reaction(f"review-{kind.service()}-{kind.name()}", kind, review_corrected)
        for kind in CORRECTED
    ),
)
