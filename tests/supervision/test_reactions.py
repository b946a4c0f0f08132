from datetime import date

from cadre.contracts.appointment.service import ProbationConcluded
from cadre.shared.deciding.testing import event_id, recorded
from cadre.supervision.app import SERVICE
from cadre.supervision.deciding.assessment import RequestAssessment

ENDED = ProbationConcluded(
    cadre_id="c-aaaaaaaaaa",
    promotion_event=event_id(1),
    post_id="deputy-head",
    passed=True,
    assessed_by="区委组织部",
    note="合格",
    effective_on=date(2026, 1, 31),
)


def commands(position: int, event: ProbationConcluded = ENDED) -> list[RequestAssessment]:
    wishes: list[RequestAssessment] = []
    for reaction in SERVICE.reactions:
        for command, _meta in reaction.commands(recorded(position, event), "supervision"):
            assert isinstance(command, RequestAssessment)
            wishes.append(command)
    return wishes


def test_a_probation_that_ended_asks_for_an_assessment_within_a_month() -> None:
    (wish,) = commands(5)
    assert wish.cadre_id == "c-aaaaaaaaaa"
    assert wish.effective_on == date(2026, 1, 31)
    assert wish.due_on == date(2026, 2, 28)


def test_the_same_event_asks_the_same_and_another_probation_anew() -> None:
    assert commands(5) == commands(5)
    other = ENDED.model_copy(update={"promotion_event": event_id(2)})
    assert commands(5)[0].request_id != commands(6, other)[0].request_id


def test_a_corrected_outcome_asks_for_the_same_assessment_on_another_day() -> None:
    right = ENDED.model_copy(
        update={"effective_on": date(2026, 2, 10), "supersedes": event_id(5), "passed": False}
    )
    (before,), (after,) = commands(5), commands(6, right)
    assert after.request_id == before.request_id
    assert after.due_on == date(2026, 3, 10)
