"""Entry into service and the facts of a profile: recruitment, import, correction (M02)."""

from collections.abc import Sequence
from datetime import date
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
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.decider import Handler
from cadre.shared.deciding.errors import Malformed, NotPossible
from cadre.shared.deciding.facts import Facts, Recorder
from cadre.shared.deciding.messages import Command
from cadre.shared.deciding.order import Order
from cadre.shared.deciding.person import PERSON, FactCommand, Person
from cadre.shared.deciding.rights import EVERYBODY, NAMED, Right, Role

PERSONAL = ("full_name", "id_number", "birth_date", "native_place")


class Registration(Command):
    """A wish about somebody who may be new here."""

    cadre_id: CadreId | None = None
    """Assigned from the ID number before the command is decided; see `registration`."""

    @property
    def person(self) -> str:
        if self.cadre_id is None:
            raise Malformed("尚未分配干部编号 · no cadre id was assigned yet", where="cadre_id")
        return self.cadre_id


class Recruit(Registration, Recruitment):
    """办理或更正录用 · Take somebody into service, or tell a recruitment anew.

    It is told anew if it was recorded wrongly.
    """

    supersedes: UUID | None = Field(
        default=None, description="The recruitment that this one corrects, with all its fields"
    )


class RecordBaseline(Registration, Baseline):
    """导入既往履历 · Take over a career from a file."""


class CorrectProfile(FactCommand, ProfileCorrection):
    """更正基本信息 · Set fields of a profile right, from the effective date on."""


type Entry = Recruited | Baselined


def require_entry(cadre: Person, cadre_id: str) -> Entry:
    """How a known person came to be known. Raises NotFound for a stranger."""
    cadre.require_known(cadre_id)
    return [*cadre.standing(Recruited), *cadre.standing(Baselined)][-1].event


def profile_on(cadre: Person, day: date, entry: Entry) -> Entry:
    """The entry with every correction that holds on a day applied to it.

    An entry that was told anew replaces what corrections had said before it.
    """
    told = max(fact.dated for fact in cadre.standing(type(entry)))
    corrected: dict[str, object] = {}
    for fact in cadre.standing(ProfileCorrected, by=day):
        if fact.dated > told:
            corrected |= fact.event.corrected
    return entry.model_copy(update=corrected)


def recruit(command: Recruit, cadre: Person) -> Sequence[Event]:
    recruited = Recruited.model_validate(dict(command) | {"cadre_id": command.person})
    if cadre.holds(recruited, besides=PERSONAL):
        return []
    if command.supersedes is not None:
        cadre.require_known(command.person)
        cadre.correctable(Recruited, command.supersedes)
        return [recruited]
    if cadre.known:
        entry = require_entry(cadre, command.person)
        how = "recruited" if isinstance(entry, Recruited) else "taken over from a file"
        raise NotPossible(
            f"此人已登记 · cadre {command.person} was {how} on {entry.effective_on} already",
            where=command.person,
            hint="不得重复录用；登记有误的，用 supersedes 指明原录用 · "
            "nobody is recruited twice; name the wrong recruitment in supersedes",
        )
    return [recruited]


def record_baseline(command: RecordBaseline, cadre: Person) -> Sequence[Event]:
    if cadre.standing(Recruited):
        raise NotPossible(
            f"此人由本系统录用 · cadre {command.person} was recruited through this system",
            where=command.person,
            hint="既往履历只用于此前的经历，请用 correct-profile · "
            "a baseline is for careers from before; use correct-profile",
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


def correct(command: CorrectProfile, cadre: Person) -> Sequence[Event]:
    recorded = CORRECTIONS.recorded(command, cadre)
    corrected = command.corrected.keys()
    for fact in cadre.standing(ProfileCorrected) if recorded else ():
        both = fact.event.corrected.keys() & corrected
        same_day = fact.event.effective_on == command.effective_on
        if both and same_day and fact.id != command.supersedes:
            told = "、".join(PROFILE_FIELDS[name] for name in sorted(both))
            raise NotPossible(
                f"当日已有更正 · {told} was corrected as of {command.effective_on} already",
                where=str(fact.id),
                hint="请用 supersedes 指明该次更正，或改用另一生效日 · "
                "name that event in supersedes, or correct as of another day",
            )
    return recorded


RECORDS_ALL = Right(Role.RECORDER, EVERYBODY)

CORRECTIONS = Facts(
    event=ProfileCorrected,
    by=Recorder(CorrectProfile, Right(Role.RECORDER, NAMED), correct),
    name="profile-corrections",
    title="档案更正 · Corrections of profiles",
    seen_by=Role.READER,
    asked=False,
)
CAPABILITY = Capability(
    mechanism="M02",
    facts=[CORRECTIONS],
    handlers=[
        Handler(
            Recruit,
            lambda wish, _: (PERSON.of(wish.person),),
            lambda wish, world: recruit(wish, world[PERSON.of(wish.person)]),
            RECORDS_ALL,
        ),
        Handler(
            RecordBaseline,
            lambda wish, _: (PERSON.of(wish.person),),
            lambda wish, world: record_baseline(wish, world[PERSON.of(wish.person)]),
            RECORDS_ALL,
        ),
    ],
    # Whatever service speaks of a person: somebody recruited them or took over their career.
    orders=[Order("cadre", opens=frozenset({Recruited, Baselined}))],
)
