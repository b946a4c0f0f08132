from datetime import date, timedelta
from random import Random

from hypothesis import given as for_all
from hypothesis import strategies as st

from cadre.contracts.event import Event
from cadre.contracts.selection.pool import PoolClass, PoolDefined, PoolSeatReleased, PoolSeatTaken
from cadre.selection.app import SERVICE
from cadre.selection.deciding.pool import POOLS, SEATS, DefinePool
from cadre.shared.deciding.dossier import Dossier
from cadre.shared.deciding.testing import Specification, event_id, recorded

given = Specification(SERVICE.handlers)
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


def pool(*events: Event) -> Dossier:
    return POOLS.of.fold(recorded(i, event) for i, event in enumerate(events, start=1))


def test_a_pool_is_defined_once() -> None:
    given().when(DEFINE).then(DEFINED)


def test_the_same_definition_later_changes_nothing() -> None:
    given(DEFINED).when(DEFINE.model_copy(update={"effective_on": date(2026, 5, 1)})).then_nothing()


def test_more_seats_from_a_later_day() -> None:
    wider = DEFINE.model_copy(update={"seats": 3, "effective_on": date(2026, 6, 1)})
    given(*FULL).when(wider).then(PoolDefined(**dict(wider)))


def test_another_definition_of_the_same_day_corrects_the_first() -> None:
    wider = DEFINE.model_copy(update={"seats": 3})
    given(DEFINED).when(wider).then(PoolDefined(**dict(wider) | {"supersedes": event_id(1)}))


def test_what_was_corrected_on_its_day_may_come_back() -> None:
    wider = PoolDefined(**dict(DEFINE) | {"seats": 3, "supersedes": event_id(1)})
    back = PoolDefined(**dict(DEFINE) | {"supersedes": event_id(2)})
    given(DEFINED, wider).when(DEFINE).then(back)


def test_a_definition_is_corrected_by_naming_it() -> None:
    """To another day, or to another class: what it was told as never held."""
    other = {"pool_class": PoolClass.NON_PARTY, "effective_on": date(2026, 1, 15)}
    right = DEFINE.model_copy(update=other | {"supersedes": event_id(1)})
    given(DEFINED).when(right).then(PoolDefined(**dict(right)))
    given(DEFINED, DEFINED.model_copy(update={"effective_on": date(2026, 6, 1)})).when(
        right
    ).then_refused("is 优秀年轻干部 and stays so")
    astray = right.model_copy(update={"supersedes": event_id(9)})
    given(DEFINED).when(astray).then_refused("no pool-defined of id")


def test_no_seat_is_corrected_from_under_a_member() -> None:
    later = DEFINE.model_copy(update={"effective_on": date(2026, 2, 2), "supersedes": event_id(1)})
    given(*FULL).when(later).then_refused("has 1 members more")
    on_the_day = later.model_copy(update={"effective_on": date(2026, 2, 1)})
    given(*FULL).when(on_the_day).then(PoolDefined(**dict(on_the_day)))


def test_a_pool_keeps_its_class() -> None:
    other = DEFINE.model_copy(update={"pool_class": PoolClass.NON_PARTY})
    given(DEFINED).when(other).then_refused("is 优秀年轻干部 and stays so")


def test_members_are_not_defined_away() -> None:
    narrower = DEFINE.model_copy(update={"seats": 1, "effective_on": date(2026, 6, 1)})
    given(*FULL).when(narrower).then_refused("has 1 members more than 1 seats hold")
    left = released("c-aaaaaaaaaa", date(2026, 5, 31))
    given(*FULL, left).when(narrower).then(PoolDefined(**dict(narrower)))


def test_a_seat_taken_later_is_not_free_today() -> None:
    one_seat = DEFINED.model_copy(update={"seats": 1})
    reserved = pool(one_seat, taken("c-aaaaaaaaaa", date(2026, 9, 1)))
    assert SEATS.free_from(reserved, date(2026, 2, 1)) == 0
    assert SEATS.first_free(reserved, date(2026, 2, 1)) is None


def test_the_first_free_day_is_that_of_a_release() -> None:
    leaving = pool(*FULL, released("c-aaaaaaaaaa", date(2026, 8, 1)))
    assert SEATS.first_free(leaving, date(2026, 4, 1)) == date(2026, 8, 1)


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
    assert SEATS.free_from(in_order, day) == SEATS.free_from(out_of_order, day)
    assert SEATS.first_free(in_order, day) == SEATS.first_free(out_of_order, day)


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
    found = pool(DEFINED, *events)
    free = [2 - occupied(on) for on in horizon]
    assert SEATS.free_from(found, day) == min(free)
    assert SEATS.free_from(found, day, until=horizon[10]) == min(free[:10])
    for_good = (on for n, on in enumerate(horizon) if min(free[n:]) > 0)
    assert SEATS.first_free(found, day) == next(for_good, None)
