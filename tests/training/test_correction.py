from datetime import date
from typing import Any

from cadre.contracts.event import CadreEvent, Event
from cadre.contracts.training.annulling import TrainingAnnulled
from cadre.contracts.training.record import (
    CreditRefused,
    Trained,
    TrainingTaskCompleted,
    TrainingTaskOpened,
)
from cadre.contracts.training.training_class import ClassHeld, ClassKind, ClassPlanned, Mode
from cadre.shared.deciding.annulling import Annul
from cadre.shared.deciding.testing import Specification, event_id
from cadre.training.app import SERVICE
from cadre.training.deciding.record import CorrectTraining, RecordTraining
from cadre.training.deciding.training_class import Attendance, HoldClass
from training.people import LI, recruit

given = Specification(SERVICE.handlers)

TASK = event_id(99)

recruited = recruit(LI)
asked = TrainingTaskOpened(
    cadre_id=LI,
    effective_on=date(2024, 7, 1),
    task_id=TASK,
    reason="新录用",
    kind=ClassKind.INDUCTION,
    days_min=12,
    due_on=date(2025, 7, 1),
    rule="TRN-05",
)
trained = Trained(
    cadre_id=LI,
    effective_on=date(2024, 8, 1),
    title="初任培训班",
    kind=ClassKind.INDUCTION,
    mode=Mode.OFF_JOB,
    hours=84,
    days=12,
    starts_on=date(2024, 7, 20),
    ends_on=date(2024, 8, 1),
)
done = TrainingTaskCompleted(
    cadre_id=LI, effective_on=date(2024, 8, 1), task_id=TASK, overdue=False
)

class_planned = ClassPlanned(
    effective_on=date(2024, 7, 1),
    class_id="induction-2024",
    title="初任培训班",
    kind=ClassKind.INDUCTION,
    mode=Mode.OFF_JOB,
    hours=84,
    days=12,
    starts_on=date(2024, 7, 20),
    ends_on=date(2024, 8, 1),
    seats=50,
)
class_held = ClassHeld(
    effective_on=date(2024, 8, 1), class_id="induction-2024", attendees=(LI,), short=False
)
in_class = trained.model_copy(update={"class_id": "induction-2024"})


def correct(supersedes: int, **changes: object) -> CorrectTraining:
    fields = trained.model_dump(exclude={"type", "supersedes", "class_id"})
    fields |= {"effective_on": date(2024, 9, 1), "supersedes": event_id(supersedes)}
    return CorrectTraining.model_validate(fields | changes)


def corrected(of: Trained, superseded: int, **changes: object) -> Trained:
    update = {"effective_on": date(2024, 9, 1), "supersedes": event_id(superseded)}
    return of.model_copy(update=update | changes)


def test_sets_new_facts_in_the_place_of_the_old():
    given(recruited, trained).when(correct(2, hours=80)).then(corrected(trained, 2, hours=80))


def test_nothing_to_correct():
    given(recruited, trained).when(correct(2)).then_nothing()


def test_what_is_not_on_record_cannot_be_corrected():
    given(recruited, trained).when(correct(7, hours=80)).then_refused("is on record")


def test_an_unknown_person_has_no_record():
    given().when(correct(1)).then_refused(f"no cadre {LI} is known")


def test_only_the_latest_correction_can_be_corrected():
    history = (recruited, trained, corrected(trained, 2, hours=80))
    given(*history).when(correct(2, hours=70)).then_refused("corrected before")
    given(*history).when(correct(3, hours=70)).then(corrected(trained, 3, hours=70))


def test_a_task_fulfilled_by_what_was_wrong_is_open_again():
    given(recruited, asked, trained, done).when(correct(3, days=11)).then(
        corrected(trained, 3, days=11), asked.model_copy(update={"supersedes": event_id(2)})
    )


def test_a_task_open_again_is_completed_as_if_for_the_first_time():
    reopened = asked.model_copy(update={"supersedes": event_id(2)})
    history = (recruited, asked, trained, done, corrected(trained, 3, days=11), reopened)
    given(*history).when(correct(5)).then(corrected(trained, 5), done)


def test_a_task_stays_done_when_other_training_fulfils_it_too():
    other = trained.model_copy(update={"title": "另一期"})
    history = (recruited, asked, trained, done, other)
    given(*history).when(correct(3, days=11)).then(corrected(trained, 3, days=11))


