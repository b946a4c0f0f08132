"""The way into a talent pool and out of it: M09 and M10."""

from typing import assert_never

from cadre.contracts.event import Event, Slug, Text
from cadre.contracts.selection.membership import (
    ExitReason,
    PoolAssessed,
    PoolAssessment,
    PoolCompared,
    PoolComparison,
    PoolEntered,
    PoolEntryRefused,
    PoolExited,
    PoolNominated,
    PoolNomination,
)
from cadre.contracts.selection.pool import PoolSeatReleased, PoolSeatTaken
from cadre.contracts.selection.profile import Recruited
from cadre.selection.cadre import Membership, memberships, profile_on, require_entry
from cadre.selection.entry_rules import EntryCase, findings
from cadre.selection.pool import Pool
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.person import FactCommand, Person, PersonCommand


class NominateForPool(FactCommand, PoolNomination):
    """Nominate somebody for a pool, on behalf of a unit."""


class AssessForPool(FactCommand, PoolAssessment):
    """Record what the organisation department found of a nominee."""


class CompareForPool(FactCommand, PoolComparison):
    """Record where a nominee came out when the nominees were compared."""


class EnterPool(PersonCommand):
    """Take somebody into a pool, if every rule allows it."""

    pool_id: Slug
    decided_by: Text


class ExitPool(PersonCommand):
    """End a membership; ``effective_on`` is the first day outside the pool."""

    pool_id: Slug
    reason: ExitReason


type PoolStep = NominateForPool | AssessForPool | CompareForPool
type MembershipCommand = PoolStep | EnterPool | ExitPool


def decide(command: MembershipCommand, cadre: Person, pool: Pool) -> list[Event]:
    cadre.require_known(command.cadre_id)
    pool.require_definition(command.pool_id, command.effective_on)
    match command:
        case NominateForPool() | AssessForPool() | CompareForPool():
            return _record_step(command, cadre)
        case EnterPool():
            return _enter(command, cadre, pool)
        case ExitPool():
            return _exit(command, cadre)
        case _:
            assert_never(command)


def _record_step(command: PoolStep, cadre: Person) -> list[Event]:
    match command:
        case NominateForPool():
            step = PoolNominated(**dict(command))
        case AssessForPool():
            step = PoolAssessed(**dict(command))
        case CompareForPool():
            step = PoolCompared(**dict(command))
        case _:
            assert_never(command)
    return cadre.record(step, besides=("note",))


def _enter(command: EnterPool, cadre: Person, pool: Pool) -> list[Event]:
    day, pool_id = command.effective_on, command.pool_id
    stays = memberships(cadre, pool_id)
    if any(stay.covers(day) for stay in stays):
        return []
    later = [stay for stay in stays if not stay.lies_before(day)]
    if later:
        raise NotPossible(
            f"cadre {command.cadre_id} entered pool {pool_id} on {later[0].entered_on}, "
            f"so no entry on {day} can be added before it",
            where="effective_on",
            hint="enter as of a day after the last exit",
        )
    entry = require_entry(cadre, command.cadre_id)
    if isinstance(entry, Recruited) and day < entry.effective_on:
        raise NotPossible(
            f"cadre {command.cadre_id} was recruited on {entry.effective_on} only",
            where="effective_on",
            hint=f"the earliest day is {entry.effective_on}",
        )
    definition = pool.require_definition(pool_id, day)
    profile = profile_on(cadre, day, entry)
    found = findings(EntryCase(cadre, profile, pool, definition, day))
    if all(finding.passed for finding in found):
        return [
            PoolEntered(**dict(command), findings=found),
            PoolSeatTaken(pool_id=pool_id, cadre_id=command.cadre_id, effective_on=day),
        ]
    refused = PoolEntryRefused(
        cadre_id=command.cadre_id,
        pool_id=pool_id,
        effective_on=day,
        findings=tuple(finding for finding in found if not finding.passed),
    )
    return [] if cadre.holds(refused) else [refused]


def _exit(command: ExitPool, cadre: Person) -> list[Event]:
    stay = _stay_to_end(command, cadre)
    exited = PoolExited(**dict(command), entry_event=stay.entry_event)
    if cadre.holds(exited):
        return []
    if stay.exited_on is not None:
        raise NotPossible(
            f"cadre {command.cadre_id} left pool {command.pool_id} on {stay.exited_on} already",
            where="pool_id",
            hint="only a member can leave",
        )
    return [
        exited,
        PoolSeatReleased(
            pool_id=command.pool_id, cadre_id=command.cadre_id, effective_on=command.effective_on
        ),
    ]


def _stay_to_end(command: ExitPool, cadre: Person) -> Membership:
    """The last stay that began by the day of the exit."""
    stays = memberships(cadre, command.pool_id)
    begun = [stay for stay in stays if stay.entered_on <= command.effective_on]
    if begun:
        return begun[-1]
    since = f" before {stays[0].entered_on}" if stays else ""
    raise NotPossible(
        f"cadre {command.cadre_id} was no member of pool {command.pool_id}{since}",
        where="pool_id",
        hint="only a member can leave",
    )
