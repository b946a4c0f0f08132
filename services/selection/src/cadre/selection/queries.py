"""What may be asked about persons: profile, observation, political quality (M01, M07)."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    String,
    Table,
    and_,
    bindparam,
    exists,
    func,
    select,
    tuple_,
)

from cadre.contracts.event import RuleFinding
from cadre.selection.tables import (
    CADRES,
    KIN,
    OBSERVATIONS,
    POLITICAL_ASSESSMENTS,
    PROFILE_CORRECTIONS,
    REFUSALS,
    REVIEWS,
    VETO_LIFTINGS,
)
from cadre.shared.deciding.calendar import add_months
from cadre.shared.deciding.errors import NotFound
from cadre.shared.deciding.rulebook import rulebook
from cadre.shared.showing.lines import Lines
from cadre.shared.showing.reader import Line, Queries, Reader


class PersonLine(BaseModel):
    """One person in a list."""

    cadre_id: str
    full_name: str | None
    unit_name: str | None


class PoliticalAssessmentLine(BaseModel):
    event_id: str
    assessed_on: date
    conclusion: str
    occasion: str
    note: str | None
    veto: bool
    lifted_on: date | None


class ObservationLine(BaseModel):
    event_id: str
    observed_on: date
    occasion: str
    indication: str
    observer: str
    note: str | None


class RefusalLine(BaseModel):
    """A refused entry into a pool, with every reason."""

    event_id: str
    pool_id: str
    refused_on: date
    earliest: date | None
    findings: list[RuleFinding]


class CadreProfile(BaseModel):
    """The facts of a profile as of a day, corrections applied."""

    cadre_id: str
    full_name: str | None
    id_number: str | None
    birth_date: str | None
    native_place: str | None
    birth_month: str | None
    sex: str | None
    ethnicity: str | None
    political: str | None
    education: str | None
    major: str | None
    unit_id: str | None
    unit_name: str | None
    channel: str | None
    entered_on: date | None


class CadreView(CadreProfile):
    """A profile with what political quality was concluded and what was refused."""

    political_assessments: list[PoliticalAssessmentLine]
    refusals: list[RefusalLine]


class CadresFound(BaseModel):
    cadres: list[PersonLine]


class Observations(BaseModel):
    cadre_id: str
    observations: list[ObservationLine]


class KinLine(BaseModel):
    event_id: str
    kin_id: str
    relation: str
    declared_on: date


class KinOfCadre(BaseModel):
    cadre_id: str
    kin: list[KinLine]


class Review(BaseModel):
    event_id: str
    cadre_id: str
    opened_on: date
    decision_event: str
    corrected_event: str
    reason: str


class Reviews(BaseModel):
    reviews: list[Review]


class Coverage(BaseModel):
    """How many of the managed cadres had a political assessment by the day (M01)."""

    on: date
    since: date | None = Field(description="Only assessments from this day on count")
    managed: int
    assessed: int
    share: float | None = Field(description="assessed / managed, not rounded")
    unassessed: list[PersonLine]


class BlindSpots(BaseModel):
    """Managed cadres without a single observation in the months up to the day (M07)."""

    on: date
    after: date = Field(description="Observations after this day count")
    months: int
    managed: int
    unobserved: list[PersonLine]


CORRECTABLE = (
    "full_name",
    "birth_date",
    "native_place",
    "birth_month",
    "ethnicity",
    "political",
    "education",
    "major",
    "unit_id",
    "unit_name",
)


def _profiles(where: ColumnElement[bool], until: ColumnElement[date] | date) -> Queries:
    """Rows of `CADRES`, and what corrected them by a day; ``where`` chooses by columns of it."""
    corrections = (
        select(PROFILE_CORRECTIONS)
        .join(CADRES, CADRES.c.cadre_id == PROFILE_CORRECTIONS.c.cadre_id)
        .where(
            where,
            PROFILE_CORRECTIONS.c.superseded_by.is_(None),
            PROFILE_CORRECTIONS.c.corrected_on <= until,
            tuple_(PROFILE_CORRECTIONS.c.corrected_on, PROFILE_CORRECTIONS.c.position)
            > tuple_(CADRES.c.told_on, CADRES.c.position),
        )
        .order_by(PROFILE_CORRECTIONS.c.corrected_on, PROFILE_CORRECTIONS.c.position)
    )
    return Queries.of(select(CADRES).where(where).order_by(CADRES.c.cadre_id), corrections)


def _corrected(rows: list[Line], corrections: list[Line]) -> dict[str, Line]:
    """Profiles by cadre id, in their order; personal fields still sealed."""
    found = {row["cadre_id"]: row for row in rows}
    for correction in corrections:
        right = {name: correction[name] for name in CORRECTABLE if correction[name] is not None}
        found[correction["cadre_id"]] |= right
    return found


async def person(reader: Reader, row: Mapping[str, Any]) -> PersonLine:
    return PersonLine(
        cadre_id=row["cadre_id"],
        full_name=await reader.open(row["full_name"]),
        unit_name=row["unit_name"],
    )


async def persons(reader: Reader, where: ColumnElement[bool], on: date) -> list[PersonLine]:
    """The chosen persons, names opened."""
    rows, corrections = await reader.read(_profiles(where, on))
    return [await person(reader, row) for row in _corrected(rows, corrections).values()]


_OF, _UNTIL = bindparam("of", type_=String), bindparam("until", type_=Date)


def _facts(table: Table, day: str) -> Select[Any]:
    """Facts about a person up to a day that no correction replaced, in order of that day."""
    query = select(table).where(table.c.cadre_id == _OF, table.c[day] <= _UNTIL)
    if "superseded_by" in table.c:
        query = query.where(table.c.superseded_by.is_(None))
    return query.order_by(table.c[day], table.c.event_id)


_CADRE = Queries.of(
    *_profiles(CADRES.c.cadre_id == _OF, _UNTIL).each,
    select(POLITICAL_ASSESSMENTS)
    .where(POLITICAL_ASSESSMENTS.c.cadre_id == _OF)
    .order_by(POLITICAL_ASSESSMENTS.c.assessed_on, POLITICAL_ASSESSMENTS.c.event_id),
    _facts(VETO_LIFTINGS, "lifted_on"),
    _facts(REFUSALS, "refused_on"),
)
_OBSERVATIONS = Queries.of(_facts(OBSERVATIONS, "observed_on"))
_KIN = Queries.of(_facts(KIN, "declared_on"))


async def cadre(reader: Reader, cadre_id: str, on: date) -> CadreView:
    """Raises NotFound for a stranger."""
    answers = await reader.read(_CADRE, of=cadre_id, until=on)
    rows, corrections, assessed, lifted, refused = answers
    row = _corrected(rows, corrections).get(cadre_id)
    if row is None:
        raise NotFound(
            f"no cadre {cadre_id} is known here", where=cadre_id, hint="search by name first"
        )
    for name in ("full_name", "id_number", "birth_date", "native_place"):
        row[name] = await reader.open(row[name])
    standing = _standing_assessments(assessed, lifted, on)
    for assessment in standing:
        assessment["note"] = await reader.open(assessment["note"])
    for refusal in refused:
        refusal["findings"] = json.loads(refusal["findings"])
    return CadreView(
        **{name: row[name] for name in CadreProfile.model_fields},
        political_assessments=[PoliticalAssessmentLine.model_validate(a) for a in standing],
        refusals=[RefusalLine.model_validate(r) for r in refused],
    )


def _standing_assessments(assessed: list[Line], lifted: list[Line], on: date) -> list[Line]:
    """Assessments by a day that no other replaced, a veto with the day on which it was lifted."""
    corrected = Lines({a["event_id"]: a["superseded_by"] for a in assessed if a["superseded_by"]})
    standing = [a for a in assessed if not a["superseded_by"] and a["assessed_on"] <= on]
    for assessment in standing:
        days = (
            lifting["lifted_on"]
            for lifting in lifted
            if assessment["veto"]
            and corrected.newest(lifting["assessment_event"]) == assessment["event_id"]
            and lifting["lifted_on"] >= assessment["assessed_on"]
        )
        assessment["lifted_on"] = min(days, default=None)
    return standing


async def observations(reader: Reader, cadre_id: str, on: date) -> Observations:
    """What was seen of somebody by a day, in order."""
    (seen,) = await reader.read(_OBSERVATIONS, of=cadre_id, until=on)
    for observation in seen:
        observation["note"] = await reader.open(observation["note"])
    lines = [ObservationLine.model_validate(observation) for observation in seen]
    return Observations(cadre_id=cadre_id, observations=lines)


async def kin(reader: Reader, cadre_id: str, on: date) -> KinOfCadre:
    """Whom somebody declared as kin by a day."""
    (declared,) = await reader.read(_KIN, of=cadre_id, until=on)
    return KinOfCadre(cadre_id=cadre_id, kin=[KinLine.model_validate(line) for line in declared])


async def reviews(reader: Reader) -> Reviews:
    """Every review opened because evidence of an entry came late or was corrected."""
    chosen = select(REVIEWS).order_by(REVIEWS.c.opened_on, REVIEWS.c.event_id)
    rows = (await reader.connection.execute(chosen)).mappings()
    return Reviews(reviews=[Review.model_validate(dict(row)) for row in rows])


def managed(on: date) -> ColumnElement[bool]:
    """Who had entered by a day."""
    return CADRES.c.entered_on <= on


async def coverage(reader: Reader, on: date, since: date | None) -> Coverage:
    """Assessed of managed, and who is not."""
    assessments = POLITICAL_ASSESSMENTS.c
    assessed = exists().where(
        assessments.cadre_id == CADRES.c.cadre_id,
        assessments.superseded_by.is_(None),
        assessments.assessed_on.between(since or date.min, on),
    )
    unassessed = await persons(reader, and_(managed(on), ~assessed), on)
    total = await _count(reader, managed(on))
    return Coverage(
        on=on,
        since=since,
        managed=total,
        assessed=total - len(unassessed),
        share=(total - len(unassessed)) / total if total else None,
        unassessed=unassessed,
    )


async def blind_spots(reader: Reader, on: date, months: int | None) -> BlindSpots:
    """Who was not observed in the last ``months``; as many as OBS-01 says where none are given."""
    months = months or rulebook().on("OBS-01", on).whole("months_max")
    after = add_months(on, -months)
    observed = exists().where(
        OBSERVATIONS.c.cadre_id == CADRES.c.cadre_id,
        OBSERVATIONS.c.superseded_by.is_(None),
        OBSERVATIONS.c.observed_on > after,
        OBSERVATIONS.c.observed_on <= on,
    )
    return BlindSpots(
        on=on,
        after=after,
        months=months,
        managed=await _count(reader, managed(on)),
        unobserved=await persons(reader, and_(managed(on), ~observed), on),
    )


async def _count(reader: Reader, where: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(CADRES).where(where)
    return await reader.connection.scalar(query) or 0
