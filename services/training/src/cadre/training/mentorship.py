"""Mentorship: pairs of mentor and apprentice, and the places a mentor has.

The pair is a fact of the apprentice. How many apprentices a mentor may have is a limit over many
persons, so the aggregate `mentor` owns it and is written in the same decision.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from cadre.contracts.event import Event
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
from cadre.shared.deciding.decider import Fold, Scope, World
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.messages import Recorded
from cadre.shared.deciding.person import Person, PersonCommand
from cadre.shared.deciding.rulebook import rulebook
from cadre.training.record import CADRE


class PairMentor(PersonCommand, Pairing):
    """Give an apprentice, ``cadre_id``, a mentor."""


class ReviewMentorship(PersonCommand, MentorshipReview):
    """Review the progress of a pair."""


class EndMentorship(PersonCommand, MentorshipEnd):
    """End a pair; from the effective date on the mentor's place is free."""


@dataclass(frozen=True, slots=True)
class Slots:
    """Who took and who freed a mentor's places, and when."""

    taken: tuple[MentorSlotTaken, ...] = ()
    released: tuple[MentorSlotReleased, ...] = ()

    def apprentices_on(self, day: date) -> frozenset[str]:
        """Who holds a place on a day: taken more often than freed by then."""
        return frozenset(
            slot.apprentice_id
            for slot in self.taken
            if _count(self.taken, slot.apprentice_id, day)
            > _count(self.released, slot.apprentice_id, day)
        )

    def load_max_from(self, day: date) -> int:
        """The most places held at one time, on a day or at any time after it."""
        days = {day, *(slot.effective_on for slot in self.taken if slot.effective_on > day)}
        return max(len(self.apprentices_on(each)) for each in days)


def _count(
    slots: Iterable[MentorSlotTaken | MentorSlotReleased], apprentice_id: str, day: date
) -> int:
    return sum(slot.apprentice_id == apprentice_id and slot.effective_on <= day for slot in slots)


def evolve_slots(state: Slots, recorded: Recorded[Event]) -> Slots:
    match recorded.event:
        case MentorSlotTaken() as slot:
            return replace(state, taken=(*state.taken, slot))
        case MentorSlotReleased() as slot:
            return replace(state, released=(*state.released, slot))
        case _:
            return state


MENTOR = Fold(service="training", entity="mentor", initial=Slots(), evolve=evolve_slots)


def pair_scopes(command: PairMentor, _world: World) -> Iterable[Scope[Any]]:
    """Apprentice, mentor, and the mentor's places."""
    yield CADRE.of(command.cadre_id)
    yield CADRE.of(command.mentor_id)
    yield MENTOR.of(command.mentor_id)


def pair_mentor(command: PairMentor, world: World) -> Sequence[Event]:
    apprentice, mentor = world[CADRE.of(command.cadre_id)], world[CADRE.of(command.mentor_id)]
    apprentice.require_known(command.cadre_id)
    mentor.require_known(command.mentor_id)
    _require_sound(command)
    _require_no_kin(command, apprentice, mentor)
    paired = MentorPaired(**dict(command))
    if apprentice.holds(paired):
        return []
    for pair in apprentice.standing(MentorPaired):
        ends = apprentice.hanging(MentorshipEnded, pair)
        overlaps = not ends or command.effective_on < ends[0].event.effective_on
        if pair.event.mentor_id == command.mentor_id and overlaps:
            raise NotPossible(
                f"they have been a pair since {pair.event.effective_on}",
                where=str(pair.id),
                hint="end that pair before beginning another",
            )
    _require_place(command, world[MENTOR.of(command.mentor_id)])
    taken = MentorSlotTaken(
        effective_on=command.effective_on,
        mentor_id=command.mentor_id,
        apprentice_id=command.cadre_id,
    )
    return [paired, taken]


def _require_sound(command: PairMentor) -> None:
    if command.mentor_id == command.cadre_id:
        raise NotPossible(
            "nobody is their own mentor", where=command.cadre_id, hint="name another mentor"
        )
    if command.until is not None and command.until < command.effective_on:
        raise NotPossible(
            f"planned until {command.until}, before it begins on {command.effective_on}",
            where=command.cadre_id,
            hint="give a planned last day on or after the business date",
        )


def _require_no_kin(command: PairMentor, apprentice: Person, mentor: Person) -> None:
    day = command.effective_on
    rule = rulebook().on("AVD-01", day)
    declared = _relation(apprentice, command.mentor_id, day) or _relation(
        mentor, command.cadre_id, day
    )
    if declared is not None and declared.relation.zh in rule.parameters["kin"]:
        raise NotPossible(
            f"apprentice and mentor are kin: {declared.relation.zh} ({rule.id})",
            where=command.mentor_id,
            hint="name a mentor outside the avoidance scope",
        )


def _require_place(command: PairMentor, slots: Slots) -> None:
    rule = rulebook().on("TRN-12", command.effective_on)
    limit = rule.whole("apprentices_max")
    if (load := slots.load_max_from(command.effective_on)) >= limit:
        raise NotPossible(
            f"{command.mentor_id} has {load} apprentices of at most {limit} ({rule.id})",
            where=command.mentor_id,
            hint="name another mentor, or end one of the pairs first",
        )


def _relation(cadre: Person, other: str, day: date) -> KinDeclared | None:
    """The declaration that makes another cadre kin on a day."""
    declared = cadre.standing(KinDeclared, by=day)
    return next((fact.event for fact in declared if fact.event.kin_id == other), None)


def review_mentorship(command: ReviewMentorship, cadre: Person) -> Sequence[Event]:
    reviewed = MentorshipReviewed(**dict(command))
    pair = cadre.require(MentorPaired, command.pairing_event, command.cadre_id)
    cadre.require_begun(command.effective_on, pair)
    for end in cadre.hanging(MentorshipEnded, pair):
        if command.effective_on > end.event.effective_on:
            raise NotPossible(
                f"it ended on {end.event.effective_on}",
                where=str(command.pairing_event),
                hint="review a pair while it lasts, or on the day it ends",
            )
    return cadre.record(reviewed, besides={"note"})


def end_scopes(command: EndMentorship, world: World) -> Iterable[Scope[Any]]:
    """The apprentice, then the places of the mentor that the pair names."""
    person = CADRE.of(command.cadre_id)
    yield person
    cadre = world.get(person)
    pair = cadre.of_line(command.pairing_event, MentorPaired) if cadre else None
    if pair is not None:
        yield MENTOR.of(pair.event.mentor_id)


def end_mentorship(command: EndMentorship, cadre: Person) -> Sequence[Event]:
    pair = cadre.require(MentorPaired, command.pairing_event, command.cadre_id)
    ended = cadre.end(MentorshipEnded(**dict(command)), MentorPaired)
    if not ended:
        return []
    released = MentorSlotReleased(
        effective_on=command.effective_on,
        mentor_id=pair.event.mentor_id,
        apprentice_id=command.cadre_id,
    )
    return [*ended, released]
