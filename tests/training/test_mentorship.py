from datetime import date

import pytest

from cadre.contracts.event import Event
from cadre.contracts.selection.kin import KinDeclared, Kinship
from cadre.contracts.training.mentorship import (
    MentorPaired,
    MentorshipEnded,
    MentorshipReviewed,
    MentorSlotReleased,
    MentorSlotTaken,
)
from cadre.shared.deciding.testing import Specification, event_id
from cadre.training.app import SERVICE
from cadre.training.deciding.mentorship import EndMentorship, PairMentor, ReviewMentorship
from training.people import LI, SUN, WANG, ZHAO, ZHOU, recruit

given = Specification(SERVICE.handlers)

MENTOR = ZHOU
START = date(2025, 1, 1)


def pair(apprentice: str, on: date = START) -> PairMentor:
    return PairMentor(
        cadre_id=apprentice, effective_on=on, mentor_id=MENTOR, tasks=("政策讲解", "业务帮带")
    )


def paired(apprentice: str, on: date = START) -> tuple[MentorPaired, MentorSlotTaken]:
    return (
        MentorPaired(
            cadre_id=apprentice,
            effective_on=on,
            mentor_id=MENTOR,
            tasks=("政策讲解", "业务帮带"),
        ),
        MentorSlotTaken(effective_on=on, mentor_id=MENTOR, apprentice_id=apprentice),
    )


def ended(position: int, apprentice: str, on: date) -> tuple[MentorshipEnded, MentorSlotReleased]:
    return (
        MentorshipEnded(
            cadre_id=apprentice,
            effective_on=on,
            pairing_event=event_id(position),
            completed=True,
        ),
        MentorSlotReleased(effective_on=on, mentor_id=MENTOR, apprentice_id=apprentice),
    )


people: tuple[Event, ...] = tuple(recruit(cadre_id) for cadre_id in (LI, WANG, ZHAO, SUN, MENTOR))
full: tuple[Event, ...] = (*people, *paired(LI), *paired(WANG), *paired(ZHAO))
PAIR_OF_LI = 6


def test_pairs_an_apprentice_and_takes_a_place_of_the_mentor():
    given(*people).when(pair(LI)).then(*paired(LI))


def test_nobody_is_their_own_mentor():
    given(*people).when(pair(MENTOR)).then_refused("own mentor")


@pytest.mark.parametrize(("who", "other"), [(LI, MENTOR), (MENTOR, LI)])
def test_kin_are_no_pair_whoever_declared_it(who: str, other: str):
    def declared(on: date) -> KinDeclared:
        return KinDeclared(cadre_id=who, kin_id=other, relation=Kinship.COLLATERAL, effective_on=on)

    given(*people, declared(START)).when(pair(LI)).then_refused("三代以内旁系血亲关系 (AVD-01)")
    given(*people, declared(date(2025, 1, 2))).when(pair(LI)).then(*paired(LI))
    given(*people, declared(START)).when(pair(WANG)).then(*paired(WANG))


@pytest.mark.parametrize("unknown", [LI, MENTOR])
def test_both_are_known(unknown: str):
    known = [recruit(cadre_id) for cadre_id in (LI, MENTOR) if cadre_id != unknown]
    given(*known).when(pair(LI)).then_refused(f"no cadre {unknown} is known")


def test_a_pair_does_not_end_before_it_begins():
    backwards = pair(LI).model_copy(update={"until": date(2024, 12, 31)})
    given(*people).when(backwards).then_refused("before it begins")


def test_the_same_two_are_not_a_pair_twice_at_a_time():
    given(*people, *paired(LI)).when(pair(LI, date(2025, 2, 1))).then_refused("have been a pair")


def test_the_same_two_may_be_a_pair_again():
    again = date(2026, 1, 1)
    history = (*people, *paired(LI), *ended(PAIR_OF_LI, LI, again))
    given(*history).when(pair(LI, again)).then(*paired(LI, again))


def test_an_apprentice_may_have_several_mentors():
    other = pair(LI).model_copy(update={"mentor_id": SUN})
    decided = given(*people, *paired(LI)).when(other).events()
    assert [type(event) for event in decided] == [MentorPaired, MentorSlotTaken]


def test_a_mentor_has_at_most_so_many_apprentices():
    given(*full).when(pair(SUN)).then_refused("has 3 apprentices of at most 3 (TRN-12)")


def test_a_pair_that_ended_frees_its_place_from_that_day_on():
    history = (*full, *ended(PAIR_OF_LI, LI, date(2025, 6, 1)))
    given(*history).when(pair(SUN, date(2025, 5, 31))).then_refused("at most 3")
    given(*history).when(pair(SUN, date(2025, 6, 1))).then(*paired(SUN, date(2025, 6, 1)))


def test_a_pair_recorded_late_does_not_overfill_the_mentor_afterwards():
    given(*full).when(pair(SUN, date(2024, 12, 1))).then_refused("at most 3")


def test_reviews_a_pair():
    review = ReviewMentorship(
        cadre_id=LI,
        effective_on=date(2025, 4, 1),
        pairing_event=event_id(PAIR_OF_LI),
        progress="good",
        note="进步明显",
    )
    given(*people, *paired(LI)).when(review).then(MentorshipReviewed(**review.model_dump()))
    early = review.model_copy(update={"effective_on": date(2024, 12, 31)})
    given(*people, *paired(LI)).when(early).then_refused("it began on")
    over = (*people, *paired(LI), *ended(PAIR_OF_LI, LI, date(2025, 3, 31)))
    given(*over).when(review).then_refused("it ended on 2025-03-31")
    given(*people).when(review).then_refused("no mentor-paired")


def end(on: date, *, completed: bool = True) -> EndMentorship:
    return EndMentorship(
        cadre_id=LI, effective_on=on, pairing_event=event_id(PAIR_OF_LI), completed=completed
    )


def test_ends_a_pair_and_frees_the_place():
    day = date(2025, 12, 31)
    given(*people, *paired(LI)).when(end(day)).then(*ended(PAIR_OF_LI, LI, day))


def test_a_pair_ends_once_and_after_it_began():
    day = date(2025, 12, 31)
    over = (*people, *paired(LI), *ended(PAIR_OF_LI, LI, day))
    given(*over).when(end(day, completed=False)).then_refused("it ended on")
    given(*people, *paired(LI)).when(end(date(2024, 12, 31))).then_refused("it began on")
    given(*people).when(end(day)).then_refused("no mentor-paired")
