"""Entry into service and the facts of a profile: recruitment, import, correction (M02)."""

from typing import assert_never
from uuid import UUID

from pydantic import Field

from cadre.contracts.event import CadreId, Event
from cadre.contracts.selection.profile import (
    PROFILE_FIELDS,
    Baseline,
    Baselined,
    ProfileCorrected,
    ProfileCorrection,
    Recruited,
    Recruitment,
)
from cadre.selection.cadre import entry_of
from cadre.shared.deciding.errors import Malformed, NotPossible
from cadre.shared.deciding.messages import Command
from cadre.shared.deciding.person import FactCommand, Person

PERSONAL = ("full_name", "id_number", "birth_date", "native_place")


class Registration(Command):
    """A wish about somebody who may be new here."""

    cadre_id: CadreId | None = None
    """Assigned from the ID number before the command is decided; see `registration`."""

    @property
    def person(self) -> str:
        if self.cadre_id is None:
            raise Malformed("no cadre id was assigned yet", where="cadre_id")
        return self.cadre_id


class Recruit(Registration, Recruitment):
    """Take somebody into service, or tell anew a recruitment that was recorded wrongly."""

    supersedes: UUID | None = Field(
        default=None, description="The recruitment that this one corrects, with all its fields"
    )


class RecordBaseline(Registration, Baseline):
    """Take over a career from a file."""


class CorrectProfile(FactCommand, ProfileCorrection):
    """Set fields of a profile right, from the effective date on."""


type ProfileCommand = Recruit | RecordBaseline | CorrectProfile


def decide(command: ProfileCommand, cadre: Person) -> list[Event]:
    match command:
        case Recruit():
            return _recruit(command, cadre)
        case RecordBaseline():
            return _record_baseline(command, cadre)
        case CorrectProfile():
            return _correct(command, cadre)
        case _:
            assert_never(command)


def _recruit(command: Recruit, cadre: Person) -> list[Event]:
    recruited = Recruited.model_validate(dict(command) | {"cadre_id": command.person})
    if cadre.holds(recruited, besides=PERSONAL):
        return []
    if command.supersedes is not None:
        cadre.require_known(command.person)
        cadre.correctable(Recruited, command.supersedes)
        return [recruited]
    if (entry := entry_of(cadre)) is not None:
        how = "recruited" if isinstance(entry, Recruited) else "taken over from a file"
        raise NotPossible(
            f"cadre {command.person} was {how} on {entry.effective_on} already",
            where=command.person,
            hint="nobody is recruited twice; name the wrong recruitment in supersedes",
        )
    return [recruited]


def _record_baseline(command: RecordBaseline, cadre: Person) -> list[Event]:
    if cadre.standing(Recruited):
        raise NotPossible(
            f"cadre {command.person} was recruited through this system",
            where=command.person,
            hint="a baseline is for careers from before; use correct-profile",
        )
    same_source = (command.source_sha256, command.source_row)
    # Also a superseded import counts: running an old file again must not undo a newer one.
    earlier = (fact.event for fact in cadre.every(Baselined))
    if any((event.source_sha256, event.source_row) == same_source for event in earlier):
        return []
    standing = cadre.standing(Baselined)
    superseded = standing[-1].id if standing else None
    assigned = {"cadre_id": command.person, "supersedes": superseded}
    return [Baselined.model_validate(dict(command) | assigned)]


def _correct(command: CorrectProfile, cadre: Person) -> list[Event]:
    correction = ProfileCorrected(**dict(command))
    if not (recorded := cadre.record(correction)):
        return []
    for fact in cadre.standing(ProfileCorrected):
        both = fact.event.corrected.keys() & correction.corrected.keys()
        same_day = fact.event.effective_on == correction.effective_on
        if both and same_day and fact.id != correction.supersedes:
            told = "、".join(PROFILE_FIELDS[name] for name in sorted(both))
            raise NotPossible(
                f"{told} was corrected as of {correction.effective_on} already",
                where=str(fact.id),
                hint="name that event in supersedes, or correct as of another day",
            )
    return recorded
