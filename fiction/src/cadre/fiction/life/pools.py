"""Talent pools: nomination, assessment, comparison, entry or its refusal, and leaving."""

from collections.abc import Iterator

from cadre.contracts.selection.membership import ExitReason
from cadre.contracts.vocabulary import Political
from cadre.fiction.life.chronicle import Chronicle, Member, some, workday
from cadre.selection.deciding.membership import EnterPool, ExitPool
from cadre.selection.deciding.steps import AssessForPool, CompareForPool, NominateForPool

YOUNG_AGE_MAX = 34
"""Whom units nominate: a year below what the pool takes."""

ENTRIES_MAX = 3
PARTY = {Political.PARTY_MEMBER, Political.PROBATIONARY_MEMBER}
ASSESSORS = ("区委组织部干部科", "区委党校")
DECIDED_BY = "区委组织部部务会"


def spring(chronicle: Chronicle, year: int) -> None:
    """The year's nominees, one pool after the other; some who must not enter are refused."""
    for pool_id, nominees in _nominees(chronicle, year):
        for place, (one, refused) in enumerate(nominees, start=1):
            _nominate(chronicle, one, pool_id, year, place, len(nominees))
            _enter(chronicle, one, pool_id, year, refused=refused)


def autumn(chronicle: Chronicle, year: int) -> None:
    """The protagonist leaves because of the new post, later another because of a bad year."""
    day = workday(year, 10, 12)
    if year == chronicle.first:
        _leave(chronicle, chronicle.protagonist, ExitReason.USED, year)
        return
    members = [
        one for one in chronicle.active() if one.pools.get("young", day) < workday(year, 1, 1)
    ]
    for one in members[:1]:
        _leave(chronicle, one, ExitReason.PERFORMANCE, year)


def _nominees(chronicle: Chronicle, year: int) -> Iterator[tuple[str, list[tuple[Member, bool]]]]:
    """Pools with their nominees of the year, each with whether the entry will be refused."""
    rng = chronicle.random(f"pools/{year}")
    day = workday(year, 3, 23)
    fresh = [one for one in chronicle.free() if not one.pools]
    young = [one for one in fresh if one.age(day) <= YOUNG_AGE_MAX]
    young = some(rng, young, ENTRIES_MAX)
    hero = [chronicle.protagonist] if year == chronicle.first else []
    yield "young", [(one, False) for one in (*hero, *young)]
    others = [one for one in fresh if one.political not in PARTY and one not in young]
    yield "non-party", [(one, False) for one in some(rng, others, 1)]
    if year == chronicle.first:
        barred = [chronicle.with_role("admonished"), chronicle.with_role("vetoed")]
        yield "specialist", [(one, True) for one in barred]
    elif year == chronicle.first + 1:
        yield "specialist", [(chronicle.with_role("admonished"), False)]
    holders = [one for one in chronicle.holders() if not one.pools and not one.role]
    yield "principal", [(one, False) for one in some(rng, holders, 1)]


def _nominate(
    chronicle: Chronicle, one: Member, pool_id: str, year: int, place: int, compared: int
) -> None:
    chronicle.add(
        f"{pool_id}/nominate/{one.cadre_id}",
        NominateForPool(
            effective_on=workday(year, 3, 23),
            cadre_id=one.cadre_id,
            pool_id=pool_id,
            by_unit=one.unit_name,
            reason="工作实绩突出，群众公认",
        ),
    )
    chronicle.add(
        f"{pool_id}/assess/{one.cadre_id}",
        AssessForPool(
            effective_on=workday(year, 3, 25),
            cadre_id=one.cadre_id,
            pool_id=pool_id,
            fit=True,
            assessors=ASSESSORS,
            note="个别谈话与实地走访，总体评价较好",
        ),
    )
    chronicle.add(
        f"{pool_id}/compare/{one.cadre_id}",
        CompareForPool(
            effective_on=workday(year, 3, 27),
            cadre_id=one.cadre_id,
            pool_id=pool_id,
            place=place,
            compared_count=compared,
        ),
    )


def _enter(chronicle: Chronicle, one: Member, pool_id: str, year: int, *, refused: bool) -> None:
    day = workday(year, 3, 31)
    chronicle.add(
        f"{pool_id}/enter/{one.cadre_id}",
        EnterPool(effective_on=day, cadre_id=one.cadre_id, pool_id=pool_id, decided_by=DECIDED_BY),
        expected="refused" if refused else "recorded",
    )
    if not refused:
        one.pools[pool_id] = day


def _leave(chronicle: Chronicle, one: Member, reason: ExitReason, year: int) -> None:
    pool_id = "young"
    chronicle.add(
        f"{pool_id}/leave/{one.cadre_id}",
        ExitPool(
            effective_on=workday(year, 10, 12),
            cadre_id=one.cadre_id,
            pool_id=pool_id,
            reason=reason,
        ),
    )
    del one.pools[pool_id]
