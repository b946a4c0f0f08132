"""What a process knows may be behind the log: no decision that counts ever rests on it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from cadre.contracts.event import CadreId, Event
from cadre.shared.deciding.decider import Handler, World
from cadre.shared.deciding.errors import CommandReused, NotPossible, StalePosition
from cadre.shared.deciding.messages import Command, Meta
from cadre.shared.handling.decisions import Wish
from cadre.shared.handling.histories import Histories
from cadre.shared.keys.context import Context
from cadre.shared.log.stream import Log
from cadre.shared.running.runtime import Runtime, running
from cadre.shared.showing.service import Service
from support import mini
from support.environment import Environment
from support.mini import CADRE, DAY, POOL, Note, Open, Register, TakeSeat, cadre_id

ANA, BO = cadre_id(1), cadre_id(2)
OPEN = Open(pool_id="p", seats=3, effective_on=DAY)


class NoteUnlessSeated(Command):
    """Note an observation while nobody has a seat in a pool, which is only read."""

    cadre_id: CadreId
    pool_id: str


class Erase(Command):
    """Destroy something, then say so."""

    irreversible = True

    cadre_id: CadreId


def _observed(who: str) -> Sequence[Event]:
    known = World({CADRE.of(who): mini.Person(known=True)})
    return mini.note(Note(cadre_id=who, note="…", effective_on=DAY), known)


def _unless_seated(command: NoteUnlessSeated, world: World) -> Sequence[Event]:
    if world[POOL.of(command.pool_id)].taken:
        raise NotPossible("somebody has a seat")
    return _observed(command.cadre_id)


def _erase(command: Erase, world: World) -> Sequence[Event]:
    if world[CADRE.of(command.cadre_id)].notes:
        raise NotPossible("there is a note")
    return _observed(command.cadre_id)


def service(enacted: list[str] | None = None) -> Service:
    async def enact(_context: Context, command: Command, _meta: Meta) -> Command:
        if enacted is not None and isinstance(command, Erase):
            enacted.append(command.cadre_id)
        return command

    handlers = (
        *mini.HANDLERS,
        Handler(
            NoteUnlessSeated,
            lambda c, _: (CADRE.of(c.cadre_id), POOL.of(c.pool_id)),
            _unless_seated,
            mini.RECORDS,
        ),
        Handler(Erase, lambda c, _: (CADRE.of(c.cadre_id),), _erase, mini.RECORDS),
    )
    return replace(mini.service(), handlers=handlers, enact=enact)


def meta(command_id: UUID | None = None, expected: int | None = None) -> Meta:
    return Meta(command_id=command_id or uuid4(), actor="tester", expected_position=expected)


def register(who: str = ANA, name: str = "张三") -> Register:
    return Register(cadre_id=who, person_name=name, effective_on=DAY)


def note(who: str = ANA) -> Note:
    return Note(cadre_id=who, note="谈吐得体", effective_on=DAY)


@pytest.fixture
async def one(environment: Environment) -> AsyncIterator[Runtime]:
    async with running(service(), environment.settings("one")) as runtime:
        yield runtime


@pytest.fixture
async def behind(environment: Environment) -> AsyncIterator[Runtime]:
    """An instance that takes the person and the pool for unknown, whatever is recorded."""
    async with running(service(), environment.settings("two")) as runtime:
        await runtime.handling.histories.recall([CADRE.of(ANA), POOL.of("p")])
        yield runtime


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The filters whose newest events were read from the log."""
    read: list[str] = []
    tail = Log.tail

    async def noting(self: Log, subjects: str, after: int) -> Any:
        read.append(subjects)
        return await tail(self, subjects, after)

    monkeypatch.setattr(Log, "tail", noting)
    return read


async def test_a_known_history_is_decided_on_without_reading_the_log(
    one: Runtime, reads: list[str]
) -> None:
    await one.handling.handle(register(), meta())
    for _ in range(3):
        await one.handling.handle(note(), meta())
    assert reads == []
    history = await one.handling.messages(CADRE.of(ANA))
    assert [m.headers["ce-aggregateversion"] for m in history] == ["1", "2", "3", "4"]
    assert [int(m.headers["ce-evidence"]) for m in history] == [0, 1, 2, 3]


async def test_the_evidence_is_the_newest_event_of_all_histories_read(one: Runtime) -> None:
    await one.handling.handle(register(), meta())
    await one.handling.handle(OPEN, meta())
    await one.handling.handle(TakeSeat(pool_id="p", cadre_id=ANA, effective_on=DAY), meta())
    entered, taken = [await one.log.get(position) for position in (3, 4)]
    assert {m.headers["ce-evidence"] for m in (entered, taken)} == {"2"}


