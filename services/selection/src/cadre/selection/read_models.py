"""From one event to rows: the functions that fill `tables`."""

import json
from collections.abc import Iterable

from sqlalchemy import Table

from cadre.contracts.appointment.motion import CandidateFixed, MotionConcluded, MotionStopped
from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.event import CadreEvent, Event
from cadre.contracts.selection.identification import (
    Observed,
    PoliticalQualityAssessed,
    PoliticalVetoLifted,
)
from cadre.contracts.selection.intake import IntakePlanned
from cadre.contracts.selection.kin import KinDeclared
from cadre.contracts.selection.membership import (
    PoolAssessed,
    PoolCompared,
    PoolEntered,
    PoolEntryRefused,
    PoolExited,
    PoolNominated,
)
from cadre.contracts.selection.pool import PoolDefined
from cadre.contracts.selection.profile import Baselined, Profile, ProfileCorrected, Recruited
from cadre.selection.tables import (
    CADRES,
    CANDIDACIES,
    HIRES,
    INTAKE_PLANS,
    KIN,
    OBSERVATIONS,
    PLAN_LINES,
    POLITICAL_ASSESSMENTS,
    POOL_MEMBERS,
    POOL_STEPS,
    POOLS,
    PROFILE_CORRECTIONS,
    READ_MODELS,
    REFUSALS,
    VETO_LIFTINGS,
)
from cadre.shared.deciding.messages import Recorded
from cadre.shared.showing.kept import mark_annulled
from cadre.shared.showing.read_models import Change, Put, token

__all__ = ["READ_MODELS"]


def _fact(table: Table, recorded: Recorded[CadreEvent], **values: object) -> Put:
    key = {"event_id": recorded.event_key, "cadre_id": recorded.event.cadre_id}
    return Put(table.name, key | values)


def _correction(recorded: Recorded[CadreEvent], **values: object) -> Put:
    day = recorded.event.effective_on
    return _fact(
        PROFILE_CORRECTIONS, recorded, corrected_on=day, position=recorded.position, **values
    )


def _superseding(table: Table, recorded: Recorded[Event]) -> Iterable[Change]:
    """Marks the row of the fact that this one corrects, if it corrects one."""
    if recorded.event.supersedes:
        key = {"event_id": str(recorded.event.supersedes)}
        yield Put(table.name, key | {"superseded_by": recorded.event_key})


def _profile(profile: Profile | ProfileCorrected) -> dict[str, object]:
    return {
        "full_name": token(profile.full_name),
        "birth_date": token(profile.birth_date),
        "native_place": token(profile.native_place),
        "birth_month": profile.birth_month,
        "ethnicity": profile.ethnicity,
        "political": profile.political,
        "education": profile.education,
        "major": profile.major,
    }


def _entry(recorded: Recorded[CadreEvent]) -> dict[str, object]:
    return {"entered_on": recorded.event.effective_on, "entry_event": recorded.event_key}


@READ_MODELS.on(Recruited)
def _recruited(recorded: Recorded[Recruited]) -> Iterable[Change]:
    event = recorded.event
    yield Put(
        CADRES.name,
        _profile(event)
        | {
            "cadre_id": event.cadre_id,
            "id_number": token(event.id_number),
            "sex": event.sex,
            "unit_id": event.unit_id,
            "unit_name": event.unit_name,
            "channel": event.channel,
            **_entry(recorded),
        },
    )
    yield _fact(
        HIRES,
        recorded,
        hired_on=event.effective_on,
        channel=event.channel,
        major=event.major,
        unit_name=event.unit_name,
        plan_id=event.plan_id,
    )


@READ_MODELS.on(Baselined)
def _baselined(recorded: Recorded[Baselined]) -> Iterable[Change]:
    event = recorded.event
    row = _profile(event) | {
        "cadre_id": event.cadre_id,
        "id_number": token(event.id_number),
        "sex": event.sex,
        "unit_id": event.standing.unit_id,
        "unit_name": event.standing.unit_name,
        "source_file": token(event.source_file),
    }
    # A second import corrects what the first one said; the person is known since the first.
    yield Put(CADRES.name, row if event.supersedes else row | _entry(recorded))


@READ_MODELS.on(ProfileCorrected)
def _corrected(recorded: Recorded[ProfileCorrected]) -> Iterable[Change]:
    event = recorded.event
    said = {"reason": event.reason, "basis": event.basis}
    unit = {"unit_id": event.unit_id, "unit_name": event.unit_name}
    yield _correction(recorded, **said, **_profile(event), **unit)
    yield from _superseding(PROFILE_CORRECTIONS, recorded)


@READ_MODELS.on(Promoted)
def _moved(recorded: Recorded[Promoted]) -> Iterable[Change]:
    event = recorded.event
    if event.unit_id is not None:
        unit = {"unit_id": event.unit_id, "unit_name": event.unit_name}
        yield _correction(recorded, **unit)
        yield from _superseding(PROFILE_CORRECTIONS, recorded)


@READ_MODELS.on(Observed)
def _observed(recorded: Recorded[Observed]) -> Iterable[Change]:
    event = recorded.event
    yield _fact(
        OBSERVATIONS,
        recorded,
        observed_on=event.effective_on,
        occasion=event.occasion,
        indication=event.indication,
        observer=event.observer,
        note=token(event.note),
    )
    yield from _superseding(OBSERVATIONS, recorded)


@READ_MODELS.on(KinDeclared)
def _kin(recorded: Recorded[KinDeclared]) -> Iterable[Change]:
    event = recorded.event
    yield _fact(
        KIN,
        recorded,
        kin_id=event.kin_id,
        relation=event.relation,
        declared_on=event.effective_on,
    )
    yield from _superseding(KIN, recorded)


