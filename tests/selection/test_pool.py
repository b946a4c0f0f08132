from datetime import date, timedelta
from random import Random

from hypothesis import given as for_all
from hypothesis import strategies as st

from cadre.contracts.event import Event
from cadre.contracts.selection.pool import PoolClass, PoolDefined, PoolSeatReleased, PoolSeatTaken
from cadre.selection.handlers import HANDLERS
from cadre.selection.pool import POOL, DefinePool, Pool
from cadre.shared.deciding.testing import Specification, event_id, recorded

given = Specification(HANDLERS)
DEFINE = DefinePool(
    pool_id="young-2026",
    pool_class=PoolClass.YOUNG,
    title="优秀年轻干部库",
    seats=2,
    effective_on=date(2026, 1, 1),
)
DEFINED = PoolDefined(**dict(DEFINE))


def taken(cadre_id: str, on: date) -> PoolSeatTaken:
    return PoolSeatTaken(pool_id="young-2026", cadre_id=cadre_id, effective_on=on)


def released(cadre_id: str, on: date) -> PoolSeatReleased:
    return PoolSeatReleased(pool_id="young-2026", cadre_id=cadre_id, effective_on=on)


FULL = (DEFINED, taken("c-aaaaaaaaaa", date(2026, 2, 1)), taken("c-bbbbbbbbbb", date(2026, 3, 1)))


def pool(*events: Event) -> Pool:
    return POOL.fold(recorded(i, event) for i, event in enumerate(events, start=1))


def test_a_pool_is_defined_once() -> None:
    given().when(DEFINE).then(DEFINED)


def test_the_same_definition_later_changes_nothing() -> None:
    given(DEFINED).when(DEFINE.model_copy(update={"effective_on": date(2026, 5, 1)})).then_nothing()


def test_more_seats_from_a_later_day() -> None:
    wider = DEFINE.model_copy(update={"seats": 3, "effective_on": date(2026, 6, 1)})
    given(*FULL).when(wider).then(PoolDefined(**dict(wider)))


def test_another_definition_of_the_same_day_corrects_the_first() -> None:
    wider = DEFINE.model_copy(update={"seats": 3})
    given(DEFINED).when(wider).then(PoolDefined(**dict(wider), supersedes=event_id(1)))


def test_a_pool_keeps_its_class() -> None:
    other = DEFINE.model_copy(update={"pool_class": PoolClass.NON_PARTY})
    given(DEFINED).when(other).then_refused("is a pool of class 优秀年轻干部")


def test_members_are_not_defined_away() -> None:
    narrower = DEFINE.model_copy(update={"seats": 1, "effective_on": date(2026, 6, 1)})
    given(*FULL).when(narrower).then_refused("has 1 members more than 1 seats hold")
    left = released("c-aaaaaaaaaa", date(2026, 5, 31))
    given(*FULL, left).when(narrower).then(PoolDefined(**dict(narrower)))


def test_a_seat_taken_later_is_not_free_today() -> None:
    one_seat = DEFINED.model_copy(update={"seats": 1})
    reserved = pool(one_seat, taken("c-aaaaaaaaaa", date(2026, 9, 1)))
    assert reserved.free_from(date(2026, 2, 1)) == 0
    assert reserved.first_free(date(2026, 2, 1)) is None


def test_the_first_free_day_is_that_of_a_release() -> None:
    leaving = pool(*FULL, released("c-aaaaaaaaaa", date(2026, 8, 1)))
    assert leaving.first_free(date(2026, 4, 1)) == date(2026, 8, 1)


FIRST_DAY = date(2026, 1, 1)
DAYS = st.integers(0, 40).map(lambda n: FIRST_DAY + timedelta(days=n))
STAYS = st.lists(st.tuples(DAYS, st.none() | st.integers(0, 20)), max_size=6)


@for_all(STAYS, st.randoms(use_true_random=False), DAYS)
def test_the_order_of_arrival_does_not_matter(
    stays: list[tuple[date, int | None]], random: Random, day: date
) -> None:
    events: list[Event] = []
    for begins, length in stays:
        events.append(taken("c-aaaaaaaaaa", begins))
        if length is not None:
            events.append(released("c-aaaaaaaaaa", begins + timedelta(days=length)))
    shuffled = events.copy()
    random.shuffle(shuffled)
    in_order, out_of_order = pool(DEFINED, *events), pool(*shuffled, DEFINED)
    assert in_order.free_from(day) == out_of_order.free_from(day)
    assert in_order.first_free(day) == out_of_order.first_free(day)


@for_all(STAYS, DAYS)
def test_free_seats_are_the_fewest_of_all_days_to_come(
    stays: list[tuple[date, int | None]], day: date
) -> None:
    events: list[Event] = []
    for begins, length in stays:
        events.append(taken("c-aaaaaaaaaa", begins))
        if length is not None:
            events.append(released("c-aaaaaaaaaa", begins + timedelta(days=length)))

    def occupied(on: date) -> int:
        return sum(
            begins <= on and (length is None or on < begins + timedelta(days=length))
            for begins, length in stays
        )

    horizon = [day + timedelta(days=n) for n in range(100)]
    assert pool(DEFINED, *events).free_from(day) == min(2 - occupied(on) for on in horizon)
