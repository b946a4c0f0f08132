"""Postings and pairs corrected and annulled; mentors' places follow in the same decision."""

from datetime import date
from typing import Any

import pytest

from cadre.contracts.event import Event
from cadre.contracts.training.annulling import TrainingAnnulled
from cadre.contracts.training.mentorship import (
    MentorPaired,
    MentorshipEnded,
    MentorshipReviewed,
    MentorSlotReleased,
    MentorSlotTaken,
)
from cadre.contracts.training.posting import Posted, PostingEnded, PostingKind
from cadre.shared.deciding.annulling import Annul
from cadre.shared.deciding.messages import Command
from cadre.shared.deciding.testing import Specification, event_id
from cadre.training.app import SERVICE
from cadre.training.deciding.mentorship import EndMentorship, PairMentor, ReviewMentorship
from cadre.training.deciding.posting import EndPosting, Post
from training.people import LI, SUN, WANG, ZHAO, ZHOU, recruit

given = Specification(SERVICE.handlers)
JANUARY, MARCH, JUNE, JULY = (date(2025, month, 1) for month in (1, 3, 6, 7))


def instead(event: Event, position: int, **changes: object) -> Any:
    """The event that corrects the one given at a position."""
    return event.model_copy(update={"supersedes": event_id(position)} | changes)


def wish[C: Command](command: type[C], event: Event) -> C:
    """The command that asks for an event."""
    return command.model_validate(event.model_dump(exclude={"type"}))


def annul(what: type[Event], position: int, who: str = LI) -> tuple[Annul, TrainingAnnulled]:
    said: dict[str, Any] = {
        "cadre_id": who,
        "effective_on": date(2025, 9, 1),
        "supersedes": event_id(position),
        "reason": "查无此事",
        "basis": "复查决定",
    }
    return Annul(**said), TrainingAnnulled(**said, annuls=what.tag())


SENT = Posted(
    cadre_id=LI,
    effective_on=JANUARY,
    kind=PostingKind.SECONDMENT,
    host="某镇党委",
    home_unit="某县财政局",
    task="挂职副镇长",
)
BACK = PostingEnded(
    cadre_id=LI, effective_on=JUNE, posting_event=event_id(2), evaluation="good", note="表现突出"
)
AGAIN = SENT.model_copy(update={"effective_on": JULY, "host": "某村"})


def test_a_posting_is_judged_without_the_record_it_corrects() -> None:
    right = instead(SENT, 2, host="某村")
    given(recruit(LI), SENT).when(wish(Post, right)).then(right)
    given(recruit(LI), SENT, right).when(wish(Post, instead(SENT, 2, host="某乡"))).then_refused(
        "was corrected already"
    )


def test_what_ended_the_wrong_record_ends_its_correction() -> None:
    right = instead(SENT, 2, effective_on=MARCH)
    given(recruit(LI), SENT, BACK, AGAIN).when(wish(Post, right)).then(right)
    history = (recruit(LI), SENT, BACK, right)
    given(*history).when(wish(EndPosting, BACK.model_copy(update={"note": "平"}))).then_nothing()
    given(*history).when(wish(Post, AGAIN)).then(AGAIN)


def test_a_posting_whose_end_has_fallen_lasts_and_overlaps_the_next() -> None:
    late = instead(SENT, 2, effective_on=date(2025, 6, 15))
    given(recruit(LI), SENT, BACK, AGAIN).when(wish(Post, late)).then_refused("overlaps")
    given(recruit(LI), SENT, BACK).when(wish(Post, late)).then(late)


def test_a_correction_keeps_the_home_unit_as_well() -> None:
    wrong = instead(SENT, 2, home_unit="某县审计局")
    given(recruit(LI), SENT).when(wish(Post, wrong)).then_refused("人事关系留在原单位")


def test_a_kind_that_was_beside_the_own_post_is_judged_when_it_is_corrected() -> None:
    beside = AGAIN.model_copy(update={"kind": PostingKind.FRONTLINE, "effective_on": MARCH})
    right = instead(beside, 3, kind=PostingKind.VILLAGE_TEAM)
    given(recruit(LI), SENT, beside).when(wish(Post, right)).then_refused("overlaps")


def test_an_end_is_corrected_as_far_as_the_next_posting_lets_it() -> None:
    sooner, later = instead(BACK, 3, effective_on=MARCH), instead(BACK, 3, effective_on=JULY)
    history = (recruit(LI), SENT, BACK, AGAIN)
    given(*history).when(wish(EndPosting, sooner)).then(sooner)
    given(*history).when(wish(EndPosting, later)).then(later)
    too_late = instead(BACK, 3, effective_on=date(2025, 7, 2))
    given(*history).when(wish(EndPosting, too_late)).then_refused("overlaps")


