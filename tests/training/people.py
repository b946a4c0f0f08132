"""The people of these specifications."""

from datetime import date

from cadre.contracts.event import Event
from cadre.contracts.selection.profile import Recruited
from cadre.contracts.training.annulling import TrainingAnnulled
from cadre.contracts.vocabulary import Channel, Education, Political, Sex, unit_id
from cadre.shared.deciding.testing import event_id

LI, WANG, ZHAO, SUN, ZHOU = (f"c-{letter * 10}" for letter in "abcde")


def recruit(
    cadre_id: str,
    on: date = date(2024, 7, 1),
    channel: Channel = Channel.CIVIL_SERVICE,
    unit_name: str = "某县财政局",
) -> Recruited:
    return Recruited(
        cadre_id=cadre_id,
        effective_on=on,
        full_name="某某",
        id_number="110101199901011234",
        birth_date=date(1999, 1, 1),
        birth_month="1999-01",
        sex=Sex.MALE,
        ethnicity="汉族",
        political=Political.PARTY_MEMBER,
        education=Education.BACHELOR,
        channel=channel,
        unit_id=unit_id(unit_name),
        unit_name=unit_name,
    )


def annulled(what: Event, position: int) -> TrainingAnnulled:
    return TrainingAnnulled(
        cadre_id=LI,
        effective_on=date(2025, 12, 31),
        supersedes=event_id(position),
        annuls=what.tag(),
        reason="查无此事",
        basis="复查决定",
    )
