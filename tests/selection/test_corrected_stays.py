"""Entries and exits that were recorded wrongly: corrected, annulled, and the seats that follow."""

from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from cadre.contracts.event import Event
from cadre.contracts.selection.annulling import SelectionAnnulled
from cadre.contracts.selection.membership import (
    ExitReason,
    PoolEntered,
    PoolEntryRefused,
    PoolExited,
)
from cadre.contracts.selection.pool import PoolSeatReleased, PoolSeatTaken
from cadre.contracts.selection.profile import Recruited
from cadre.contracts.vocabulary import Political
from cadre.selection.app import SERVICE
from cadre.selection.deciding.membership import EnterPool, ExitPool
from cadre.selection.deciding.steps import AssessForPool, CompareForPool, NominateForPool
from cadre.shared.deciding.annulling import Annul
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.messages import Command
from cadre.shared.deciding.testing import event_id, recorded, world
from selection.test_membership import (
    CADRE,
    DEFINED,
    ENTER,
    EXIT,
    LEFT,
    MEMBER,
    NON_PARTY_POOL,
    OTHERS,
    PROPOSED,
    RECRUITED,
    VETO,
    YOUNG,
    about,
    assessed,
    compared,
    given,
    nominated,
)

ENTRY, EXITING = event_id(7), event_id(9)
AGAIN = (nominated(date(2026, 10, 1)), assessed(date(2026, 10, 2)), compared(date(2026, 10, 3)))
BACK = PoolEntered(**about(date(2026, 11, 1)), decided_by="区委组织部", findings=())
BACK_IN = (*LEFT, *AGAIN, BACK, PoolSeatTaken(**about(date(2026, 11, 1))))
STRANGER = "c-bbbbbbbbbb"


def enter(day: date, corrects: UUID | None = ENTRY, **more: Any) -> EnterPool:
    return ENTER.model_copy(update={"effective_on": day, "supersedes": corrects} | more)


def leave(day: date, corrects: UUID | None = EXITING, **more: Any) -> ExitPool:
    return EXIT.model_copy(update={"effective_on": day, "supersedes": corrects} | more)


def annul(what: UUID) -> Annul:
    return Annul(
        cadre_id=CADRE,
        effective_on=date(2027, 1, 1),
        supersedes=what,
        reason="录入有误",
        basis="部务会纪要",
    )


def annulled(what: UUID, kind: str) -> SelectionAnnulled:
    said = annul(what).model_dump()
    return SelectionAnnulled(**said, annuls=f"selection.{kind}.v1")


def taken(day: date, pool_id: str = YOUNG) -> PoolSeatTaken:
    return PoolSeatTaken(**about(day, pool_id))


def released(day: date, pool_id: str = YOUNG) -> PoolSeatReleased:
    return PoolSeatReleased(**about(day, pool_id))


def by_another(day: date) -> PoolSeatTaken:
    """The one seat goes to somebody else."""
    return PoolSeatTaken(pool_id=YOUNG, cadre_id=STRANGER, effective_on=day)


def test_a_corrected_entry_moves_its_seat() -> None:
    for day in (date(2026, 4, 10), date(2026, 6, 1)):
        events = given(*MEMBER).when(enter(day)).events()
        entered, *seats = events
        assert isinstance(entered, PoolEntered)
        assert (entered.effective_on, entered.supersedes) == (day, ENTRY)
        assert all(finding.passed for finding in entered.findings)
        assert {(type(seat), seat.effective_on) for seat in seats} == {
            (PoolSeatReleased, date(2026, 5, 1)),
            (PoolSeatTaken, day),
        }


def test_a_correction_that_moves_no_day_moves_no_seat() -> None:
    (entered,) = given(*MEMBER).when(enter(date(2026, 5, 1), decided_by="区委")).events()
    assert isinstance(entered, PoolEntered)
    assert entered.decided_by == "区委"


