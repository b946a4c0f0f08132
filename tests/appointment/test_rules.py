from datetime import date
from itertools import pairwise

import pytest

from cadre.appointment.deciding.rank_rules import TENURE_RULES
from cadre.contracts.vocabulary import PostLevel, Rank
from cadre.shared.deciding.rulebook import rulebook

DAY = date(2026, 11, 20)


def test_no_rule_of_the_families_is_missing() -> None:
    counts = {"SEL": 31, "RNK": 20, "AVD": 5, "TRM": 3, "EXC": 3, "ENT": 2, "EXT": 8, "ARC": 3}
    numbered = {f"{family}-{n:02}" for family, last in counts.items() for n in range(1, last + 1)}
    numbered |= {"RPT-01", "RPT-02", "RPT-03"}
    assert numbered - rulebook().versions.keys() == {"SEL-17"}, "SEL-17 is a version of SEL-16"


def test_versions_of_a_rule_follow_one_another() -> None:
    for versions in rulebook().versions.values():
        for earlier, later in pairwise(versions):
            assert earlier.valid_to == later.valid_from, later.id


def test_the_superseded_scheme_of_2015_is_not_in_force() -> None:
    (scheme,) = rulebook().versions["RNK-11"]
    assert not scheme.holds_on(DAY)


@pytest.mark.parametrize("rank", [rank for rank in Rank if rank is not Rank.CLERK_2])
def test_every_rank_but_the_lowest_has_its_years(rank: Rank) -> None:
    asked = rulebook().on(TENURE_RULES[rank], DAY).parameters[rank.value]
    assert asked["years"] in {2, 3, 4}
    assert PostLevel(asked.get("level", PostLevel.SECTION_HEAD))