async def test_own_events_are_folded_as_the_log_gives_them_back(one: Runtime) -> None:
    await one.handling.handle(OPEN, meta())
    await one.handling.handle(register(), meta())
    await one.handling.handle(note(), meta())
    await one.handling.handle(TakeSeat(pool_id="p", cadre_id=ANA, effective_on=DAY), meta())
    mine = one.handling.histories
    fresh = Histories(mine.service, mine.log, mine.journal, mine.codec, mine.projector)
    for scope in (CADRE.of(ANA), POOL.of("p")):
        known, read = await mine.known(scope), await fresh.fresh(scope)
        assert (known.state, known.position, known.heads, known.commands) == (
            read.state,
            read.position,
            read.heads,
            read.commands,
        )


async def test_what_others_recorded_is_seen_before_anything_is_written(
    one: Runtime, behind: Runtime
) -> None:
    await one.handling.handle(register(), meta())
    outcome = await behind.handling.handle(register(), meta())
    assert (outcome.outcome, outcome.position) == ("unchanged", 1)
    assert await one.log.last_position() == 1


async def test_an_error_is_told_of_the_log_not_of_what_was_known(
    one: Runtime, behind: Runtime
) -> None:
    await one.handling.handle(register(), meta())
    assert (await behind.handling.handle(note(), meta())).outcome == "recorded"


async def test_a_wish_that_was_fulfilled_counts_only_as_of_the_log(
    one: Runtime, behind: Runtime
) -> None:
    """An instance that knows of a seat, and not that somebody else was faster with the last."""
    await one.handling.handle(register(), meta())
    await behind.handling.handle(note(), meta())
    await one.handling.handle(note(), meta())
    unchanged = await behind.handling.handle(register(), meta())
    assert (unchanged.outcome, unchanged.position) == ("unchanged", 3)


async def test_the_same_id_with_other_content_is_refused_by_an_instance_that_is_behind(
    one: Runtime, behind: Runtime
) -> None:
    """The log knows the event's id and would take the other content for a repeat."""
    same = meta()
    first = await one.handling.handle(register(name="张三"), same)
    with pytest.raises(CommandReused):
        await behind.handling.handle(register(name="李四"), same)
    again = await behind.handling.handle(register(name="张三"), same)
    assert again.repeated
    assert again.events == first.events


async def test_a_repeat_is_never_decided_on_what_is_known(one: Runtime) -> None:
    """Past the two minutes in which the log knows an event's id, nothing else would stop it."""
    same = meta()
    await one.handling.handle(register(), meta())
    await one.handling.handle(note(), same)
    first, again = await one.handling.accept_many([(note(), meta()), (note(), same)])
    assert isinstance(first, Wish)
    assert isinstance(again, Wish)
    assert await one.handling.on_known(first) is not None
    assert await one.handling.on_known(again) is None


async def test_a_history_that_is_only_read_is_read_from_the_log(
    one: Runtime, behind: Runtime
) -> None:
    await behind.handling.handle(register(), meta())
    await one.handling.handle(OPEN, meta())
    await one.handling.handle(TakeSeat(pool_id="p", cadre_id=ANA, effective_on=DAY), meta())
    await behind.handling.histories.fresh(CADRE.of(ANA))
    with pytest.raises(NotPossible, match="a seat"):
        await behind.handling.handle(
            NoteUnlessSeated(cadre_id=ANA, pool_id="p", effective_on=DAY), meta()
        )


async def test_an_expected_position_is_compared_with_the_log(one: Runtime, behind: Runtime) -> None:
    await one.handling.handle(register(), meta())
    await behind.handling.histories.fresh(CADRE.of(ANA))
    await one.handling.handle(note(), meta())
    with pytest.raises(StalePosition):
        await behind.handling.handle(note(), meta(expected=1))
    assert await one.log.last_position() == 2


async def test_what_cannot_be_undone_is_decided_on_the_log(
    one: Runtime, environment: Environment
) -> None:
    enacted: list[str] = []
    async with running(service(enacted), environment.settings("two")) as behind:
        await behind.handling.handle(register(), meta())
        await one.handling.handle(note(), meta())
        with pytest.raises(NotPossible, match="a note"):
            await behind.handling.handle(Erase(cadre_id=ANA, effective_on=DAY), meta())
    assert enacted == []


async def test_a_limit_holds_between_instances_that_remember(one: Runtime, behind: Runtime) -> None:
    await one.handling.handle(Open(pool_id="p", seats=1, effective_on=DAY), meta())
    for who in (ANA, BO):
        await one.handling.handle(register(who), meta())
    seat = TakeSeat(pool_id="p", cadre_id=ANA, effective_on=DAY)
    await behind.handling.histories.fresh(POOL.of("p"))
    await one.handling.handle(seat, meta())
    with pytest.raises(NotPossible, match="full"):
        await behind.handling.handle(seat.model_copy(update={"cadre_id": BO}), meta())
