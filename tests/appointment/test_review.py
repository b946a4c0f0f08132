from uuid import UUID

from appointment.motions import POST, after, given
from appointment.people import (
    LIN,
    admonished,
    day,
    graded,
    in_rank,
    known,
    recruited,
    sanctioned,
    trained,
    vetoed,
)
from appointment.tables_of import ask
from cadre.appointment.app import SERVICE
from cadre.appointment.deciding.probation import ConcludeProbation
from cadre.appointment.deciding.review import OpenReview
from cadre.appointment.showing import reviews
from cadre.contracts.appointment.annulling import AppointmentAnnulled
from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.review import ReviewOpened
from cadre.contracts.appointment.service import PostAssumed, ProbationConcluded, Relieved
from cadre.contracts.event import Event
from cadre.contracts.supervision.annulling import SupervisionAnnulled
from cadre.contracts.supervision.assessment import Assessed
from cadre.contracts.vocabulary import Grade, PostLevel, Rank
from cadre.shared.deciding.annulling import Annul
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
        for reaction in SERVICE.reactions
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


FIRST = (in_rank(Rank.CLERK_1, "2023-12"), promoted)
"""A first promotion, the second event, on which a second one, the third, rests."""


def promotion(on: str, rank: Rank = Rank.OFFICER_4, corrects: UUID | None = None) -> Promoted:
    return promoted.model_copy(
        update={"effective_on": day(on), "rank": rank, "supersedes": corrects}
    )


RESTED = (*FIRST, promotion("2027-06-01", Rank.OFFICER_3))


def test_a_corrected_promotion_opens_a_review_of_the_later_one_alone() -> None:
    """Two years in the rank, as first recorded; a month less as corrected."""
    later, same = (promotion(on, corrects=event_id(2)) for on in ("2025-07-01", "2025-06-02"))
    assert len(reacted(later)) == 1
    assert reacted(promoted) == []
    given(*RESTED, later).when(review(on="2025-07-01")).then(opened(event_id(2), on="2027-06-01"))
    given(*RESTED, same).when(review(on="2025-06-02")).then_nothing()


def test_a_correction_of_a_correction_is_weighed_with_what_it_corrects() -> None:
    later = promotion("2025-07-01", corrects=event_id(2))
    back = promotion("2025-06-01", corrects=event_id(4))
    given(*RESTED, later, back).when(review(event_id(5), on="2025-06-01")).then_nothing()
    more = promotion("2025-08-01", corrects=event_id(4))
    given(*RESTED, later, more).when(review(event_id(5), on="2025-08-01")).then(
        opened(event_id(4), on="2027-06-01")
    )


def test_a_correction_is_reviewed_as_it_was_judged() -> None:
    """Without the promotion it corrects: by the years in the rank before."""
    right = promotion("2025-12-01", corrects=event_id(2))
    late = graded(2023, Grade.EXCELLENT)
    history = (in_rank(Rank.CLERK_1, "2022-01"), promoted, right, late)
    given(*history).when(review(event_id(4))).then(
        ReviewOpened(
            effective_on=day("2025-12-01"),
            cadre_id=LIN,
            decision_event=event_id(3),
            corrected_event=event_id(4),
            reason="更正",
        )
    )


def test_an_annulled_promotion_opens_a_review_of_the_later_one() -> None:
    annulled = AppointmentAnnulled(
        effective_on=day("2027-09-01"),
        cadre_id=LIN,
        supersedes=event_id(2),
        annuls=Promoted.tag(),
        reason="误录",
        basis="批复",
    )
    assert len(reacted(annulled)) == 1
    given(*RESTED, annulled).when(review(on="2027-09-01")).then(
        opened(event_id(2), on="2027-09-01")
    )


def test_somebody_recruited_anew_opens_a_review_of_what_rested_on_the_years_of_service() -> None:
    """SEL-03 counts them from the day of the recruitment."""
    appointed = Promoted(
        effective_on=day("2026-05-01"),
        cadre_id=LIN,
        kind="post",
        level=PostLevel.DIVISION_DEPUTY,
        post_id="division-deputy",
        trained=True,
        findings=(),
    )
    begun = recruited("2018-01-01")
    later = recruited("2022-01-01", corrects=event_id(1))
    reworded = recruited("2018-01-01", corrects=event_id(1), native_place="某县")
    assert reacted(begun) == []
    for anew, count in ((later, 1), (reworded, 0)):
        assert len(reacted(anew)) == 1
        found = given(begun, appointed, anew).when(review(event_id(3), on="2022-01-01")).events()
        assert [getattr(one, "decision_event", None) for one in found] == [event_id(2)] * count