def test_a_corrected_entry_is_judged_as_if_the_wrong_one_were_not_there() -> None:
    """The pool has one seat, which the wrong entry holds; and there is a veto since March."""
    refused = given(*MEMBER, VETO).when(enter(date(2026, 6, 1))).events()
    (event,) = refused
    assert isinstance(event, PoolEntryRefused)
    assert [finding.rule for finding in event.findings] == ["POL-01"]
    assert (event.supersedes, event.corrects) == (None, ENTRY)
    given(*MEMBER, VETO, event).when(leave(date(2026, 9, 1), None)).events()


def test_before_the_comparison_nobody_enters_by_a_correction_either() -> None:
    (event,) = given(*MEMBER).when(enter(date(2026, 3, 20))).events()
    assert isinstance(event, PoolEntryRefused)
    assert [finding.rule for finding in event.findings] == ["POOL-03"]


def test_a_seat_that_another_held_before_the_entry_stands_against_an_earlier_day() -> None:
    other = (
        by_another(date(2026, 1, 1)),
        PoolSeatReleased(pool_id=YOUNG, cadre_id=STRANGER, effective_on=date(2026, 4, 20)),
    )
    history = (*PROPOSED, *other, PoolEntered(**dict(BACK) | about(date(2026, 5, 1))), MEMBER[-1])
    (event,) = given(*history).when(enter(date(2026, 4, 10), event_id(9))).events()
    assert isinstance(event, PoolEntryRefused)
    assert [(f.rule, f.earliest) for f in event.findings] == [("POOL-08", date(2026, 4, 20))]
    assert isinstance(
        given(*history).when(enter(date(2026, 4, 20), event_id(9))).events()[0], PoolEntered
    )


def test_an_ended_stay_asks_for_a_seat_only_while_it_lasted() -> None:
    history = (*LEFT, by_another(date(2026, 10, 1)))
    entered, *seats = given(*history).when(enter(date(2026, 6, 1))).events()
    assert isinstance(entered, PoolEntered)
    assert seats == [taken(date(2026, 6, 1)), released(date(2026, 5, 1))]


def test_an_entry_is_not_corrected_past_its_exit() -> None:
    given(*LEFT).when(enter(date(2026, 9, 2))).then_refused("left pool young-2026 on 2026-09-01")
    steps = (nominated(pool_id=OTHERS), assessed(pool_id=OTHERS), compared(pool_id=OTHERS))
    elsewhere = enter(date(2026, 5, 1), pool_id=OTHERS)
    given(*LEFT, *steps).when(elsewhere).then_refused("left pool young-2026 on 2026-09-01")


def test_an_entry_corrected_to_another_pool_gives_one_seat_back_and_takes_the_other() -> None:
    masses = RECRUITED.model_copy(update={"political": Political.MASSES})
    steps = (nominated(pool_id=OTHERS), assessed(pool_id=OTHERS), compared(pool_id=OTHERS))
    history = [masses if isinstance(event, Recruited) else event for event in MEMBER]
    wish = enter(date(2026, 5, 2), pool_id=OTHERS)
    entered, *seats = given(*history, *steps).when(wish).events()
    assert isinstance(entered, PoolEntered)
    assert seats == [taken(date(2026, 5, 2), OTHERS), released(date(2026, 5, 1))]


def test_two_stays_do_not_overlap_by_a_correction() -> None:
    given(*BACK_IN).when(enter(date(2026, 8, 1), event_id(14))).then_refused(
        "entered pool young-2026 on 2026-05-01"
    )
    given(*BACK_IN).when(leave(date(2026, 11, 2))).then_refused("again on 2026-11-01")
    exited, *seats = given(*BACK_IN).when(leave(date(2026, 11, 1))).events()
    assert isinstance(exited, PoolExited)
    assert exited.entry_event == ENTRY
    assert Counter(type(seat) for seat in seats) == {PoolSeatTaken: 1, PoolSeatReleased: 1}


def test_only_the_standing_entry_is_corrected() -> None:
    given(*PROPOSED).when(enter(date(2026, 5, 1))).then_refused("no pool-entered of id")
    second = PoolEntered(**dict(BACK) | about(date(2026, 5, 2)) | {"supersedes": ENTRY})
    given(*MEMBER, second).when(enter(date(2026, 5, 3))).then_refused("was corrected already")
    given(*MEMBER, annulled(ENTRY, "pool-entered")).when(enter(date(2026, 5, 3))).then_refused(
        "was corrected already"
    )


