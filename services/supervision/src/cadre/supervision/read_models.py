"""From one event to rows: the functions that fill `tables`."""

import json
from collections.abc import Iterable
from typing import Any

from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.event import Event
from cadre.contracts.selection.profile import Baselined, ProfileCorrected, Recruited
from cadre.contracts.supervision.assessment import (
    Assessed,
    AssessmentKind,
    AssessmentRefused,
    AssessmentRequested,
    MonthClosed,
)
from cadre.contracts.supervision.flag import FlagClosed, Flagged
from cadre.contracts.supervision.influence import Disciplined, RectificationChecked, Talked
from cadre.contracts.supervision.merit import MeritPosted, MeritReversed
from cadre.contracts.supervision.off_duty import OffDutyNoteExpired, OffDutyVisitMade
from cadre.contracts.supervision.point_scheme import PointSchemePublished
from cadre.contracts.supervision.unit_year import (
    ExcellentAllotted,
    ExcellentReleased,
    UnitYearOpened,
)
from cadre.shared.deciding.messages import Recorded
from cadre.shared.showing.lines import mark_annulled
from cadre.shared.showing.read_models import Change, Put, token
from cadre.supervision.period import period_ends
from cadre.supervision.tables import CHECKS, MEMBERSHIPS, PROMOTIONS, READ_MODELS, SANCTIONS, TALKS

__all__ = ["READ_MODELS"]


def _membership(recorded: Recorded[Any], **more: object) -> Iterable[Change]:
    told = () if more else ("unit_id", "unit_name")
    return _fact("memberships", recorded, "cadre_id", *told, position=recorded.position, **more)


def _fact(table: str, recorded: Recorded[Any], *fields: str, **more: object) -> Iterable[Change]:
    """The row of an event with these of its fields; a correction marks what it corrects."""
    event: Event = recorded.event
    key = recorded.event_key
    row = {"event_id": key, "effective_on": event.effective_on, **more}
    for name in fields:
        row[name] = getattr(event, name)
    fact = Put(table, row)
    if event.supersedes is None or "superseded_by" not in READ_MODELS.metadata.tables[table].c:
        return (fact,)
    return fact, Put(table, {"event_id": str(event.supersedes), "superseded_by": key})


@READ_MODELS.on(Assessed)
def assessed(recorded: Recorded[Assessed]) -> Iterable[Change]:
    told = ("cadre_id", "kind", "period", "grade", "unit_id", "unit_name", "reviewer")
    comment = token(recorded.event.comment)
    return _fact("assessments", recorded, *told, "score", "late", comment=comment)


@READ_MODELS.on(Baselined)
def graded_before(recorded: Recorded[Baselined]) -> Iterable[Change]:
    """Annual grades of an imported career, each known from the end of its year."""
    event = recorded.event
    for line, entry in enumerate(event.career):
        if entry.grade is not None:
            year = entry.begins[:4]
            yield Put(
                "assessments",
                {
                    "event_id": f"{recorded.event_id}/{line}",
                    "cadre_id": event.cadre_id,
                    "kind": AssessmentKind.YEAR,
                    "period": year,
                    "grade": entry.grade,
                    "late": False,
                    "baseline": recorded.event_key,
                    "effective_on": period_ends(year),
                },
            )


@READ_MODELS.on(UnitYearOpened)
def unit_year_opened(recorded: Recorded[UnitYearOpened]) -> Iterable[Change]:
    told = ("unit_year_id", "unit_id", "unit_name", "year", "headcount", "rounding")
    return _fact("unit_years", recorded, *told, "excellent_share", "approved_by")


@READ_MODELS.on(MonthClosed)
def month_closed(recorded: Recorded[MonthClosed]) -> Iterable[Change]:
    event = recorded.event
    yield Put("closed_months", event.model_dump(include={"unit_year_id", "month", "effective_on"}))


@READ_MODELS.on(ExcellentAllotted)
def allotted(recorded: Recorded[ExcellentAllotted]) -> Iterable[Change]:
    return _fact("excellent_places", recorded, "unit_year_id", "cadre_id", places=1)


@READ_MODELS.on(ExcellentReleased)
def released(recorded: Recorded[ExcellentReleased]) -> Iterable[Change]:
    return _fact("excellent_places", recorded, "unit_year_id", "cadre_id", places=-1)


@READ_MODELS.on(PointSchemePublished)
def scheme_published(recorded: Recorded[PointSchemePublished]) -> Iterable[Change]:
    event = recorded.event
    scheme = event.model_dump(include={"scheme_id", "version", "effective_on"})
    for item in event.items:
        yield Put("point_items", scheme | item.model_dump())


@READ_MODELS.on(MeritPosted)
def merit_posted(recorded: Recorded[MeritPosted]) -> Iterable[Change]:
    told = ("cadre_id", "points", "scheme_id", "scheme_version", "item", "title", "evidence")
    return _fact("merit_entries", recorded, *told, "approved_by")


