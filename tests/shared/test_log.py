"""The log's own promises, tried on a real server."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from cadre.shared.deciding.errors import CadreError, NotFound, TooLarge, Unavailable
from cadre.shared.log.codec import Outgoing
from cadre.shared.log.direct import BATCH_MAX
from cadre.shared.log.marks import Mark
from cadre.shared.log.provision import provision
from cadre.shared.log.stream import Conflict, Expectation, Log, NoAnswer
from support.environment import Environment

ANA, BO = "history.*.cadre.c-ana.>", "history.*.cadre.c-bo.>"


def event(subject: str, event_id: str | None = None, body: bytes = b"{}") -> Outgoing:
    return Outgoing(subject, {"Nats-Msg-Id": event_id or str(uuid4()), "ce-id": "x"}, body)


@pytest.fixture
async def log(environment: Environment) -> AsyncIterator[Log]:
    client = await environment.server.connect("operator")
    yield Log(client)
    await client.close()


async def test_positions_follow_each_other_and_raw_events_come_back(log: Log) -> None:
    sent = event("history.selection.cadre.c-ana.observed", body='{"注":1}'.encode())
    assert await log.append([(sent, Expectation(ANA, 0))]) == [1]
    found = await log.get(1)
    assert (found.subject, found.body) == (sent.subject, sent.body)
    assert sent.headers.items() <= found.headers.items()
    assert found.aggregate == ("selection", "cadre", "c-ana")
    with pytest.raises(NotFound):
        await log.get(2)


async def test_a_stale_expectation_writes_nothing(log: Log) -> None:
    await log.append([(event("history.selection.cadre.c-ana.observed"), Expectation(ANA, 0))])
    with pytest.raises(Conflict):
        await log.append([(event("history.training.cadre.c-ana.trained"), Expectation(ANA, 0))])
    await log.append([(event("history.training.cadre.c-ana.trained"), Expectation(ANA, 1))])
    assert await log.last_position() == 2


async def test_one_stale_expectation_rejects_the_whole_batch(log: Log) -> None:
    await log.append([(event("history.selection.cadre.c-ana.observed"), Expectation(ANA, 0))])
    with pytest.raises(Conflict):
        await log.append(
            [
                (event("history.selection.cadre.c-bo.observed"), Expectation(BO, 0)),
                (event("history.selection.cadre.c-ana.observed"), Expectation(ANA, 0)),
            ]
        )
    assert await log.last_position() == 1
    positions = await log.append(
        [
            (event("history.selection.cadre.c-bo.observed"), Expectation(BO, 0)),
            (event("history.selection.cadre.c-ana.observed"), Expectation(ANA, 1)),
            (event("history.selection.cadre.c-ana.observed"), None),
        ]
    )
    assert positions == [2, 3, 4]


async def test_no_append_is_guarded_by_another_filter_than_that_of_its_history(log: Log) -> None:
    """The server would take any, and would not see who else is writing."""
    subject = "history.selection.cadre.c-ana.observed"
    await log.append([(event(subject), Expectation(ANA, 0))])
    for other in (BO, "history.selection.cadre.c-ana.>", subject, "history.>"):
        with pytest.raises(CadreError, match="another history"):
            await log.append([(event(subject), Expectation(other, 1))])
    guard = Expectation(BO, 0).headers()
    taken = await log.client.request(subject, b"{}", headers=guard, timeout=5)
    assert json.loads(taken.data)["seq"] == 2


async def test_a_repeated_event_id_is_stored_once(log: Log) -> None:
    same = str(uuid4())
    await log.append([(event("history.selection.cadre.c-ana.observed", same), None)])
    with pytest.raises(Conflict, match="this command is stored"):
        await log.append([(event("history.selection.cadre.c-ana.observed", same), None)])
    assert await log.last_position() == 1


async def test_an_event_id_stored_before_refuses_a_whole_batch(log: Log) -> None:
    same = event("history.selection.cadre.c-ana.observed")
    await log.append([(same, None)])
    with pytest.raises(Conflict, match="duplicate message id"):
        await log.append([(event("history.selection.pool.p.x"), None), (same, None)])
    assert await log.last_position() == 1


async def test_the_tail_of_a_person_crosses_services(log: Log) -> None:
    for service in ("selection", "training", "supervision"):
        await log.append([(event(f"history.{service}.cadre.c-ana.x"), None)])
        await log.append([(event(f"history.{service}.cadre.c-bo.x"), None)])
    assert [m.position for m in await log.tail(ANA, 0)] == [1, 3, 5]
    assert [m.position for m in await log.tail(ANA, 3)] == [5]
    assert await log.tail("history.*.cadre.c-nobody.>", 0) == []


async def test_a_tail_of_any_length_comes_whole_and_in_order(log: Log) -> None:
    lot = BATCH_MAX + 7
    for start in range(0, lot, 500):
        events = [
            (event(f"history.selection.cadre.c-ana.n{n}"), None)
            for n in range(start, min(start + 500, lot))
        ]
        await log.append([*events, (event("history.selection.cadre.c-bo.observed"), None)])
    found = await log.tail(ANA, 0)
    assert [m.subject.rsplit(".n")[1] for m in found] == [str(n) for n in range(lot)]
    assert [m.position for m in await log.tail(ANA, found[-3].position)] == [
        m.position for m in found[-2:]
    ]
    assert not await log.tail("history.*.cadre.c-nobody.>", 0)


async def test_many_ask_at_once_and_each_gets_its_own(log: Log) -> None:
    people = [f"history.selection.cadre.c-{n}.observed" for n in range(40)]
    await log.append([(event(subject), None) for subject in people])
    tails = await asyncio.gather(*(log.tail(subject, 0) for subject in people))
    assert [[m.subject for m in tail] for tail in tails] == [[subject] for subject in people]


async def test_reading_ends_at_the_end_and_following_goes_on(log: Log) -> None:
    batch = [(event(f"history.selection.cadre.c-{n}.x"), None) for n in range(900)]
    await log.append(batch)
    await log.append([(event("history.selection.pool.p.x"), None)])
    read = [m.position async for messages in log.read() for m in messages]
    assert read == list(range(1, len(read) + 1))
    assert [m.subject async for ms in log.read(0, "history.selection.pool.>") for m in ms] == [
        "history.selection.pool.p.x"
    ]
    seen: list[int] = []

    async def follow() -> None:
        async for messages in log.follow(Mark(len(read) - 1)):
            seen.extend(m.position for m in messages)
            if len(seen) > 1:
                return

    following = asyncio.create_task(follow())
    await asyncio.sleep(0.2)
    await log.append([(event("history.selection.cadre.c-ana.x"), None)])
    await asyncio.wait_for(following, 10)
    assert seen == [len(read), len(read) + 1]


async def test_a_slow_reader_loses_nothing(log: Log) -> None:
    batch = [(event(f"history.selection.cadre.c-{n}.x"), None) for n in range(700)]
    await log.append(batch)
    read = 0
    async for messages in log.read():
        read += len(messages)
        await asyncio.sleep(0.05)
    assert read == 700


async def test_what_is_no_event_cannot_be_published_as_history(log: Log) -> None:
    with pytest.raises(Unavailable, match="no stream takes"):
        await log.append([(event("history.nobody"), None)])


async def test_limits_are_told_before_anything_is_sent(log: Log) -> None:
    many = [(event("history.selection.cadre.c-ana.x"), None)] * 1001
    with pytest.raises(TooLarge, match="1001 events"):
        await log.append(many)
    assert await log.last_position() == 0


async def test_a_server_that_is_away(environment: Environment, log: Log) -> None:
    """Nothing is sent without a connection; an answer that does not come leaves it open."""
    environment.server.kill()
    with pytest.raises((Unavailable, NoAnswer)):
        await log.append([(event("history.selection.cadre.c-ana.x"), None)])
    while log.client.is_connected:
        await asyncio.sleep(0.02)
    with pytest.raises(Unavailable, match="cannot be reached"):
        await log.append([(event("history.selection.cadre.c-ana.x"), None)])
    environment.server.start()


async def test_the_stream_is_set_up_once_and_never_changed_silently(log: Log) -> None:
    assert await provision(log.client) is False
    info = await log.info()
    changed = info["config"] | {"max_bytes": 1_000_000_000}
    answer = await log.client.request(
        "$JS.API.STREAM.UPDATE.HISTORY", json.dumps(changed).encode(), timeout=5
    )
    assert "error" not in json.loads(answer.data)
    with pytest.raises(CadreError, match="max_bytes"):
        await provision(log.client)
