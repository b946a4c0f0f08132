"""The state of the story while its script is written: who is where, and what stands open."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Self
from uuid import UUID

from cadre.contracts.selection.profile import Standing
from cadre.contracts.vocabulary import Political, Rank
from cadre.fiction.county.model import Post
from cadre.fiction.life.fiction import PROTAGONIST, SANCTIONED, Scene
from cadre.fiction.life.script import Expected, Script, Step
from cadre.intake.records import Record
from cadre.selection.working.identities import cadre_id_of
from cadre.shared.deciding.calendar import Workdays, full_years, month_start
from cadre.shared.deciding.messages import Command

LAST_YEAR = 2026
"""The story ends in the autumn of this year."""

ONE_DAY = timedelta(days=1)

SAMPLE = 6
"""How many people's months and quarters are told."""


@dataclass(slots=True, eq=False)
class Member:
    """Somebody of the county, as the script knows them."""

    cadre_id: str
    full_name: str
    birth_date: date
    political: Political
    unit_id: str
    unit_name: str
    joined: date
    """When they became known here."""
    title: str | None = None
    rank: Rank | None = None
    rank_since: date | None = None
    post: Post | None = None
    role: str = ""
    """What the story has in store; those without a role are drawn by lot."""
    retired: bool = False
    pools: dict[str, date] = field(default_factory=dict[str, date])
    posting: UUID | None = None

    def age(self, day: date) -> int:
        """周岁, counted from the first of the month of birth."""
        return full_years(self.birth_date.replace(day=1), day)


@dataclass(slots=True)
class Chronicle:
    """The script being written and everybody in it."""

    script: Script
    county: Scene
    records: Sequence[Record]
    """Everybody's imported record."""
    years: range
    members: list[Member]
    protagonist: Member
    sanctioned: Member
    sample: list[Member]
    """Those whose months and quarters are told."""
    filed_until: date
    """Months that ended before this day have been filed and closed."""
    recruits: dict[int, list[Member]] = field(default_factory=dict[int, list[Member]])
    pairs: list[tuple[Member, Member, UUID]] = field(
        default_factory=list[tuple[Member, Member, UUID]]
    )
    """Apprentice, mentor and pairing of the pairs that last."""
    promoted: dict[int, list[tuple[Member, UUID, date]]] = field(
        default_factory=dict[int, list[tuple[Member, UUID, date]]]
    )
    """By year: who took a post, by which event, and the first day after the probation."""
    openings: dict[str, Step] = field(default_factory=dict[str, Step])
    """The standing opening of each unit year."""
    marks: dict[str, UUID] = field(default_factory=dict[str, UUID])
    """Events that a later step will name."""

    @classmethod
    def begin(cls, script: Script, county: Scene, records: Sequence[Record], years: int) -> Self:
        """With everybody whose record was imported."""
        members = [_member(record, county.posts) for record in records]
        by_id = {record.id_number: one for record, one in zip(records, members, strict=True)}
        protagonist = by_id[county.person(PROTAGONIST).id_number]
        sanctioned = by_id[county.person(SANCTIONED).id_number]
        protagonist.role, sanctioned.role = "protagonist", "sanctioned"
        plain = [one for one in members if not one.role and one.post is None]
        made = cls(
            script=script,
            county=county,
            records=records,
            years=range(LAST_YEAR - years + 1, LAST_YEAR + 1),
            members=members,
            protagonist=protagonist,
            sanctioned=sanctioned,
            sample=plain[:SAMPLE],
            filed_until=county.on + ONE_DAY,
        )
        parts = ("admonished", "vetoed", "not-carried", "weak", "corrected")
        for role, one in zip(parts, plain, strict=False):
            one.role = role
        return made

    @property
    def first(self) -> int:
        return self.years[0]

    @property
    def last(self) -> int:
        return self.years[-1]

    def add(
        self,
        path: str,
        command: Command,
        *,
        expected: Expected = "recorded",
        also: tuple[str, ...] = (),
    ) -> Step:
        return self.script.add(path, command, expected=expected, also=also)

    def random(self, purpose: str) -> Random:
        """Random numbers of their own for each purpose, the same for the same seed."""
        return Random(f"{self.script.seed}/{purpose}")  # noqa: S311  fiction, no secret

    def active(self, by: date = date.max) -> list[Member]:
        """Everybody in service who was known by a day."""
        return [one for one in self.members if not one.retired and one.joined <= by]

    def free(self) -> list[Member]:
        """Those in service for whom the story has neither post nor role."""
        return [one for one in self.active() if not one.role and one.post is None]

    def holders(self) -> list[Member]:
        """Those in service who hold a leading post."""
        return [one for one in self.active() if one.post is not None]

    def with_role(self, role: str) -> Member:
        return next(one for one in self.members if one.role == role)

    def of_unit(self, unit_id: str, by: date = date.max) -> list[Member]:
        return [one for one in self.active(by) if one.unit_id == unit_id]


def workday(year: int, month: int, day: int) -> date:
    """That day, or the first workday after it."""
    return Workdays().after(date(year, month, day) - ONE_DAY, 1)


def some(rng: Random, members: Iterable[Member], at_most: int) -> list[Member]:
    """A draw without repeats, in the order of the members."""
    pool = list(members)
    drawn = set(rng.sample(range(len(pool)), min(at_most, len(pool))))
    return [one for place, one in enumerate(pool) if place in drawn]


def _member(record: Record, posts: Iterable[Post]) -> Member:
    baseline = record.baseline
    standing: Standing = baseline.standing
    held = (standing.unit_id, standing.post_title)
    birth_date = baseline.birth_date
    assert isinstance(birth_date, date)  # noqa: S101  # a record is in clear
    return Member(
        cadre_id=cadre_id_of(record.command_id),
        full_name=record.name,
        birth_date=birth_date,
        political=baseline.political,
        unit_id=standing.unit_id,
        unit_name=standing.unit_name,
        joined=record.effective_on,
        title=standing.post_title,
        rank=standing.rank,
        rank_since=month_start(standing.rank_since) if standing.rank_since else None,
        post=next((post for post in posts if (post.unit.unit_id, post.title) == held), None),
    )
