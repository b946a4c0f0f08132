"""Who somebody is on a day: profile, political quality, refused entries into pools."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Date,
    Select,
    String,
    Table,
    bindparam,
    select,
    tuple_,
)

from cadre.contracts.event import CadreId, Refusal
from cadre.contracts.personal import personal_shape
from cadre.contracts.selection.profile import PROFILE_FIELDS, Baselined, Recruited
from cadre.selection.deciding.membership import REFUSALS
from cadre.selection.deciding.political import POLITICAL
from cadre.selection.deciding.profile import CORRECTIONS
from cadre.shared.asking.parameters import Day
from cadre.shared.deciding.errors import NotFound
from cadre.shared.deciding.messages import Recorded
from cadre.shared.deciding.rights import NAMED, Right, Role
from cadre.shared.showing.facts import Held, shown
from cadre.shared.showing.kept import answer, row
from cadre.shared.showing.lines import Lines
from cadre.shared.showing.members import MEMBERSHIPS
from cadre.shared.showing.read_models import Change
from cadre.shared.showing.reader import Line, Queries, Reader, Reading
from cadre.shared.showing.view import View

VIEW = View()
TOLD = ("id_number", "sex", *PROFILE_FIELDS, "channel")
"""What the answer tells as of a day, with what was corrected by then."""
CADRES = VIEW.table(
    "cadres",
    Column("cadre_id", String, primary_key=True),
    Column("entered_on", Date),
    Column("entry_event", String),
    Column("effective_on", Date, comment="of the last telling; what was corrected before is over"),
    Column("position", BigInteger),
    Column("event_id", String),
    *(Column(name, String) for name in (*TOLD, "source_file")),
)
OnOrLatest = Annotated[
    Day,
    Query(description="截至此日；不填则不限 · As of this day; everything known if left out"),
]


class PersonLine(BaseModel):
    """One person in a list."""

    cadre_id: str
    full_name: str | None
    unit_name: str | None


_ASSESSED, _REFUSED = shown(POLITICAL), shown(REFUSALS)
assert _ASSESSED.ends is not None  # noqa: S101
_LIFTED = _ASSESSED.ends.table
_EARLIEST = Field(description="When time alone would have healed it; none where it does not")
_CADRE = answer(
    "CadreView",
    {
        "cadre_id": str,
        **dict.fromkeys(TOLD, str | None),
        "entered_on": date | None,
        "political_assessments": list[answer("PoliticalAssessmentOfCadre", _ASSESSED.told())],
        "refusals": list[_REFUSED.kept.model("RefusalOfCadre", earliest=(date | None, _EARLIEST))],
    },
)


def _told(recorded: Recorded[Recruited | Baselined], **more: object) -> Iterable[Change]:
    """A second telling corrects what the first one said; the person is known since the first.

    A recruitment alone says itself when somebody entered.
    """
    event = recorded.event
    if isinstance(event, Recruited) or event.supersedes is None:
        more |= {"entered_on": event.effective_on, "entry_event": recorded.event_key}
    told, *_ = row(CADRES, recorded, **more)
    yield told


@VIEW.on(Recruited)
def _recruited(recorded: Recorded[Recruited]) -> Iterable[Change]:
    return _told(recorded)


@VIEW.on(Baselined)
def _baselined(recorded: Recorded[Baselined]) -> Iterable[Change]:
    standing = recorded.event.standing
    return _told(recorded, unit_id=standing.unit_id, unit_name=standing.unit_name)


def _profiles(where: ColumnElement[bool], until: ColumnElement[date] | date) -> Queries:
    """Rows of `CADRES`, what corrected them by a day, and where they served by then.

    ``where`` chooses by columns of `CADRES`.
    """
    corrections = shown(CORRECTIONS).table
    told = tuple_(CADRES.c.effective_on, CADRES.c.position)
    each: list[Select[Any]] = [select(CADRES).where(where).order_by(CADRES.c.cadre_id)]
    for table in (corrections, MEMBERSHIPS):
        dated = (table.c.effective_on, table.c.position)
        each.append(
            select(table)
            .join(CADRES, CADRES.c.cadre_id == table.c.cadre_id)
            .where(
                where,
                table.c.superseded_by.is_(None),
                table.c.effective_on <= until,
                tuple_(*dated) > told,
            )
            .order_by(*dated)
        )
    return Queries.of(*each)


def _corrected(rows: list[Line], *corrections: list[Line]) -> dict[str, Line]:
    """Profiles by cadre id, in their order; personal fields still sealed."""
    found = {one["cadre_id"]: one for one in rows}
    for correction in (one for each in corrections for one in each):
        said = {name: correction.get(name) for name in PROFILE_FIELDS}
        found[correction["cadre_id"]] |= {k: v for k, v in said.items() if v is not None}
    return found


async def _person(reader: Reader, told: Mapping[str, Any]) -> PersonLine:
    return PersonLine(
        cadre_id=told["cadre_id"],
        full_name=await reader.open(told["full_name"]),
        unit_name=told["unit_name"],
    )


async def persons(reader: Reader, where: ColumnElement[bool], on: date) -> list[PersonLine]:
    """The chosen persons, names opened."""
    found = _corrected(*await reader.read(_profiles(where, on)))
    return [await _person(reader, told) for told in found.values()]


_OF, _UNTIL = bindparam("of", type_=String), bindparam("until", type_=Date)


def _standing(table: Table) -> tuple[ColumnElement[bool], ...]:
    return table.c.superseded_by.is_(None), table.c.effective_on <= _UNTIL


def _facts(table: Table, *where: ColumnElement[bool]) -> Select[Any]:
    """Facts about a person, in order of their days."""
    chosen = select(table).where(table.c.cadre_id == _OF, *where)
    return chosen.order_by(table.c.effective_on, table.c.position)


_QUERIES = Queries.of(
    *_profiles(CADRES.c.cadre_id == _OF, _UNTIL).each,
    _facts(_ASSESSED.table),
    _facts(_LIFTED, *_standing(_LIFTED)),
    _facts(_REFUSED.table, *_standing(_REFUSED.table)),
)


@VIEW.routes.get(
    "/cadres/{cadre_id}",
    Right(Role.READER, NAMED),
    summary="干部基本信息 · Who a cadre is, how assessed politically, from which pools refused",
    response_model=_CADRE,
)
async def cadre(reader: Reading, cadre_id: CadreId, on: OnOrLatest = date.max) -> BaseModel:
    """Raises NotFound for a stranger."""
    answers = await reader.read(_QUERIES, of=cadre_id, until=on)
    rows, corrections, memberships, assessed, lifted, refused = answers
    told = _corrected(rows, corrections, memberships).get(cadre_id)
    if told is None:
        raise NotFound(
            f"查无此人 · no cadre {cadre_id} is known here",
            where=cadre_id,
            hint="请先按姓名查找 · search by name first",
        )
    for name in personal_shape(Recruited):
        told[name] = await reader.open(told[name])
    held = _assessments(assessed, lifted, on)
    told["political_assessments"] = [await _ASSESSED.line(reader, one) for one in held]
    told["refusals"] = [await _refusal(reader, one) for one in refused]
    return _CADRE.model_validate(told)


def _assessments(assessed: list[Line], lifted: list[Line], on: date) -> Iterable[Held]:
    """Assessments by a day that no other replaced, a veto with what lifted it."""
    lines = Lines({a["event_id"]: a["superseded_by"] for a in assessed if a["superseded_by"]})
    for one in assessed:
        if one["superseded_by"] or one["effective_on"] > on:
            continue
        endings = (
            end
            for end in lifted
            if one["veto"]
            and lines.newest(end["assessment_event"]) == one["event_id"]
            and end["effective_on"] >= one["effective_on"]
        )
        yield Held(one, next(endings, None))


async def _refusal(reader: Reader, refused: Line) -> Line:
    line = await _REFUSED.kept.line(reader, refused)
    earliest = Refusal.model_validate({"findings": line["findings"]}).earliest
    return line | {"earliest": earliest}
