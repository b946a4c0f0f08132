"""What may be asked about persons: profile, observation, political quality (M01, M07)."""

import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Select, Table, and_, bindparam, exists, func, select

from cadre.contracts.event import RuleFinding
from cadre.selection.tables import (
    CADRES,
    KIN,
    OBSERVATIONS,
    POLITICAL_ASSESSMENTS,
    PROFILE_CORRECTIONS,
    REFUSALS,
)
from cadre.shared.calendar import add_months
from cadre.shared.errors import NotFound
from cadre.shared.rulebook import rulebook
from cadre.shared.serving import Reader


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
)


async def profiles(
    reader: Reader, where: ColumnElement[bool], on: date
) -> dict[str, dict[str, Any]]:
    """Rows of `CADRES` by cadre id, sorted, as corrected by a day; personal fields still sealed.

    ``where`` chooses persons by columns of `CADRES`.
    """
    chosen = select(CADRES).where(where).order_by(CADRES.c.cadre_id)
    rows = (await reader.connection.execute(chosen)).mappings()
    found = {row["cadre_id"]: dict(row) for row in rows}
    corrections = (
        select(PROFILE_CORRECTIONS)
        .join(CADRES, CADRES.c.cadre_id == PROFILE_CORRECTIONS.c.cadre_id)
        .where(
            where,
            PROFILE_CORRECTIONS.c.superseded_by.is_(None),
            PROFILE_CORRECTIONS.c.corrected_on <= on,
        )
        .order_by(PROFILE_CORRECTIONS.c.corrected_on)
    )
    for correction in (await reader.connection.execute(corrections)).mappings():
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
    rows = await profiles(reader, where, on)
    return [await person(reader, row) for row in rows.values()]


async def cadre(reader: Reader, cadre_id: str, on: date) -> CadreView:
    """Raises NotFound for a stranger."""
    row = (await profiles(reader, CADRES.c.cadre_id == cadre_id, on)).get(cadre_id)
    if row is None:
        raise NotFound(
            f"no cadre {cadre_id} is known here", where=cadre_id, hint="search by name first"
        )
    for name in ("full_name", "id_number", "birth_date", "native_place"):
        row[name] = await reader.open(row[name])
    assessed = await _facts(reader, POLITICAL_ASSESSMENTS, cadre_id, "assessed_on", on)
    for assessment in assessed:
        lifted_on = assessment["lifted_on"]
        assessment["lifted_on"] = lifted_on if lifted_on and lifted_on <= on else None
        assessment["note"] = await reader.open(assessment["note"])
    refused = await _facts(reader, REFUSALS, cadre_id, "refused_on", on)
    for refusal in refused:
        refusal["findings"] = json.loads(refusal["findings"])
    return CadreView(
        **{name: row[name] for name in CadreProfile.model_fields},
        political_assessments=[PoliticalAssessmentLine.model_validate(a) for a in assessed],
        refusals=[RefusalLine.model_validate(r) for r in refused],
    )


async def observations(reader: Reader, cadre_id: str, on: date) -> Observations:
    """What was seen of somebody by a day, in order."""
    seen = await _facts(reader, OBSERVATIONS, cadre_id, "observed_on", on)
    for observation in seen:
        observation["note"] = await reader.open(observation["note"])
    lines = [ObservationLine.model_validate(observation) for observation in seen]
    return Observations(cadre_id=cadre_id, observations=lines)


async def kin(reader: Reader, cadre_id: str, on: date) -> KinOfCadre:
    """Whom somebody declared as kin by a day."""
    declared = await _facts(reader, KIN, cadre_id, "declared_on", on)
    return KinOfCadre(cadre_id=cadre_id, kin=[KinLine.model_validate(line) for line in declared])


async def _facts(
    reader: Reader, table: Table, cadre_id: str, day: str, on: date
) -> list[dict[str, Any]]:
    """Facts about a person up to a day that no correction replaced, in order of that day."""
    of = {"of": cadre_id, "until": on}
    rows = await reader.connection.execute(_facts_of(table, day), of)
    return [dict(row) for row in rows.mappings()]


@cache
def _facts_of(table: Table, day: str) -> Select[Any]:
    # Built once: that costs as much as carrying it out.
    query = select(table).where(
        table.c.cadre_id == bindparam("of"), table.c[day] <= bindparam("until")
    )
    if "superseded_by" in table.c:
        query = query.where(table.c.superseded_by.is_(None))
    return query.order_by(table.c[day], table.c.event_id)


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
