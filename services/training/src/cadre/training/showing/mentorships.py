"""Pairs of an apprentice with their reviews, a mentor's apprentices, who has no mentor (M25)."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel
from sqlalchemy import select

from cadre.contracts.event import CadreId, RuleFinding
from cadre.contracts.selection.profile import Recruited
from cadre.shared.asking.parameters import Year
from cadre.shared.deciding.rights import EVERYBODY, NAMED, Right, Role
from cadre.shared.deciding.rulebook import rulebook
from cadre.shared.showing.facts import Held, shown
from cadre.shared.showing.kept import answer, keep
from cadre.shared.showing.lines import lines
from cadre.shared.showing.members import require_known
from cadre.shared.showing.reader import Line, On, Reader, Reading
from cadre.shared.showing.reports import Count, Counted, Question, Report
from cadre.shared.showing.view import View
from cadre.training.deciding.mentorship import PAIRS, REVIEWS

VIEW = View()
RECRUITS = keep(VIEW, Recruited, "recruits", only={"channel"}).table
READS_NAMED, READS_ALL = (Right(Role.READER, about) for about in (NAMED, EVERYBODY))

_REVIEW = shown(REVIEWS).kept.model("MentorshipReviewLine")
_REVIEWED = answer("ReviewedMentorship", {**shown(PAIRS).told(), "reviews": list[_REVIEW]})
_OF_CADRE = answer(
    "MentorshipsOfCadre", {"cadre_id": str, "on": date, "mentorships": list[_REVIEWED]}
)
_PAIR = answer("MentorshipOfSomebody", {**shown(PAIRS).told(), "cadre_id": str})
_MENTOR = answer(
    "Mentor", {"cadre_id": str, "on": date, "load": RuleFinding, "apprentices": list[_PAIR]}
)
_RECRUIT = answer("Recruit", {"cadre_id": str, "recruited_on": date, "channel": str})
_MISSING = answer(
    "MissingMentorships", {"year": int, "on": date, "recruits": int, "missing": list[_RECRUIT]}
)


@VIEW.routes.get(
    "/cadres/{cadre_id}/mentorships",
    READS_NAMED,
    summary="所结师徒及评估 · The mentors of a cadre, with the reviews of each pair",
    response_model=_OF_CADRE,
)
async def mentorships(reader: Reading, cadre_id: CadreId, on: On) -> BaseModel:
    await require_known(reader, cadre_id)
    pairs = shown(PAIRS).table
    chosen = await lines(reader.connection, pairs, pairs.c.cadre_id == cadre_id)
    reviews = [one.row for one in await shown(REVIEWS).held(reader, on, cadre_id)]
    told: list[Line] = []
    for pair in await shown(PAIRS).held(reader, on, cadre_id):
        line = await shown(PAIRS).line(reader, pair)
        line["reviews"] = [
            await shown(REVIEWS).kept.line(reader, row)
            for row in reviews
            if chosen.newest(row["pairing_event"]) == line["event_id"]
            and row["effective_on"] >= line["effective_on"]
        ]
        told.append(line)
    return _OF_CADRE.model_validate({"cadre_id": cadre_id, "on": on, "mentorships": told})


@VIEW.routes.get(
    "/mentorships/missing",
    READS_ALL,
    summary="未结对新录用人员 · Recruits of a year without a mentor",
    response_model=_MISSING,
)
async def missing_mentorships(
    reader: Reading,
    year: Year,
    on: Annotated[
        On | None,
        Query(description="截至该日的情况，默认年末 · As of this day, else the year's end"),
    ] = None,
) -> BaseModel:
    day = on or date(year, 12, 31)
    told = RECRUITS.c
    recruits = await reader.connection.execute(
        select(told.cadre_id, told.effective_on.label("recruited_on"), told.channel)
        .where(
            told.effective_on.between(date(year, 1, 1), date(year, 12, 31)),
            told.superseded_by.is_(None),
        )
        .order_by(told.effective_on, told.cadre_id)
    )
    rows = recruits.mappings().all()
    paired = {pair.row["cadre_id"] for pair in await _lasting(reader, day)}
    missing = [row for row in rows if row["cadre_id"] not in paired]
    return _MISSING.model_validate(
        {"year": year, "on": day, "recruits": len(rows), "missing": missing}
    )


@VIEW.routes.get(
    "/mentors/{cadre_id}",
    READS_NAMED,
    summary="导师带教 · A mentor's apprentices",
    response_model=_MENTOR,
)
async def mentor(reader: Reading, cadre_id: CadreId, on: On) -> BaseModel:
    """A mentor's apprentices on a day, against the limit."""
    await require_known(reader, cadre_id)
    pairs = [one for one in await _lasting(reader, on) if one.row["mentor_id"] == cadre_id]
    rule = rulebook().on("TRN-12", on)
    limit = rule.whole("apprentices_max")
    load = rule.finding(
        passed=len(pairs) < limit,
        reason=f"在带 {len(pairs)} 人，上限 {limit} 人",
        inputs={"apprentices": len(pairs), "apprentices_max": limit},
    )
    told = [
        {**await shown(PAIRS).line(reader, one), "cadre_id": one.row["cadre_id"]} for one in pairs
    ]
    return _MENTOR.model_validate(
        {"cadre_id": cadre_id, "on": on, "load": load, "apprentices": told}
    )


async def _lasting(reader: Reader, on: date) -> list[Held]:
    """The pairs of a day, whatever was planned."""
    return [one for one in await shown(PAIRS).held(reader, on) if one.ended is None]


async def _counts(reader: Reader, question: Question) -> Iterable[Count]:
    rows = [one.row for one in await _lasting(reader, question.on)]
    return [
        Count("apprentices", "受带教", [Counted(row["cadre_id"], row["event_id"]) for row in rows]),
        Count("mentors", "导师", [Counted(row["mentor_id"], row["event_id"]) for row in rows]),
    ]


VIEW.reports.append(Report("mentorships", "导师带教", _counts, READS_ALL))
