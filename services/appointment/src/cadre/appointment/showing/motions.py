"""The file of a motion (全程纪实, M72): every step as it was recorded, and where it stands."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel
from sqlalchemy import BigInteger, Column, Date, String, select

from cadre.appointment.deciding.motion import Step
from cadre.contracts.appointment.motion import (
    CandidateFixed,
    DecisionTaken,
    InspectionCompleted,
    MotionConcluded,
    MotionEvent,
    MotionOpened,
    MotionStopped,
    NoticeClosed,
    NoticePublished,
    RecommendationHeld,
    StopReason,
)
from cadre.contracts.event import Slug
from cadre.contracts.vocabulary import PostLevel
from cadre.shared.deciding.errors import NotFound
from cadre.shared.deciding.messages import Recorded
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.showing.read_models import Change, Put
from cadre.shared.showing.reader import Reading
from cadre.shared.showing.view import View

STEPS: Mapping[type[MotionEvent], str] = {
    MotionOpened: Step.OPENED,
    RecommendationHeld: Step.RECOMMENDED,
    CandidateFixed: Step.CANDIDATE_FIXED,
    InspectionCompleted: Step.INSPECTED,
    DecisionTaken: Step.DECIDED,
    NoticePublished: Step.NOTICE_PUBLISHED,
    NoticeClosed: Step.NOTICE_CLOSED,
    MotionConcluded: Step.CONCLUDED,
    MotionStopped: "stopped",
}
"""Where a motion stands after an event; it is stopped where it ended without an appointment."""

VIEW = View()
MOTION_STEPS = VIEW.table(
    "motion_steps",
    Column("event_id", String, primary_key=True),
    Column("motion_id", String, index=True),
    Column("effective_on", Date),
    Column("position", BigInteger),
    Column("step", String),
    Column("says", String),
    Column("details", String, comment="what the event says, as JSON"),
)


@VIEW.on(*STEPS)
def _taken(recorded: Recorded[MotionEvent]) -> Iterable[Change]:
    event = recorded.event
    known = {"type", "effective_on", "supersedes", "motion_id"}
    details = event.model_dump(mode="json", exclude=known)
    yield Put(
        MOTION_STEPS.name,
        {
            "event_id": recorded.event_key,
            "motion_id": event.motion_id,
            "effective_on": event.effective_on,
            "position": recorded.position,
            "step": STEPS[type(event)],
            "says": event.say(),
            "details": json.dumps(details, ensure_ascii=False, sort_keys=True),
        },
    )


class MotionStep(BaseModel):
    """One line of the record of a motion (全程纪实)."""

    event_id: str
    step: str
    effective_on: date
    says: str
    details: dict[str, Any]


class MotionAnswer(BaseModel):
    """The file of a motion: where it stands and every step with its date, quorum and vote."""

    motion_id: str
    post_id: str
    level: PostLevel
    proposer: str
    proposal: str
    committee_size: int
    status: str
    status_on: date
    candidate: str | None = None
    present: int | None = None
    yes: int | None = None
    no: int | None = None
    deferred: int | None = None
    carried: bool | None = None
    notice_workdays: int | None = None
    objections: int | None = None
    stop_reason: StopReason | None = None
    steps: list[MotionStep]


@VIEW.routes.get(
    "/motions/{motion_id}",
    Right(Role.READER, EVERYBODY),
    summary="全程纪实 · The file of a motion: every step, date, quorum and vote",
)
async def motion(reader: Reading, motion_id: Slug) -> MotionAnswer:
    chosen = select(MOTION_STEPS).where(MOTION_STEPS.c.motion_id == motion_id)
    rows = (await reader.connection.execute(chosen.order_by(MOTION_STEPS.c.position))).mappings()
    steps = [
        MotionStep.model_validate({**row, "details": json.loads(row["details"])}, extra="ignore")
        for row in rows
    ]
    if not steps:
        raise NotFound(f"没有这个选任程序 · no motion {motion_id} is known here", where=motion_id)
    # What was told last holds: another candidate may have been fixed.
    told = {name: value for step in steps for name, value in step.details.items()}
    return MotionAnswer.model_validate(
        {
            **told,
            **told.get("vote", {}),
            "motion_id": motion_id,
            "status": steps[-1].step,
            "status_on": steps[-1].effective_on,
            "candidate": told.get("cadre_id"),
            "notice_workdays": told.get("workdays"),
            "stop_reason": told.get("reason"),
            "steps": steps,
        },
        extra="ignore",
    )
