"""The table of all commands of Appointment: what each reads and what decides it.

Scopes that a motion names (its post, its candidate) are known once the motion is loaded.
"""

from collections.abc import Iterator
from typing import Any

from cadre.appointment.cadre import (
    ConcludeProbation,
    OpenReview,
    PromoteRank,
    conclude_probation,
    open_review,
    promote_rank,
)
from cadre.appointment.evidence import CADRE
from cadre.appointment.motion import (
    MOTION,
    CloseNotice,
    CompleteInspection,
    ConcludeMotion,
    FixCandidate,
    HoldRecommendation,
    Motion,
    MotionCommand,
    OpenMotion,
    PublishNotice,
    StopMotion,
    TakeDecision,
    close_notice,
    complete_inspection,
    conclude_motion,
    fix_candidate,
    hold_recommendation,
    open_motion,
    publish_notice,
    stop_motion,
    take_decision,
)
from cadre.appointment.post import (
    POST,
    AssumePost,
    EstablishPost,
    Post,
    Relieve,
    assume_post,
    establish_post,
    posts_of,
    relieve,
    seat_of,
    settle_annulled,
)
from cadre.contracts.appointment.promotion import Promoted, PromotionRefused
from cadre.contracts.appointment.review import ReviewOpened
from cadre.contracts.appointment.service import PostAssumed, ProbationConcluded, Relieved
from cadre.shared.deciding.annulling import Annullable, annul_handler
from cadre.shared.deciding.decider import Handler, Scope, World
from cadre.shared.deciding.person import FactCommand, Person, person_handler
from cadre.shared.deciding.rights import EVERYBODY, NAMED, Right, Role


def _candidate(command: MotionCommand, world: World) -> Iterator[Scope[Any]]:
    """The motion, and the person it is about."""
    yield MOTION.of(command.motion_id)
    loaded = world.get(MOTION.of(command.motion_id))
    if loaded and loaded.candidate:
        yield CADRE.of(loaded.candidate.cadre_id)


def _seat(command: MotionCommand, world: World) -> Iterator[Scope[Any]]:
    """The motion, the person it is about, and the post whose seat it fills."""
    yield from _candidate(command, world)
    loaded = world.get(MOTION.of(command.motion_id))
    if loaded and loaded.opened:
        yield POST.of(loaded.opened.post_id)


def _motion_alone(command: MotionCommand, _world: World) -> Iterator[Scope[Any]]:
    yield MOTION.of(command.motion_id)


def _person_and_post(command: AssumePost | Relieve, world: World) -> Iterator[Scope[Any]]:
    yield CADRE.of(command.cadre_id)
    yield POST.of(command.post_id)
    yield from _corrected_seat(command, world)


def _corrected_seat(command: FactCommand, world: World) -> Iterator[Scope[Any]]:
    """The post of what a command corrects."""
    loaded = world.get(CADRE.of(command.cadre_id))
    fact = loaded.fact(command.supersedes) if loaded and command.supersedes else None
    if fact is not None:
        yield from seat_of(fact.event)


def _person_and_candidacy(command: FixCandidate, _world: World) -> Iterator[Scope[Any]]:
    yield MOTION.of(command.motion_id)
    yield CADRE.of(command.cadre_id)


def _motion_and_post(command: OpenMotion, _world: World) -> Iterator[Scope[Any]]:
    yield MOTION.of(command.motion_id)
    yield POST.of(command.post_id)


def _probation(command: ConcludeProbation, world: World) -> Iterator[Scope[Any]]:
    """The person, and the post on probation."""
    yield CADRE.of(command.cadre_id)
    loaded = world.get(CADRE.of(command.cadre_id))
    fact = loaded.fact(command.promotion_event) if loaded else None
    if fact and isinstance(fact.event, Promoted) and fact.event.post_id:
        yield POST.of(fact.event.post_id)
    yield from _corrected_seat(command, world)


def _motion(command: MotionCommand, world: World) -> Motion:
    return world[MOTION.of(command.motion_id)]


def _candidate_of(command: MotionCommand, world: World) -> Person:
    """The person a motion is about; nobody as long as no candidate is fixed."""
    candidate = _motion(command, world).candidate
    return world[CADRE.of(candidate.cadre_id)] if candidate else CADRE.initial


def _post_of(command: MotionCommand, world: World) -> Post:
    opened = _motion(command, world).opened
    return world[POST.of(opened.post_id)] if opened else POST.initial


DECIDES = Right(Role.DECIDER, NAMED)
DECIDES_ALL = Right(Role.DECIDER, EVERYBODY)
RECORDS = Right(Role.RECORDER, NAMED)
RECORDS_ALL = Right(Role.RECORDER, EVERYBODY)

HANDLERS: tuple[Handler[Any], ...] = (
    Handler(
        EstablishPost,
        lambda command, _: [POST.of(command.post_id)],
        lambda command, world: establish_post(command, world[POST.of(command.post_id)]),
        DECIDES_ALL,
    ),
    Handler(
        AssumePost,
        _person_and_post,
        lambda command, world: assume_post(
            command, world[CADRE.of(command.cadre_id)], posts_of(world)
        ),
        DECIDES_ALL,
    ),
    Handler(
        Relieve,
        _person_and_post,
        lambda command, world: relieve(command, world[CADRE.of(command.cadre_id)], posts_of(world)),
        DECIDES_ALL,
    ),
    Handler(
        OpenMotion,
        _motion_and_post,
        lambda command, world: open_motion(
            command, _motion(command, world), world[POST.of(command.post_id)]
        ),
        DECIDES_ALL,
    ),
    Handler(
        HoldRecommendation,
        _motion_alone,
        lambda command, world: hold_recommendation(command, _motion(command, world)),
        RECORDS_ALL,
    ),
    Handler(
        FixCandidate,
        _person_and_candidacy,
        lambda command, world: fix_candidate(
            command, _motion(command, world), world[CADRE.of(command.cadre_id)]
        ),
        DECIDES_ALL,
    ),
    Handler(
        CompleteInspection,
        _motion_alone,
        lambda command, world: complete_inspection(command, _motion(command, world)),
        RECORDS_ALL,
    ),
    Handler(
        TakeDecision,
        _candidate,
        lambda command, world: take_decision(
            command, _motion(command, world), _candidate_of(command, world)
        ),
        DECIDES_ALL,
    ),
    Handler(
        PublishNotice,
        _motion_alone,
        lambda command, world: publish_notice(command, _motion(command, world)),
        RECORDS_ALL,
    ),
    Handler(
        CloseNotice,
        _motion_alone,
        lambda command, world: close_notice(command, _motion(command, world)),
        RECORDS_ALL,
    ),
    Handler(
        ConcludeMotion,
        _seat,
        lambda command, world: conclude_motion(
            command,
            _motion(command, world),
            _post_of(command, world),
            _candidate_of(command, world),
        ),
        DECIDES_ALL,
    ),
    Handler(
        StopMotion,
        _motion_alone,
        lambda command, world: stop_motion(command, _motion(command, world)),
        DECIDES_ALL,
    ),
    person_handler(PromoteRank, promote_rank, DECIDES),
    Handler(
        ConcludeProbation,
        _probation,
        lambda command, world: conclude_probation(
            command, world[CADRE.of(command.cadre_id)], posts_of(world)
        ),
        DECIDES,
    ),
    person_handler(OpenReview, open_review, RECORDS),
    annul_handler(
        "appointment",
        Annullable(
            {Promoted, PromotionRefused, PostAssumed, Relieved, ProbationConcluded, ReviewOpened},
            lambda event, _: seat_of(event),
            settle_annulled,
        ),
    ),
)
