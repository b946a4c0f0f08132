"""The way into a talent pool and out of it (M09, M10), each with its seat."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from cadre.contracts.event import CadreEvent, Event, EventAnnulled, Slug, Text
from cadre.contracts.selection.membership import (
    ExitReason,
    PoolEntered,
    PoolEntryRefused,
    PoolExited,
)
from cadre.contracts.selection.profile import Recruited
from cadre.contracts.supervision.influence import Disciplined, RectificationChecked, Talked
from cadre.selection.deciding.entry_rules import case_of, findings
from cadre.selection.deciding.pool import POOLS
from cadre.selection.deciding.profile import require_entry
from cadre.selection.deciding.stays import Membership, memberships, settled
from cadre.shared.deciding.annulling import Annullable
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.decider import Handler, Scope, World
from cadre.shared.deciding.dossier import Dossier, Fact
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.facts import Ending, Facts
from cadre.shared.deciding.judgement import Answer, Judgement
from cadre.shared.deciding.person import PERSON, FactCommand, Person
from cadre.shared.deciding.rights import EVERYBODY, Right, Role


class EnterPool(FactCommand):
    """办理或更正入库 · Take somebody into a pool, or correct an entry, if every rule allows it."""

    pool_id: Slug
    decided_by: Text


class ExitPool(FactCommand):
    """办理或更正出库 · End a membership, or correct how it ended.

    ``effective_on`` is the first day outside.
    """

    pool_id: Slug
    reason: ExitReason


type MembershipCommand = EnterPool | ExitPool


def _scopes(command: MembershipCommand, world: World) -> Iterator[Scope[Any]]:
    """The person, the pool, and the pool of what is corrected where that is another."""
    yield PERSON.of(command.cadre_id)
    yield POOLS.of.of(command.pool_id)
    cadre = world.get(PERSON.of(command.cadre_id))
    wrong = cadre.fact(command.supersedes) if cadre and command.supersedes else None
    for pool in _pool_of(wrong.event) if wrong else ():
        if pool.id != command.pool_id:
            yield pool


def _pool_of(event: CadreEvent, _cadre: Person | None = None) -> Iterator[Scope[Dossier]]:
    """The pool in which an event takes or frees a seat."""
    if isinstance(event, PoolEntered | PoolExited):
        yield POOLS.of.of(event.pool_id)


def _loaded(command: MembershipCommand, world: World) -> tuple[Person, Mapping[str, Dossier]]:
    """The person, and pools by their id: that of the command, and that of what it corrects."""
    cadre = world[PERSON.of(command.cadre_id)]
    cadre.require_known(command.cadre_id)
    loaded = _scopes(command, world)
    pools = {scope.id: world[scope] for scope in loaded if scope.fold is POOLS.of}
    POOLS.in_force(pools[command.pool_id], command.pool_id, command.effective_on)
    return cadre, pools


def _settle_annulled(
    fact: Fact[Any], cadre: Person, world: World, _by: EventAnnulled
) -> list[Event]:
    """The seat that an annulled entry frees, or that an annulled exit takes again."""
    pools = {scope.id: world[scope] for scope in _pool_of(fact.event)}
    return settled(cadre, cadre.without_line(fact), pools, fact.event.cadre_id)


def enter(command: EnterPool, world: World) -> list[Event]:
    cadre, pools = _loaded(command, world)
    wanted = PoolEntered(**dict(command), findings=())
    wrong = None
    if command.supersedes is not None:
        if cadre.holds(wanted, besides=("findings",)):
            return []
        wrong = cadre.correctable(PoolEntered, command.supersedes)
    stay = _stay_from(wanted, cadre, wrong)
    for other in memberships(cadre.without_line(wrong) if wrong else cadre, command.pool_id):
        if wrong is None and other.covers(command.effective_on):
            return []
        if stay.overlaps(other):
            raise NotPossible(
                "与另一次在库时间重叠 · "
                f"cadre {command.cadre_id} entered pool {command.pool_id} on {other.entered_on}, "
                f"so no entry on {command.effective_on} can stand beside it",
                where="effective_on",
                hint="入库日应晚于上次出库 · enter as of a day after the last exit",
            )
    _require_recruited(wanted, cadre)
    found = findings(case_of(wanted, cadre, pools[command.pool_id], command.supersedes))
    if all(finding.passed for finding in found):
        entered = wanted.model_copy(update={"findings": found})
        return [entered, *settled(cadre, cadre.expecting(entered), pools, command.cadre_id)]
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
                "该次入库已有出库 · "
                f"cadre {wanted.cadre_id} left pool {exited.event.pool_id} on {left}",
                where=str(exited.id),
                hint="请先更正或撤销该次出库 · correct or annul that exit first",
            )
        return Membership(_PROPOSED, wanted.effective_on, left)
    return Membership(_PROPOSED, wanted.effective_on)


def _require_recruited(wanted: PoolEntered, cadre: Person) -> None:
    entry = require_entry(cadre, wanted.cadre_id)
    if isinstance(entry, Recruited) and wanted.effective_on < entry.effective_on:
        raise NotPossible(
            f"当日尚未录用 · cadre {wanted.cadre_id} was recruited on {entry.effective_on} only",
            where="effective_on",
            hint=f"见最早日期 · the earliest day is {entry.effective_on}",
        )


def leave(command: ExitPool, world: World) -> list[Event]:
    cadre, pools = _loaded(command, world)
    if _exited_so(command, cadre):
        return []
    wrong, others = None, cadre
    if command.supersedes is not None:
        wrong = cadre.correctable(PoolExited, command.supersedes)
        others = cadre.without_line(wrong)
    stay = _stay_to_end(command, others, wrong)
    if stay.exited_on is not None:
        raise NotPossible(
            "已经出库 · "
            f"cadre {command.cadre_id} left pool {command.pool_id} on {stay.exited_on} already",
            where="pool_id",
            hint="只有在库者可以出库；登记有误的，用 supersedes 指明该次出库予以更正 · "
            "only a member can leave; a wrong exit is corrected by naming it in supersedes",
        )
    exited = PoolExited(**dict(command), entry_event=stay.entry_event)
    return [exited, *settled(cadre, cadre.expecting(exited), pools, command.cadre_id)]


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
        f"当日不在库 · cadre {command.cadre_id} was no member of pool {command.pool_id}{since}",
        where="pool_id",
        hint="只有在库者可以出库 · only a member can leave",
    )


_PROPOSED = UUID(int=0)
"""Stands for the id that an event under discussion does not have yet."""


type Decision = PoolEntered | PoolEntryRefused


def _judged_on(event: Decision) -> Iterable[Scope[Any]]:
    return PERSON.of(event.cadre_id), POOLS.of.of(event.pool_id)


def _judge(event: Decision, world: World) -> Answer:
    """A refusal tells only what stood against it."""
    cadre, pool = (world[scope] for scope in _judged_on(event))
    corrects = event.corrects if isinstance(event, PoolEntryRefused) else event.supersedes
    found = findings(case_of(event, cadre, pool, corrects))
    failed = tuple(finding for finding in found if not finding.passed)
    return Answer(not failed, failed or found)


DECIDES_ALL = Right(Role.DECIDER, EVERYBODY)

ENTRIES = Facts(
    event=PoolEntered,
    ended_by=Ending(event=PoolExited),
    name="pool-entries",
    title="入库、出库 · Entries into pools, with the exits that ended them",
    seen_by=Role.READER,
    asked=False,
)
REFUSALS = Facts(
    event=PoolEntryRefused,
    name="pool-entry-refusals",
    title="未通过的入库 · Refused entries into pools",
    seen_by=Role.READER,
    asked=False,
)
CAPABILITY = Capability(
    mechanism="M09 M10",
    facts=[ENTRIES, REFUSALS],
    handlers=[
        Handler(EnterPool, _scopes, enter, DECIDES_ALL),
        Handler(ExitPool, _scopes, leave, DECIDES_ALL),
    ],
    annullable=[
        Annullable({PoolEntered, PoolExited}, owners=_pool_of, settle=_settle_annulled),
    ],
    judgements=[
        Judgement(PoolEntered, _judged_on, _judge),
        Judgement(PoolEntryRefused, _judged_on, _judge),
    ],
    reads={Talked, Disciplined, RectificationChecked},
)
