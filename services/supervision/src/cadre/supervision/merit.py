"""The merit account of a cadre (实绩积分档案, M15): entries and reversals, never changed."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from cadre.contracts.event import Event
from cadre.contracts.supervision.flag import Flagged, FlagKind
from cadre.contracts.supervision.merit import MeritClaim, MeritPosted, MeritReversal, MeritReversed
from cadre.shared.deciding.calendar import add_months
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.rulebook import rulebook
from cadre.supervision.cadre import Cadre, CadreCommand, require_known
from cadre.supervision.point_scheme import PointSchemeState, item_on


class PostMerit(CadreCommand, MeritClaim):
    """Award or deduct what the item was worth on the business date."""


class ReverseMerit(CadreCommand, MeritReversal):
    """Take back an entry; the right one, if any, is posted anew."""


class Entry(NamedTuple):
    """A line of the account; a reversal is a line of its own."""

    effective_on: date
    points: int


def balance_on(entries: Iterable[Entry], day: date) -> int:
    """The sum of all lines that hold on a day."""
    return sum(entry.points for entry in entries if entry.effective_on <= day)


def post_merit(command: PostMerit, cadre: Cadre, scheme: PointSchemeState) -> Sequence[Event]:
    require_known(cadre, command.cadre_id)
    if any(_claims(entry) == _claims(command) for entry in _kept(cadre).values()):
        return []
    version, item = item_on(scheme, command.scheme_id, command.item, command.effective_on)
    posted = MeritPosted(
        **command.model_dump(), scheme_version=version, title=item.title, points=item.points
    )
    return [posted, *_points_fall(posted, cadre)]


def _kept(cadre: Cadre) -> dict[UUID, MeritPosted]:
    """The entries that were not reversed."""
    return {key: entry for key, entry in cadre.merit.items() if key not in cadre.reversals}


def _claims(entry: MeritPosted | PostMerit) -> dict[str, object]:
    """What makes two entries one: not the points, which a version published late may change."""
    return entry.model_dump(include={*MeritClaim.model_fields, "effective_on"})


def _points_fall(posted: MeritPosted, cadre: Cadre) -> Iterable[Event]:
    """A warning sign when this entry carries the window's deductions over the limit (PTS-01)."""
    if posted.points >= 0:
        return
    day = posted.effective_on
    rule = rulebook().on("PTS-01", day)
    limit, months = rule.whole("deducted_min"), rule.whole("window_months")
    since = add_months(day, -months)
    before = -sum(
        entry.points
        for entry in _kept(cadre).values()
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


def reverse_merit(command: ReverseMerit, cadre: Cadre) -> Sequence[Event]:
    require_known(cadre, command.cadre_id)
    entry = cadre.merit.get(command.merit_event)
    if entry is None:
        raise NotFound(
            f"{command.cadre_id} has no merit entry {command.merit_event}",
            where=str(command.merit_event),
            hint="name the event id of the entry to reverse",
        )
    wanted = MeritReversed(**command.model_dump(), points=-entry.points)
    reversal = cadre.reversals.get(command.merit_event)
    if reversal == wanted:
        return []
    if reversal is not None:
        raise NotPossible(
            f"entry {command.merit_event} was reversed on {reversal.effective_on}",
            where=str(command.merit_event),
            hint="an entry is reversed once; post a new one instead",
        )
    if command.effective_on < entry.effective_on:
        raise NotPossible(
            f"an entry of {entry.effective_on} cannot be reversed on {command.effective_on}",
            where="effective_on",
        )
    return [wanted]