def test_a_correction_that_reaches_the_days_completes_the_task():
    too_few = trained.model_copy(update={"days": 11})
    given(recruited, asked, too_few).when(correct(3)).then(corrected(trained, 3), done)


def test_of_a_class_only_hours_and_days_can_be_corrected():
    history = (class_planned, recruited, class_held, in_class)
    given(*history).when(correct(4, hours=72)).then(corrected(in_class, 4, hours=72))
    given(*history).when(correct(4, title="另一期")).then_refused("only hours and days")
    given(*history).when(correct(4, days=13)).then_refused("nobody attends more")


def test_credit_is_withdrawn_when_too_much_turns_out_to_be_missed():
    history = (class_planned, recruited, class_held, asked, in_class, done)
    decided = given(*history).when(correct(5, hours=71)).events()
    refusal = decided[0]
    assert isinstance(refusal, CreditRefused)
    assert (refusal.hours, refusal.supersedes) == (71, event_id(5))
    assert decided[1:] == (asked.model_copy(update={"supersedes": event_id(4)}),)


def test_credit_is_given_when_enough_turns_out_to_be_attended():
    history = (class_planned, recruited, class_held, in_class)
    refusal = given(*history).when(correct(4, hours=10)).events()[0]
    given(*history, refusal).when(correct(5)).then(corrected(in_class, 5))


def annul(position: int, what: type[CadreEvent]) -> tuple[Annul, TrainingAnnulled]:
    said: dict[str, Any] = {
        "cadre_id": LI,
        "effective_on": date(2024, 9, 1),
        "supersedes": event_id(position),
        "reason": "查无此事",
        "basis": "复查决定",
    }
    return Annul(**said), TrainingAnnulled(**said, annuls=what.tag())


def test_training_annulled_was_never_attended():
    command, annulled = annul(2, Trained)
    given(recruited, trained).when(command).then(annulled)
    again = RecordTraining(**trained.model_dump(exclude={"type", "supersedes", "class_id"}))
    given(recruited, trained, annulled).when(again).then(trained)
    given(recruited, trained, annulled).when(correct(2, hours=80)).then_refused("before, by")


def test_a_task_fulfilled_by_what_is_annulled_is_open_again():
    command, annulled = annul(3, Trained)
    reopened = asked.model_copy(update={"supersedes": event_id(2)})
    given(recruited, asked, trained, done).when(command).then(annulled, reopened)


def test_a_task_stays_done_when_other_training_than_the_annulled_fulfils_it():
    other = trained.model_copy(update={"title": "另一期"})
    command, annulled = annul(3, Trained)
    given(recruited, asked, trained, done, other).when(command).then(annulled)


def test_a_task_fulfilled_later_by_other_training_is_completed_anew():
    other = trained.model_copy(update={"ends_on": date(2024, 8, 20)})
    command, annulled = annul(3, Trained)
    later = done.model_copy(update={"effective_on": date(2024, 8, 20), "supersedes": event_id(4)})
    given(recruited, asked, trained, done, other).when(command).then(annulled, later)


def test_an_annulled_correction_takes_the_whole_line():
    history = (recruited, asked, trained, done, corrected(trained, 3, hours=80))
    command, annulled = annul(5, Trained)
    reopened = asked.model_copy(update={"supersedes": event_id(2)})
    given(*history).when(command).then(annulled, reopened)


def test_a_refusal_of_credit_is_annulled():
    history: tuple[Event, ...] = (class_planned, recruited, class_held, in_class)
    refusal = given(*history).when(correct(4, hours=10)).events()[0]
    command, annulled = annul(5, CreditRefused)
    given(*history, refusal).when(command).then(annulled)


def test_attendance_of_a_class_that_was_annulled_is_recorded_anew():
    history = (class_planned, recruited, class_held, in_class, annul(4, Trained)[1])
    hold = HoldClass(
        effective_on=class_held.effective_on,
        class_id="induction-2024",
        attendees=(Attendance(cadre_id=LI, hours=84, days=12),),
    )
    given(*history).when(hold).then(in_class)
    other = hold.model_copy(update={"attendees": (Attendance(cadre_id=LI, hours=83, days=12),)})
    given(*history).when(other).then_refused("with other attendance")
