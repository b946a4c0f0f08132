"""Every command of the service: which histories it reads and who decides."""

from typing import Any

from cadre.contracts.selection.identification import (
    Observed,
    PoliticalQualityAssessed,
    PoliticalVetoLifted,
)
from cadre.contracts.selection.kin import KinDeclared
from cadre.contracts.selection.membership import (
    PoolAssessed,
    PoolCompared,
    PoolEntered,
    PoolExited,
    PoolNominated,
)
from cadre.contracts.selection.profile import ProfileCorrected
from cadre.selection import identification, intake, membership, pool, privacy, profile, reviewing
from cadre.selection.cadre import CADRE
from cadre.selection.identification import (
    AssessPoliticalQuality,
    DeclareKin,
    LiftPoliticalVeto,
    Observe,
)
from cadre.selection.intake import INTAKE_PLAN, PlanIntake
from cadre.selection.membership import (
    AssessForPool,
    CompareForPool,
    EnterPool,
    ExitPool,
    MembershipCommand,
    NominateForPool,
)
from cadre.selection.pool import POOL, DefinePool
from cadre.selection.privacy import Forget, LiftRestriction, Restrict
from cadre.selection.profile import CorrectProfile, RecordBaseline, Recruit
from cadre.selection.reviewing import OpenReview
from cadre.shared.deciding.annulling import Annullable, annul_handler
from cadre.shared.deciding.decider import Handler
from cadre.shared.deciding.person import person_handler
from cadre.shared.deciding.rights import EVERYBODY, NAMED, Right, Role


def _registering[C: Recruit | RecordBaseline](command: type[C], right: Right) -> Handler[C]:
    return Handler(
        command,
        lambda wish, _: (CADRE.of(wish.person),),
        lambda wish, world: profile.decide(wish, world[CADRE.of(wish.person)]),
        right,
    )


def _of_member[C: MembershipCommand](command: type[C], right: Right) -> Handler[C]:
    return Handler(
        command,
        membership.scopes,
        membership.decide_on,
        right,
    )


DECIDES = Right(Role.DECIDER, NAMED)
DECIDES_ALL = Right(Role.DECIDER, EVERYBODY)
RECORDS = Right(Role.RECORDER, NAMED)
RECORDS_ALL = Right(Role.RECORDER, EVERYBODY)

HANDLERS: tuple[Handler[Any], ...] = (
    _registering(Recruit, RECORDS_ALL),
    _registering(RecordBaseline, RECORDS_ALL),
    person_handler(CorrectProfile, profile.decide, RECORDS),
    person_handler(Observe, identification.decide, RECORDS),
    person_handler(AssessPoliticalQuality, identification.decide, DECIDES),
    person_handler(LiftPoliticalVeto, identification.decide, DECIDES),
    person_handler(DeclareKin, identification.decide, RECORDS),
    person_handler(Restrict, privacy.decide, DECIDES_ALL),
    person_handler(LiftRestriction, privacy.decide, DECIDES_ALL),
    person_handler(Forget, privacy.decide, DECIDES_ALL),
    annul_handler(
        "selection",
        Annullable(
            {
                ProfileCorrected,
                Observed,
                KinDeclared,
                PoliticalQualityAssessed,
                PoliticalVetoLifted,
                PoolNominated,
                PoolAssessed,
                PoolCompared,
            }
        ),
        Annullable(
            {PoolEntered, PoolExited},
            owners=lambda event, _: membership.pool_of(event),
            settle=membership.settle_annulled,
        ),
    ),
    _of_member(NominateForPool, RECORDS),
    _of_member(AssessForPool, RECORDS),
    _of_member(CompareForPool, RECORDS_ALL),
    _of_member(EnterPool, DECIDES_ALL),
    _of_member(ExitPool, DECIDES_ALL),
    Handler(OpenReview, reviewing.scopes, reviewing.open_review, RECORDS),
    Handler(
        DefinePool,
        lambda wish, _: (POOL.of(wish.pool_id),),
        lambda wish, world: pool.decide(wish, world[POOL.of(wish.pool_id)]),
        DECIDES_ALL,
    ),
    Handler(
        PlanIntake,
        lambda wish, _: (INTAKE_PLAN.of(wish.plan_id),),
        lambda wish, world: intake.decide(wish, world[INTAKE_PLAN.of(wish.plan_id)]),
        DECIDES_ALL,
    ),
)
