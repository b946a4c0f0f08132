"""Mentorship: pairs of mentor and apprentice, and the places a mentor has.

The pair is a fact of the apprentice. How many apprentices a mentor may have is a limit over many
persons, so the aggregate `mentor` owns it and is written in the same decision.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from cadre.contracts.event import CadreId, Event
from cadre.contracts.selection.kin import KinDeclared
from cadre.contracts.selection.profile import Baselined, Recruited
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
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.messages import Command, Recorded
from cadre.shared.deciding.rulebook import rulebook
from cadre.training.record import require_known


class PairMentor(Command, Pairing):
    """Give an apprentice, ``cadre_id``, a mentor."""

    cadre_id: CadreId


class ReviewMentorship(Command, MentorshipReview):
    """Review the progress of a pair."""

    cadre_id: CadreId


class EndMentorship(Command, MentorshipEnd):
    """End a pair; from the effective date on the mentor's place is free."""

    cadre_id: CadreId


@dataclass(frozen=True, slots=True)
class Apprenticeship:
    """The pairs of one person as apprentice, by the id of their event."""

    known: bool = False
    pairs: Mapping[UUID, MentorPaired] = field(default_factory=dict[UUID, MentorPaired])
    ended: Mapping[UUID, MentorshipEnded] = field(default_factory=dict[UUID, MentorshipEnded])
    """By the id of the pair that ended."""
    reviews: tuple[MentorshipReviewed, ...] = ()
    kin: Mapping[UUID, KinDeclared] = field(default_factory=dict[UUID, KinDeclared])
    """Declarations of kin by their event, without those that were corrected."""

    def relation_to(self, other: str, day: date) -> KinDeclared | None:
        """The declaration that makes another cadre kin on a day."""
        return next(
            (
                declared
                for declared in self.kin.values()
                if declared.kin_id == other and declared.effective_on <= day
            ),
            None,
        )


def evolve(state: Apprenticeship, recorded: Recorded[Event]) -> Apprenticeship:
    event = recorded.event
    match event:
        case Recruited() | Baselined():
            return replace(state, known=True)
        case MentorPaired():
            return replace(state, pairs={**state.pairs, recorded.event_id: event})
        case KinDeclared():
            kept = {key: kin for key, kin in state.kin.items() if key != event.supersedes}
            return replace(state, kin={**kept, recorded.event_id: event})
        case MentorshipReviewed():
            return replace(state, reviews=(*state.reviews, event))
        case MentorshipEnded():
            return replace(state, ended={**state.ended, event.pairing_event: event})
        case _:
            return state


CADRE = Fold(service="*", entity="cadre", initial=Apprenticeship(), evolve=evolve)


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
    apprentice = world[CADRE.of(command.cadre_id)]
    require_known(apprentice.known, command.cadre_id)
    require_known(world[CADRE.of(command.mentor_id)].known, command.mentor_id)
    _require_sound(command)
    _require_no_kin(command, apprentice, world[CADRE.of(command.mentor_id)])
    paired = MentorPaired(**dict(command))
    for pairing_event, pair in apprentice.pairs.items():
        if pair == paired:
            return []
        end = apprentice.ended.get(pairing_event)
        overlaps = end is None or command.effective_on < end.effective_on
        if pair.mentor_id == command.mentor_id and overlaps:
            raise NotPossible(
                f"they have been a pair since {pair.effective_on}",
                where=str(pairing_event),
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


def _require_no_kin(
    command: PairMentor, apprentice: Apprenticeship, mentor: Apprenticeship
) -> None:
    day = command.effective_on
    rule = rulebook().on("AVD-01", day)
    declared = apprentice.relation_to(command.mentor_id, day) or mentor.relation_to(
        command.cadre_id, day
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


def _pair(state: Apprenticeship, cadre_id: str, pairing_event: UUID, day: date) -> MentorPaired:
    """The pair a command names; raises NotFound, or NotPossible when it begins after ``day``."""
    require_known(state.known, cadre_id)
    pair = state.pairs.get(pairing_event)
    if pair is None:
        raise NotFound(
            f"no mentorship {pairing_event} of {cadre_id} is on record",
            where=str(pairing_event),
            hint="name the id of the event that recorded the pair",
        )
    if day < pair.effective_on:
        raise NotPossible(
            f"it began on {pair.effective_on}, after {day}",
            where=str(pairing_event),
            hint="give a day on or after its beginning",
        )
    return pair


def review_mentorship(command: ReviewMentorship, state: Apprenticeship) -> Sequence[Event]:
    _pair(state, command.cadre_id, command.pairing_event, command.effective_on)
    end = state.ended.get(command.pairing_event)
    if end is not None and command.effective_on > end.effective_on:
        raise NotPossible(
            f"it ended on {end.effective_on}",
            where=str(command.pairing_event),
            hint="review a pair while it lasts, or on the day it ends",
        )
    asked = (command.pairing_event, command.effective_on, command.progress)
    if asked in {(r.pairing_event, r.effective_on, r.progress) for r in state.reviews}:
        return []
    return [MentorshipReviewed(**dict(command))]


def end_scopes(command: EndMentorship, world: World) -> Iterable[Scope[Any]]:
    """The apprentice, then the places of the mentor that the pair names."""
    person = CADRE.of(command.cadre_id)
    yield person
    state = world.get(person)
    pair = state.pairs.get(command.pairing_event) if state else None
    if pair is not None:
        yield MENTOR.of(pair.mentor_id)


def end_mentorship(command: EndMentorship, state: Apprenticeship) -> Sequence[Event]:
    pair = _pair(state, command.cadre_id, command.pairing_event, command.effective_on)
    known = state.ended.get(command.pairing_event)
    if known is None:
        released = MentorSlotReleased(
            effective_on=command.effective_on,
            mentor_id=pair.mentor_id,
            apprentice_id=command.cadre_id,
        )
        return [MentorshipEnded(**dict(command)), released]
    if (known.effective_on, known.completed) == (command.effective_on, command.completed):
        return []
    raise NotPossible(
        f"it ended on {known.effective_on}",
        where=str(command.pairing_event),
        hint="a pair ends once",
    )
