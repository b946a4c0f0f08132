from datetime import date

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from appointment.motions import POST, given, post
from appointment.people import LIN, WU, day, known
from cadre.appointment.deciding.post import POST as POST_FOLD
from cadre.appointment.deciding.post import SEATS, EstablishPost
from cadre.appointment.deciding.seats import AssumePost, Relieve
from cadre.contracts.appointment.post import PostFilled, PostVacated
from cadre.contracts.appointment.service import PostAssumed, Relieved
from cadre.contracts.event import Event
from cadre.contracts.vocabulary import PostLevel, unit_id
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.testing import event_id, recorded

establish = EstablishPost(**post.model_dump(exclude={"type", "supersedes"}))
assume = AssumePost(effective_on=day("2023-05-01"), cadre_id=LIN, post_id=POST, basis="任职文件")
assumed = PostAssumed(level=PostLevel.SECTION_HEAD, **dict(assume))
filled = PostFilled(effective_on=day("2023-05-01"), post_id=POST, cadre_id=LIN)
relieve = Relieve(effective_on=day("2026-02-01"), cadre_id=LIN, post_id=POST, reason="退休")
relieved = Relieved(**dict(relieve))
vacated = PostVacated(effective_on=day("2026-02-01"), post_id=POST, cadre_id=LIN)
held = (post, known(LIN), known(WU), assumed, filled)


def test_a_post_is_established_once() -> None:
    given().when(establish).then(post)
    later = establish.model_copy(update={"effective_on": day("2025-01-01")})
    given(post).when(later).then_nothing()


def test_the_seats_are_set_anew_from_a_day_on() -> None:
    more = establish.model_copy(update={"effective_on": day("2026-01-01"), "seats": 2})
    (again,) = given(*held).when(more).events()
    state = POST_FOLD.fold(recorded(i, e) for i, e in enumerate((*held, again), start=1))
    assert [SEATS.free_on(state, day(on)) for on in ("2025-12-31", "2026-01-01")] == [0, 1]


def test_the_seats_are_never_fewer_than_the_holders() -> None:
    two = post.model_copy(update={"seats": 2})
    both = (
        two,
        known(LIN),
        filled,
        filled.model_copy(update={"cadre_id": WU, "effective_on": day("2026-03-01")}),
    )
    fewer = establish.model_copy(update={"effective_on": day("2026-02-01"), "seats": 1})
    given(*both).when(fewer).then_refused("more persons hold the post than 1 seats")


def test_wrong_seats_are_corrected_on_every_day_since() -> None:
    """Two sat there already: with one seat the correction would take that of one of them."""
    two = post.model_copy(update={"seats": 2})
    both = (two, known(LIN), filled, filled.model_copy(update={"cadre_id": WU}))
    later = establish.model_copy(update={"effective_on": day("2030-01-01"), "seats": 3})
    history = (*both, *given(*both).when(later).events())
    wrong = event_id(len(history))
    one = later.model_copy(update={"seats": 1, "supersedes": wrong})
    given(*history).when(one).then_refused("more persons hold the post than 1 seats")
    four = later.model_copy(update={"seats": 4, "supersedes": wrong})
    (told,) = given(*history).when(four).events()
    state = POST_FOLD.fold(recorded(i, e) for i, e in enumerate((*history, told), start=1))
    assert [SEATS.free_on(state, day(on)) for on in ("2029-12-31", "2030-01-01")] == [0, 2]
    given(*history).when(four.model_copy(update={"supersedes": event_id(99)})).then_refused(
        "no post-established of id"
    )


def test_a_post_keeps_its_level_and_its_unit() -> None:
    other = establish.model_copy(update={"level": PostLevel.SECTION_DEPUTY})
    given(post).when(other).then_refused("its level is 乡科级正职 and stays so")
    moved = establish.model_copy(update={"unit_id": unit_id("某县水利局")})
    given(post).when(moved).then_refused("its unit_id is")


def test_a_post_held_before_is_recorded_with_its_seat() -> None:
    given(post, known(LIN)).when(assume).then(assumed, filled)
    given(known(LIN)).when(assume).then_refused(f"no post {POST} is known here")
    given(post).when(assume).then_refused(f"no cadre {LIN} is known here")


@pytest.mark.parametrize("on", ["2023-01-01", "2023-05-01", "2026-01-01"])
def test_nobody_is_recorded_over_the_seats_whatever_came_first(on: str) -> None:
    second = assume.model_copy(update={"cadre_id": WU, "effective_on": day(on)})
    given(*held).when(second).then_refused("has no vacancy")


def test_a_relief_frees_the_seat() -> None:
    given(*held).when(relieve).then(relieved, vacated)
    next_one = assume.model_copy(update={"cadre_id": WU, "effective_on": day("2026-02-01")})
    assert len(given(*held, relieved, vacated).when(next_one).events()) == 2


def test_only_a_holder_is_relieved() -> None:
    other = relieve.model_copy(update={"cadre_id": WU})
    given(*held).when(other).then_refused(f"{WU} does not hold {POST} on 2026-02-01")
    early = relieve.model_copy(update={"effective_on": day("2023-04-30")})
    given(*held).when(early).then_refused("does not hold")


def test_a_relief_is_not_moved_by_another() -> None:
    earlier = relieve.model_copy(update={"effective_on": day("2025-12-01")})
    given(*held, relieved, vacated).when(earlier).then_refused("relieved of")


def test_nobody_takes_two_seats_of_a_post() -> None:
    two = post.model_copy(update={"seats": 2})
    earlier = assume.model_copy(update={"effective_on": day("2022-01-01")})
    given(two, *held[1:]).when(earlier).then_refused("already, since 2023-05-01")


MOVES = st.lists(
    st.tuples(
        st.booleans(),
        st.sampled_from([LIN, WU, "c-cccccccccc"]),
        st.dates(date(2024, 1, 1), date(2024, 12, 31)),
    ),
    max_size=10,
)


@settings(max_examples=50, deadline=None)
@for_all(seats=st.integers(1, 2), moves=MOVES)
def test_never_more_holders_than_seats_on_any_day(
    seats: int, moves: list[tuple[bool, str, date]]
) -> None:
    """Recorded in any order, early and late."""
    people = (known(LIN), known(WU), known("c-cccccccccc"))
    history: tuple[Event, ...] = (post.model_copy(update={"seats": seats}), *people)
    for comes, cadre_id, on in moves:
        command = (
            AssumePost(effective_on=on, cadre_id=cadre_id, post_id=POST, basis="文件")
            if comes
            else Relieve(effective_on=on, cadre_id=cadre_id, post_id=POST, reason="另有任用")
        )
        try:
            history = (*history, *given(*history).when(command).events())
        except NotPossible:
            continue
    state = POST_FOLD.fold(recorded(i, e) for i, e in enumerate(history, start=1))
    assert all(0 <= SEATS.free_on(state, on) <= seats for _, _, on in moves)
