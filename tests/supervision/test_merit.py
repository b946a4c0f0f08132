from datetime import date, timedelta
from random import Random
from uuid import UUID

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from cadre.contracts.event import Event
from cadre.contracts.selection.profile import Recruited
from cadre.contracts.supervision.flag import Flagged, FlagKind
from cadre.contracts.supervision.merit import MeritPosted, MeritReversed
from cadre.contracts.supervision.point_scheme import PointItem, PointSchemePublished
from cadre.contracts.vocabulary import Channel, Education, Political, Sex
from cadre.shared.deciding.messages import Command, Recorded
from cadre.shared.deciding.testing import Given, Specification, event_id, recorded
from cadre.shared.showing.read_models import Put
from cadre.supervision.app import SERVICE
from cadre.supervision.deciding.merit import Entry, PostMerit, ReverseMerit, balance_on
from cadre.supervision.deciding.point_scheme import PublishPointScheme

given = Specification(SERVICE.handlers)
ANNA = "c-aaaaaaaaaa"
RECRUITED = Recruited(
    cadre_id=ANNA,
    full_name="安",
    id_number="110101199001011237",
    birth_date=date(1990, 1, 1),
    birth_month="1990-01",
    sex=Sex.FEMALE,
    ethnicity="汉族",
    political=Political.PARTY_MEMBER,
    education=Education.BACHELOR,
    channel=Channel.CIVIL_SERVICE,
    unit_id="u-town",
    unit_name="东镇",
    effective_on=date(2015, 9, 1),
)
AWARD = PointItem(code="county-award", title="县级表彰", family="commendation", points=5)
BLAME = PointItem(code="blame", title="通报批评", family="criticism", points=-4)


def scheme(version: int, on: date, *items: PointItem) -> PointSchemePublished:
    return PointSchemePublished(
        scheme_id="merit", version=version, items=items or (AWARD, BLAME), effective_on=on
    )


def publish(event: PointSchemePublished) -> PublishPointScheme:
    return PublishPointScheme.model_validate(event.model_dump(exclude={"type", "supersedes"}))


FIRST = scheme(1, date(2025, 1, 1))
SECOND = scheme(2, date(2025, 7, 1), AWARD.model_copy(update={"points": 8}), BLAME)


def posted(points: int, on: date, version: int = 1, evidence: str = "文件一") -> MeritPosted:
    item = AWARD if points > 0 else BLAME
    return MeritPosted(
        cadre_id=ANNA,
        scheme_id="merit",
        item=item.code,
        evidence=evidence,
        approved_by="镇党委",
        scheme_version=version,
        title=item.title,
        points=points,
        effective_on=on,
    )


def post(event: MeritPosted) -> PostMerit:
    decided = {"type", "supersedes", "scheme_version", "title", "points"}
    return PostMerit.model_validate(event.model_dump(exclude=decided))


MAY_AWARD = posted(5, date(2025, 5, 1))
KNOWN = (RECRUITED, FIRST, SECOND)


def reverse(position: int, on: date) -> ReverseMerit:
    return ReverseMerit(
        cadre_id=ANNA, merit_event=event_id(position), reason="重复登记", effective_on=on
    )


def reversal(points: int) -> MeritReversed:
    """What takes back the entry at position 4."""
    return MeritReversed(
        cadre_id=ANNA,
        merit_event=event_id(4),
        points=points,
        reason="重复登记",
        effective_on=date(2025, 8, 1),
    )


# Schemes


def test_a_scheme_is_published_and_replaced_from_a_later_day() -> None:
    given().when(publish(FIRST)).then(FIRST)
    given(FIRST).when(publish(SECOND)).then(SECOND)


def test_a_version_has_one_content() -> None:
    other = scheme(1, date(2025, 1, 1), AWARD)
    given(FIRST).when(publish(other)).then_refused("version 1 from 2025-01-01 does not fit")


def test_a_higher_version_takes_effect_later() -> None:
    given(SECOND).when(publish(scheme(3, date(2025, 7, 1)))).then_refused("does not fit")
    given(SECOND).when(publish(scheme(1, date(2025, 6, 30)))).then(scheme(1, date(2025, 6, 30)))


def test_points_follow_their_family() -> None:
    wrong = scheme(1, date(2025, 1, 1), AWARD, BLAME.model_copy(update={"points": 4}))
    given().when(publish(wrong)).then_refused("points against their family: ['blame']")


def test_an_item_is_listed_once() -> None:
    given().when(publish(scheme(1, date(2025, 1, 1), AWARD, AWARD))).then_refused("county-award")


# Entries


def test_the_version_of_the_business_date_decides_the_points() -> None:
    given(*KNOWN).when(post(MAY_AWARD)).then(MAY_AWARD)
    last_day = posted(5, date(2025, 6, 30))
    given(*KNOWN).when(post(last_day)).then(last_day)
    july = posted(8, date(2025, 7, 1), version=2)
    given(*KNOWN).when(post(july)).then(july)


def test_a_version_published_late_does_not_post_an_entry_twice() -> None:
    late = scheme(2, date(2025, 4, 1), AWARD.model_copy(update={"points": 8}), BLAME)
    given(RECRUITED, FIRST, MAY_AWARD, late).when(post(MAY_AWARD)).then_nothing()


