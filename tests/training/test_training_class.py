from datetime import date

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from cadre.contracts.event import Event
from cadre.contracts.training.record import (
    CreditRefused,
    Trained,
    TrainingTaskCompleted,
    TrainingTaskOpened,
)
from cadre.contracts.training.training_class import ClassHeld, ClassKind, ClassPlanned, Mode
from cadre.shared.deciding.testing import Specification, event_id
from cadre.training.app import SERVICE
from cadre.training.deciding.training_class import Attendance, HoldClass, PlanClass
from training.people import LI, WANG, ZHAO, recruit

given = Specification(SERVICE.handlers)


planned = ClassPlanned(
    effective_on=date(2025, 3, 1),
    class_id="young-2025",
    title="第十期中青班",
    kind=ClassKind.YOUNG_CADRE,
    mode=Mode.OFF_JOB,
    hours=210,
    days=30,
    starts_on=date(2025, 4, 1),
    ends_on=date(2025, 4, 30),
    seats=2,
)


def plan(**changes: object) -> PlanClass:
    fields = planned.model_dump(exclude={"type", "supersedes"})
    return PlanClass.model_validate(fields | changes)


def hold(*attendees: Attendance, on: date = date(2025, 4, 30)) -> HoldClass:
    return HoldClass(class_id="young-2025", effective_on=on, attendees=attendees)


def whole(cadre_id: str) -> Attendance:
    return Attendance(cadre_id=cadre_id, hours=210, days=30)


def attended(cadre_id: str, hours: float = 210, days: int = 30) -> Trained:
    return Trained(
        cadre_id=cadre_id,
        effective_on=date(2025, 4, 30),
        class_id="young-2025",
        title="第十期中青班",
        kind=ClassKind.YOUNG_CADRE,
        mode=Mode.OFF_JOB,
        hours=hours,
        days=days,
        starts_on=date(2025, 4, 1),
        ends_on=date(2025, 4, 30),
    )


def held(*attendees: str, short: bool = False) -> ClassHeld:
    return ClassHeld(
        effective_on=date(2025, 4, 30), class_id="young-2025", attendees=attendees, short=short
    )


def test_plans_a_class():
    given().when(plan()).then(planned)


def test_plans_a_class_anew_until_it_is_held():
    anew = planned.model_copy(update={"seats": 40, "supersedes": event_id(1)})
    given(planned).when(plan(seats=40)).then(anew)


def test_the_plan_of_a_class_held_stands():
    given(planned, held(LI)).when(plan(seats=40)).then_refused("has been held")


def test_a_class_takes_time():
    given().when(plan(hours=0)).then_refused("are no class")


def test_holds_a_class_with_one_trained_per_attendee():
    given(planned, recruit(LI), recruit(WANG)).when(hold(whole(LI), whole(WANG))).then(
        held(LI, WANG), attended(LI), attended(WANG)
    )


def test_a_class_that_was_not_planned_is_not_held():
    given(recruit(LI)).when(hold(whole(LI))).then_refused("no class young-2025 is planned")


def test_everybody_in_a_class_is_known():
    given(planned, recruit(LI)).when(hold(whole(LI), whole(WANG))).then_refused(WANG)


def test_a_class_is_held_when_it_has_ended():
    early = hold(whole(LI), on=date(2025, 4, 29))
    given(planned, recruit(LI)).when(early).then_refused("ends on 2025-04-30")


def test_no_more_attendees_than_seats():
    people = (LI, WANG, ZHAO)
    given(planned, *map(recruit, people)).when(hold(*map(whole, people))).then_refused(
        "3 attendees on 2 seats"
    )


def test_nobody_attends_twice():
    given(planned, recruit(LI)).when(hold(whole(LI), whole(LI))).then_refused("named twice")


@pytest.mark.parametrize("too_much", [{"hours": 211}, {"days": 31}])
def test_nobody_attends_more_than_there_was(too_much: dict[str, int]):
    item = whole(LI).model_copy(update=too_much)
    given(planned, recruit(LI)).when(hold(item)).then_refused("nobody attends more")


def test_a_seventh_of_the_hours_may_be_missed():
    item = Attendance(cadre_id=LI, hours=180, days=26)
    given(planned, recruit(LI)).when(hold(item)).then(held(LI), attended(LI, 180, 26))


def test_more_than_a_seventh_missed_is_not_credited_and_says_why():
    item = Attendance(cadre_id=WANG, hours=179, days=25)
    decided = given(planned, recruit(LI), recruit(WANG)).when(hold(whole(LI), item)).events()
    assert decided[:2] == (held(LI), attended(LI))
    refusal = decided[2]
    assert isinstance(refusal, CreditRefused)
    assert (refusal.cadre_id, refusal.hours) == (WANG, 179)
    assert refusal.findings[0].rule == "TRN-04"
    assert "缺 31 学时" in refusal.say()


