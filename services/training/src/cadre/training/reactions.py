"""What Training does when others speak: who is new, or was promoted untrained, gets a task."""

from collections.abc import Iterable
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.event import CadreEvent
from cadre.contracts.selection.profile import Recruited
from cadre.contracts.training.training_class import ClassKind
from cadre.shared.deciding.calendar import add_years
from cadre.shared.deciding.messages import Recorded
from cadre.shared.deciding.reactions import Reaction
from cadre.shared.deciding.rulebook import rulebook
from cadre.training.record import OpenTrainingTask
from cadre.training.standards import in_post_days_min


def task_id(recorded: Recorded[CadreEvent]) -> UUID:
    """The task an event opens; its correction sets the same task anew."""
    return uuid5(recorded.event.supersedes or recorded.event_id, "training-task")


def induction_id(cadre_id: str) -> UUID:
    """The task of a recruit: one, however often the recruitment is told anew."""
    return uuid5(NAMESPACE_OID, f"{cadre_id}/induction")


def train_promoted(recorded: Recorded[Promoted]) -> Iterable[OpenTrainingTask]:
    """In-post training within a year of taking office untrained (SEL-08, TRN-03)."""
    event = recorded.event
    if event.kind != "post" or event.trained:
        return
    rule = rulebook().on("TRN-03", event.effective_on)
    yield OpenTrainingTask(
        cadre_id=event.cadre_id,
        effective_on=event.effective_on,
        task_id=task_id(recorded),
        reason=f"任{event.unit_name or ''}{event.post_title or '新职'}前未达到培训要求",
        kind=ClassKind.IN_POST,
        days_min=in_post_days_min(event.level, event.effective_on),
        due_on=add_years(event.effective_on, rule.whole("years")),
        rule=rule.id,
    )


def induct_recruited(recorded: Recorded[Recruited]) -> Iterable[OpenTrainingTask]:
    """Induction training within the probation year (TRN-05)."""
    event = recorded.event
    rule = rulebook().on("TRN-05", event.effective_on)
    if event.channel in rule.parameters["channels_exempt"]:
        return
    yield OpenTrainingTask(
        cadre_id=event.cadre_id,
        effective_on=event.effective_on,
        task_id=induction_id(event.cadre_id),
        reason=f"经{event.channel.zh}进入，须在试用期内参加初任培训",
        kind=ClassKind.INDUCTION,
        days_min=rulebook().on("TRN-06", event.effective_on).whole("induction_days_min"),
        due_on=add_years(event.effective_on, rule.whole("probation_years")),
        rule=rule.id,
    )


REACTIONS: tuple[Reaction[Any], ...] = (
    Reaction("train-promoted", Promoted, train_promoted),
    Reaction("induct-recruited", Recruited, induct_recruited),
)