def test_a_posting_annulled_stands_in_the_way_of_none() -> None:
    command, annulled = annul(Posted, 2)
    given(recruit(LI), SENT).when(command).then(annulled)
    given(recruit(LI), SENT, annulled).when(wish(Post, AGAIN)).then(AGAIN)
    given(recruit(LI), SENT, annulled).when(wish(Post, SENT)).then(SENT)
    given(recruit(LI), SENT, annulled).when(wish(EndPosting, BACK)).then_refused("no posted")


def test_an_end_annulled_lets_the_posting_last() -> None:
    command, annulled = annul(PostingEnded, 3)
    given(recruit(LI), SENT, BACK).when(command).then(annulled)
    given(recruit(LI), SENT, BACK, annulled).when(wish(Post, AGAIN)).then_refused("overlaps")
    given(recruit(LI), SENT, BACK, annulled).when(wish(EndPosting, BACK)).then(BACK)
    given(recruit(LI), SENT, BACK, AGAIN).when(command).then_refused("overlaps")


def test_a_corrected_end_annulled_takes_the_whole_line() -> None:
    right = instead(BACK, 3, effective_on=MARCH)
    command, annulled = annul(PostingEnded, 4)
    given(recruit(LI), SENT, BACK, right).when(command).then(annulled)
    given(recruit(LI), SENT, BACK, right, AGAIN).when(command).then_refused("overlaps")


def paired(apprentice: str, on: date = JANUARY, mentor: str = ZHOU) -> MentorPaired:
    return MentorPaired(cadre_id=apprentice, effective_on=on, mentor_id=mentor, tasks=("帮带",))


def taken(apprentice: str, on: date = JANUARY, mentor: str = ZHOU) -> MentorSlotTaken:
    return MentorSlotTaken(effective_on=on, mentor_id=mentor, apprentice_id=apprentice)


def freed(apprentice: str, on: date = JANUARY, mentor: str = ZHOU) -> MentorSlotReleased:
    return MentorSlotReleased(effective_on=on, mentor_id=mentor, apprentice_id=apprentice)


def ended(on: date, position: int = 2) -> MentorshipEnded:
    return MentorshipEnded(
        cadre_id=LI, effective_on=on, pairing_event=event_id(position), completed=True
    )


PAIR = paired(LI)
PEOPLE = tuple(recruit(one) for one in (WANG, ZHAO, SUN, ZHOU))
BEGUN: tuple[Event, ...] = (recruit(LI), PAIR, taken(LI), *PEOPLE)
OVER: tuple[Event, ...] = (*BEGUN, ended(JUNE), freed(LI, JUNE))
"""The pair has position 2, its end 8."""
OTHERS: tuple[Event, ...] = tuple(
    event for one in (WANG, ZHAO) for event in (paired(one), taken(one))
)
THIRD: tuple[Event, ...] = (paired(SUN, JUNE), taken(SUN, JUNE))


def test_the_place_moves_with_the_day_of_the_pair() -> None:
    later = instead(PAIR, 2, effective_on=MARCH)
    given(*BEGUN).when(wish(PairMentor, later)).then(later, taken(LI, MARCH), freed(LI))
    given(*OVER).when(wish(PairMentor, later)).then(later, taken(LI, MARCH), freed(LI))


def test_what_leaves_the_place_as_it_is_moves_none() -> None:
    right = instead(PAIR, 2, tasks=("政策讲解",))
    given(*BEGUN).when(wish(PairMentor, right)).then(right)


def test_the_place_moves_to_the_right_mentor() -> None:
    right = instead(PAIR, 2, mentor_id=SUN)
    given(*BEGUN).when(wish(PairMentor, right)).then(right, taken(LI, mentor=SUN), freed(LI))
    given(*OVER).when(wish(PairMentor, right)).then(
        right, taken(LI, mentor=SUN), taken(LI, JUNE), freed(LI, JUNE, SUN), freed(LI)
    )


