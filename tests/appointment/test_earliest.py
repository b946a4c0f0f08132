"""Refused today: the earliest day is the first on which the same history passes."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from appointment.people import (
    admonished,
    at_level,
    cadre,
    checked,
    graded,
    in_rank,
    sanctioned,
)
from cadre.appointment.deciding.eligibility import (
    Eligibility,
    post_eligibility,
    rank_eligibility,
)
from cadre.appointment.deciding.evidence import Evidence
from cadre.appointment.deciding.post_rules import post_findings
from cadre.appointment.deciding.rank_rules import rank_findings
from cadre.contracts.event import Event, RuleFinding
from cadre.contracts.vocabulary import Grade, PostLevel, Rank
from cadre.shared.deciding.calendar import add_months
from cadre.shared.deciding.person import Person
from cadre.shared.deciding.testing import event_id

LOOKED_AHEAD_DAYS = 2 * 366
DAYS = st.dates(date(2024, 1, 1), date(2026, 12, 31))
MONTHS = st.dates(date(2021, 1, 1), date(2023, 12, 1)).map(lambda day: f"{day:%Y-%m}")


@st.composite
def histories(draw: st.DrawFn, start: Event) -> Person:
    """Grades of three years, and perhaps an admonition (checked or not) and a sanction."""
    events: list[Event] = [start]
    for year in (2023, 2024, 2025):
        grade = draw(st.sampled_from([None, *Grade]))
        if grade:
            events.append(graded(year, grade))
    if draw(st.booleans()):
        talked = draw(DAYS)
        events.append(admonished(str(talked), str(add_months(talked, 6))))
        talk_event = event_id(len(events))
        if draw(st.booleans()):
            after = add_months(talked, draw(st.integers(1, 9)))
            events.append(checked(talk_event, str(after), passed=draw(st.booleans())))
    if draw(st.booleans()):
        decided = draw(DAYS)
        events.append(sanctioned(str(decided), str(add_months(decided, 12))))
    return cadre(*events)


def first_day(judge: Callable[[date], Sequence[RuleFinding]], on: date) -> date | None:
    """By judging day after day: the first, within two years, on which nothing stands against."""
    for day in (on + timedelta(days=n) for n in range(LOOKED_AHEAD_DAYS)):
        if all(f.passed or f.kind in {"soft", "deadline"} for f in judge(day)):
            return day
    return None


def confirm(found: Eligibility, first: date | None) -> None:
    assert found.eligible == (first == found.on)
    if first is None:
        assert found.earliest is None or (found.earliest - found.on).days >= LOOKED_AHEAD_DAYS
    else:
        assert found.earliest == first


@settings(max_examples=40, deadline=None)
@for_all(data=st.data(), since=MONTHS, on=DAYS)
def test_of_a_rank(data: st.DataObject, since: str, on: date) -> None:
    person = data.draw(histories(in_rank(Rank.OFFICER_3, since)))
    first = first_day(lambda day: rank_findings(Evidence(person, day), Rank.OFFICER_2), on)
    confirm(rank_eligibility(person, Rank.OFFICER_2, on), first)


@settings(max_examples=40, deadline=None)
@for_all(data=st.data(), since=MONTHS, on=DAYS)
def test_of_a_post(data: st.DataObject, since: str, on: date) -> None:
    target = PostLevel.DIVISION_DEPUTY
    person = data.draw(histories(at_level(PostLevel.SECTION_HEAD, since)))
    first = first_day(lambda day: post_findings(Evidence(person, day), target), on)
    confirm(post_eligibility(person, target, on), first)
