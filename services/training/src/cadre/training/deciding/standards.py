"""What the rules ask of somebody's training, and whether it was done.

Every answer is a function of dated facts and a day, so late entries and corrections come out right.
Training counts in the calendar year in which it ended.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from math import fsum
from typing import Protocol

from cadre.contracts.event import RuleFinding
from cadre.contracts.training.training_class import ClassKind, Mode
from cadre.contracts.vocabulary import PostLevel, Rank
from cadre.shared.deciding.calendar import add_years
from cadre.shared.deciding.rulebook import Rule, rulebook


class Attended(Protocol):
    """What the standards need to know of one training attended; `Trained` is one."""

    @property
    def kind(self) -> ClassKind: ...
    @property
    def mode(self) -> Mode: ...
    @property
    def hours(self) -> float: ...
    @property
    def days(self) -> int: ...
    @property
    def ends_on(self) -> date: ...


@dataclass(frozen=True, slots=True)
class Trainee:
    """What decides which rules bind a cadre, as of one day."""

    known_since: date
    level: PostLevel | None = None
    rank: Rank | None = None
    pool_since: date | None = None
    """Since when in a talent pool, while in one."""


@dataclass(frozen=True, slots=True)
class YearHours:
    """学时 and days of one calendar year."""

    year: int
    by_mode: Mapping[Mode, float]
    total: float
    online: float
    recognised: float
    """All hours, those online only up to the cap (TRN-11)."""
    days: int
    """Days of attendance; days online are none."""


@dataclass(frozen=True, slots=True)
class Due:
    """What a rule said of somebody on a day, and by when it must be fulfilled."""

    finding: RuleFinding
    due_on: date
    open: bool
    """Whether something is left to do by then; what recurs always is."""


def year_hours(attended: Iterable[Attended], year: int, on: date) -> YearHours:
    """The hours of a calendar year as far as they were attended by ``on``.

    Sums are exact, so they do not depend on the order in which training was recorded.
    """
    counted = [item for item in attended if item.ends_on.year == year and item.ends_on <= on]
    by_mode = {mode: fsum(i.hours for i in counted if i.mode is mode) for mode in Mode}
    online = by_mode[Mode.ONLINE]
    total = fsum(item.hours for item in counted)
    cap = rulebook().on("TRN-11", min(on, date(year, 12, 31))).number("hours_max")
    return YearHours(
        year=year,
        by_mode=by_mode,
        total=total,
        online=online,
        recognised=total - max(0.0, online - cap),
        days=sum(item.days for item in counted if item.mode is not Mode.ONLINE),
    )


def is_senior(trainee: Trainee, on: date) -> bool:
    """Whether the five-year total binds (TRN-01) and not the yearly one (TRN-02)."""
    rule = rulebook().on("TRN-01", on)
    return (
        trainee.level is not None and _reaches(trainee.level, rule.parameters["level_from"])
    ) or (trainee.rank is not None and _at_least(trainee.rank, Rank(rule.parameters["rank_from"])))


def _reaches(level: PostLevel, lowest: str) -> bool:
    levels = list(PostLevel)  # from the highest down
    return levels.index(level) <= levels.index(PostLevel(lowest))


def _at_least(rank: Rank, lowest: Rank) -> bool:
    ranks = list(Rank)  # from the highest down
    return ranks.index(rank) <= ranks.index(lowest)


def duties(attended: Collection[Attended], trainee: Trainee, on: date) -> tuple[Due, ...]:
    """Every rule that binds the trainee on a day, statutory and local, fulfilled or not."""
    statutory = rulebook().on("TRN-01" if is_senior(trainee, on) else "TRN-02", on)
    local = rulebook().on("TRN-09", on)
    found = [_hours_duty(rule, attended, trainee, on) for rule in (statutory, local)]
    if trainee.pool_since is not None:
        found.append(_off_job_duty(attended, trainee, on))
    return tuple(found)


def _hours_duty(rule: Rule, attended: Collection[Attended], trainee: Trainee, on: date) -> Due:
    years, hours_min = rule.whole("years"), rule.number("hours_min")
    days_min = rule.whole("days_min") if "days_min" in rule.parameters else None
    first = on.year - years + 1
    spans = [year_hours(attended, year, on) for year in range(first, on.year + 1)]
    hours, days = fsum(span.recognised for span in spans), sum(span.days for span in spans)
    period = f"{on.year} 年" if years == 1 else f"{first}–{on.year} 年"
    asked = f"不少于 {hours_min:g} 学时" + ("" if days_min is None else f"或 {days_min} 天")
    finding = rule.finding(
        passed=hours >= hours_min or (days_min is not None and days >= days_min),
        reason=f"{period}认可 {hours:g} 学时、{days} 天，要求{asked}",
        inputs={"year_first": first, "year_last": on.year, "hours": hours, "days": days},
    )
    # Nobody can owe five years of training before the fifth year here is over.
    due_on = date(max(on.year, trainee.known_since.year + years - 1), 12, 31)
    return Due(finding, due_on, open=not finding.passed)


@dataclass(frozen=True, slots=True)
class OffJob:
    """Where somebody stands with off-job political training (TRN-08, M18)."""

    last_on: date | None
    due_on: date
    """The last day that is in time."""
    overdue: bool
    binding: bool
    """Whether the rule binds: it is for members of a talent pool."""


def off_job(attended: Iterable[Attended], trainee: Trainee, on: date) -> OffJob:
    """When off-job political training was last attended, and by when it is due again.

    For who never attended the years run from the entry into the pool.
    """
    rule = rulebook().on("TRN-08", on)
    days = [item.ends_on for item in attended if _is_off_job_training(item, rule)]
    last = max((day for day in days if day <= on), default=None)
    start = last or trainee.pool_since or trainee.known_since
    due = add_years(start, rule.whole("years"))
    return OffJob(last, due, overdue=on > due, binding=trainee.pool_since is not None)


def _is_off_job_training(item: Attended, rule: Rule) -> bool:
    return (
        item.kind is ClassKind.POLITICAL
        and item.mode is Mode.OFF_JOB
        and item.days >= rule.whole("days_min")
    )


def _off_job_duty(attended: Collection[Attended], trainee: Trainee, on: date) -> Due:
    rule = rulebook().on("TRN-08", on)
    days_min = rule.whole("days_min")
    state = off_job(attended, trainee, on)
    last = f"上次参加于 {state.last_on}" if state.last_on else "尚未参加"
    finding = rule.finding(
        passed=not state.overdue,
        reason=f"{last}，最迟于 {state.due_on} 参加不少于 {days_min} 天的脱产政治训练",
        inputs={
            "last_on": str(state.last_on) if state.last_on else None,
            "due_on": str(state.due_on),
        },
    )
    return Due(finding, state.due_on, open=True)


def class_days_min(kind: ClassKind, mode: Mode, on: date) -> int | None:
    """How long the rule for its kind asks a class to be, in days; None where no rule does."""
    match kind:
        case ClassKind.YOUNG_CADRE:
            return rulebook().on("TRN-10", on).whole("days_min")
        case ClassKind.INDUCTION:
            return rulebook().on("TRN-06", on).whole("induction_days_min")
        case ClassKind.IN_POST:
            return rulebook().on("TRN-06", on).whole("in_post_section_days_min")
        case ClassKind.POLITICAL if mode is Mode.OFF_JOB:
            return rulebook().on("TRN-08", on).whole("days_min")
        case _:
            return None


def in_post_days_min(level: PostLevel | None, on: date) -> int:
    """Days of in-post training that a post of this level asks (TRN-06)."""
    rule = rulebook().on("TRN-06", on)
    division = level is not None and _reaches(level, rule.parameters["division_from"])
    return rule.whole("in_post_division_days_min" if division else "in_post_section_days_min")
