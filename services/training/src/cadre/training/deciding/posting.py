"""Postings (M30–M35): out to practise and back, while post and personnel relation stay at home."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.event import Event, EventAnnulled
from cadre.contracts.selection.profile import Baselined, ProfileCorrected, Recruited
from cadre.contracts.training.posting import Posted, Posting, PostingEnd, PostingEnded, PostingKind
from cadre.contracts.vocabulary import unit_id
from cadre.shared.deciding.annulling import Annullable
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.decider import World
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.facts import Ending, Facts, Recorder
from cadre.shared.deciding.person import FactCommand, Person
from cadre.shared.deciding.rights import NAMED, Right, Role
from cadre.shared.deciding.rulebook import rulebook


class Post(FactCommand, Posting):
    """派出锻炼 · Send a cadre out to practise from the effective date on."""


class EndPosting(FactCommand, PostingEnd):
    """结束派出锻炼 · End a posting with an evaluation.

    From the effective date on the cadre is back.
    """


def unit_on(cadre: Person, day: date) -> str | None:
    """The unit somebody belongs to on a day, as far as it is known."""
    name: str | None = None
    for fact in cadre.standing(Recruited, Baselined, ProfileCorrected, Promoted, by=day):
        match fact.event:
            case (
                Recruited(unit_name=str(unit))
                | ProfileCorrected(unit_name=str(unit))
                | Promoted(unit_name=str(unit))
            ):
                name = unit
            case Baselined(standing=standing):
                name = standing.unit_name
            case _:
                pass
    return name


def post(command: Post, cadre: Person) -> Sequence[Event]:
    if not (recorded := POSTINGS.recorded(command, cadre)):
        return []
    _require_sound(command)
    _require_home_unit(command, cadre)
    _require_apart(cadre, cadre.expecting(recorded[0]))
    return recorded


def end_posting(command: EndPosting, cadre: Person) -> Sequence[Event]:
    if ended := POSTINGS.ended(command, cadre):
        _require_apart(cadre, cadre.expecting(ended[0]))
    return ended


def settle_annulled(
    fact: Fact[Any], cadre: Person, _world: World, _by: EventAnnulled
) -> Sequence[Event]:
    """A posting whose end never was lasts again, if no other followed."""
    _require_apart(cadre, cadre.without_line(fact))
    return []


def _require_sound(command: Post) -> None:
    if command.until is not None and command.until < command.effective_on:
        raise NotPossible(
            "计划结束日期早于开始日期 · "
            f"planned until {command.until}, before it begins on {command.effective_on}",
            where=command.cadre_id,
            hint="请将计划结束日期写在生效日期当日或之后 · "
            "give a planned last day on or after the business date",
        )
    if unit_id(command.host) == unit_id(command.home_unit):
        raise NotPossible(
            f"接收单位与派出单位相同 · {command.host} is host and home at once",
            where=command.cadre_id,
            hint="请写明接收单位 · name where the cadre is sent to",
        )


def _require_home_unit(command: Post, cadre: Person) -> None:
    """公务员法 art. 72: seconded, one still belongs to the unit one came from."""
    unit = unit_on(cadre, command.effective_on)
    if (
        command.kind is PostingKind.SECONDMENT
        and unit
        and unit_id(unit) != unit_id(command.home_unit)
    ):
        raise NotPossible(
            "派出单位不是人事关系所在单位 · "
            f"the personnel relation is with {unit} on {command.effective_on}, "
            f"not with {command.home_unit}",
            where=command.cadre_id,
            hint="挂职期间人事关系留在原单位（公务员法第七十二条），请以该单位为派出单位 · "
            f"name {unit} as home_unit: on secondment (挂职) one still belongs there",
        )


def _require_apart(before: Person, after: Person) -> None:
    """Raise NotPossible where a posting that is new, or lasts longer, overlaps another."""
    for fact in after.standing(Posted):
        planned = fact.event.until or date.max
        last = _last_day(fact, after) or planned
        if before.fact(fact.id) is None or last > (_last_day(fact, before) or planned):
            _require_alone(fact, last, after)


def _require_alone(posting: Fact[Posted], last: date, cadre: Person) -> None:
    rule = rulebook().on("TRN-13", posting.event.effective_on)
    off_job = {PostingKind(kind) for kind in rule.parameters["off_job_kinds"]}
    if posting.event.kind not in off_job:
        return
    for fact in cadre.standing(Posted):
        other, until = fact.event, _last_day(fact, cadre) or date.max
        overlaps = other.effective_on <= last and posting.event.effective_on <= until
        if fact.id != posting.id and other.kind in off_job and overlaps:
            raise NotPossible(
                "与另一次派出时间重叠 · "
                f"overlaps with {other.kind.zh} to {other.host} since {other.effective_on}",
                where=str(fact.id),
                hint=f"请先结束该次派出 · end that posting first ({rule.id})",
            )


def _last_day(posting: Fact[Posted], cadre: Person) -> date | None:
    """The day before somebody was back; None while that is not recorded, whatever was planned."""
    ends = cadre.hanging(PostingEnded, posting)
    return ends[0].event.effective_on - timedelta(days=1) if ends else None


POSTINGS = Facts(
    event=Posted,
    by=Recorder(Post, Right(Role.RECORDER, NAMED), post),
    ended_by=Ending(
        event=PostingEnded,
        by=Recorder(EndPosting, Right(Role.RECORDER, NAMED), end_posting),
        besides={"note"},
    ),
    name="postings",
    title="在外锻炼 · Postings",
    seen_by=Role.READER,
    counted_by="kind",
)
CAPABILITY = Capability(
    mechanism="M30 M31 M32 M33 M34 M35",
    facts=[POSTINGS],
    annullable=[Annullable(POSTINGS.kinds, settle=settle_annulled)],
    reads=[ProfileCorrected, Promoted],
)