@READ_MODELS.on(MeritReversed)
def merit_reversed(recorded: Recorded[MeritReversed]) -> Iterable[Change]:
    event = recorded.event
    return _fact(
        "merit_entries",
        recorded,
        "cadre_id",
        "points",
        title=f"冲销：{event.reason}",
        reverses=str(event.merit_event),
    )


@READ_MODELS.on(Flagged)
def flagged(recorded: Recorded[Flagged]) -> Iterable[Change]:
    detail = token(recorded.event.detail)
    return _fact("flags", recorded, "cadre_id", "kind", "source", "reference", detail=detail)


@READ_MODELS.on(FlagClosed)
def flag_closed(recorded: Recorded[FlagClosed]) -> Iterable[Change]:
    event = recorded.event
    yield Put(
        "flags",
        {
            "event_id": str(event.flag_event),
            "closed_on": event.effective_on,
            "outcome": event.outcome,
            "reason": event.reason,
        },
    )


@READ_MODELS.on(Talked)
def talked(recorded: Recorded[Talked]) -> Iterable[Change]:
    event = recorded.event
    return _fact(
        "talks",
        recorded,
        *("cadre_id", "kind", "reason", "blocked_until"),
        talkers=json.dumps(event.talkers, ensure_ascii=False),
        record=token(event.record),
        flag_event=str(event.flag_event) if event.flag_event else None,
    )


@READ_MODELS.on(RectificationChecked)
def rectification_checked(recorded: Recorded[RectificationChecked]) -> Iterable[Change]:
    event = recorded.event
    return _fact(
        "rectification_checks",
        recorded,
        *("cadre_id", "passed"),
        talk_event=str(event.talk_event),
        note=token(event.note),
    )


@READ_MODELS.on(Disciplined)
def disciplined(recorded: Recorded[Disciplined]) -> Iterable[Change]:
    told = ("cadre_id", "sanction", "rule", "decided_by", "document", "blocked_until")
    return _fact("sanctions", recorded, *told)


@READ_MODELS.on(AssessmentRequested)
def assessment_requested(recorded: Recorded[AssessmentRequested]) -> Iterable[Change]:
    event = recorded.event
    told = event.model_dump(include={"cadre_id", "reason", "effective_on", "due_on"})
    yield Put("assessment_requests", {"request_id": str(event.request_id)} | told)


@READ_MODELS.on(AssessmentRefused)
def assessment_refused(recorded: Recorded[AssessmentRefused]) -> Iterable[Change]:
    event = recorded.event
    findings = [finding.model_dump(mode="json") for finding in event.findings]
    return _fact(
        "assessment_refusals",
        recorded,
        *("cadre_id", "kind", "period", "grade"),
        reasons=event.reasons(),
        findings=json.dumps(findings, sort_keys=True, ensure_ascii=False),
    )


@READ_MODELS.on(Recruited)
def recruited(recorded: Recorded[Recruited]) -> Iterable[Change]:
    return _membership(recorded)


@READ_MODELS.on(Baselined)
def taken_over(recorded: Recorded[Baselined]) -> Iterable[Change]:
    standing = recorded.event.standing
    unit = {"unit_id": standing.unit_id, "unit_name": standing.unit_name}
    return _membership(recorded, **unit)


@READ_MODELS.on(ProfileCorrected)
def unit_corrected(recorded: Recorded[ProfileCorrected]) -> Iterable[Change]:
    if recorded.event.unit_id is not None:
        yield from _membership(recorded)


@READ_MODELS.on(Promoted)
def promoted(recorded: Recorded[Promoted]) -> Iterable[Change]:
    yield from _fact("promotions", recorded, "cadre_id", "kind")
    if recorded.event.unit_id is not None:
        yield from _membership(recorded)


@READ_MODELS.on(OffDutyVisitMade)
def visited(recorded: Recorded[OffDutyVisitMade]) -> Iterable[Change]:
    event = recorded.event
    said = {
        "note_id": str(event.note_id),
        "visitors": json.dumps(event.visitors, ensure_ascii=False),
    }
    told = ("cadre_id", "kind", "lawful_purpose", "keep_until")
    return _fact("off_duty_visits", recorded, *told, note=token(event.note), **said)


@READ_MODELS.on(OffDutyNoteExpired)
def note_expired(recorded: Recorded[OffDutyNoteExpired]) -> Iterable[Change]:
    event = recorded.event
    expired = {"event_id": str(event.visit_event), "expired_on": event.effective_on}
    yield Put("off_duty_visits", expired)


mark_annulled(
    READ_MODELS,
    {
        ProfileCorrected: [MEMBERSHIPS],
        Talked: [TALKS],
        RectificationChecked: [CHECKS],
        Disciplined: [SANCTIONS],
        Promoted: [PROMOTIONS],
    },
)
