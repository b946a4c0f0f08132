"""Postings: sent out to practise and back, while post and personnel relation stay at home."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.event import CadreId, Event
from cadre.contracts.selection.profile import Baselined, Recruited
from cadre.contracts.training.posting import Posted, Posting, PostingEnd, PostingEnded, PostingKind
from cadre.contracts.vocabulary import unit_id
from cadre.shared.deciding.decider import Fold
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.messages import Command, Recorded
from cadre.shared.deciding.rulebook import rulebook
from cadre.training.record import require_known


class Post(Command, Posting):
    """Send a cadre out to practise from the effective date on."""

    cadre_id: CadreId


class EndPosting(Command, PostingEnd):
    """End a posting with an evaluation; from the effective date on the cadre is back."""

    cadre_id: CadreId


@dataclass(frozen=True, slots=True)
class Membership:
    """A unit that somebody belongs to from a day on."""

    since: date
    unit_name: str


@dataclass(frozen=True, slots=True)
class Postings:
    """Dated facts of one person, by the id of their event."""

    known: bool = False
    posted: Mapping[UUID, Posted] = field(default_factory=dict[UUID, Posted])
    ended: Mapping[UUID, PostingEnded] = field(default_factory=dict[UUID, PostingEnded])
    """By the id of the posting that ended."""
    memberships: Mapping[UUID, Membership] = field(default_factory=dict[UUID, Membership])

    def unit_on(self, day: date) -> str | None:
        """The unit somebody belongs to on a day, as far as it is known."""
        begun = [m for m in reversed(tuple(self.memberships.values())) if m.since <= day]
        latest = max(begun, key=lambda membership: membership.since, default=None)
        return latest.unit_name if latest else None

    def ended_on(self, posting_event: UUID) -> date | None:
        """The first day back; none while nobody recorded the end, whatever was planned."""
        end = self.ended.get(posting_event)
        return end.effective_on if end else None


def evolve(state: Postings, recorded: Recorded[Event]) -> Postings:
    event_id, event = recorded.event_id, recorded.event
    match event:
        case Recruited(unit_name=name) | Promoted(unit_name=str(name)):
            return _joined(state, recorded, name)
        case Baselined(standing=standing):
            return _joined(state, recorded, standing.unit_name)
        case Posted():
            return replace(state, posted={**state.posted, event_id: event})
        case PostingEnded():
            return replace(state, ended={**state.ended, event.posting_event: event})
        case _:
            return state


def _joined(state: Postings, recorded: Recorded[Event], unit_name: str) -> Postings:
    kept = {k: m for k, m in state.memberships.items() if k != recorded.event.supersedes}
    membership = Membership(recorded.event.effective_on, unit_name)
    return replace(state, known=True, memberships={**kept, recorded.event_id: membership})


CADRE = Fold(service="*", entity="cadre", initial=Postings(), evolve=evolve)


def post(command: Post, state: Postings) -> Sequence[Event]:
    require_known(state.known, command.cadre_id)
    _require_sound(command)
    posted = Posted(**dict(command))
    if posted in state.posted.values():
        return []
    _require_home_unit(command, state)
    _require_no_overlap(command, state)
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


def _require_home_unit(command: Post, state: Postings) -> None:
    """公务员法 art. 72: seconded, one still belongs to the unit one came from."""
    unit = state.unit_on(command.effective_on)
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


def _require_no_overlap(command: Post, state: Postings) -> None:
    rule = rulebook().on("TRN-13", command.effective_on)
    off_job = {PostingKind(kind) for kind in rule.parameters["off_job_kinds"]}
    if command.kind not in off_job:
        return
    for event_id, other in state.posted.items():
        ended_on = state.ended_on(event_id) or date.max
        last = command.until or date.max
        overlaps = other.effective_on <= last and command.effective_on < ended_on
        if other.kind in off_job and overlaps:
            raise NotPossible(
                f"overlaps with {other.kind.zh} to {other.host} since {other.effective_on}",
                where=str(event_id),
                hint=f"end that posting first ({rule.id})",
            )


def end_posting(command: EndPosting, state: Postings) -> Sequence[Event]:
    require_known(state.known, command.cadre_id)
    posted = state.posted.get(command.posting_event)
    if posted is None:
        raise NotFound(
            f"no posting {command.posting_event} of {command.cadre_id} is on record",
            where=str(command.posting_event),
            hint="name the id of the event that recorded the posting",
        )
    if command.effective_on < posted.effective_on:
        raise NotPossible(
            f"it began on {posted.effective_on}, after {command.effective_on}",
            where=str(command.posting_event),
            hint="give an end on or after its beginning",
        )
    known = state.ended.get(command.posting_event)
    if known is None:
        return [PostingEnded(**dict(command))]
    if (known.effective_on, known.evaluation) == (command.effective_on, command.evaluation):
        return []
    raise NotPossible(
        f"it ended on {known.effective_on}, evaluated {known.evaluation}",
        where=str(command.posting_event),
        hint="a posting ends once",
    )
