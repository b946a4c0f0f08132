"""Mentorship (M25): pairs of mentor and apprentice, and the places a mentor has.

The pair is a fact of the apprentice. How many apprentices a mentor may have is a limit over many
persons, so the aggregate `mentor` owns it and is written in the same decision.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import combinations
from typing import Any

from cadre.contracts.event import CadreEvent, Event, EventAnnulled
from cadre.contracts.selection.kin import KinDeclared
from cadre.contracts.training.mentorship import (
    MentorPaired,
    MentorshipEnd,
    MentorshipEnded,
    MentorshipReview,
    MentorshipReviewed,
    MentorSlotReleased,
    MentorSlotTaken,
    Pairing,
)
from cadre.shared.deciding.annulling import Annullable
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.decider import Handler, Scope, World
from cadre.shared.deciding.dossier import Dossier, Fact, dossier_of
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.facts import Ending, Facts, Recorder
from cadre.shared.deciding.order import Order
from cadre.shared.deciding.person import PERSON, FactCommand, Person
from cadre.shared.deciding.places import Places, Stay
from cadre.shared.deciding.rights import NAMED, Right, Role
from cadre.shared.deciding.rulebook import rulebook


class PairMentor(FactCommand, Pairing):
    """安排师徒结对 · Give an apprentice, ``cadre_id``, a mentor."""


class ReviewMentorship(FactCommand, MentorshipReview):
    """评估师徒结对 · Review the progress of a pair."""


class EndMentorship(FactCommand, MentorshipEnd):
    """结束师徒结对 · End a pair; from the effective date on the mentor's place is free."""


MENTOR = dossier_of("training", "mentor")


def apprentices_max(_mentor: Dossier, day: date) -> int:
    return rulebook().on("TRN-12", day).whole("apprentices_max")


PLACES = Places(
    taken=MentorSlotTaken,
    released=MentorSlotReleased,
    limit=apprentices_max,
    person="apprentice_id",
)


def pair_scopes(command: PairMentor, world: World) -> Iterable[Scope[Any]]:
    """Apprentice, mentor, and the mentor's places; those of the mentor whom it corrects."""
    yield PERSON.of(command.cadre_id)
    yield PERSON.of(command.mentor_id)
    yield MENTOR.of(command.mentor_id)
    yield from _corrected(command, world)


def end_scopes(command: EndMentorship, world: World) -> Iterable[Scope[Any]]:
    """The apprentice, then the places of the mentor that the pair names."""
    yield PERSON.of(command.cadre_id)
    cadre = world.get(PERSON.of(command.cadre_id))
    if cadre is not None:
        yield from mentors_of(MentorshipEnded(**dict(command)), cadre)
    yield from _corrected(command, world)


def _corrected(command: FactCommand, world: World) -> Iterable[Scope[Any]]:
    cadre = world.get(PERSON.of(command.cadre_id))
    wrong = cadre.fact(command.supersedes) if cadre and command.supersedes else None
    if cadre is not None and wrong is not None:
        yield from mentors_of(wrong.event, cadre)


def mentors_of(event: CadreEvent, cadre: Person) -> Iterable[Scope[Any]]:
    """Whose places hang on a pair or on its end."""
    if isinstance(event, MentorPaired):
        yield MENTOR.of(event.mentor_id)
    elif isinstance(event, MentorshipEnded):
        pair = cadre.of_line(event.pairing_event, MentorPaired)
        yield from mentors_of(pair.event, cadre) if pair else ()


def pair_mentor(command: PairMentor, world: World) -> Sequence[Event]:
    apprentice, mentor = world[PERSON.of(command.cadre_id)], world[PERSON.of(command.mentor_id)]
    mentor.require_known(command.mentor_id)
    if not (paired := PAIRS.recorded(command, apprentice)):
        return []
    _require_sound(command)
    _require_no_kin(command, apprentice, mentor)
    after = apprentice.expecting(paired[0])
    wrong = apprentice.fact(command.supersedes) if command.supersedes else None
    for end in apprentice.hanging(MentorshipEnded, wrong) if wrong else ():
        if end.event.effective_on < command.effective_on:
            raise NotPossible(
                f"该结对已结束 · it ended on {end.event.effective_on}",
                where="effective_on",
                hint="请先更正或撤销该次结束 · "
                "correct or annul that end first: a place that was freed hangs on it",
            )
    return [*paired, *_moved(command.cadre_id, apprentice, after, world)]


def end_mentorship(command: EndMentorship, world: World) -> Sequence[Event]:
    cadre = world[PERSON.of(command.cadre_id)]
    if not (ended := PAIRS.ended(command, cadre)):
        return []
    return [*ended, *_moved(command.cadre_id, cadre, cadre.expecting(ended[0]), world)]


def settle_annulled(
    fact: Fact[Any], cadre: Person, world: World, _by: EventAnnulled
) -> Sequence[Event]:
    """The place that an annulled pair frees, or that an annulled end takes again."""
    return _moved(fact.event.cadre_id, cadre, cadre.without_line(fact), world)