@pytest.mark.parametrize("day", [date(2026, 8, 1), date(2026, 10, 1)])
def test_a_corrected_exit_moves_its_seat(day: date) -> None:
    exited, *seats = given(*LEFT).when(leave(day)).events()
    assert isinstance(exited, PoolExited)
    assert (exited.effective_on, exited.supersedes, exited.entry_event) == (day, EXITING, ENTRY)
    assert set(seats) == {taken(date(2026, 9, 1)), released(day)}


def test_a_corrected_reason_moves_no_seat() -> None:
    (exited,) = given(*LEFT).when(leave(date(2026, 9, 1), reason=ExitReason.AGE)).events()
    assert isinstance(exited, PoolExited)
    assert exited.reason is ExitReason.AGE


def test_a_seat_that_somebody_took_since_keeps_an_exit_from_moving_later() -> None:
    history = (*LEFT, by_another(date(2026, 9, 15)))
    given(*history).when(leave(date(2026, 9, 16))).then_refused("no free seat on 2026-09-15")
    assert len(given(*history).when(leave(date(2026, 9, 15))).events()) == 3


def test_the_same_exit_after_its_entry_was_corrected_changes_nothing() -> None:
    right = PoolEntered(**dict(BACK) | about(date(2026, 5, 2)) | {"supersedes": ENTRY})
    moved = (released(date(2026, 5, 1)), taken(date(2026, 5, 2)))
    given(*LEFT, right, *moved).when(EXIT).then_nothing()


def test_an_exit_that_was_of_another_pool() -> None:
    """A member of two pools left the other one."""
    masses = RECRUITED.model_copy(update={"political": Political.MASSES})
    history = [masses if isinstance(event, Recruited) else event for event in LEFT]
    second = PoolEntered(**dict(BACK) | about(date(2026, 6, 1), OTHERS))
    wish = leave(date(2026, 9, 1), pool_id=OTHERS)
    events = given(*history, second, taken(date(2026, 6, 1), OTHERS)).when(wish).events()
    assert events == (
        PoolExited(**dict(wish), entry_event=event_id(11)),
        released(date(2026, 9, 1), OTHERS),
        taken(date(2026, 9, 1)),
    )
    full = (*history, by_another(date(2026, 9, 1)), second, taken(date(2026, 6, 1), OTHERS))
    given(*full).when(wish).then_refused("young-2026 has no free seat on 2026-09-01")


def test_an_annulled_entry_frees_its_seat() -> None:
    given(*MEMBER).when(annul(ENTRY)).then(
        annulled(ENTRY, "pool-entered"), released(date(2026, 5, 1))
    )


def test_with_an_annulled_entry_falls_the_exit_that_hung_on_it() -> None:
    given(*LEFT).when(annul(ENTRY)).then(
        annulled(ENTRY, "pool-entered"), taken(date(2026, 9, 1)), released(date(2026, 5, 1))
    )
    gone = (
        *LEFT,
        annulled(ENTRY, "pool-entered"),
        released(date(2026, 5, 1)),
        taken(date(2026, 9, 1)),
    )
    given(*gone).when(EXIT).then_refused("was no member")
    given(*gone).when(annul(EXITING)).then(annulled(EXITING, "pool-exited"))
    entered, *seats = given(*gone).when(ENTER).events()
    assert isinstance(entered, PoolEntered)
    assert seats == [taken(date(2026, 5, 1))]
    again = (*gone, entered, *seats)
    exited, _ = given(*again).when(EXIT).events()
    assert isinstance(exited, PoolExited)
    assert exited.entry_event == event_id(len(gone) + 1)


def test_an_annulled_exit_takes_the_seat_again() -> None:
    given(*LEFT).when(annul(EXITING)).then(
        annulled(EXITING, "pool-exited"), taken(date(2026, 9, 1))
    )


