"""From one event to rows: the functions that fill `tables`."""

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import Table

from cadre.appointment.motion import Step
from cadre.appointment.tables import (
    BIRTH_MONTHS,
    MOTION_STEPS,
    MOTIONS,
    POST_DEFINITIONS,
    POST_DEPARTURES,
    POST_HOLDERS,
    PROBATION_OUTCOMES,
    PROBATIONS,
    PROMOTIONS,
    RANK_TENURES,
    READ_MODELS,
    REFUSALS,
    REVIEWS,
)
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
)
from cadre.contracts.appointment.post import PostEstablished
from cadre.contracts.appointment.promotion import Promoted, PromotionRefused
from cadre.contracts.appointment.review import ReviewOpened
from cadre.contracts.appointment.service import PostAssumed, ProbationConcluded, Relieved
from cadre.contracts.event import CadreEvent, Event, RuleFinding
from cadre.contracts.selection.profile import Baselined, ProfileCorrected, Recruited
from cadre.shared.deciding.calendar import month_start
from cadre.shared.deciding.messages import Recorded
from cadre.shared.showing.kept import mark_annulled
from cadre.shared.showing.read_models import Change, Put, token

__all__ = ["READ_MODELS"]

STOPPED = "stopped"
"""The status of a motion that ended without an appointment; else the last `Step`."""


def _fact(table: Table, recorded: Recorded[CadreEvent], **values: object) -> Put:
    key = {"event_id": recorded.event_key, "cadre_id": recorded.event.cadre_id}
    return Put(table.name, key | values)


def _superseding(table: Table, recorded: Recorded[Event]) -> Iterable[Change]:
    """Marks the row of the fact that this one corrects, if it corrects one."""
    if recorded.event.supersedes:
        key = {"event_id": str(recorded.event.supersedes)}
        yield Put(table.name, key | {"superseded_by": recorded.event_key})


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _findings(findings: Sequence[RuleFinding]) -> str:
    return _json([finding.model_dump(mode="json") for finding in findings])


def _step(recorded: Recorded[MotionEvent], status: str, **values: object) -> Iterable[Change]:
    """One line of the record (全程纪实), and what the motion now stands at."""
    event = recorded.event
    known = {"type", "effective_on", "supersedes", "motion_id"}
    yield Put(
        MOTION_STEPS.name,
        {
            "event_id": recorded.event_key,
            "motion_id": event.motion_id,
            "place": recorded.envelope.version,
            "step": status,
            "taken_on": event.effective_on,
            "says": event.say(),
            "details": _json(event.model_dump(mode="json", exclude=known)),
        },
    )
    yield Put(
        MOTIONS.name,
        {"motion_id": event.motion_id, "status": status, "status_on": event.effective_on} | values,
    )


@READ_MODELS.on(PostEstablished)
def _post_established(recorded: Recorded[PostEstablished]) -> Iterable[Change]:
    event = recorded.event
    yield Put(
        POST_DEFINITIONS.name,
        {
            "event_id": recorded.event_key,
            "post_id": event.post_id,
            "since": event.effective_on,
            "unit_id": event.unit_id,
            "unit_name": event.unit_name,
            "title": event.title,
            "level": event.level,
            "seats": event.seats,
            "on_probation": event.on_probation,
        },
    )


@READ_MODELS.on(PostAssumed)
def _post_assumed(recorded: Recorded[PostAssumed]) -> Iterable[Change]:
    event = recorded.event
    yield _fact(
        POST_HOLDERS,
        recorded,
        post_id=event.post_id,
        since=event.effective_on,
        place=recorded.envelope.version,
        basis=event.basis,
    )
    yield from _superseding(POST_HOLDERS, recorded)


@READ_MODELS.on(Relieved)
def _relieved(recorded: Recorded[Relieved]) -> Iterable[Change]:
    event = recorded.event
    yield _fact(
        POST_DEPARTURES,
        recorded,
        post_id=event.post_id,
        left_on=event.effective_on,
        place=recorded.envelope.version,
        reason=event.reason,
    )
    yield from _superseding(POST_DEPARTURES, recorded)


@READ_MODELS.on(MotionOpened)
def _motion_opened(recorded: Recorded[MotionOpened]) -> Iterable[Change]:
    event = recorded.event
    yield from _step(
        recorded,
        Step.OPENED,
        post_id=event.post_id,
        level=event.level,
        proposer=event.proposer,
        proposal=event.proposal,
        committee_size=event.committee_size,
    )


@READ_MODELS.on(RecommendationHeld)
def _recommendation_held(recorded: Recorded[RecommendationHeld]) -> Iterable[Change]:
    yield from _step(recorded, Step.RECOMMENDED)


@READ_MODELS.on(CandidateFixed)
def _candidate_fixed(recorded: Recorded[CandidateFixed]) -> Iterable[Change]:
    yield from _step(recorded, Step.CANDIDATE_FIXED, candidate=recorded.event.cadre_id)


@READ_MODELS.on(InspectionCompleted)
def _inspection_completed(recorded: Recorded[InspectionCompleted]) -> Iterable[Change]:
    yield from _step(recorded, Step.INSPECTED)


@READ_MODELS.on(DecisionTaken)
def _decision_taken(recorded: Recorded[DecisionTaken]) -> Iterable[Change]:
    event = recorded.event
    yield from _step(recorded, Step.DECIDED, carried=event.carried, **event.vote.model_dump())


