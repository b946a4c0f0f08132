from uuid import UUID

from appointment.motions import after, given
from appointment.people import (
    LIN,
    admonished,
    day,
    graded,
    in_rank,
    sanctioned,
    trained,
    vetoed,
)
from cadre.appointment.cadre import OpenReview
from cadre.appointment.reactions import REACTIONS
from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.review import ReviewOpened
from cadre.contracts.event import Event
from cadre.contracts.supervision.annulling import SupervisionAnnulled
from cadre.contracts.supervision.assessment import Assessed
from cadre.contracts.vocabulary import Grade, Rank
from cadre.shared.deciding.messages import Command
from cadre.shared.deciding.testing import event_id, recorded

excellent = graded(2024, Grade.EXCELLENT)
promoted = Promoted(
    effective_on=day("2025-06-01"),
    cadre_id=LIN,
    kind="rank",
    rank=Rank.OFFICER_4,
    from_rank=Rank.CLERK_1,
    trained=True,
    findings=(),
)
decided = (in_rank(Rank.CLERK_1, "2023-12"), excellent, promoted)
GRADE, DECISION, NEWS = event_id(2), event_id(3), event_id(4)


def review(evidence: UUID = NEWS, on: str = "2025-01-15") -> OpenReview:
    return OpenReview(effective_on=day(on), cadre_id=LIN, evidence_event=evidence, reason="更正")


def opened(corrected: UUID, on: str = "2025-06-01") -> ReviewOpened:
    return ReviewOpened(
        effective_on=day(on),
        cadre_id=LIN,
        decision_event=DECISION,
        corrected_event=corrected,
        reason="更正",
    )


def reacted(event: Event) -> list[Command]:
    news = recorded(4, event)
    return [
        command
        for reaction in REACTIONS
        if type(event) is reaction.event
        for command, _ in reaction.commands(news, "appointment")
    ]


def test_a_corrected_grade_opens_a_review_of_what_rested_on_it() -> None:
    corrected = graded(2024, Grade.COMPETENT, corrects=GRADE)
    given(*decided, corrected).when(review()).then(opened(GRADE))


def test_a_correction_dated_after_the_decision_opens_it_too() -> None:
    corrected = graded(2024, Grade.COMPETENT, on="2025-09-01", corrects=GRADE)
    given(*decided, corrected).when(review(on="2025-09-01")).then(opened(GRADE, on="2025-09-01"))


def test_a_sanction_recorded_late_opens_a_review() -> None:
    given(*decided, sanctioned("2025-03-01", "2026-03-01")).when(review()).then(opened(NEWS))


def test_evidence_the_decision_had_seen_opens_none() -> None:
    history = (decided[0], trained(2024, 60), excellent, promoted)
    given(*history).when(review(event_id(2))).then_nothing()
    late = (decided[0], excellent, promoted, trained(2024, 60))
    given(*late).when(review(event_id(4))).then(opened(event_id(4)))


def test_an_influence_that_begins_after_the_decision_opens_none() -> None:
    late = sanctioned("2025-06-02", "2026-06-02")
    given(*decided, late).when(review()).then_nothing()


def test_an_influence_that_was_over_before_the_decision_opens_none() -> None:
    past = sanctioned("2024-01-01", "2025-01-01")
    given(*decided, past).when(review()).then_nothing()


def test_an_appointment_to_a_post_is_reviewed_as_well() -> None:
    history = after(8)
    late = admonished("2026-04-01", "2026-10-01")
    events = given(*history, late).when(review(event_id(len(history) + 1))).events()
    assert [type(event) for event in events] == [ReviewOpened]


def test_an_event_that_bears_on_nothing_is_named() -> None:
    given(*decided).when(review(event_id(99))).then_refused("no evidence")


def test_corrections_and_late_entries_ask_for_a_review() -> None:
    corrected = graded(2024, Grade.COMPETENT, corrects=GRADE)
    assert reacted(corrected) == [
        OpenReview(
            effective_on=corrected.effective_on,
            cadre_id=LIN,
            evidence_event=NEWS,
            reason="2024 年度考核更正为称职",
        )
    ]
    late = excellent.model_copy(update={"late": True})
    assert len(reacted(late)) == 1
    assert len(reacted(sanctioned("2025-03-01", "2026-03-01"))) == 1
    assert len(reacted(admonished("2025-03-01", "2025-09-01"))) == 1


def test_annulled_evidence_opens_a_review_of_what_rested_on_it() -> None:
    annulled = SupervisionAnnulled(
        effective_on=day("2025-09-01"),
        cadre_id=LIN,
        supersedes=GRADE,
        annuls="supervision.assessed.v1",
        reason="查无此事",
        basis="复查决定",
    )
    assert len(reacted(annulled)) == 1
    given(*decided, annulled).when(review(on="2025-09-01")).then(opened(GRADE, on="2025-09-01"))


def test_what_changes_no_decision_asks_for_nothing() -> None:
    reminder = admonished("2025-03-01", "2025-09-01").model_copy(update={"blocked_until": None})
    for event in (excellent, reminder, trained(2024, 90), vetoed("2025-01-01")):
        assert reacted(event) == []
    assert isinstance(excellent, Assessed)
