"""The people of the script, and the files by which they become known.

Two leads are designed: each hands in a form of their own beside the county's rosters and forms.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from pathlib import Path
from random import Random

from cadre.cli.county.county import County
from cadre.cli.county.forms import flaw_of, has_form, write_form
from cadre.cli.county.generate import FORMS_FOLDER
from cadre.cli.county.life import live
from cadre.cli.county.model import Person, Unit
from cadre.cli.county.rosters import write_rosters
from cadre.cli.intake.resume import Entry
from cadre.contracts.event import YearMonth
from cadre.contracts.vocabulary import Education, Political, Rank

DRAWS_MAX = 5000
LEAD_AGES = range(27, 31)
RECRUIT_AGES = range(24, 28)


class PastCounty(County):
    """The county as it stood on another day."""

    def __init__(self, cadres: int, seed: int, on: date) -> None:
        super().__init__(cadres, seed)
        self.on = on


@dataclass(frozen=True, slots=True)
class Leads:
    """Whose ranks are designed, so that a rule decides by half a year."""

    protagonist: Person
    sanctioned: Person

    def __iter__(self) -> Iterator[Person]:
        return iter((self.protagonist, self.sanctioned))


def leads(county: County) -> Leads:
    """The protagonist has been 四级主任科员 for a year, the other for three."""
    numbers = (number for number in count(county.cadres) if flaw_of(number) is None)
    unit, year = county.units[0], county.on.year
    return Leads(
        protagonist=_lead(county, next(numbers), unit, f"{year:04}-01"),
        sanctioned=_lead(county, next(numbers), unit, f"{year - 2:04}-01"),
    )


def recruit(county: County, number: int, unit: Unit, on: date) -> Person:
    """Somebody young and new; ``number`` counts recruits from 0."""
    return _draw(
        f"{county.seed}:recruit:{number}",
        county.cadres + 100 + number,
        unit,
        on,
        lambda person: _age(person, on) in RECRUIT_AGES,
    )


def hand_in(county: County, cast: Leads, folder: Path) -> None:
    """Write the county's rosters and forms, and the forms of the leads."""
    forms = folder / FORMS_FOLDER
    forms.mkdir(parents=True)
    for _ in write_rosters(county, folder):
        pass
    with_form = (person for person in county.people() if has_form(person.number))
    for person in (*with_form, *cast):
        path = forms / f"{person.number:06}{person.full_name}.lrmx"
        path.write_bytes(write_form(person, county.on))


def _lead(county: County, number: int, unit: Unit, rank_since: YearMonth) -> Person:
    person = _draw(
        f"{county.seed}:lead:{number}",
        number,
        unit,
        county.on,
        lambda drawn: (
            _age(drawn, county.on) in LEAD_AGES
            and drawn.full_time.education is Education.BACHELOR
            and drawn.political is Political.PARTY_MEMBER
        ),
    )
    rank, study = Rank.OFFICER_4, person.resume[0]
    return replace(
        person,
        rank=rank,
        rank_since=rank_since,
        title=rank.zh,
        post_since=rank_since,
        resume=(
            study,
            Entry(person.work_since, rank_since, f"{unit.name}科员"),
            Entry(rank_since, None, f"{unit.name}{rank.zh}"),
        ),
    )


def _draw(
    key: str, number: int, unit: Unit, on: date, suits: Callable[[Person], bool]
) -> Person:
    """The first life of those drawn for a key that suits."""
    drawn = (
        live(Random(f"{key}:{attempt}"), number, unit, None, on)  # noqa: S311  fiction, no secret
        for attempt in range(DRAWS_MAX)
    )
    return next(person for person in drawn if suits(person))


def _age(person: Person, on: date) -> int:
    return on.year - person.birth_date.year
