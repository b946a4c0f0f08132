"""New people, through channels: as planned, and one whom no plan wanted."""

from collections.abc import Iterator

from cadre.contracts.vocabulary import Channel
from cadre.fiction.county.model import Person, Unit
from cadre.fiction.life.chronicle import Chronicle, Member, workday
from cadre.fiction.life.setting import PLANNED, plan_id
from cadre.intake.terms import major
from cadre.selection.deciding.profile import Recruit
from cadre.selection.working.identities import cadre_id_of


def summer(chronicle: Chronicle, year: int) -> None:
    """The recruits of a year, spread over the units."""
    units = chronicle.county.units
    recruits: list[Member] = []
    for place, (channel, planned) in enumerate(_channels()):
        number = (year - chronicle.first) * (sum(PLANNED.values()) + 1) + place
        unit = units[number % len(units)]
        person = chronicle.county.recruit(number, unit, workday(year, 7, 20))
        recruits.append(_take_in(chronicle, person, unit, channel, year, planned=planned))
    chronicle.recruits[year] = recruits
    chronicle.members += recruits


def _channels() -> Iterator[tuple[Channel, bool]]:
    for channel, count in PLANNED.items():
        yield from [(channel, True)] * count
    yield Channel.TALENT, False


def _take_in(
    chronicle: Chronicle, person: Person, unit: Unit, channel: Channel, year: int, *, planned: bool
) -> Member:
    path = f"recruit/{person.number}"
    member = Member(
        cadre_id=cadre_id_of(chronicle.script.command_id(path)),
        full_name=person.full_name,
        birth_date=person.birth_date,
        political=person.political,
        unit_id=unit.unit_id,
        unit_name=unit.name,
        joined=workday(year, 7, 20),
    )
    chronicle.add(
        path,
        Recruit(
            effective_on=member.joined,
            cadre_id=member.cadre_id,
            full_name=person.full_name,
            id_number=person.id_number,
            birth_date=person.birth_date,
            birth_month=f"{person.birth_date:%Y-%m}",
            sex=person.sex,
            ethnicity=person.ethnicity,
            political=person.political,
            education=person.full_time.education,
            major=major(person.full_time.school),
            native_place=person.native_place,
            channel=channel,
            unit_id=unit.unit_id,
            unit_name=unit.name,
            plan_id=plan_id(year) if planned else None,
        ),
    )
    return member
