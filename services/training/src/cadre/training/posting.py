"""Postings: sent out to practise and back, while post and personnel relation stay at home."""

from collections.abc import Sequence
from datetime import date

from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.event import Event
from cadre.contracts.selection.profile import Baselined, ProfileCorrected, Recruited
from cadre.contracts.training.posting import Posted, Posting, PostingEnd, PostingEnded, PostingKind
from cadre.contracts.vocabulary import unit_id
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.person import Person, PersonCommand
from cadre.shared.deciding.rulebook import rulebook


class Post(PersonCommand, Posting):
    """Send a cadre out to practise from the effective date on."""


class EndPosting(PersonCommand, PostingEnd):
    """End a posting with an evaluation; from the effective date on the cadre is back."""


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
    cadre.require_known(command.cadre_id)
    _require_sound(command)
    posted = Posted(**dict(command))
    if cadre.holds(posted):
        return []
    _require_home_unit(command, cadre)
    _require_no_overlap(command, cadre)
    return [posted]


def _require_sound(command: Post) -> None:
    if command.until is not None and command.until < command.effective_on:
        raise NotPossible(
            f"planned until {command.until}, before it begins on {command.effective_on}",
            where=command.cadre_id,
            hint="give a planned last day on or after the business date",
        )
    if unit_id(command.host) == unit_id(command.home_unit):
        raise NotPossible(
            f"{command.host} is host and home at once",
            where=command.cadre_id,
            hint="name where the cadre is sent to",
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
            f"the personnel relation is with {unit} on {command.effective_on}, "
            f"not with {command.home_unit}",
            where=command.cadre_id,
            hint=f"挂职期间人事关系留在原单位（公务员法第七十二条）：以 {unit} 为派出单位",
        )


def _require_no_overlap(command: Post, cadre: Person) -> None:
    rule = rulebook().on("TRN-13", command.effective_on)
    off_job = {PostingKind(kind) for kind in rule.parameters["off_job_kinds"]}
    if command.kind not in off_job:
        return
    for fact in cadre.standing(Posted):
        ends, other = cadre.hanging(PostingEnded, fact), fact.event
        ended_on = ends[0].event.effective_on if ends else date.max
        last = command.until or date.max
        overlaps = other.effective_on <= last and command.effective_on < ended_on
        if other.kind in off_job and overlaps:
            raise NotPossible(
                f"overlaps with {other.kind.zh} to {other.host} since {other.effective_on}",
                where=str(fact.id),
                hint=f"end that posting first ({rule.id})",
            )


def end_posting(command: EndPosting, cadre: Person) -> Sequence[Event]:
    return cadre.end(PostingEnded(**dict(command)), Posted, besides={"note"})
