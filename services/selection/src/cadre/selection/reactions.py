"""What Selection does when others speak, or corrects itself: it opens reviews, and no more.

An admonition, a sanction or a promotion may be a reason to leave a pool, but leaving is decided by
people and for a reason that is recorded (M10): a member never vanishes because of an event.
Sanctions count all the same, since every entry is decided on the person's whole history. What is
told late or corrected opens a review of the entries it would have changed.
"""

from collections.abc import Iterator
from typing import Any

from cadre.contracts.event import CadreEvent
from cadre.contracts.selection.annulling import SelectionAnnulled
from cadre.contracts.selection.identification import PoliticalQualityAssessed, PoliticalVetoLifted
from cadre.contracts.selection.membership import (
    PoolAssessed,
    PoolCompared,
    PoolEntered,
    PoolExited,
    PoolNominated,
)
from cadre.contracts.selection.profile import Baselined, ProfileCorrected, Recruited
from cadre.contracts.supervision.annulling import SupervisionAnnulled
from cadre.contracts.supervision.influence import Disciplined, RectificationChecked, Talked
from cadre.selection.reviewing import OpenReview
from cadre.shared.deciding.messages import Recorded
from cadre.shared.deciding.reactions import Reaction


def review(recorded: Recorded[Any]) -> Iterator[OpenReview]:
    """Evidence, late or corrected or annulled; the decision finds what rests on it."""
    event: CadreEvent = recorded.event
    if event.supersedes is not None:
        yield _review(recorded, "依据已更正或撤销")
    elif _may_refuse(event):
        yield _review(recorded, "入库后才登记或更正")


def _may_refuse(event: CadreEvent) -> bool:
    """Whether an event can stand against an entry although it corrects no other."""
    match event:
        case Talked(blocked_until=None) | PoliticalQualityAssessed(veto=False):
            return False
        case ProfileCorrected(birth_month=None, political=None):
            return False
        case PoolAssessed(fit=fit):
            return not fit
        case _:
            return isinstance(event, LATE)


def _review(recorded: Recorded[CadreEvent], why: str) -> OpenReview:
    return OpenReview(
        effective_on=recorded.event.effective_on,
        cadre_id=recorded.event.cadre_id,
        evidence_event=recorded.event_id,
        reason=f"{why}：{recorded.event.say()}"[:2000],
    )


LATE = (Talked, Disciplined, PoliticalQualityAssessed, ProfileCorrected)
"""What counts from its own day on, whenever it was recorded."""

EVIDENCE = (
    *LATE,
    Recruited,
    Baselined,
    PoliticalVetoLifted,
    SelectionAnnulled,
    PoolNominated,
    PoolAssessed,
    PoolCompared,
    PoolEntered,
    PoolExited,
    RectificationChecked,
    SupervisionAnnulled,
)

REACTIONS: tuple[Reaction[Any], ...] = tuple(
    Reaction(f"review-{kind.service()}-{kind.name()}", kind, review) for kind in EVIDENCE
)
