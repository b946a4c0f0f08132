from datetime import date

import pytest

from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.training.posting import Posted, PostingEnded, PostingKind
from cadre.contracts.vocabulary import PostLevel
from cadre.shared.deciding.testing import Specification, event_id
from cadre.training.app import SERVICE
from cadre.training.deciding.posting import EndPosting, Post
from training.people import LI, recruit

given = Specification(SERVICE.handlers)

recruited = recruit(LI, unit_name="某县财政局")
seconded = Posted(
    cadre_id=LI,
    effective_on=date(2025, 1, 1),
    kind=PostingKind.SECONDMENT,
    host="某镇党委",
    home_unit="某县财政局",
    task="挂职副镇长",
    until=date(2025, 12, 31),
)
returned = PostingEnded(
    cadre_id=LI,
    effective_on=date(2026, 1, 1),
    posting_event=event_id(2),
    evaluation="good",
    note="表现突出",
)


def post(**changes: object) -> Post:
    return Post.model_validate(seconded.model_dump(exclude={"type", "supersedes"}) | changes)


def posted(command: Post) -> Posted:
    return Posted.model_validate(command.model_dump())


def end(**changes: object) -> EndPosting:
    return EndPosting.model_validate(returned.model_dump(exclude={"type", "supersedes"}) | changes)


def test_sends_a_cadre_out():
    given(recruited).when(post()).then(seconded)


def test_an_unknown_person_is_not_sent_out():
    given().when(post()).then_refused(f"no cadre {LI} is known")


def test_a_secondment_keeps_the_home_unit():
    given(recruited).when(post(home_unit="某县审计局")).then_refused("人事关系留在原单位")


def test_the_home_unit_is_that_of_the_day():
    moved = Promoted(
        cadre_id=LI,
        effective_on=date(2025, 6, 1),
        kind="post",
        level=PostLevel.SECTION_DEPUTY,
        unit_name="某县审计局",
        trained=True,
        findings=(),
    )
    given(recruited, moved).when(post()).then(seconded)
    later = post(effective_on=date(2025, 6, 1), home_unit="某县审计局")
    given(recruited, moved).when(later).then(posted(later))


def test_nobody_is_sent_to_the_own_unit():
    given(recruited).when(post(host="某县 财政局")).then_refused("host and home at once")


def test_a_posting_does_not_end_before_it_begins():
    given(recruited).when(post(until=date(2024, 12, 31))).then_refused("before it begins")


@pytest.mark.parametrize("kind", [PostingKind.VILLAGE_TEAM, PostingKind.ATTACHMENT])
def test_two_postings_away_from_the_own_post_do_not_overlap(kind: PostingKind):
    other = post(kind=kind, host="某村", effective_on=date(2025, 12, 31), until=None)
    given(recruited, seconded).when(other).then_refused("end that posting first (TRN-13)")


def test_a_posting_lasts_until_its_end_is_recorded_whatever_was_planned():
    other = post(host="某村", effective_on=date(2026, 2, 1), until=None)
    given(recruited, seconded).when(other).then_refused("overlaps")
    given(recruited, seconded, returned).when(other).then(posted(other))
    same_day = post(host="某村", effective_on=date(2026, 1, 1), until=None)
    given(recruited, seconded, returned).when(same_day).then(posted(same_day))


def test_an_earlier_posting_may_be_recorded_late():
    earlier = post(host="某村", effective_on=date(2024, 8, 1), until=date(2024, 12, 31))
    given(recruited, seconded).when(earlier).then(posted(earlier))
    too_long = post(host="某村", effective_on=date(2024, 8, 1), until=date(2025, 1, 1))
    given(recruited, seconded).when(too_long).then_refused("overlaps")


def test_front_line_work_goes_beside_another_posting():
    beside = post(kind=PostingKind.FRONTLINE, host="某村", effective_on=date(2025, 3, 1))
    given(recruited, seconded).when(beside).then(posted(beside))


def test_ends_a_posting_with_an_evaluation():
    given(recruited, seconded).when(end()).then(returned)


def test_a_posting_ends_once():
    given(recruited, seconded, returned).when(end(evaluation="poor")).then_refused("ended on")


def test_a_posting_ends_after_it_began():
    given(recruited, seconded).when(end(effective_on=date(2024, 12, 31))).then_refused(
        "it began on 2025-01-01"
    )


def test_only_a_posting_on_record_can_end():
    given(recruited).when(end()).then_refused("no posted")