def test_an_annulled_exit_needs_a_free_seat_and_no_later_stay() -> None:
    full = (*LEFT, by_another(date(2026, 12, 1)))
    given(*full).when(annul(EXITING)).then_refused("no free seat on 2026-12-01")
    given(*BACK_IN).when(annul(EXITING)).then_refused("and again on 2026-11-01")


PEOPLE = (CADRE, STRANGER)
DAYS = st.integers(0, 40).map(lambda n: date(2026, 5, 1) + timedelta(days=n))
WISHES = st.tuples(st.sampled_from(("enter", "exit", "annul")), st.sampled_from(PEOPLE), DAYS)


@settings(max_examples=60, deadline=None)
@for_all(st.lists(st.tuples(WISHES, st.integers(0, 30)), max_size=14))
def test_seats_follow_the_stays_and_are_never_too_few(
    wishes: list[tuple[tuple[str, str, date], int]],
) -> None:
    """Whatever is entered, left, corrected and annulled: the seats taken are those of the stays."""
    history: list[Event] = [DEFINED, NON_PARTY_POOL]
    for person in PEOPLE:
        history.append(RECRUITED.model_copy(update={"cadre_id": person}))
        for day in (date(2026, 4, 1) + timedelta(days=n) for n in range(0, 80, 10)):
            on = about(day) | {"cadre_id": person}
            history += [
                decided(history, NominateForPool(**on, by_unit="水利局", reason="实绩"))[0],
                decided(history, AssessForPool(**on, fit=True, assessors=("甲", "乙"), note="…"))[
                    0
                ],
                decided(history, CompareForPool(**on, place=1, compared_count=2))[0],
            ]
    for (kind, person, day), pick in wishes:
        try:
            history += decided(history, _wish(history, kind, person, day, pick))
        except NotPossible:
            continue
    for n in range(-5, 60):
        day = date(2026, 5, 1) + timedelta(days=n)
        members = sum(_is_member(history, person, day) for person in PEOPLE)
        seats = sum(
            1 if isinstance(event, PoolSeatTaken) else -1
            for event in history
            if isinstance(event, PoolSeatTaken | PoolSeatReleased) and event.effective_on <= day
        )
        assert members == seats <= DEFINED.seats, day


def decided(history: list[Event], command: Command) -> list[Event]:
    handler = next(h for h in SERVICE.handlers if h.command is type(command))
    log = [recorded(n, event) for n, event in enumerate(history, start=1)]
    return list(handler.decide(command, world(handler, command, log)))


def _wish(history: list[Event], kind: str, person: str, day: date, pick: int) -> Command:
    mine = [
        (event_id(n), event)
        for n, event in enumerate(history, start=1)
        if isinstance(event, PoolEntered | PoolExited) and event.cadre_id == person
    ]
    chosen = mine[pick % len(mine)] if mine and pick else (None, None)
    about_person = about(day) | {"cadre_id": person}
    match kind:
        case "enter":
            corrects = chosen[0] if isinstance(chosen[1], PoolEntered) else None
            return EnterPool(**about_person, decided_by="区委", supersedes=corrects)
        case "annul" if chosen[0] is not None:
            return annul(chosen[0]).model_copy(update={"cadre_id": person})
        case _:
            corrects = chosen[0] if isinstance(chosen[1], PoolExited) else None
            return ExitPool(**about_person, reason=ExitReason.OTHER, supersedes=corrects)


def _is_member(history: list[Event], person: str, day: date) -> bool:
    """Read from the events by hand: entries and exits that nothing superseded."""
    events = {event_id(n): event for n, event in enumerate(history, start=1)}
    gone = {event.supersedes: n for n, event in events.items() if event.supersedes}

    def newest(one: UUID) -> UUID:
        return newest(gone[one]) if one in gone else one

    left = {
        newest(event.entry_event): event.effective_on
        for n, event in events.items()
        if isinstance(event, PoolExited) and n not in gone
    }
    return any(
        event.effective_on <= day < left.get(n, date.max)
        for n, event in events.items()
        if isinstance(event, PoolEntered) and event.cadre_id == person and n not in gone
    )
