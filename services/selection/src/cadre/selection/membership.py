"""The way into a talent pool and out of it: M09 and M10."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any, assert_never
from uuid import UUID

from cadre.contracts.event import CadreEvent, Event, Slug, Text
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
from cadre.contracts.selection.profile import Recruited
from cadre.selection.cadre import CADRE, Membership, memberships, require_entry, without_line
from cadre.selection.entry_rules import case_of, findings
from cadre.selection.pool import POOL, Pool
from cadre.selection.seats import settled
from cadre.shared.deciding.decider import Scope, World
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.person import FactCommand, Person


class NominateForPool(FactCommand, PoolNomination):
    """Nominate somebody for a pool, on behalf of a unit."""


class AssessForPool(FactCommand, PoolAssessment):
    """Record what the organisation department found of a nominee."""


class CompareForPool(FactCommand, PoolComparison):
    """Record where a nominee came out when the nominees were compared."""


class EnterPool(FactCommand):
    """Take somebody into a pool, or correct an entry, if every rule allows it."""

    pool_id: Slug
    decided_by: Text


class ExitPool(FactCommand):
    """End a membership, or correct how it ended; ``effective_on`` is the first day outside."""

    pool_id: Slug
    reason: ExitReason


type PoolStep = NominateForPool | AssessForPool | CompareForPool
type MembershipCommand = PoolStep | EnterPool | ExitPool


def scopes(command: MembershipCommand, world: World) -> Iterator[Scope[Any]]:
    """The person, the pool, and the pool of what is corrected where that is another."""
    yield CADRE.of(command.cadre_id)
    yield POOL.of(command.pool_id)
    cadre = world.get(CADRE.of(command.cadre_id))
    wrong = cadre.fact(command.supersedes) if cadre and command.supersedes else None
    for pool in pool_of(wrong.event) if wrong else ():
        if pool.id != command.pool_id:
            yield pool


def pool_of(event: CadreEvent) -> Iterator[Scope[Pool]]:
    """The pool in which an event takes or frees a seat."""
    if isinstance(event, PoolEntered | PoolExited):
        yield POOL.of(event.pool_id)


def decide_on(command: MembershipCommand, world: World) -> list[Event]:
    loaded = scopes(command, world)
    cadre = world[CADRE.of(command.cadre_id)]
    pools = {scope.id: world[scope] for scope in loaded if scope.fold is POOL}
    return decide(command, cadre, pools)


def decide(command: MembershipCommand, cadre: Person, pools: Mapping[str, Pool]) -> list[Event]:
    """``pools`` by their id: that of the command, and that of what it corrects."""
    cadre.require_known(command.cadre_id)
    pools[command.pool_id].require_definition(command.pool_id, command.effective_on)
    match command:
        case NominateForPool() | AssessForPool() | CompareForPool():
            return _record_step(command, cadre)
        case EnterPool():
            return _enter(command, cadre, pools)
        case ExitPool():
            return _exit(command, cadre, pools)
        case _:
            assert_never(command)


def settle_annulled(fact: Fact[Any], cadre: Person, world: World) -> list[Event]:
    """The seat that an annulled entry frees, or that an annulled exit takes again."""
    pools = {scope.id: world[scope] for scope in pool_of(fact.event)}
    return settled(cadre, without_line(cadre, fact), pools, fact.event.cadre_id)


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


def _enter(command: EnterPool, cadre: Person, pools: Mapping[str, Pool]) -> list[Event]:
    wanted = PoolEntered(**dict(command), findings=())
    wrong = None
    if command.supersedes is not None:
        if cadre.holds(wanted, besides=("findings",)):
            return []
        wrong = cadre.correctable(PoolEntered, command.supersedes)
    stay = _stay_from(wanted, cadre, wrong)
    for other in memberships(without_line(cadre, wrong) if wrong else cadre, command.pool_id):
        if wrong is None and other.covers(command.effective_on):
            return []
        if stay.overlaps(other):
            raise NotPossible(
                f"cadre {command.cadre_id} entered pool {command.pool_id} on {other.entered_on}, "
                f"so no entry on {command.effective_on} can stand beside it",
                where="effective_on",
                hint="enter as of a day after the last exit",
            )
    _require_recruited(wanted, cadre)
    found = findings(case_of(wanted, cadre, pools[command.pool_id], command.supersedes))
    if all(finding.passed for finding in found):
        entered = wanted.model_copy(update={"findings": found})
        return [entered, *settled(cadre, _learning(cadre, entered), pools, command.cadre_id)]
    refused = PoolEntryRefused(
        cadre_id=command.cadre_id,
        pool_id=command.pool_id,
        effective_on=command.effective_on,
        corrects=command.supersedes,
        findings=tuple(finding for finding in found if not finding.passed),
    )
    return [] if cadre.holds(refused) else [refused]


def _stay_from(wanted: PoolEntered, cadre: Person, wrong: Fact[PoolEntered] | None) -> Membership:
    """The stay that an entry begins. What ended the corrected one must still be able to end it."""
    for exited in cadre.hanging(PoolExited, wrong) if wrong else ():
        left = exited.event.effective_on
        if exited.event.pool_id != wanted.pool_id or left < wanted.effective_on:
            raise NotPossible(
                f"cadre {wanted.cadre_id} left pool {exited.event.pool_id} on {left}",
                where=str(exited.id),
                hint="correct or annul that exit first",
            )
        return Membership(_PROPOSED, wanted.effective_on, left)
    return Membership(_PROPOSED, wanted.effective_on)


def _require_recruited(wanted: PoolEntered, cadre: Person) -> None:
    entry = require_entry(cadre, wanted.cadre_id)
    if isinstance(entry, Recruited) and wanted.effective_on < entry.effective_on:
        raise NotPossible(
            f"cadre {wanted.cadre_id} was recruited on {entry.effective_on} only",
            where="effective_on",
            hint=f"the earliest day is {entry.effective_on}",
        )


def _exit(command: ExitPool, cadre: Person, pools: Mapping[str, Pool]) -> list[Event]:
    if _exited_so(command, cadre):
        return []
    wrong, others = None, cadre
    if command.supersedes is not None:
        wrong = cadre.correctable(PoolExited, command.supersedes)
        others = without_line(cadre, wrong)
    stay = _stay_to_end(command, others, wrong)
    if stay.exited_on is not None:
        raise NotPossible(
            f"cadre {command.cadre_id} left pool {command.pool_id} on {stay.exited_on} already",
            where="pool_id",
            hint="only a member can leave; a wrong exit is corrected by naming it in supersedes",
        )
    exited = PoolExited(**dict(command), entry_event=stay.entry_event)
    return [exited, *settled(cadre, _learning(cadre, exited), pools, command.cadre_id)]


def _exited_so(command: ExitPool, cadre: Person) -> bool:
    """Whether such an exit was recorded of a stay that nobody annulled."""
    told = dict(command)
    return any(
        {name: getattr(fact.event, name) for name in told} == told
        and not cadre.annulled(fact.id)
        and not cadre.annulled(fact.event.entry_event)
        for fact in cadre.every(PoolExited)
    )


def _stay_to_end(command: ExitPool, cadre: Person, wrong: Fact[PoolExited] | None) -> Membership:
    """The stay that a corrected exit ended, else the last one that began by the day of the exit."""
    stays = memberships(cadre, command.pool_id)
    begun = [stay for stay in stays if stay.entered_on <= command.effective_on]
    ended = cadre.newest(wrong.event.entry_event) if wrong else None
    if begun:
        return next((stay for stay in begun if stay.entry_event == ended), begun[-1])
    since = f" before {stays[0].entered_on}" if stays else ""
    raise NotPossible(
        f"cadre {command.cadre_id} was no member of pool {command.pool_id}{since}",
        where="pool_id",
        hint="only a member can leave",
    )


def _learning(cadre: Person, event: CadreEvent) -> Person:
    return cadre.learning(Fact(_PROPOSED, sys.maxsize, event))


_PROPOSED = UUID(int=0)
"""Stands for the id that an event under discussion does not have yet."""