def _moved(cadre_id: str, before: Person, after: Person, world: World) -> list[Event]:
    """The mentors' places that follow an apprentice's pairs.

    Raises NotPossible where the same two are a pair twice at a time, or a place is not there.
    """
    for (pair, one), (_, other) in combinations(_pairs(after), 2):
        overlap = (one.ends or date.max) > other.begins and (other.ends or date.max) > one.begins
        if one.owner == other.owner and overlap:
            raise NotPossible(
                f"两人已结对 · they have been a pair since {one.begins}",
                where=str(pair.id),
                hint="请先结束原结对 · end that pair before beginning another",
            )
    stays = [[stay for _, stay in _pairs(cadre)] for cadre in (before, after)]
    moved = PLACES.moved(cadre_id, *stays)
    for mentor_id in {move.mentor_id for move in moved}:
        mentor = world[MENTOR.of(mentor_id)]
        day = PLACES.first_overfull(mentor, [one for one in moved if one.mentor_id == mentor_id])
        if day is not None:
            limit = apprentices_max(mentor, day)
            raise NotPossible(
                "导师带教名额已满 · "
                f"{mentor_id} has {limit - PLACES.free_on(mentor, day)} apprentices of at most "
                f"{limit} (TRN-12) on {day}",
                where=mentor_id,
                hint="请另选导师，或先结束其中一对 · "
                "name another mentor, or end one of the pairs first",
            )
    return [*moved]


def _pairs(cadre: Person) -> Iterable[tuple[Fact[MentorPaired], Stay]]:
    for pair in cadre.standing(MentorPaired):
        ends = cadre.hanging(MentorshipEnded, pair)
        ended_on = ends[0].event.effective_on if ends else None
        yield pair, Stay(pair.event.mentor_id, pair.event.effective_on, ended_on)


def _require_sound(command: PairMentor) -> None:
    if command.mentor_id == command.cadre_id:
        raise NotPossible(
            "不能做自己的导师 · nobody is their own mentor",
            where=command.cadre_id,
            hint="请另选导师 · name another mentor",
        )
    if command.until is not None and command.until < command.effective_on:
        raise NotPossible(
            "计划结束日期早于开始日期 · "
            f"planned until {command.until}, before it begins on {command.effective_on}",
            where=command.cadre_id,
            hint="请将计划结束日期写在生效日期当日或之后 · "
            "give a planned last day on or after the business date",
        )


def _require_no_kin(command: PairMentor, apprentice: Person, mentor: Person) -> None:
    day = command.effective_on
    rule = rulebook().on("AVD-01", day)
    declared = _relation(apprentice, command.mentor_id, day) or _relation(
        mentor, command.cadre_id, day
    )
    if declared is not None and declared.relation.zh in rule.parameters["kin"]:
        raise NotPossible(
            "师徒有应回避的亲属关系 · "
            f"apprentice and mentor are kin: {declared.relation.zh} ({rule.id})",
            where=command.mentor_id,
            hint="请另选无须回避的导师 · name a mentor outside the avoidance scope",
        )


def _relation(cadre: Person, other: str, day: date) -> KinDeclared | None:
    """The declaration that makes another cadre kin on a day."""
    declared = cadre.standing(KinDeclared, by=day)
    return next((fact.event for fact in declared if fact.event.kin_id == other), None)


def review_mentorship(command: ReviewMentorship, cadre: Person) -> Sequence[Event]:
    pair = cadre.require(MentorPaired, command.pairing_event, command.cadre_id)
    if not (reviewed := REVIEWS.recorded(command, cadre)):
        return []
    cadre.require_begun(command.effective_on, pair)
    for end in cadre.hanging(MentorshipEnded, pair):
        if command.effective_on > end.event.effective_on:
            raise NotPossible(
                f"该结对已结束 · it ended on {end.event.effective_on}",
                where=str(command.pairing_event),
                hint="评估须在结对期间或结束当日 · "
                "review a pair while it lasts, or on the day it ends",
            )
    return reviewed


RECORDS = Right(Role.RECORDER, NAMED)

PAIRS = Facts(
    event=MentorPaired,
    ended_by=Ending(event=MentorshipEnded),
    name="mentorships",
    title="导师带教 · Mentorships",
    seen_by=Role.READER,
    asked=False,
)
REVIEWS = Facts(
    event=MentorshipReviewed,
    by=Recorder(ReviewMentorship, RECORDS, review_mentorship),
    besides={"note"},
    name="mentorship-reviews",
    title="带教评估 · Reviews of mentorships",
    seen_by=Role.READER,
    asked=False,
)
CAPABILITY = Capability(
    mechanism="M25",
    facts=[PAIRS, REVIEWS],
    places=[PLACES],
    handlers=[
        Handler(PairMentor, pair_scopes, pair_mentor, RECORDS),
        Handler(EndMentorship, end_scopes, end_mentorship, RECORDS),
    ],
    annullable=[Annullable(PAIRS.kinds, mentors_of, settle_annulled)],
    orders=[
        Order("mentor", opens=frozenset({MentorSlotTaken})),
        Order("cadre", after={MentorshipReviewed: frozenset({MentorPaired})}),
    ],
    reads=[KinDeclared],
)
