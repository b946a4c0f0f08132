"""A fictional county of any size: the same seed tells the same county, person by person.

Nobody is stored: `County.person` makes the person of a number whenever asked, so that a county of
100,000 needs no more memory than one of ten. Beyond 3,000 cadres further districts are added, so
that units keep a size that exists.

ID numbers begin with 99, to which GB/T 2260 assigns no area: no citizen has such a number.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import date
from random import Random

from cadre.contracts.vocabulary import PostLevel, unit_id
from cadre.fiction.county import names
from cadre.fiction.county.life import live
from cadre.fiction.county.model import Person, Post, Unit, UnitKind

CADRES_MAX = 300_000
DISTRICT_SIZE = 3000
UNITS_MAX = 100
"""Units of one district."""
UNIT_SIZE_MIN = 10

HEAD, DEPUTY = PostLevel.SECTION_HEAD, PostLevel.SECTION_DEPUTY
POSTS: dict[UnitKind, tuple[tuple[str, str, PostLevel, int, int], ...]] = {
    UnitKind.BUREAU: (
        ("head", "党组书记、局长", HEAD, 1, 1),
        ("deputy", "党组成员、副局长", DEPUTY, 3, 2),
    ),
    UnitKind.TOWN: (
        ("secretary", "党委书记", HEAD, 1, 1),
        ("mayor", "党委副书记、镇长", HEAD, 1, 1),
        ("deputy-secretary", "党委副书记", DEPUTY, 1, 1),
        ("deputy-mayor", "副镇长", DEPUTY, 3, 2),
    ),
    UnitKind.SUBDISTRICT: (
        ("secretary", "党工委书记", HEAD, 1, 1),
        ("director", "党工委副书记、办事处主任", HEAD, 1, 1),
        ("deputy-director", "办事处副主任", DEPUTY, 3, 2),
    ),
}
"""Leading posts of each kind of unit: code, title, level, seats, and seats that are filled."""


class County:
    """Units, posts and people, all from ``cadres`` and ``seed``."""

    on = date(2025, 12, 31)
    """The day on which the county stands as told."""

    def __init__(self, cadres: int, seed: int) -> None:
        if not 1 <= cadres <= CADRES_MAX:
            msg = f"cadres must be from 1 to {CADRES_MAX}, not {cadres}"
            raise ValueError(msg)
        self.cadres = cadres
        self.seed = seed
        self.units = tuple(_units(cadres))
        self.posts = tuple(post for unit in self.units for post in _posts(unit))
        self._firsts = [unit.first for unit in self.units]
        self._slots = {unit.unit_id: _slots(unit) for unit in self.units}

    def person(self, number: int) -> Person:
        """The person of a number from 0."""
        if not 0 <= number < self.cadres:
            msg = f"people are numbered from 0 to {self.cadres - 1}, not {number}"
            raise IndexError(msg)
        unit = self.units[bisect_right(self._firsts, number) - 1]
        slots = self._slots[unit.unit_id]
        place = number - unit.first
        post = slots[place] if place < len(slots) else None
        return live(Random(f"{self.seed}:{number}"), number, unit, post, self.on)  # noqa: S311  fiction, no secret

    def people(self) -> Iterator[Person]:
        """Everybody, made one at a time."""
        return (self.person(number) for number in range(self.cadres))


def _units(cadres: int) -> Iterator[Unit]:
    districts = -(-cadres // DISTRICT_SIZE)
    first = 0
    for district in range(districts):
        size = cadres // districts + (district < cadres % districts)
        name = _district_name(district)
        kinds = list(_unit_names(name))[: max(1, min(UNITS_MAX, size // UNIT_SIZE_MIN))]
        for place, (unit_name, kind) in enumerate(kinds):
            members = size // len(kinds) + (place < size % len(kinds))
            yield Unit(name, unit_name, kind, first, members)
            first += members


def _district_name(district: int) -> str:
    second, start = divmod(district, len(names.DISTRICT_FIRST))
    turned = (start + second) % len(names.DISTRICT_SECOND)
    return f"{names.DISTRICT_FIRST[start]}{names.DISTRICT_SECOND[turned]}区"


def _unit_names(district: str) -> Iterator[tuple[str, UnitKind]]:
    """Bureaus, towns and subdistricts in turn, so that a small county has some of each."""
    for bureau, town, subdistrict in zip(
        (*names.BUREAUS, *(None,) * len(names.TOWNS)), names.TOWNS, names.SUBDISTRICTS, strict=False
    ):
        if bureau is not None:
            yield f"{district}{bureau}", UnitKind.BUREAU
        yield f"{district}{town}镇", UnitKind.TOWN
        yield f"{district}{subdistrict}街道", UnitKind.SUBDISTRICT


def _posts(unit: Unit) -> Iterator[Post]:
    for code, title, level, seats, _ in POSTS[unit.kind]:
        told = title if unit.name.endswith(("局", "镇", "街道")) else title.replace("局长", "主任")
        yield Post(f"{unit_id(unit.name)}-{code}", unit, told, level, seats)


def _slots(unit: Unit) -> list[Post]:
    """The posts of the first people of a unit, as many of each as are filled."""
    filled = (count for *_, count in POSTS[unit.kind])
    return [post for post, count in zip(_posts(unit), filled, strict=True) for _ in range(count)]
