"""Refused today: the earliest day is the first on which the same history passes."""

from datetime import date, timedelta

from appointment.people import (
    admonished,
    at_level,
    cadre,
    checked,
    graded,
    in_rank,
    sanctioned,
)
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from cadre.appointment.eligibility import (
    Eligibility,
    post_eligibility,
    rank_eligibility,
)
from cadre.appointment.evidence import Cadre
from cadre.contracts.event import Event
from cadre.contracts.vocabulary import Grade, PostLevel, Rank
from cadre.shared.calendar import add_months
from cadre.shared.testing import event_id

DAYS = st.dates(date(2024, 1, 1), date(2026, 12, 31))
MONTHS = st.dates(date(2021, 1, 1), date(2023, 12, 1)).map(lambda day: f"{day:%Y-%m}")


@st.composite
def histories(draw: st.DrawFn, start: Event) -> Cadre:
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


def confirm(found: Eligibility, judge: "Judge", on: date) -> None:
    """Judging day by day gives the same earliest day, or none within three years."""
    days = (on + timedelta(days=n) for n in range(3 * 366))
    first = next((day for day in days if judge(day).eligible), None)
    if first is not None or (found.earliest and found.earliest < on + timedelta(days=3 * 366)):
        assert found.earliest == first
    assert found.eligible == (found.earliest == on)


class Judge:
    """A person and a target, judged on any day without looking ahead twice."""

    def __init__(self, person: Cadre, target: Rank | PostLevel) -> None:
        self.person, self.target = person, target

    def __call__(self, day: date) -> Eligibility:
        if isinstance(self.target, Rank):
            return rank_eligibility(self.person, self.target, day)
        return post_eligibility(self.person, self.target, day)


@settings(max_examples=25, deadline=None)
@for_all(data=st.data(), since=MONTHS, on=DAYS)
def test_of_a_rank(data: st.DataObject, since: str, on: date) -> None:
    judge = Judge(data.draw(histories(in_rank(Rank.OFFICER_3, since))), Rank.OFFICER_2)
    confirm(judge(on), judge, on)


@settings(max_examples=25, deadline=None)
@for_all(data=st.data(), since=MONTHS, on=DAYS)
def test_of_a_post(data: st.DataObject, since: str, on: date) -> None:
    start = at_level(PostLevel.SECTION_HEAD, since)
    judge = Judge(data.draw(histories(start)), PostLevel.DIVISION_DEPUTY)
    confirm(judge(on), judge, on)
