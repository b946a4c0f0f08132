"""Promotions to the next rank after a public notice, and some that the rules refuse."""

from datetime import date

from cadre.appointment.deciding.ranks import PromoteRank
from cadre.contracts.vocabulary import Rank
from cadre.fiction.life.chronicle import Chronicle, Member, workday
from cadre.fiction.life.script import Expected, Step
from cadre.shared.deciding.calendar import Workdays, months_between

MONTHS_MIN = 24
"""Who has held a rank as long as this is put forward: what every rank here asks at most."""

PROMOTED_MAX = 6
NOTICE_WORKDAYS, SHORT_NOTICE_WORKDAYS = 5, 3
RANKS = tuple(Rank)


def spring(chronicle: Chronicle, year: int) -> None:
    """The protagonist tries a month too soon; a year later the other lead, against all rules."""
    day = workday(year, 6, 24)
    if year == chronicle.first:
        _put_forward(chronicle, chronicle.protagonist, day, expected="refused")
    if year == chronicle.first + 1:
        step = _put_forward(
            chronicle,
            chronicle.sanctioned,
            day,
            expected="refused",
            notice_workdays=SHORT_NOTICE_WORKDAYS,
        )
        chronicle.marks["refused-rank"] = step.caused_of(chronicle.sanctioned.cadre_id)
        _put_forward(chronicle, chronicle.with_role("weak"), day, expected="refused")


def summer(chronicle: Chronicle, year: int) -> None:
    """Those whose years are complete; the protagonist's by half a year for 优秀."""
    day = workday(year, 7, 15)
    if year == chronicle.first:
        hero = _put_forward(chronicle, chronicle.protagonist, day)
        chronicle.marks["hero-rank"] = hero.caused_of(chronicle.protagonist.cadre_id)
    due = [one for one in chronicle.free() if _is_due(one, day)][:PROMOTED_MAX]
    # In the second year the sanction is in force.
    leads = () if year == chronicle.first + 1 else (chronicle.protagonist, chronicle.sanctioned)
    for one in (*(one for one in leads if _is_due(one, day)), *due):
        _put_forward(chronicle, one, day)


def _is_due(one: Member, day: date) -> bool:
    return (
        one.rank is not None
        and one.rank_since is not None
        and RANKS.index(one.rank) > RANKS.index(Rank.RESEARCHER_4)
        and months_between(one.rank_since, day) >= MONTHS_MIN
    )


def _put_forward(
    chronicle: Chronicle,
    one: Member,
    day: date,
    *,
    expected: Expected = "recorded",
    notice_workdays: int = NOTICE_WORKDAYS,
) -> Step:
    rank = RANKS[RANKS.index(one.rank) - 1] if one.rank else Rank.CLERK_2
    published = workday(day.year, day.month, day.day - 12)
    step = chronicle.add(
        f"rank/{one.cadre_id}",
        PromoteRank(
            effective_on=day,
            cadre_id=one.cadre_id,
            rank=rank,
            notice_published_on=published,
            notice_closed_on=Workdays().after(published, notice_workdays),
        ),
        expected=expected,
    )
    if expected == "recorded":
        one.rank, one.rank_since = rank, day
    return step