@READ_MODELS.on(NoticePublished)
def _notice_published(recorded: Recorded[NoticePublished]) -> Iterable[Change]:
    yield from _step(recorded, Step.NOTICE_PUBLISHED)


@READ_MODELS.on(NoticeClosed)
def _notice_closed(recorded: Recorded[NoticeClosed]) -> Iterable[Change]:
    event = recorded.event
    yield from _step(
        recorded,
        Step.NOTICE_CLOSED,
        notice_workdays=event.workdays,
        objections=event.objections,
    )


@READ_MODELS.on(MotionConcluded)
def _motion_concluded(recorded: Recorded[MotionConcluded]) -> Iterable[Change]:
    yield from _step(recorded, Step.CONCLUDED)


@READ_MODELS.on(MotionStopped)
def _motion_stopped(recorded: Recorded[MotionStopped]) -> Iterable[Change]:
    yield from _step(recorded, STOPPED, stop_reason=recorded.event.reason)


@READ_MODELS.on(Promoted)
def _promoted(recorded: Recorded[Promoted]) -> Iterable[Change]:
    event = recorded.event
    yield _fact(
        PROMOTIONS,
        recorded,
        promoted_on=event.effective_on,
        kind=event.kind,
        level=event.level,
        from_level=event.from_level,
        rank=event.rank,
        from_rank=event.from_rank,
        post_id=event.post_id,
        post_title=event.post_title,
        unit_id=event.unit_id,
        unit_name=event.unit_name,
        motion_id=event.motion_id,
        trained=event.trained,
        findings=_findings(event.findings),
    )
    yield from _superseding(PROMOTIONS, recorded)
    if event.rank:
        yield _fact(RANK_TENURES, recorded, rank=event.rank, since=event.effective_on)
        yield from _superseding(RANK_TENURES, recorded)
    if event.post_id:
        yield _fact(
            POST_HOLDERS,
            recorded,
            post_id=event.post_id,
            since=event.effective_on,
            place=recorded.envelope.version,
            motion_id=event.motion_id,
        )
        yield from _superseding(POST_HOLDERS, recorded)
    if event.probation_until:
        yield _fact(
            PROBATIONS,
            recorded,
            post_id=event.post_id,
            since=event.effective_on,
            until=event.probation_until,
        )


@READ_MODELS.on(PromotionRefused)
def _promotion_refused(recorded: Recorded[PromotionRefused]) -> Iterable[Change]:
    event = recorded.event
    yield _fact(
        REFUSALS,
        recorded,
        refused_on=event.effective_on,
        kind=event.kind,
        target=event.target,
        motion_id=event.motion_id,
        earliest=event.earliest,
        findings=_findings(event.findings),
    )


@READ_MODELS.on(ProbationConcluded)
def _probation_concluded(recorded: Recorded[ProbationConcluded]) -> Iterable[Change]:
    event = recorded.event
    yield _fact(
        PROBATION_OUTCOMES,
        recorded,
        promotion_event=str(event.promotion_event),
        concluded_on=event.effective_on,
        passed=event.passed,
        assessed_by=event.assessed_by,
        note=token(event.note),
    )
    yield from _superseding(PROBATION_OUTCOMES, recorded)


@READ_MODELS.on(ReviewOpened)
def _review_opened(recorded: Recorded[ReviewOpened]) -> Iterable[Change]:
    event = recorded.event
    yield _fact(
        REVIEWS,
        recorded,
        opened_on=event.effective_on,
        decision_event=str(event.decision_event),
        corrected_event=str(event.corrected_event),
        reason=event.reason,
    )


@READ_MODELS.on(Recruited)
def _recruited(recorded: Recorded[Recruited]) -> Iterable[Change]:
    yield from _birth_month(recorded, recorded.event.birth_month)


@READ_MODELS.on(Baselined)
def _baselined(recorded: Recorded[Baselined]) -> Iterable[Change]:
    yield from _birth_month(recorded, recorded.event.birth_month)
    standing = recorded.event.standing
    if standing.rank:
        since = standing.rank_since
        yield _fact(
            RANK_TENURES,
            recorded,
            rank=standing.rank,
            since=month_start(since) if since else recorded.event.effective_on,
        )
    yield from _superseding(RANK_TENURES, recorded)


@READ_MODELS.on(ProfileCorrected)
def _profile_corrected(recorded: Recorded[ProfileCorrected]) -> Iterable[Change]:
    if recorded.event.birth_month:
        yield from _birth_month(recorded, recorded.event.birth_month)
    else:
        yield from _superseding(BIRTH_MONTHS, recorded)


def _birth_month(recorded: Recorded[CadreEvent], birth_month: str) -> Iterable[Change]:
    yield _fact(
        BIRTH_MONTHS,
        recorded,
        told_on=recorded.event.effective_on,
        birth_month=birth_month,
        position=recorded.position,
    )
    yield from _superseding(BIRTH_MONTHS, recorded)


ROWS = {
    Promoted: [PROMOTIONS, RANK_TENURES],
    PromotionRefused: [REFUSALS],
    PostAssumed: [POST_HOLDERS],
    Relieved: [POST_DEPARTURES],
    ProbationConcluded: [PROBATION_OUTCOMES],
    ReviewOpened: [REVIEWS],
}
for _kind, _tables in ROWS.items():
    for _table in _tables:
        mark_annulled(READ_MODELS, _kind, _table)
