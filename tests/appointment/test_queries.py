import pytest

from appointment.motions import (
    MOTION,
    POST,
    after,
    fix_candidate,
    given,
    post,
    prepared,
    take_decision,
)
from appointment.people import LIN, WU, day, in_rank, known, vetoed
from appointment.tables_of import ask, batches, rows
from cadre.appointment.deciding.post import EstablishPost
from cadre.appointment.deciding.probation import ConcludeProbation
from cadre.appointment.deciding.seats import AssumePost, Relieve
from cadre.appointment.showing import motions, posts, record, reviews
from cadre.contracts.appointment.motion import Vote
from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.review import ReviewOpened
from cadre.contracts.appointment.service import PostAssumed, Relieved
from cadre.contracts.event import Event, Sealed
from cadre.contracts.vocabulary import Rank
from cadre.shared.deciding.errors import NotFound
from cadre.shared.deciding.testing import event_id

concluded = after(8)
PROMOTION = event_id(next(i for i, e in enumerate(concluded, start=1) if isinstance(e, Promoted)))


def rank_promoted(on: str, rank: Rank, from_rank: Rank) -> Promoted:
    return Promoted(
        effective_on=day(on),
        cadre_id=LIN,
        kind="rank",
        rank=rank,
        from_rank=from_rank,
        trained=True,
        findings=(),
    )


def test_vacancies_are_those_of_the_day() -> None:
    def free_on(text: str) -> tuple[int, int, int]:
        found = ask(lambda reader: posts.vacancies(reader, day(text)), *concluded)
        return found.seats, found.filled, found.free

    assert free_on("2023-12-31") == (0, 0, 0)
    assert free_on("2026-04-06") == (1, 0, 1)
    assert free_on("2026-04-07") == (1, 1, 0)


def test_seats_set_anew_count_from_their_day() -> None:
    more = EstablishPost(**post.model_dump(exclude={"type", "supersedes"})).model_copy(
        update={"seats": 3, "effective_on": day("2027-01-01")}
    )
    history = (*concluded, *given(*concluded).when(more).events())
    for on, seats in (("2026-12-31", 1), ("2027-01-01", 3)):
        line = ask(lambda reader, on=on: posts.post(reader, POST, day(on)), *history)
        assert (line.seats, line.free) == (seats, seats - 1)


def test_a_post_tells_everybody_who_held_it_and_until_when() -> None:
    assume = AssumePost(effective_on=day("2023-05-01"), cadre_id=WU, post_id=POST, basis="任职文件")
    relieve = Relieve(effective_on=day("2026-02-01"), cadre_id=WU, post_id=POST, reason="退休")
    history: tuple[Event, ...] = (*prepared, known(WU))
    for command in (assume, relieve):
        history = (*history, *given(*history).when(command).events())
    history = after(8, *history)
    found = ask(lambda reader: posts.post(reader, POST, day("2026-05-01")), *history)
    assert [(one.cadre_id, one.since, one.until) for one in found.holders] == [
        (WU, day("2023-05-01"), day("2026-02-01")),
        (LIN, day("2026-04-07"), None),
    ]
    assert (found.filled, found.free) == (1, 0)


def test_coming_and_going_on_one_day_follow_their_order() -> None:
    left = Relieved(cadre_id=LIN, effective_on=day("2026-05-01"), post_id=POST, reason="误录")
    came_back = PostAssumed(
        cadre_id=LIN, effective_on=day("2026-05-01"), post_id=POST, level=post.level, basis="更正"
    )
    found = ask(
        lambda reader: posts.post(reader, POST, day("2026-05-01")),
        *concluded,
        left,
        came_back,
    )
    assert [one.until for one in found.holders] == [day("2026-05-01"), None]
    assert found.filled == 1
    undone = ask(
        lambda reader: posts.post(reader, POST, day("2026-05-01")),
        *concluded,
        left,
        came_back,
        left,
    )
    assert undone.filled == 0


def test_unknown_ids_are_told() -> None:
    with pytest.raises(NotFound, match="no post nowhere"):
        ask(lambda reader: posts.post(reader, "nowhere", day("2026-05-01")))
    with pytest.raises(NotFound, match="no motion m-0"):
        ask(lambda reader: motions.motion(reader, "m-0"))


def test_the_file_of_a_motion_prints_every_date_quorum_and_vote() -> None:
    found = ask(lambda reader: motions.motion(reader, MOTION), *concluded)
    assert (found.status, found.status_on) == ("concluded", day("2026-04-07"))
    assert (found.committee_size, found.present, found.yes, found.no) == (11, 9, 8, 1)
    assert (found.candidate, found.carried, found.notice_workdays) == (LIN, True, 5)
    assert [(step.step, step.effective_on) for step in found.steps] == [
        ("opened", day("2026-03-02")),
        ("recommended", day("2026-03-09")),
        ("candidate-fixed", day("2026-03-10")),
        ("inspected", day("2026-03-20")),
        ("decided", day("2026-03-25")),
        ("notice-published", day("2026-03-27")),
        ("notice-closed", day("2026-04-03")),
        ("concluded", day("2026-04-07")),
    ]
    inspection = found.steps[3].details
    assert inspection["checks"]["archive_on"] == "2026-03-12"
    assert [gate["gate"] for gate in inspection["gates"]] == [
        "political",
        "ability",
        "merit",
        "integrity",
    ]
    assert found.steps[4].says == "讨论决定：应到 11，实到 9，同意 8，通过"


