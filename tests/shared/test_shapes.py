"""The declared shapes: facts, versions, places, and what a service may ask of a history."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from cadre.contracts.event import CadreEvent, Event
from cadre.contracts.selection.pool import (
    PoolClass,
    PoolDefined,
    PoolDefinition,
    PoolSeatReleased,
    PoolSeatTaken,
)
from cadre.contracts.supervision.influence import Talked, TalkKind
from cadre.contracts.supervision.merit import MeritPosted
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.dossier import Dossier, dossier_of
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.person import PERSON, Person
from cadre.shared.deciding.places import Places
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.deciding.testing import Specification, event_id, recorded
from cadre.shared.deciding.versions import VersionCommand, Versions

RIGHT = Right(Role.DECIDER, EVERYBODY)
YEAR = date(2026, 1, 1)
ANNA = "c-aaaaaaaaaa"


class DefinePool(VersionCommand, PoolDefinition):
    """A pool for these tests."""


def versions(**more: Any) -> Versions[PoolDefined]:
    return Versions(
        event=PoolDefined,
        by=DefinePool,
        right=RIGHT,
        of=dossier_of("selection", "pool"),
        name="pools",
        title="库 · Pools",
        seen_by=RIGHT,
        keeps=("pool_class",),
        **more,
    )


def defined(day: date = YEAR, seats: int = 3, **more: Any) -> PoolDefined:
    told = {"pool_id": "young", "pool_class": PoolClass.YOUNG, "title": "库", "seats": seats}
    return PoolDefined.model_validate({**told, "effective_on": day, **more})


def define(event: PoolDefined) -> DefinePool:
    return DefinePool.model_validate(event.model_dump(exclude={"type"}))


def specification(shape: Versions[PoolDefined]) -> Specification:
    return Specification(shape.handlers())


def dossier(shape: Versions[PoolDefined], *events: Event) -> Dossier:
    return shape.of.fold(recorded(i, event) for i, event in enumerate(events, start=1))


def test_a_version_replaces_the_one_before_from_its_day_on() -> None:
    shape = versions()
    given, later = specification(shape), defined(YEAR + timedelta(30), 5)
    given().when(define(defined())).then(defined())
    given(defined()).when(define(later)).then(later)
    history = dossier(shape, later, defined())
    assert shape.on(history, YEAR - timedelta(1)) is None
    assert shape.on(history, YEAR + timedelta(29)) == defined()
    assert shape.on(history, YEAR + timedelta(30)) == later
    assert shape.on_or_first(history, YEAR - timedelta(1)) == defined()


def test_what_is_in_force_already_is_not_published_again() -> None:
    given = specification(versions())
    given(defined()).when(define(defined(YEAR + timedelta(9)))).then_nothing()


def test_a_version_is_corrected_by_name_onto_another_day_as_well() -> None:
    shape = versions()
    right = defined(YEAR + timedelta(7), supersedes=event_id(1))
    specification(shape)(defined()).when(define(right)).then(right)
    history = dossier(shape, defined(), right)
    assert shape.on(history, YEAR) is None
    assert shape.on(history, YEAR + timedelta(7)) == right
    again = defined(YEAR, 9, supersedes=event_id(1))
    specification(shape)(defined(), right).when(define(again)).then_refused("was corrected already")


def test_of_two_of_one_day_the_second_corrects_the_first_where_it_says_so() -> None:
    second = defined(seats=5)
    kept = second.model_copy(update={"supersedes": event_id(1)})
    specification(versions(one_a_day=True))(defined()).when(define(second)).then(kept)
    specification(versions())(defined()).when(define(second)).then(second)
    assert versions().on(dossier(versions(), defined(), second), YEAR) == second


def test_what_a_definition_keeps_no_version_changes() -> None:
    other = defined(YEAR + timedelta(9), pool_class=PoolClass.THEMED)
    specification(versions())(defined()).when(define(other)).then_refused("pool_class")


def test_a_version_that_is_not_there_says_from_when_it_is() -> None:
    shape = versions()
    with pytest.raises(NotPossible, match="2026-01-01"):
        shape.in_force(dossier(shape, defined()), "young", YEAR - timedelta(1))


SEATS = Places(
    taken=PoolSeatTaken,
    released=PoolSeatReleased,
    limit=lambda history, day: getattr(versions().on(history, day), "seats", 0),
    defined_by=versions(),
)
DAYS = st.integers(0, 20).map(lambda n: YEAR + timedelta(n))
MOVES = st.lists(st.tuples(st.sampled_from("abc"), DAYS, st.booleans()), max_size=8)
SIZES = st.lists(st.tuples(DAYS, st.integers(1, 4)), max_size=3)


@for_all(MOVES, SIZES, DAYS)
def test_places_are_free_as_counted_day_by_day(
    moves: list[tuple[str, date, bool]], sizes: list[tuple[date, int]], day: date
) -> None:
    persons = {letter: f"c-{letter * 10}" for letter in "abc"}
    events: list[Event] = [defined(on, seats) for on, seats in sizes]
    for letter, on, taken in moves:
        move = SEATS.take if taken else SEATS.release
        events.append(move("young", persons[letter], on))
    history = dossier(versions(), *events)

    def held(person: str, on: date) -> int:
        return sum(
            (1 if t else -1) for p, since, t in moves if persons[p] == person and since <= on
        )

    def free(on: date) -> int:
        begun = [(since, i, seats) for i, (since, seats) in enumerate(sizes) if since <= on]
        return (max(begun)[2] if begun else 0) - sum(held(one, on) for one in persons.values())

    horizon = [day + timedelta(n) for n in range(22)]
    assert SEATS.free_on(history, day) == free(day)
    assert SEATS.free_from(history, day) == min(free(on) for on in horizon)
    assert SEATS.holders_on(history, day) == {p for p in persons.values() if held(p, day) > 0}
    first = next(
        (on for on in horizon if min(map(free, [d for d in horizon if d >= on])) > 0), None
    )
    assert SEATS.first_free(history, day) == first


def talked() -> Talked:
    return Talked(
        cadre_id=ANNA,
        effective_on=YEAR,
        kind=TalkKind.CARE,
        talkers=("组织部",),
        reason="例行",
        record="谈话记录",
    )


def test_what_no_capability_reads_is_an_error_and_no_empty_answer() -> None:
    kinds: frozenset[type[CadreEvent]] = frozenset({Talked})
    person = PERSON.fold([recorded(1, talked())], Person(reads=kinds))
    assert [fact.event for fact in person.standing(Talked)] == [talked()]
    for asked in (person.standing, person.every):
        with pytest.raises(TypeError, match="no capability of this service reads MeritPosted"):
            asked(MeritPosted)
    assert person.known_before(9).reads == person.without(event_id(1)).reads == kinds


def test_a_capability_can_be_printed_and_compared_by_identity() -> None:
    shape = versions()
    one, other = (Capability(mechanism="M11", versions=[shape]) for _ in range(2))
    assert "M11" in repr(one)
    assert one != other
