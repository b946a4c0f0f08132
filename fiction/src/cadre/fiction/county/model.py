"""The parts of the fictional county: units, their leading posts, people and their pasts."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cadre.contracts.event import YearMonth
from cadre.contracts.vocabulary import (
    Education,
    Grade,
    Political,
    PostLevel,
    Rank,
    Sex,
    unit_id,
)
from cadre.intake.resume import Entry


class UnitKind(StrEnum):
    BUREAU = "区直部门"
    TOWN = "乡镇"
    SUBDISTRICT = "街道"


@dataclass(frozen=True, slots=True)
class Unit:
    district: str
    name: str
    kind: UnitKind
    first: int
    """Number of its first person."""
    size: int

    @property
    def unit_id(self) -> str:
        return unit_id(self.name)

    @property
    def people(self) -> range:
        return range(self.first, self.first + self.size)


@dataclass(frozen=True, slots=True)
class Post:
    post_id: str
    unit: Unit
    title: str
    level: PostLevel
    seats: int


@dataclass(frozen=True, slots=True)
class Schooling:
    education: Education
    told: str
    """As forms write it: 大学, 大专, 省委党校研究生."""
    school: str
    """School and subject."""
    begins: YearMonth
    ends: YearMonth


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who does not exist, as of the last day of `County.on`."""

    number: int
    id_number: str
    full_name: str
    sex: Sex
    birth_date: date
    ethnicity: str
    native_place: str
    political: Political
    party_since: YearMonth | None
    work_since: YearMonth
    full_time: Schooling
    on_job: Schooling | None
    unit: Unit
    post: Post | None
    title: str
    """The post's title, or the rank's for those without a post."""
    post_since: YearMonth
    level_since: YearMonth | None
    rank: Rank | None
    rank_since: YearMonth | None
    resume: tuple[Entry, ...]
    grades: tuple[tuple[int, Grade], ...]
    award: str | None