@READ_MODELS.on(PoliticalQualityAssessed)
def _assessed(recorded: Recorded[PoliticalQualityAssessed]) -> Iterable[Change]:
    event = recorded.event
    yield _fact(
        POLITICAL_ASSESSMENTS,
        recorded,
        assessed_on=event.effective_on,
        conclusion=event.conclusion,
        occasion=event.occasion,
        note=token(event.note),
        veto=event.veto,
    )
    yield from _superseding(POLITICAL_ASSESSMENTS, recorded)


@READ_MODELS.on(PoliticalVetoLifted)
def _lifted(recorded: Recorded[PoliticalVetoLifted]) -> Iterable[Change]:
    event = recorded.event
    named = str(event.assessment_event)
    yield _fact(VETO_LIFTINGS, recorded, assessment_event=named, lifted_on=event.effective_on)


@READ_MODELS.on(PoolDefined)
def _defined(recorded: Recorded[PoolDefined]) -> Iterable[Change]:
    event = recorded.event
    yield Put(
        POOLS.name,
        {
            "event_id": recorded.event_key,
            "pool_id": event.pool_id,
            "pool_class": event.pool_class,
            "title": event.title,
            "seats": event.seats,
            "defined_on": event.effective_on,
        },
    )
    yield from _superseding(POOLS, recorded)


def _step(
    recorded: Recorded[PoolNominated | PoolAssessed | PoolCompared], **values: object
) -> Iterable[Change]:
    event = recorded.event
    taken = {"pool_id": event.pool_id, "taken_on": event.effective_on}
    yield _fact(POOL_STEPS, recorded, **taken, **values)
    yield from _superseding(POOL_STEPS, recorded)


@READ_MODELS.on(PoolNominated)
def _nominated(recorded: Recorded[PoolNominated]) -> Iterable[Change]:
    return _step(recorded, step="nomination", by_unit=recorded.event.by_unit)


@READ_MODELS.on(PoolAssessed)
def _pool_assessed(recorded: Recorded[PoolAssessed]) -> Iterable[Change]:
    return _step(recorded, step="assessment", fit=recorded.event.fit)


@READ_MODELS.on(PoolCompared)
def _compared(recorded: Recorded[PoolCompared]) -> Iterable[Change]:
    event = recorded.event
    places = {"place": event.place, "compared_count": event.compared_count}
    return _step(recorded, step="comparison", **places)


@READ_MODELS.on(PoolEntered)
def _entered(recorded: Recorded[PoolEntered]) -> Iterable[Change]:
    event = recorded.event
    entry = {"entered_on": event.effective_on, "decided_by": event.decided_by}
    yield _fact(POOL_MEMBERS, recorded, pool_id=event.pool_id, **entry)


@READ_MODELS.on(PoolExited)
def _exited(recorded: Recorded[PoolExited]) -> Iterable[Change]:
    event = recorded.event
    left = {"exited_on": event.effective_on, "exit_reason": event.reason}
    yield Put(POOL_MEMBERS.name, {"event_id": str(event.entry_event)} | left)


@READ_MODELS.on(PoolEntryRefused)
def _refused(recorded: Recorded[PoolEntryRefused]) -> Iterable[Change]:
    event = recorded.event
    findings = [finding.model_dump(mode="json") for finding in event.findings]
    yield _fact(
        REFUSALS,
        recorded,
        pool_id=event.pool_id,
        refused_on=event.effective_on,
        findings=json.dumps(findings, sort_keys=True, ensure_ascii=False),
        earliest=event.earliest,
    )


@READ_MODELS.on(IntakePlanned)
def _planned(recorded: Recorded[IntakePlanned]) -> Iterable[Change]:
    event, event_id = recorded.event, recorded.event_key
    plan = {"plan_id": event.plan_id, "year": event.year, "planned_on": event.effective_on}
    yield Put(INTAKE_PLANS.name, {"event_id": event_id} | plan)
    yield from _superseding(INTAKE_PLANS, recorded)
    for number, line in enumerate(event.lines, start=1):
        wanted = {"channel": line.channel, "major": line.major, "count": line.count}
        yield Put(PLAN_LINES.name, {"event_id": event_id, "line": number} | wanted)


@READ_MODELS.on(CandidateFixed)
def _candidate(recorded: Recorded[CandidateFixed]) -> Iterable[Change]:
    event = recorded.event
    yield Put(CANDIDACIES.name, {"motion_id": event.motion_id, "cadre_id": event.cadre_id})


@READ_MODELS.on(MotionStopped)
def _motion_stopped(recorded: Recorded[MotionStopped]) -> Iterable[Change]:
    yield Put(CANDIDACIES.name, {"motion_id": recorded.event.motion_id, "ended": True})


@READ_MODELS.on(MotionConcluded)
def _motion_concluded(recorded: Recorded[MotionConcluded]) -> Iterable[Change]:
    yield Put(CANDIDACIES.name, {"motion_id": recorded.event.motion_id, "ended": True})


ROWS = {
    ProfileCorrected: [PROFILE_CORRECTIONS],
    Observed: [OBSERVATIONS],
    KinDeclared: [KIN],
    PoliticalQualityAssessed: [POLITICAL_ASSESSMENTS],
    PoliticalVetoLifted: [VETO_LIFTINGS],
    PoolNominated: [POOL_STEPS],
    PoolAssessed: [POOL_STEPS],
    PoolCompared: [POOL_STEPS],
}
for _kind, _tables in ROWS.items():
    for _table in _tables:
        mark_annulled(READ_MODELS, _kind, _table)