def test_merit_before_the_first_version_has_no_points() -> None:
    early = posted(5, date(2024, 12, 31))
    given(*KNOWN).when(post(early)).then_refused("exists from 2025-01-01 only")


def test_an_item_that_the_version_does_not_have() -> None:
    narrow = scheme(1, date(2025, 1, 1), BLAME)
    given(RECRUITED, narrow).when(post(MAY_AWARD)).then_refused("has no item county-award")


def test_an_unknown_scheme_and_an_unknown_person() -> None:
    given(RECRUITED).when(post(MAY_AWARD)).then_refused("no point scheme merit is known")
    given(FIRST).when(post(MAY_AWARD)).then_refused(f"no cadre {ANNA} is known here")


def test_an_entry_is_reversed_once() -> None:
    history = (*KNOWN, MAY_AWARD)
    given(*history).when(reverse(4, date(2025, 8, 1))).then(reversal(-5))
    given(*history, reversal(-5)).when(reverse(4, date(2025, 9, 1))).then_refused(
        "it ended on 2025-08-01"
    )


def test_a_reversed_entry_may_be_posted_anew() -> None:
    given(*KNOWN, MAY_AWARD, reversal(-5)).when(post(MAY_AWARD)).then(MAY_AWARD)


def test_an_entry_is_not_reversed_before_it_was_posted() -> None:
    given(*KNOWN, MAY_AWARD).when(reverse(4, date(2025, 4, 30))).then_refused("it began on")
    given(*KNOWN).when(reverse(4, date(2025, 8, 1))).then_refused("has no merit-posted")


# The warning sign of falling points (PTS-01: 10 points within 3 months)

BLAMED_TWICE = (
    *KNOWN,
    posted(-4, date(2025, 3, 1), evidence="通报一"),
    posted(-4, date(2025, 4, 1), evidence="通报二"),
)


def test_deductions_that_reach_the_limit_raise_a_flag() -> None:
    third = posted(-4, date(2025, 5, 31), evidence="通报三")
    deducted, flag = given(*BLAMED_TWICE).when(post(third)).events()
    assert deducted == third
    assert isinstance(flag, Flagged)
    assert flag.kind is FlagKind.POINTS_FALL
    assert "扣分 12" in str(flag.detail)


def test_deductions_outside_the_window_do_not_count() -> None:
    third = posted(-4, date(2025, 6, 1), evidence="通报三")
    given(*BLAMED_TWICE).when(post(third)).then(third)


def test_the_flag_is_raised_when_the_limit_is_crossed_not_again() -> None:
    third = posted(-4, date(2025, 4, 2), evidence="通报三")
    fourth = posted(-4, date(2025, 4, 3), evidence="通报四")
    given(*BLAMED_TWICE, third).when(post(fourth)).then(fourth)


def test_a_reversed_deduction_does_not_count() -> None:
    third = posted(-4, date(2025, 5, 1), evidence="通报三")
    given(*BLAMED_TWICE, reversal(4)).when(post(third)).then(third)


# The account

DAYS = st.integers(0, 300).map(lambda n: date(2025, 3, 1) + timedelta(days=n))
STEPS = st.lists(st.tuples(st.booleans(), st.integers(0, 5), DAYS), max_size=12)


def lines(history: list[Recorded[Event]]) -> list[Entry]:
    """The account as the read model holds it."""
    changes = [change for fact in history for change in SERVICE.read_models.changes(fact)]
    return [
        Entry(change.values["effective_on"], change.values["points"])
        for change in changes
        if isinstance(change, Put) and change.table in {"merit_entries", "merit_entries_ended"}
    ]


@settings(max_examples=50, deadline=None)
@for_all(STEPS, DAYS, st.randoms(use_true_random=False))
def test_the_balance_is_the_sum_of_what_was_not_reversed_in_any_order(
    steps: list[tuple[bool, int, date]], day: date, order: Random
) -> None:
    history = [recorded(i, event) for i, event in enumerate(KNOWN, start=1)]
    standing: dict[UUID, tuple[int, date]] = {}
    taken_back: list[tuple[int, date]] = []
    for number, (award, target, on) in enumerate(steps):
        if award or not standing:
            wish: Command = post(posted(5 if target else -4, on, evidence=f"文件{number}"))
        else:
            entry = sorted(standing)[target % len(standing)]
            points, since = standing.pop(entry)
            gone_on = max(on, since)
            wish = ReverseMerit(cadre_id=ANNA, merit_event=entry, reason="误", effective_on=gone_on)
            if since <= day < gone_on:
                taken_back.append((points, since))
        for event in Given(SERVICE.handlers, tuple(history)).when(wish).events():
            history.append(recorded(len(history) + 1, event))
            if isinstance(event, MeritPosted):
                standing[history[-1].event_id] = (event.points, event.effective_on)
    expected = sum(points for points, since in (*standing.values(), *taken_back) if since <= day)
    order.shuffle(history)
    assert balance_on(lines(history), day) == expected
