"""The merit account of a cadre (实绩积分档案, M15): entries and reversals, never changed."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from cadre.contracts.event import Event
from cadre.contracts.supervision.flag import Flagged, FlagKind
from cadre.contracts.supervision.honours import HonourConferred, HonourRevoked
from cadre.contracts.supervision.merit import MeritClaim, MeritPosted, MeritReversal, MeritReversed
from cadre.shared.deciding.calendar import add_months
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.decider import Handler
from cadre.shared.deciding.dossier import Dossier, Fact
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.facts import Ending, Facts, Recorder
from cadre.shared.deciding.person import PERSON, FactCommand, Person, PersonCommand
from cadre.shared.deciding.rights import NAMED, Right, Role
from cadre.shared.deciding.rulebook import rulebook
from cadre.supervision.deciding.point_scheme import SCHEMES, item_on


class PostMerit(PersonCommand, MeritClaim):
    """登记实绩加分或扣分 · Award or deduct what the item was worth on the business date."""


class ReverseMerit(FactCommand, MeritReversal):
    """冲销实绩积分 · Take back an entry; the right one, if any, is posted anew."""


class Entry(NamedTuple):
    """A line of the account; a reversal is a line of its own."""

    effective_on: date
    points: int


def balance_on(entries: Iterable[Entry], day: date) -> int:
    """The sum of all lines that hold on a day."""
    return sum(entry.points for entry in entries if entry.effective_on <= day)


def post_merit(command: PostMerit, cadre: Person, scheme: Dossier) -> Sequence[Event]:
    cadre.require_known(command.cadre_id)
    if any(_claims(entry.event) == _claims(command) for entry in _kept(cadre)):
        return []
    if command.honour_event is not None:
        _require_honour(command.honour_event, command, cadre)
    version, item = item_on(scheme, command.scheme_id, command.item, command.effective_on)
    posted = MeritPosted(
        **command.model_dump(), scheme_version=version, title=item.title, points=item.points
    )
    return [posted, *_points_fall(posted, cadre)]


def _require_honour(honour_event: UUID, command: PostMerit, cadre: Person) -> None:
    """Only an honour that stands and has its document scores points (M63)."""
    honour = cadre.require(HonourConferred, honour_event, command.cadre_id)
    cadre.require_begun(command.effective_on, honour)
    if revoked := cadre.hanging(HonourRevoked, honour):
        raise NotPossible(
            "该表彰奖励已撤销 · "
            f"“{honour.event.honour}” was revoked on {revoked[0].event.effective_on}",
            where="honour_event",
            hint="已撤销的不计分 · what was revoked scores no points",
        )
    if honour.event.document is None:
        raise NotPossible(
            f"该表彰奖励没有文号 · “{honour.event.honour}” has no document",
            where="honour_event",
            hint="请先更正，补上文号 · correct the honour with the number of its document first",
        )


def reversals_for(honour_event: UUID, cadre: Person, day: date, reason: str) -> list[Event]:
    """The reversals, from a day on, of the points that rested on an honour."""
    line = cadre.newest(honour_event)
    return [
        MeritReversed(
            cadre_id=entry.event.cadre_id,
            effective_on=max(day, entry.event.effective_on),
            merit_event=entry.id,
            honour_event=honour_event,
            reason=reason,
            points=-entry.event.points,
        )
        for entry in _kept(cadre)
        if entry.event.honour_event and cadre.newest(entry.event.honour_event) == line
    ]


def _kept(cadre: Person) -> list[Fact[MeritPosted]]:
    """The entries that were not reversed."""
    entries = cadre.standing(MeritPosted)
    return [entry for entry in entries if not cadre.hanging(MeritReversed, entry)]


def _claims(entry: MeritPosted | PostMerit) -> dict[str, object]:
    """What makes two entries one: not the points, which a version published late may change."""
    return entry.model_dump(include={*MeritClaim.model_fields, "effective_on"})


def _points_fall(posted: MeritPosted, cadre: Person) -> Iterable[Event]:
    """A warning sign when this entry carries the window's deductions over the limit (PTS-01)."""
    if posted.points >= 0:
        return
    day = posted.effective_on
    rule = rulebook().on("PTS-01", day)
    limit, months = rule.whole("deducted_min"), rule.whole("window_months")
    since = add_months(day, -months)
    before = -sum(
        entry.points
        for entry in (fact.event for fact in _kept(cadre))
        if entry.points < 0 and since < entry.effective_on <= day
    )
    if before < limit <= before - posted.points:
        yield Flagged(
            effective_on=day,
            cadre_id=posted.cadre_id,
            kind=FlagKind.POINTS_FALL,
            source="实绩积分档案",
            detail=f"{months} 个月内扣分 {before - posted.points}，达到限额 {limit}（{rule.id}）",
        )


def reverse_merit(command: ReverseMerit, cadre: Person) -> Sequence[Event]:
    entry = cadre.require(MeritPosted, command.merit_event, command.cadre_id)
    return MERIT.ended(command, cadre, points=-entry.event.points)


MERIT = Facts(
    event=MeritPosted,
    ended_by=Ending(
        event=MeritReversed, by=Recorder(ReverseMerit, Right(Role.RECORDER, NAMED), reverse_merit)
    ),
    name="merit-entries",
    title="实绩积分 · Merit points",
    seen_by=Role.READER,
    asked=False,
)
CAPABILITY = Capability(
    mechanism="M15",
    facts=[MERIT],
    handlers=[
        Handler(
            PostMerit,
            lambda c, _: (PERSON.of(c.cadre_id), SCHEMES.of.of(c.scheme_id)),
            lambda c, world: post_merit(
                c, world[PERSON.of(c.cadre_id)], world[SCHEMES.of.of(c.scheme_id)]
            ),
            Right(Role.RECORDER, NAMED),
        )
    ],
)
