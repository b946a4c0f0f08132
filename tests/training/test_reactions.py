from datetime import date
from uuid import UUID

import pytest

from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.event import Event
from cadre.contracts.training.record import TrainingTaskOpened
from cadre.contracts.training.training_class import ClassKind
from cadre.contracts.vocabulary import Channel, PostLevel
from cadre.shared.deciding.messages import Command
from cadre.shared.deciding.testing import Specification, event_id, recorded
from cadre.training.app import SERVICE
from cadre.training.deciding.task import OpenTrainingTask
from training.people import LI, recruit

given = Specification(SERVICE.handlers)


def commands(position: int, event: Event) -> list[Command]:
    return [
        command
        for reaction in SERVICE.reactions
        if reaction.event is type(event)
        for command, _ in reaction.commands(recorded(position, event), "training")
    ]


def promotion(**changes: object) -> Promoted:
    fields: dict[str, object] = {
        "cadre_id": LI,
        "effective_on": date(2024, 2, 29),
        "kind": "post",
        "level": PostLevel.DIVISION_DEPUTY,
        "post_title": "副县长",
        "unit_name": "某县人民政府",
        "trained": False,
        "findings": (),
    }
    return Promoted.model_validate(fields | changes)


def task(position: int, event: Event) -> OpenTrainingTask:
    (command,) = commands(position, event)
    assert isinstance(command, OpenTrainingTask)
    return command


def test_who_was_promoted_untrained_has_a_year_to_catch_up():
    opened = task(2, promotion())
    assert (opened.kind, opened.days_min, opened.rule) == (ClassKind.IN_POST, 30, "TRN-03")
    assert (opened.effective_on, opened.due_on) == (date(2024, 2, 29), date(2025, 2, 28))
    assert "某县人民政府副县长" in opened.reason


def test_posts_of_section_level_ask_fewer_days():
    assert task(2, promotion(level=PostLevel.SECTION_HEAD)).days_min == 15


@pytest.mark.parametrize("changes", [{"trained": True}, {"kind": "rank"}])
def test_other_promotions_open_nothing(changes: dict[str, object]):
    assert commands(2, promotion(**changes)) == []


def test_recruits_are_inducted_within_their_probation():
    opened = task(1, recruit(LI, on=date(2024, 7, 1)))
    assert (opened.kind, opened.days_min, opened.rule) == (ClassKind.INDUCTION, 12, "TRN-05")
    assert opened.due_on == date(2025, 7, 1)


def test_who_is_transferred_in_has_no_probation():
    assert commands(1, recruit(LI, channel=Channel.TRANSFER)) == []


def test_the_task_follows_from_the_event_alone():
    assert task(2, promotion()).task_id == task(2, promotion()).task_id
    assert task(2, promotion()).task_id != task(3, promotion()).task_id


def test_a_recruitment_told_anew_sets_the_one_task_anew():
    first = recruit(LI, on=date(2024, 7, 1))
    again = first.model_copy(update={"effective_on": date(2024, 8, 1), "supersedes": event_id(1)})
    third = first.model_copy(update={"effective_on": date(2024, 9, 1), "supersedes": event_id(3)})
    history: list[Event] = [first]
    for news in (first, again, third):
        position = len(history)
        if news is not first:
            history.append(news)
            position += 1
        (opened,) = given(*history).when(task(position, news)).events()
        history.append(opened)
    opened = [event for event in history if isinstance(event, TrainingTaskOpened)]
    assert len({event.task_id for event in opened}) == 1
    assert [event.due_on.month for event in opened] == [7, 8, 9]
    assert [event.supersedes is None for event in opened] == [True, False, False]


def test_a_corrected_promotion_sets_the_same_task_anew():
    first = promotion()
    corrected = promotion(effective_on=date(2024, 3, 31), supersedes=recorded(2, first).event_id)
    history: list[Event] = [recruit(LI), first]
    history.extend(given(*history).when(task(2, first)).events())
    (anew,) = given(*history, corrected).when(task(4, corrected)).events()
    assert isinstance(anew, TrainingTaskOpened)
    assert anew.due_on == date(2025, 3, 31)
    assert isinstance(anew.supersedes, UUID)
    assert anew.supersedes == recorded(3, anew).event_id