def test_corrected_posts_open_reviews_of_what_rested_on_the_years_in_them() -> None:
    assumed = PostAssumed(
        effective_on=day("2023-01-01"),
        cadre_id=LIN,
        post_id="office-deputy",
        level=PostLevel.SECTION_DEPUTY,
        basis="文件",
    )
    relieved = Relieved(
        effective_on=day("2025-07-01"), cadre_id=LIN, post_id="office-deputy", reason="调动"
    )
    later = assumed.model_copy(
        update={"effective_on": day("2024-01-01"), "supersedes": event_id(2)}
    )
    earlier = relieved.model_copy(
        update={"effective_on": day("2025-02-01"), "supersedes": event_id(3)}
    )
    reworded = assumed.model_copy(update={"basis": "另文", "supersedes": event_id(2)})
    by_level = promotion("2025-06-01", Rank.OFFICER_3)
    for corrected, count in ((later, 1), (earlier, 1), (reworded, 0)):
        assert len(reacted(corrected)) == 1
        history = (known(), assumed, relieved, by_level, corrected)
        found = given(*history).when(review(event_id(5))).events()
        assert [getattr(one, "decision_event", None) for one in found] == [event_id(4)] * count
    assert reacted(assumed) == reacted(relieved) == []


def test_a_corrected_outcome_of_a_probation_opens_a_review_of_what_rested_on_it() -> None:
    """A failed probation counts for nothing towards the years in the post."""
    history = after(8)
    number = next(i for i, e in enumerate(history, start=1) if isinstance(e, Promoted))
    passed = ProbationConcluded(
        effective_on=day("2027-04-07"),
        cadre_id=LIN,
        promotion_event=event_id(number),
        passed=True,
        assessed_by="县委组织部",
        note="合格",
        post_id=POST,
    )
    failed = passed.model_copy(update={"passed": False, "supersedes": event_id(len(history) + 1)})
    assert [len(reacted(passed)), len(reacted(failed))] == [0, 1]
    ranked = promotion("2029-06-01", Rank.OFFICER_1)
    news = event_id(len(history) + 3)
    (found,) = given(*history, passed, ranked, failed).when(review(news)).events()
    assert isinstance(found, ReviewOpened)
    assert found.decision_event == event_id(len(history) + 2)


def test_an_outcome_and_its_relief_are_one_piece_of_news() -> None:
    """Each alone would change nothing: the level counts once both are taken back."""
    history = after(8)
    number = next(i for i, e in enumerate(history, start=1) if isinstance(e, Promoted))
    failed = ConcludeProbation(
        effective_on=day("2027-04-07"),
        cadre_id=LIN,
        promotion_event=event_id(number),
        passed=False,
        assessed_by="县委组织部",
        note="不合格",
    )
    history = (*history, *given(*history).when(failed).events())
    outcome = event_id(next(i for i, e in enumerate(history, 1) if type(e) is ProbationConcluded))
    ranked = promotion("2029-06-01", Rank.OFFICER_1)
    decision, first = event_id(len(history) + 1), len(history) + 2
    passed = failed.model_copy(update={"passed": True, "supersedes": outcome})
    annul = Annul(
        effective_on=day("2029-09-01"), cadre_id=LIN, supersedes=outcome, reason="误", basis="文"
    )
    for command in (passed, annul):
        told = (*history, ranked)
        told = (*told, *given(*told).when(command).events())
        (found,) = given(*told).when(review(event_id(first))).events()
        assert isinstance(found, ReviewOpened)
        assert (found.decision_event, found.corrected_event) == (decision, outcome)
        given(*told, found).when(review(event_id(first + 1))).then_nothing()


def test_a_review_that_was_opened_by_mistake_is_annulled() -> None:
    corrected = graded(2024, Grade.COMPETENT, corrects=GRADE)
    history = (*decided, corrected, opened(GRADE))
    annul = Annul(
        effective_on=day("2025-09-01"),
        cadre_id=LIN,
        supersedes=event_id(5),
        reason="误启",
        basis="批复",
    )
    (annulled,) = given(*history).when(annul).events()
    for told, shown in ((history, 1), ((*history, annulled), 0)):
        found = ask(reviews.reviews, *told)
        assert len(found.reviews) == shown
    given(*history, annulled).when(review()).then(opened(GRADE))


def test_what_changes_no_decision_asks_for_nothing() -> None:
    reminder = admonished("2025-03-01", "2025-09-01").model_copy(update={"blocked_until": None})
    for event in (excellent, reminder, trained(2024, 90), vetoed("2025-01-01")):
        assert reacted(event) == []
    assert isinstance(excellent, Assessed)
