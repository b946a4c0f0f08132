"""Races on three real servers: limits hold, and what was acknowledged stays, whoever leads."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from cadre.appointment.app import SERVICE as APPOINTMENT
from cadre.selection.app import SERVICE as SELECTION
from cadre.shared.deciding.errors import CadreError, LostRace, OutcomeUnknown, Unavailable
from cadre.shared.deciding.guards import guard_of
from cadre.shared.deciding.messages import Command, Meta
from cadre.shared.handling.outcomes import Outcome
from cadre.shared.log.codec import Outgoing
from cadre.shared.log.connection import Connection
from cadre.shared.log.stream import Conflict, Expectation, Log
from cadre.shared.running.runtime import Runtime, running
from cadre.shared.showing.service import Service
from cadre.shared.upkeep.settings import Settings
from cadre.supervision.app import SERVICE as SUPERVISION
from support import races
from support.cluster import Cluster, cluster
from support.environment import Environment
from support.races import assumption, excellence, officer, promotion, record

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

CLERKS = 10
TOLD_S_MAX = 90.0
ANA = "history.*.cadre.c-ana.>"
SUBJECT = "history.selection.cadre.c-ana.observed"

type Disturb = Callable[[Cluster, Connection], Awaitable[None]]


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Cluster]:
    with cluster(tmp_path / "nats") as found:
        yield found


@pytest.fixture
async def operator(nodes: Cluster) -> AsyncIterator[Connection]:
    client = await nodes.connect("operator")
    yield client
    await client.close()


def settings(nodes: Cluster, directory: Path, service: str, node: int) -> Settings:
    """An instance with a database of its own, that begins with a server of its own."""
    environment = Environment(nodes.nodes[node], directory)
    return environment.settings(f"{service}-{node}", nats_user=service, nats_password=f"p{service}")


@contextlib.asynccontextmanager
async def instances(
    nodes: Cluster, directory: Path, *wanted: tuple[Service, int]
) -> AsyncIterator[list[Runtime]]:
    async with contextlib.AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                running(service, settings(nodes, directory, service.name, node))
            )
            for service, node in wanted
        ]


async def clerk(runtime: Runtime, command: Command) -> Outcome | CadreError:
    """Send a command, the same one again while it is not known what became of it."""
    meta = Meta(command_id=uuid4(), actor="clerk")
    async with asyncio.timeout(TOLD_S_MAX):
        while True:
            try:
                return await runtime.handling.handle(command, meta)
            except (Unavailable, OutcomeUnknown, LostRace):
                await asyncio.sleep(0.2)
            except CadreError as error:
                return error


async def nothing(_nodes: Cluster, _operator: Connection) -> None:
    """Nobody disturbs."""


async def step_down(nodes: Cluster, operator: Connection) -> None:
    """Three leaders give up, one after the other."""
    for _ in range(3):
        await asyncio.sleep(0.1)
        await nodes.step_down(operator)


async def kill_leader(nodes: Cluster, operator: Connection) -> None:
    """The leader is killed, and comes back when another has been chosen."""
    node = await nodes.leader(operator)
    await asyncio.sleep(0.05)
    await asyncio.to_thread(node.kill)
    async with asyncio.timeout(TOLD_S_MAX):
        while (await nodes.info(operator))["cluster"][
            "leader"
        ] == f"cadre-{nodes.nodes.index(node)}":
            await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    await asyncio.to_thread(node.start)


async def kept(nodes: Cluster, outcomes: list[Outcome]) -> list[str]:
    """The types of all events, once it is sure that all which were told of are among them."""
    client = await nodes.connect("selection")
    events = [message async for messages in Log(client).read() for message in messages]
    await client.close()
    assert [event.position for event in events] == list(range(1, len(events) + 1))
    by_position = {event.position: event for event in events}
    for outcome in outcomes:
        for told in outcome.events:
            assert by_position[told.position].headers["ce-commandid"] == str(outcome.command_id)
    for event in events:
        assert (
            event.headers["Nats-Expected-Last-Subject-Sequence-Subject"] == guard_of(event.subject)
            or event.headers.get("Nats-Batch-Sequence", "1") != "1"
        )
    return [event.headers["ce-type"] for event in events]


@pytest.mark.parametrize("disturb", [nothing, step_down, kill_leader])
async def test_limits_hold_and_nothing_acknowledged_is_lost(
    nodes: Cluster, operator: Connection, tmp_path: Path, disturb: Disturb
) -> None:
    """Ten clerks on one person, on the seats of a post and on the places of 优秀, all at once."""
    wanted = [
        (SELECTION, 0),
        (APPOINTMENT, 1),
        (APPOINTMENT, 2),
        (SUPERVISION, 0),
        (SUPERVISION, 1),
    ]
    async with instances(nodes, tmp_path, *wanted) as runtimes:
        selection, *others = runtimes
        appointment, supervision = others[:2], others[2:]
        for number in range(CLERKS + 1):
            await record(selection, officer(number))
        await clerk(appointment[0], races.post())
        await clerk(supervision[0], races.unit_year())

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(disturb(nodes, operator))
            sent = [
                tasks.create_task(clerk(of[number % 2], command(number)))
                for number in range(CLERKS)
                for of, command in (
                    (appointment, lambda _: promotion(CLERKS)),
                    (appointment, assumption),
                    (supervision, excellence),
                )
            ]
        told = [task.result() for task in sent]
        assert all(one.status < 500 for one in told if isinstance(one, CadreError)), told
        outcomes = [one for one in told if isinstance(one, Outcome)]
        types = await kept(nodes, outcomes)
        assert types.count("appointment.promoted.v1") == 1
        assert types.count("appointment.post-filled.v1") == races.SEATS
        assert types.count("supervision.excellent-allotted.v1") == races.EXCELLENT_MAX
        assert not any(runtime.failed.is_set() for runtime in runtimes)


@pytest.mark.parametrize("disturb", [nothing, step_down])
async def test_the_same_command_from_ten_clerks_is_recorded_once(
    nodes: Cluster, operator: Connection, tmp_path: Path, disturb: Disturb
) -> None:
    async with instances(nodes, tmp_path, (SELECTION, 0), (SUPERVISION, 1), (SUPERVISION, 2)) as (
        selection,
        *supervision,
    ):
        await clerk(supervision[0], races.unit_year())
        for number in range(8):
            await record(selection, officer(number))
        disturbing = asyncio.create_task(disturb(nodes, operator))
        for number in range(8):
            meta = Meta(command_id=uuid4(), actor="clerk")

            async def send(runtime: Runtime, command: Command, meta: Meta = meta) -> Outcome:
                while True:
                    try:
                        return await runtime.handling.handle(command, meta)
                    except (Unavailable, OutcomeUnknown):
                        await asyncio.sleep(0.1)

            async with asyncio.timeout(TOLD_S_MAX):
                told = await asyncio.gather(
                    *(send(supervision[n % 2], excellence(number)) for n in range(CLERKS))
                )
            assert len({tuple(e.position for e in one.events) for one in told}) == 1
            assert {one.outcome for one in told} <= {"recorded", "refused"}
        await disturbing


async def test_a_leader_lost_with_a_write_leaves_nobody_waiting_for_another_to_write(
    nodes: Cluster, operator: Connection, tmp_path: Path
) -> None:
    """Nobody else writes, and the service's own server stays: only the leader is another."""
    lost = await nodes.leader(operator)
    other = next(number for number, node in enumerate(nodes.nodes) if node is not lost)
    async with instances(nodes, tmp_path, (SUPERVISION, other)) as (supervision,):
        await clerk(supervision, races.unit_year())
        await supervision.writes.look()
        sent_at = time.monotonic()
        await asyncio.to_thread(lost.kill)
        await nodes.info(operator)
        # It went to the one that was killed; that no answer comes is known later than who leads.
        supervision.log.written.unanswered(sent_at)
        await supervision.writes.look()
        next_year = races.unit_year().model_copy(update={"year": 2026})
        assert isinstance(await clerk(supervision, next_year), Outcome)
        assert supervision.vitals.ready