def test_no_correction_takes_a_place_that_is_not_there() -> None:
    full = (*OVER, *OTHERS, *THIRD)
    later = instead(PAIR, 2, effective_on=MARCH)
    given(*full).when(wish(PairMentor, later)).then(later, taken(LI, MARCH), freed(LI))
    longer = instead(ended(JUNE), 8, effective_on=JULY)
    given(*full).when(wish(EndMentorship, longer)).then_refused("3 apprentices of at most 3")
    given(*full).when(annul(MentorshipEnded, 8)[0]).then_refused("3 apprentices of at most 3")
    wrong = paired(LI, mentor=SUN)
    history = (recruit(LI), wrong, taken(LI, mentor=SUN), *PEOPLE, *OTHERS, *THIRD)
    moved = instead(wrong, 2, mentor_id=ZHOU)
    given(*history).when(wish(PairMentor, moved)).then_refused("3 apprentices of at most 3")


def test_a_pair_begins_no_later_than_it_ended() -> None:
    late = instead(PAIR, 2, effective_on=JULY)
    given(*OVER).when(wish(PairMentor, late)).then_refused("it ended on 2025-06-01")
    given(*BEGUN).when(wish(PairMentor, late)).then(late, taken(LI, JULY), freed(LI))


def test_the_same_two_are_no_pair_twice_by_a_correction() -> None:
    second = paired(LI, JULY)
    history = (*OVER, second, taken(LI, JULY))
    early = instead(second, 10, effective_on=MARCH)
    given(*history).when(wish(PairMentor, early)).then_refused("have been a pair")
    longer = instead(ended(JUNE), 8, effective_on=date(2025, 8, 1))
    given(*history).when(wish(EndMentorship, longer)).then_refused("have been a pair")
    given(*history).when(annul(MentorshipEnded, 8)[0]).then_refused("have been a pair")


def test_the_place_moves_with_the_day_of_the_end() -> None:
    sooner = instead(ended(JUNE), 8, effective_on=MARCH)
    given(*OVER).when(wish(EndMentorship, sooner)).then(sooner, taken(LI, JUNE), freed(LI, MARCH))


def test_what_ended_the_wrong_record_ends_the_pair() -> None:
    later = instead(PAIR, 2, effective_on=MARCH)
    history = (*OVER, later, taken(LI, MARCH), freed(LI))
    once_more = ended(JULY)
    given(*history).when(wish(EndMentorship, once_more)).then_refused("it ended on 2025-06-01")


def test_an_end_of_the_wrong_pair_is_moved_with_its_place() -> None:
    other = paired(LI, mentor=SUN)
    history = (*OVER, other, taken(LI, mentor=SUN))
    right = instead(ended(JUNE), 8, pairing_event=event_id(10))
    given(*history).when(wish(EndMentorship, right)).then(
        right, taken(LI, JUNE), freed(LI, JUNE, SUN)
    )


def test_a_pair_annulled_frees_its_place() -> None:
    command, annulled = annul(MentorPaired, 2)
    given(*BEGUN).when(command).then(annulled, freed(LI))
    given(*OVER).when(command).then(annulled, taken(LI, JUNE), freed(LI))
    given(*BEGUN, annulled, freed(LI)).when(wish(PairMentor, PAIR)).then(PAIR, taken(LI))


def test_an_end_annulled_takes_the_place_again() -> None:
    command, annulled = annul(MentorshipEnded, 8)
    given(*OVER).when(command).then(annulled, taken(LI, JUNE))
    history = (*OVER, annulled, taken(LI, JUNE))
    given(*history).when(wish(EndMentorship, ended(JULY))).then(ended(JULY), freed(LI, JULY))


REVIEW = MentorshipReviewed(
    cadre_id=LI, effective_on=MARCH, pairing_event=event_id(2), progress="good", note="进步明显"
)


def test_a_review_is_corrected_and_annulled() -> None:
    right = instead(REVIEW, 8, progress="fair")
    given(*BEGUN, REVIEW).when(wish(ReviewMentorship, right)).then(right)
    early = instead(REVIEW, 8, effective_on=date(2024, 12, 31))
    given(*BEGUN, REVIEW).when(wish(ReviewMentorship, early)).then_refused("it began on")
    command, annulled = annul(MentorshipReviewed, 8)
    given(*BEGUN, REVIEW).when(command).then(annulled)


@pytest.mark.parametrize(
    ("command", "event"),
    [(Post, SENT), (PairMentor, PAIR), (ReviewMentorship, REVIEW), (EndMentorship, ended(JUNE))],
)
def test_only_what_is_on_record_is_corrected(command: type[Command], event: Event) -> None:
    wrong = wish(command, instead(event, 99))
    given(*BEGUN).when(wrong).then_refused("stands here to be corrected")
