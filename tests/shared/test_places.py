"""Places that follow stays: what is taken and released when a stay is corrected or never was."""

from collections.abc import Iterable
from datetime import date

import pytest

from cadre.contracts.training.mentorship import MentorSlotReleased, MentorSlotTaken
from cadre.shared.deciding.dossier import Dossier
from cadre.shared.deciding.places import Places, Stay

ONE = Places(
    taken=MentorSlotTaken,
    released=MentorSlotReleased,
    limit=lambda _mentor, _day: 1,
    person="apprentice_id",
)
MENTOR, OTHER = (f"c-{letter * 10}" for letter in "ab")
LI, WANG = (f"c-{letter * 10}" for letter in "cd")
MARCH, JUNE, JULY = date(2025, 3, 1), date(2025, 6, 1), date(2025, 7, 1)


def taken(day: date, owner: str = MENTOR, person: str = LI) -> MentorSlotTaken:
    return MentorSlotTaken(mentor_id=owner, apprentice_id=person, effective_on=day)


def released(day: date, owner: str = MENTOR, person: str = LI) -> MentorSlotReleased:
    return MentorSlotReleased(mentor_id=owner, apprentice_id=person, effective_on=day)


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [
        ([], [Stay(MENTOR, MARCH, None)], [taken(MARCH)]),
        ([Stay(MENTOR, MARCH, None)], [Stay(MENTOR, MARCH, JUNE)], [released(JUNE)]),
        ([Stay(MENTOR, MARCH, JUNE)], [Stay(MENTOR, MARCH, JUNE)], []),
        (
            [Stay(MENTOR, MARCH, None)],
            [Stay(MENTOR, JUNE, None)],
            [taken(JUNE), released(MARCH)],
        ),
        (
            [Stay(MENTOR, MARCH, JUNE)],
            [Stay(OTHER, MARCH, JUNE)],
            [taken(JUNE), taken(MARCH, OTHER), released(MARCH), released(JUNE, OTHER)],
        ),
        ([Stay(MENTOR, MARCH, JUNE)], [], [taken(JUNE), released(MARCH)]),
    ],
)
def test_places_follow_the_stays(
    before: Iterable[Stay], after: Iterable[Stay], moved: list[object]
) -> None:
    assert ONE.moved(LI, before, after) == moved


def test_a_place_is_wanting_where_somebody_else_holds_it() -> None:
    full = Dossier().expecting(taken(JUNE, person=WANG))
    assert ONE.first_overfull(full, [taken(MARCH)]) == JUNE
    assert ONE.first_overfull(full, [taken(JULY)]) == JULY
    assert ONE.first_overfull(full, [taken(MARCH), released(JUNE)]) is None
    assert ONE.first_overfull(full, [released(JULY, person=WANG), taken(JULY)]) is None


def test_what_frees_places_is_never_refused() -> None:
    none = Places(taken=ONE.taken, released=ONE.released, limit=lambda *_: 0, person=ONE.person)
    full = Dossier().expecting(taken(JUNE, person=WANG))
    assert none.first_overfull(full, [released(JULY, person=WANG)]) is None
