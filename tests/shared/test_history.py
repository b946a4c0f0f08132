"""A history in two times, against a filter written out naively."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from cadre.contracts.event import Event
from cadre.contracts.supervision.assessment import Assessed
from cadre.shared.deciding.messages import Recorded
from cadre.shared.deciding.testing import event_id, recorded
from cadre.shared.showing.timeline import as_of, entries, position_at

START = datetime(2026, 1, 1, tzinfo=UTC)


def assessed(day: date, supersedes: UUID | None = None) -> Assessed:
    return Assessed.model_validate(
        {
            "cadre_id": "c-aaaaaaaaaa",
            "effective_on": day,
            "supersedes": supersedes,
            "kind": "month",
            "period": "2025-01",
            "grade": "good",
            "unit_id": "u-1",
            "unit_name": "财政局",
            "reviewer": "局长",
        }
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Recorded[Event]]:
    """Up to a dozen events in any order of days, some of which correct an earlier one."""
    found: list[Recorded[Event]] = []
    for position in range(1, draw(st.integers(1, 12)) + 1):
        day = date(2025, 1, 1) + timedelta(days=draw(st.integers(0, 20)))
        earlier = [None, *(event_id(n) for n in range(1, position))]
        event = assessed(day, draw(st.sampled_from(earlier)))
        at = START + timedelta(seconds=draw(st.integers(0, 100)))
        found.append(recorded(position, event)._replace(recorded_ns=int(at.timestamp()) * 10**9))
    return found


@given(histories(), st.integers(0, 22), st.integers(0, 13))
def test_as_of_is_the_naive_filter(
    history: list[Recorded[Event]], days: int, known_at: int
) -> None:
    on = date(2025, 1, 1) + timedelta(days=days)
    expected = []
    for one in history:
        known = one.position <= known_at
        corrected = any(
            other.position <= known_at and other.event.supersedes == one.event_id
            for other in history
        )
        if known and not corrected and one.event.effective_on <= on:
            expected.append(one)
    assert as_of(history, on, known_at) == expected


@given(histories(), st.integers(-1, 101))
def test_a_moment_is_a_position_by_running_maximum(
    history: list[Recorded[Event]], second: int
) -> None:
    moment = START + timedelta(seconds=second)
    position = position_at(history, moment)
    assert all(one.recorded_at <= moment for one in history[:position])
    if position < len(history):
        assert max(one.recorded_at for one in history[: position + 1]) > moment


def test_late_and_corrected_lines_are_marked() -> None:
    history = [
        recorded(1, assessed(date(2025, 2, 1))),
        recorded(2, assessed(date(2025, 1, 1))),
        recorded(3, assessed(date(2025, 3, 1), supersedes=event_id(1))),
    ]
    late, wrong, right = entries(history)
    assert (late.position, late.late) == (2, True)
    assert (wrong.superseded_by, right.supersedes) == (event_id(3), event_id(1))
    assert not wrong.late