def test_a_motion_that_was_voted_down_is_stopped() -> None:
    vote = Vote(present=9, yes=5, no=4, deferred=0)
    history = after(4)
    down = given(*history).when(take_decision.model_copy(update={"vote": vote})).events()
    found = ask(lambda reader: motions.motion(reader, MOTION), *history, *down)
    assert (found.status, found.carried, found.stop_reason) == ("stopped", False, "not-carried")


def test_probations_are_due_until_concluded_or_left() -> None:
    def due(*history: Event) -> list[str]:
        found = ask(lambda reader: record.probations(reader, day("2027-04-07")), *history)
        return [one.event_id for one in found.probations]

    assert due(*concluded) == [str(PROMOTION)]
    early = ask(lambda reader: record.probations(reader, day("2027-04-06")), *concluded)
    assert early.probations == []
    passed = ConcludeProbation(
        effective_on=day("2027-04-07"),
        cadre_id=LIN,
        promotion_event=PROMOTION,
        passed=True,
        assessed_by="县委组织部",
        note="合格",
    )
    relieve = Relieve(effective_on=day("2027-01-01"), cadre_id=LIN, post_id=POST, reason="调出")
    for command in (passed, relieve):
        assert due(*concluded, *given(*concluded).when(command).events()) == []


def test_the_record_of_a_person_holds_ranks_posts_promotions_and_refusals() -> None:
    (refused,) = given(*after(2), vetoed("2026-01-05")).when(fix_candidate).events()
    history = (
        in_rank(Rank.OFFICER_3, "2021-06"),
        *after(8)[2:],
        rank_promoted("2026-09-01", Rank.OFFICER_2, Rank.OFFICER_3),
        refused,
    )
    found = ask(lambda reader: record.cadre_record(reader, LIN, day("2026-12-31")), *history)
    assert [(t.rank, t.since, t.until) for t in found.ranks] == [
        (Rank.OFFICER_3, day("2021-06-01"), day("2026-09-01")),
        (Rank.OFFICER_2, day("2026-09-01"), None),
    ]
    assert [one.post_id for one in found.posts] == [POST]
    assert [one.kind for one in found.promotions] == ["post", "rank"]
    assert found.promotions[0].findings[0].rule == "SEL-16"
    assert [one.target for one in found.refusals] == [POST]
    assert [one.until for one in found.probations] == [day("2027-04-07")]


def test_a_sealed_note_stays_sealed_until_it_is_read() -> None:
    passed = ConcludeProbation(
        effective_on=day("2027-04-07"),
        cadre_id=LIN,
        promotion_event=PROMOTION,
        passed=True,
        assessed_by="县委组织部",
        note=Sealed(sealed="k1.token"),
    )
    history = (*concluded, *given(*concluded).when(passed).events())
    table = rows(batches(history))["probation_outcomes"]
    assert any("k1.token" in line for line in table)
    found = ask(lambda reader: record.cadre_record(reader, LIN, day("2027-12-31")), *history)
    assert [one.note for one in found.probations] == ["opened k1.token"]


def test_a_corrected_promotion_leaves_the_record() -> None:
    wrong = rank_promoted("2026-09-01", Rank.OFFICER_2, Rank.OFFICER_3)
    right = wrong.model_copy(update={"effective_on": day("2026-10-01"), "supersedes": event_id(1)})
    found = ask(lambda reader: record.cadre_record(reader, LIN, day("2026-12-31")), wrong, right)
    assert [one.effective_on for one in found.promotions] == [day("2026-10-01")]
    assert [one.since for one in found.ranks] == [day("2026-10-01")]


def test_reviews_are_listed() -> None:
    opened = ReviewOpened(
        effective_on=day("2026-09-01"),
        cadre_id=LIN,
        decision_event=event_id(1),
        corrected_event=event_id(2),
        reason="更正",
    )
    found = ask(reviews.reviews, opened)
    assert [(one.decision_event, one.reason) for one in found.reviews] == [
        (str(event_id(1)), "更正")
    ]


def test_the_tables_are_the_same_however_the_events_are_batched_and_repeated() -> None:
    one_by_one = batches(concluded)
    at_once = [[change for batch in one_by_one for change in batch]]
    repeated = [*one_by_one, *one_by_one[-3:]]
    assert rows(one_by_one) == rows(at_once) == rows(repeated)
