"""Who might be the same person. Only ever a suggestion: persons are matched by ID number alone."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from cadre.intake.dates import Moment, read_date
from cadre.intake.issues import Issue, Problem
from cadre.intake.person import Item, Told
from cadre.intake.records import Record, Source, Unidentified

SHOWN_MAX = 3
"""Candidates named in one suggestion."""


def unidentified(told: Mapping[Item, Told], source: Source) -> tuple[Unidentified, ...]:
    """Name and month of birth of a refused row, if both can be read."""
    name = "".join(told[Item.NAME].text.split()) if Item.NAME in told else ""
    born = read_date(told[Item.BIRTH].text) if Item.BIRTH in told else None
    if not name or not isinstance(born, Moment):
        return ()
    return (Unidentified(name=name, birth_month=born.year_month, source=source),)


def near(one: str, other: str) -> bool:
    """Equal, or one character differs, is missing or was added."""
    return bool(set(_patterns(one)) & set(_patterns(other)))


def suggest(records: Iterable[Record], refused: Iterable[Unidentified]) -> Iterator[Issue]:
    """Warnings for people who share month of birth and nearly the name; linear in their number."""
    # Few are refused, so it is their patterns that are kept, not everybody's.
    sought: dict[tuple[str, str], list[int]] = defaultdict(list)
    found: list[tuple[Unidentified, dict[str, str]]] = [(person, {}) for person in refused]
    for number, (person, _) in enumerate(found):
        for pattern in _patterns(person.name):
            sought[person.birth_month, pattern].append(number)
    by_name: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        by_name[record.birth_month, record.name].append(record)
        for pattern in _patterns(record.name):
            for number in sought.get((record.birth_month, pattern), ()):
                found[number][1][str(record.sources[0])] = record.name
    for first, *others in by_name.values():
        if others:
            yield _same_name(first, others)
    yield from (_perhaps(person, places) for person, places in found if places)


def _patterns(name: str) -> Iterator[str]:
    """The name, and the name with each character left open or out."""
    yield name
    for place in range(len(name)):
        yield f"{name[:place]}?{name[place + 1 :]}"
        yield f"{name[:place]}{name[place + 1 :]}+"
    yield f"{name}+"


def _same_name(first: Record, others: list[Record]) -> Issue:
    places = "、".join(str(record.sources[0]) for record in others[:SHOWN_MAX])
    source = first.sources[0]
    return Issue(
        severity="warning",
        problem=Problem.PERHAPS_SAME_PERSON,
        file=source.file,
        row=source.row,
        column=Item.NAME.zh,
        value=first.name,
        what=f"与 {places} 同名且出生年月相同，身份证号不同，按不同人导入",
        remedy="如为同一人，请更正其中一处身份证号",
    )


def _perhaps(person: Unidentified, places: dict[str, str]) -> Issue:
    told = "、".join(f"{place} 的{name}" for place, name in list(places.items())[:SHOWN_MAX])
    return Issue(
        severity="warning",
        problem=Problem.PERHAPS_SAME_PERSON,
        file=person.source.file,
        row=person.source.row,
        column=Item.NAME.zh,
        value=person.name,
        what=f"未导入的此人可能是 {told}（出生年月相同）",
        remedy="如为同一人，请补正身份证号后重新导入",
    )
