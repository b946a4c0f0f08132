"""Reports: persons and entries, shares and their rounding, what opens, what is refused."""

from collections.abc import Iterable
from datetime import date
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadre.shared.deciding.errors import Malformed, NotFound
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.showing.reader import Opener, Reader
from cadre.shared.showing.reports import (
    EVERYTHING,
    Count,
    Counted,
    Question,
    Report,
    ReportAnswer,
    Rounding,
    ShareOf,
    percent,
)

ON = date(2026, 6, 30)
ANA, BO = "c-aaaaaaaaaa", "c-bbbbbbbbbb"


async def counts(_reader: Reader, _question: Question) -> Iterable[Count]:
    return [
        Count("whole", "全部", [Counted(BO, "e3"), Counted(ANA, "e2"), Counted(ANA, "e1")]),
        Count("some", "其中", [Counted(ANA, "e1")]),
    ]


SHARES = (
    ShareOf("heads", "", "some", "whole", "人"),
    ShareOf("times", "", "some", "whole", "人次"),
)
READS = Right(Role.READER, EVERYBODY)
REPORT = Report("try", "试", counts, READS, SHARES)


async def ask(
    shown: str | None = None, rounding: Rounding = Rounding.HALF_UP, hidden: str = ""
) -> ReportAnswer:
    nobody = cast("Opener", None)
    reader = Reader(None, 7, nobody, frozenset({hidden}))  # type: ignore[arg-type]
    return await REPORT.answer(reader, REPORT.question(None, ON, None), rounding, shown)


async def test_persons_and_entries_are_counted_apart() -> None:
    answer = await ask()
    assert [(f.key, f.entries, f.persons, f.behind) for f in answer.figures] == [
        ("whole", 3, 2, None),
        ("some", 1, 1, None),
    ]
    assert (answer.begin, answer.on, answer.position) == (date(2026, 1, 1), ON, 7)


async def test_a_figure_opens_onto_persons_and_events_in_order() -> None:
    first, second = (await ask("whole")).figures
    assert second.behind is None
    assert [one.model_dump() for one in first.behind or []] == [
        {"cadre_id": ANA, "events": ["e1", "e2"]},
        {"cadre_id": BO, "events": ["e3"]},
    ]
    assert all(figure.behind is not None for figure in (await ask(EVERYTHING)).figures)
    with pytest.raises(NotFound, match="has no figure"):
        await ask("nothing")


async def test_who_may_only_be_stored_is_counted_and_not_shown() -> None:
    whole, _ = (await ask(EVERYTHING, hidden=ANA)).figures
    assert (whole.entries, whole.persons, whole.restricted) == (3, 2, 1)
    assert [one.cadre_id for one in whole.behind or []] == [BO]


async def test_a_share_names_its_unit_and_its_rounding() -> None:
    shares = (await ask()).shares
    assert [(s.percent, s.unit, s.rounding) for s in shares] == [
        (50.0, "人", Rounding.HALF_UP),
        (33.3, "人次", Rounding.HALF_UP),
    ]


@pytest.mark.parametrize(
    ("part", "whole", "rounding", "told"),
    [
        (96, 328, Rounding.HALF_UP, 29.3),
        (79, 191, Rounding.HALF_UP, 41.4),
        (79, 191, Rounding.TRUNCATE, 41.3),
        (1, 16, Rounding.HALF_UP, 6.3),
        (1, 16, Rounding.TRUNCATE, 6.2),
        (0, 0, Rounding.HALF_UP, None),
    ],
)
def test_rounding(part: int, whole: int, rounding: Rounding, told: float | None) -> None:
    assert percent(part, whole, rounding) == told


@given(whole=st.integers(1, 10_000), data=st.data())
def test_a_rounded_share_is_never_further_off_than_it_may(whole: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, whole))
    half_up, truncated = (percent(part, whole, rounding) for rounding in Rounding)
    assert half_up is not None
    assert truncated is not None
    tenths, fewer = round(half_up * 10), round(truncated * 10)
    assert 2 * abs(tenths * whole - 1000 * part) <= whole
    assert 0 <= 1000 * part - fewer * whole < whole


@pytest.mark.parametrize(
    ("report", "begin", "of", "where"),
    [
        (Report("one", "", counts, READS, of="pool"), None, None, "of"),
        (REPORT, None, "young", "of"),
        (REPORT, date(2026, 7, 1), None, "from"),
    ],
)
def test_a_question_that_does_not_fit(
    report: Report, begin: date | None, of: str | None, where: str
) -> None:
    with pytest.raises(Malformed) as error:
        report.question(begin, ON, of)
    assert error.value.where == where