async def test_an_event_that_is_sent_again_while_on_its_way_is_stored_once(nodes: Cluster) -> None:
    clients = [await nodes.connect("selection", number) for number in (0, 1, 2, 0)]
    logs = [Log(client) for client in clients]
    position = 0
    for turn in range(20):
        same = Outgoing(SUBJECT, {"Nats-Msg-Id": f"turn-{turn}", "ce-id": "x"}, b"{}")
        told = await asyncio.gather(
            *(log.append([(same, Expectation(ANA, position))]) for log in logs * 3),
            return_exceptions=True,
        )
        stored = [one for one in told if isinstance(one, list)]
        assert len(stored) == 1, told
        assert all(isinstance(one, Conflict) for one in told if one is not stored[0]), told
        ((position,),) = stored
    assert await logs[0].last_position() == 20
    for client in clients:
        await client.close()


async def test_only_the_same_text_sees_what_is_on_its_way(nodes: Cluster) -> None:
    """Why a history has one filter: the leader knows what is not stored yet by that text alone."""
    client = await nodes.connect("selection")

    async def guarded(subject: str, text: str | None, position: int) -> bool:
        headers = Expectation(text, position).headers() if text else None
        reply = await client.request(subject, b"{}", timeout=5, headers=headers)
        return "error" not in json.loads(reply.data)

    async def both(turn: int, first: str | None, other: str) -> int:
        subject = f"history.selection.cadre.c-{turn}.observed"
        won = await asyncio.gather(
            guarded(subject, first and first.format(turn), 0),
            guarded(subject, other.format(turn), 0),
        )
        return sum(won)

    person, narrower = "history.*.cadre.c-{}.>", "history.selection.cadre.c-{}.>"
    same = [await both(turn, person, person) for turn in range(20)]
    other = [await both(turn, narrower, person) for turn in range(20, 40)]
    without = [await both(turn, None, person) for turn in range(40, 60)]
    assert set(same) == {1}
    assert 2 in other
    assert 2 in without
    await client.close()


async def test_the_end_of_a_history_is_asked_of_the_leader(
    nodes: Cluster, operator: Connection
) -> None:
    """Any server answers a direct get, and one that is behind says that nothing is there."""
    leader = await nodes.leader(operator)
    follower = next(node for node in nodes.nodes if node is not leader)
    writer, reader = [
        Log(await nodes.connect("selection", nodes.nodes.index(node)))
        for node in (leader, follower)
    ]
    position = 0
    for _ in range(300):
        event = Outgoing(SUBJECT, {"Nats-Msg-Id": str(uuid4()), "ce-id": "x"}, b"{}")
        (stored,) = await writer.append([(event, Expectation(ANA, position))])
        assert [message.position for message in await reader.tail(ANA, position)] == [stored]
        assert (await reader.get(stored)).position == stored
        position = stored
    await writer.client.close()
    await reader.client.close()
