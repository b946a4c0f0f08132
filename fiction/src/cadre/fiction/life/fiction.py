"""The people of the script, and the files by which they become known.

Two of the county's people are the leads: what they need for their parts is designed, the rest of
their lives is drawn like everybody's.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random

from cadre.contracts.event import YearMonth
from cadre.contracts.vocabulary import Education, Political, Rank
from cadre.fiction.county.county import County
from cadre.fiction.county.forms import has_form, write_form
from cadre.fiction.county.generate import FORMS_FOLDER
from cadre.fiction.county.life import live
from cadre.fiction.county.model import Person, Unit
from cadre.fiction.county.rosters import write_rosters
from cadre.intake.resume import Entry

PROTAGONIST, SANCTIONED = 3, 4
"""Numbers of two people of the first unit who hold no post and whose rows are not spoiled."""

DRAWS_MAX = 5000
LEAD_AGES = range(27, 31)
RECRUIT_AGES = range(24, 28)
RECRUITS_FROM = 100
"""So far beyond the county's own numbers those of recruits begin."""


class Scene(County):
    """The county as it stood on some day, with the leads among its people."""

    def __init__(self, cadres: int, seed: int, on: date) -> None:
        super().__init__(cadres, seed)
        self.on = on
        # The protagonist has held the rank for a year, the other for three: the rules of rank
        # promotion decide by months.
        self._leads = {
            PROTAGONIST: self._lead(PROTAGONIST, f"{on.year:04}-01"),
            SANCTIONED: self._lead(SANCTIONED, f"{on.year - 2:04}-01"),
        }

    def person(self, number: int) -> Person:
        return self._leads.get(number) or super().person(number)

    def recruit(self, number: int, unit: Unit, on: date) -> Person:
        """Somebody young and new; ``number`` counts recruits from 0."""
        return _draw(
            f"{self.seed}:recruit:{number}",
            self.cadres + RECRUITS_FROM + number,
            unit,
            on,
            lambda person: on.year - person.birth_date.year in RECRUIT_AGES,
        )

    def hand_in(self, folder: Path) -> None:
        """Write rosters and forms into a new folder."""
        (folder / FORMS_FOLDER).mkdir(parents=True)
        for _ in write_rosters(self, folder):
            pass
        for person in self.people():
            if has_form(person.number):
                path = folder / FORMS_FOLDER / f"{person.number:06}{person.full_name}.lrmx"
                path.write_bytes(write_form(person, self.on))

    def _lead(self, number: int, rank_since: YearMonth) -> Person:
        unit, rank = self.units[0], Rank.OFFICER_4
        person = _draw(
            f"{self.seed}:lead:{number}",
            number,
            unit,
            self.on,
            lambda drawn: (
                self.on.year - drawn.birth_date.year in LEAD_AGES
                and drawn.full_time.education is Education.BACHELOR
                and drawn.political is Political.PARTY_MEMBER
            ),
        )
        return replace(
            person,
            rank=rank,
            rank_since=rank_since,
            title=rank.zh,
            post_since=rank_since,
            resume=(
                person.resume[0],
                Entry(person.work_since, rank_since, f"{unit.name}科员"),
                Entry(rank_since, None, f"{unit.name}{rank.zh}"),
            ),
        )


def _draw(key: str, number: int, unit: Unit, on: date, suits: Callable[[Person], bool]) -> Person:
    """The first life of those drawn for a key that suits."""
    drawn = (
        live(Random(f"{key}:{attempt}"), number, unit, None, on)  # noqa: S311  fiction, no secret
        for attempt in range(DRAWS_MAX)
    )
    return next(person for person in drawn if suits(person))
