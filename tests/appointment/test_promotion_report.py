from base64 import b32encode
from collections.abc import Awaitable, Iterable

import pytest

from appointment.people import day, known
from appointment.tables_of import ask
from cadre.appointment.showing.young import (
    Kind,
    YoungPromotions,
    young_promotions,
)
from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.event import Event
from cadre.contracts.selection.annulling import SelectionAnnulled
from cadre.contracts.selection.profile import ProfileCorrected
from cadre.contracts.vocabulary import PostLevel, Rank
from cadre.shared.deciding.testing import event_id
from cadre.shared.showing.reader import Reader


def nth(number: int) -> str:
    return f"c-aa{b32encode(number.to_bytes(5)).decode().lower()}"


def born(number: int, birth_month: str) -> Event:
    return known(nth(number)).model_copy(update={"birth_month": birth_month})


def promoted(number: int, on: str = "2025-06-15", **changes: object) -> Promoted:
    return Promoted.model_validate(
        {
            "effective_on": on,
            "cadre_id": nth(number),
            "kind": "post",
            "level": PostLevel.SECTION_DEPUTY,
            "post_id": "deputy",
            "trained": True,
            "findings": (),
        }
        | changes
    )


def report(
    history: Iterable[Event], *, kind: Kind | None = None, inclusive: bool = True
) -> YoungPromotions:
    """Of 2025, with 35 as the age."""

    def query(reader: Reader) -> Awaitable[YoungPromotions]:
        return young_promotions(
            reader,
            day("2025-01-01"),
            day("2025-12-31"),
            kind=kind,
            inclusive=inclusive,
        )

    return ask(query, *history)


def test_ninety_six_of_three_hundred_and_twenty_eight() -> None:
    history = [born(n, "1990-07" if n < 96 else "1980-01") for n in range(328)]
    found = report([*history, *(promoted(n) for n in range(328))])
    assert (found.young, found.promotions, found.percent) == (96, 328, 29.3)
    assert len(found.numerator) == 96
    assert {line.birth_month for line in found.numerator} == {"1990-07"}
    assert {line.age for line in found.numerator} == {34}


@pytest.mark.parametrize(("inclusive", "young"), [(True, 1), (False, 0)])
def test_the_boundary_is_a_choice_and_stated(inclusive: bool, young: int) -> None:
    found = report([born(1, "1990-06"), promoted(1)], inclusive=inclusive)
    assert (found.young, found.inclusive) == (young, inclusive)
    assert found.boundary == f"35 周岁以下（{'含' if inclusive else '不含'}本数），按任职当日计算"


def test_the_age_is_taken_on_the_day_of_the_promotion() -> None:
    history = [born(1, "1989-07"), promoted(1, on="2025-06-30"), promoted(1, on="2025-07-01")]
    found = report(history)
    assert [line.age for line in found.denominator] == [35, 36]
    assert (found.young, found.promotions, found.young_persons, found.persons) == (1, 2, 1, 1)


def test_a_corrected_birth_month_moves_the_age() -> None:
    corrected = ProfileCorrected(
        cadre_id=nth(1),
        effective_on=day("2026-01-01"),
        birth_date=day("1980-01-01"),
        birth_month="1980-01",
        reason="档案审核",
        basis="最早记载",
    )
    found = report([born(1, "1990-07"), promoted(1), corrected])
    assert (found.young, found.denominator[0].age) == (0, 45)


def test_an_annulled_correction_of_the_birth_month_leaves_the_one_before() -> None:
    corrected = ProfileCorrected(
        cadre_id=nth(1),
        effective_on=day("2026-01-01"),
        birth_date=day("1980-01-01"),
        birth_month="1980-01",
        reason="档案审核",
        basis="最早记载",
    )
    annulled = SelectionAnnulled(
        cadre_id=nth(1),
        effective_on=day("2026-02-01"),
        supersedes=event_id(3),
        annuls=ProfileCorrected.tag(),
        reason="误录",
        basis="批复",
    )
    found = report([born(1, "1990-07"), promoted(1), corrected, annulled])
    assert (found.young, found.denominator[0].age) == (1, 34)


def test_of_two_birth_months_told_on_one_day_the_later_recorded_holds() -> None:
    """Whatever their ids: with ten persons some order against the log."""
    ten = range(10)
    corrected = [
        ProfileCorrected(
            cadre_id=nth(n),
            effective_on=born(n, "1990-07").effective_on,
            birth_date=day("1980-01-01"),
            birth_month="1980-01",
            reason="档案审核",
            basis="最早记载",
        )
        for n in ten
    ]
    found = report([*(born(n, "1990-07") for n in ten), *corrected, *(promoted(n) for n in ten)])
    assert {line.birth_month for line in found.denominator} == {"1980-01"}


def test_moves_at_the_same_level_are_no_promotions() -> None:
    move = promoted(2, from_level=PostLevel.SECTION_DEPUTY)
    up = promoted(3, level=PostLevel.SECTION_HEAD, from_level=PostLevel.SECTION_DEPUTY)
    found = report([born(n, "1990-07") for n in (1, 2, 3)] + [promoted(1), move, up])
    assert (found.promotions, found.lateral) == (2, 1)
    assert [(c.target, c.promotions, c.young) for c in found.by_target] == [
        ("乡科级正职", 1, 1),
        ("乡科级副职", 1, 1),
    ]


def test_only_the_kind_and_the_period_asked_for() -> None:
    rank = promoted(
        2, kind="rank", level=None, post_id=None, rank=Rank.OFFICER_4, from_rank=Rank.CLERK_1
    )
    outside = promoted(3, on="2024-12-31"), promoted(3, on="2026-01-01")
    history = [born(1, "1990-07"), promoted(1), rank, *outside]
    assert report(history).promotions == 2
    found = report(history, kind="rank")
    assert (found.promotions, [line.rank for line in found.denominator]) == (1, [Rank.OFFICER_4])
    assert [line.cadre_id for line in found.unknown] == [nth(2)]
    assert (found.young, found.percent) == (0, 0.0)


def test_a_corrected_promotion_is_counted_once() -> None:
    wrong = promoted(1)
    right = promoted(1, on="2025-07-15", supersedes=event_id(2))
    assert report([born(1, "1990-07"), wrong, right]).promotions == 1