def test_a_class_shorter_than_its_rule_is_flagged_not_refused():
    short = planned.model_copy(update={"days": 29})
    item = Attendance(cadre_id=LI, hours=210, days=29)
    given(short, recruit(LI)).when(hold(item)).then(held(LI, short=True), attended(LI, days=29))


@pytest.mark.parametrize(
    ("kind", "mode", "days_enough"),
    [
        (ClassKind.POLITICAL, Mode.OFF_JOB, 5),
        (ClassKind.INDUCTION, Mode.CENTRALISED, 12),
        (ClassKind.IN_POST, Mode.OFF_JOB, 15),
        (ClassKind.YOUNG_CADRE, Mode.OFF_JOB, 30),
        (ClassKind.POLITICAL, Mode.CENTRALISED, 1),
        (ClassKind.THEMATIC, Mode.FIELD, 1),
    ],
)
def test_each_kind_has_its_length(kind: ClassKind, mode: Mode, days_enough: int):
    def flagged(days: int) -> bool:
        changed = planned.model_copy(update={"kind": kind, "mode": mode, "days": days})
        item = Attendance(cadre_id=LI, hours=210, days=days)
        event = given(changed, recruit(LI)).when(hold(item)).events()[0]
        assert isinstance(event, ClassHeld)
        return event.short

    assert not flagged(days_enough)
    if days_enough > 1:
        assert flagged(days_enough - 1)


def test_a_class_completes_the_task_of_its_attendee():
    task = TrainingTaskOpened(
        cadre_id=LI,
        effective_on=date(2025, 1, 1),
        task_id=event_id(99),
        reason="任前未达到培训要求",
        kind=ClassKind.YOUNG_CADRE,
        days_min=30,
        due_on=date(2026, 1, 1),
        rule="TRN-03",
    )
    given(planned, recruit(LI), recruit(WANG), task).when(hold(whole(LI), whole(WANG))).then(
        held(LI, WANG),
        attended(LI),
        TrainingTaskCompleted(
            cadre_id=LI, effective_on=date(2025, 4, 30), task_id=event_id(99), overdue=False
        ),
        attended(WANG),
    )


def test_a_class_is_held_once():
    history = (planned, recruit(LI), recruit(WANG), held(LI), attended(LI))
    given(*history).when(hold(whole(WANG))).then_refused("with other attendance")
    given(*history).when(hold(Attendance(cadre_id=LI, hours=200, days=30))).then_refused(
        "with other attendance"
    )
    given(*history).when(hold(whole(LI))).then_nothing()


@st.composite
def years_of_classes(draw: st.DrawFn) -> list[list[tuple[str, float]]]:
    """Up to four classes, each with distinct attendees and the hours they attended."""
    people = st.tuples(st.sampled_from("abcdefgh"), st.integers(min_value=0, max_value=70))
    attendance = st.lists(people, min_size=1, unique_by=lambda person: person[0])
    classes = draw(st.lists(attendance, max_size=4))
    return [[(f"c-{letter * 10}", hours) for letter, hours in one] for one in classes]


@for_all(years_of_classes())
def test_person_times_are_the_credits_of_all_classes(classes: list[list[tuple[str, float]]]):
    people = {cadre_id for one in classes for cadre_id, _ in one}
    history: list[Event] = [recruit(cadre_id) for cadre_id in sorted(people)]
    for number, attendance in enumerate(classes):
        changes: dict[str, object] = {"class_id": f"class-{number}", "hours": 70.0, "seats": 8}
        history.append(planned.model_copy(update=changes))
        command = HoldClass(
            class_id=f"class-{number}",
            effective_on=date(2025, 4, 30),
            attendees=tuple(
                Attendance(cadre_id=cadre_id, hours=hours, days=30)
                for cadre_id, hours in attendance
            ),
        )
        history.extend(given(*history).when(command).events())

    credited = [(n, c) for n, one in enumerate(classes) for c, hours in one if hours >= 60]
    trained = [event for event in history if isinstance(event, Trained)]
    refused = [event for event in history if isinstance(event, CreditRefused)]
    listed = [c for event in history if isinstance(event, ClassHeld) for c in event.attendees]
    assert [event.cadre_id for event in trained] == listed == [c for _, c in credited]
    assert len(trained) + len(refused) == sum(map(len, classes))
    assert len(set(listed)) <= len(listed)
