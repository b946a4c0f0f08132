from datetime import date
from uuid import UUID

import pytest

from cadre.contracts.event import Event
from cadre.contracts.training.record import Trained, TrainingTaskCompleted, TrainingTaskOpened
from cadre.contracts.training.training_class import ClassKind, Mode
from cadre.shared.deciding.testing import Specification, event_id
from cadre.training.app import SERVICE
from cadre.training.deciding.record import RecordTraining
from cadre.training.deciding.task import OpenTrainingTask
from training.people import LI, recruit

given = Specification(SERVICE.handlers)

TASK = UUID("11111111-1111-5111-8111-111111111111")

recruited = recruit(LI)
induction_asked = TrainingTaskOpened(
    cadre_id=LI,
    effective_on=date(2024, 7, 1),
    task_id=TASK,
    reason="新录用",
    kind=ClassKind.INDUCTION,
    days_min=12,
    due_on=date(2025, 7, 1),
    rule="TRN-05",
)


def induction(ends_on: date, days: int = 12, mode: Mode = Mode.OFF_JOB) -> Trained:
    return Trained(
        cadre_id=LI,
        effective_on=ends_on,
        title="初任培训班",
        kind=ClassKind.INDUCTION,
        mode=mode,
        hours=90,
        days=days,
        starts_on=date(2024, 6, 1),
        ends_on=ends_on,
    )


def to_record(trained: Trained) -> RecordTraining:
    return RecordTraining(**trained.model_dump(exclude={"type", "supersedes", "class_id"}))


def completed(on: date, *, overdue: bool = False) -> TrainingTaskCompleted:
    return TrainingTaskCompleted(cadre_id=LI, effective_on=on, task_id=TASK, overdue=overdue)


def test_records_training_of_one_person():
    attended = induction(date(2024, 8, 1))
    given(recruited).when(to_record(attended)).then(attended)


def test_nobody_knows_the_person():
    given().when(to_record(induction(date(2024, 8, 1)))).then_refused(f"no cadre {LI} is known")


def test_training_must_have_ended():
    early = to_record(induction(date(2024, 8, 1))).model_copy(
        update={"effective_on": date(2024, 7, 31)}
    )
    given(recruited).when(early).then_refused("ends on 2024-08-01")


def test_the_same_course_with_other_hours_is_not_recorded_twice():
    attended = induction(date(2024, 8, 1))
    other = to_record(attended).model_copy(update={"hours": 80})
    given(recruited, attended).when(other).then_refused("correct that record")


def test_training_that_satisfies_a_task_completes_it():
    attended = induction(date(2025, 7, 1))
    given(recruited, induction_asked).when(to_record(attended)).then(
        attended, completed(date(2025, 7, 1))
    )


def test_a_day_late_completes_the_task_overdue():
    attended = induction(date(2025, 7, 2))
    given(recruited, induction_asked).when(to_record(attended)).then(
        attended, completed(date(2025, 7, 2), overdue=True)
    )


@pytest.mark.parametrize(
    "attended",
    [
        pytest.param(induction(date(2024, 8, 1), days=11), id="a day too few"),
        pytest.param(induction(date(2024, 8, 1), mode=Mode.ONLINE), id="online"),
        pytest.param(
            induction(date(2024, 8, 1)).model_copy(update={"kind": ClassKind.GENERAL}),
            id="another kind",
        ),
        pytest.param(
            induction(date(2024, 6, 30)),
            id="before the task",
        ),
    ],
)
def test_training_that_does_not_satisfy_leaves_the_task_open(attended: Trained):
    given(recruited, induction_asked).when(to_record(attended)).then(attended)


def test_earlier_training_that_comes_to_light_corrects_the_completion():
    late, early = induction(date(2025, 7, 2)), induction(date(2024, 8, 1))
    history: tuple[Event, ...] = (
        recruited,
        induction_asked,
        late,
        completed(date(2025, 7, 2), overdue=True),
    )
    corrected = completed(date(2024, 8, 1)).model_copy(update={"supersedes": event_id(4)})
    given(*history).when(to_record(early)).then(early, corrected)


def test_opens_a_task():
    given(recruited).when(open_induction()).then(induction_asked)


def test_a_task_opened_after_its_training_is_completed_at_once():
    attended = induction(date(2024, 8, 1))
    given(recruited, attended).when(open_induction()).then(
        induction_asked, completed(date(2024, 8, 1))
    )


def test_a_task_with_other_facts_is_set_anew():
    anew = open_induction().model_copy(update={"due_on": date(2025, 8, 1)})
    given(recruited, induction_asked).when(anew).then(
        induction_asked.model_copy(update={"due_on": date(2025, 8, 1), "supersedes": event_id(2)})
    )


def test_a_task_cites_a_rule_of_the_book():
    unknown = open_induction().model_copy(update={"rule": "TRN-99"})
    given(recruited).when(unknown).then_refused("no rule TRN-99")


def test_a_task_is_not_due_before_it_is_opened():
    backwards = open_induction().model_copy(update={"due_on": date(2024, 6, 30)})
    given(recruited).when(backwards).then_refused("before it is opened")


def test_a_task_needs_a_known_person():
    given().when(open_induction()).then_refused(f"no cadre {LI} is known")


def open_induction() -> OpenTrainingTask:
    return OpenTrainingTask(**induction_asked.model_dump(exclude={"type", "supersedes"}))
