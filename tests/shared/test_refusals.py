"""What the log's server answers instead of a position, provoked where it can be."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from cadre.shared.deciding.decider import Fold
from cadre.shared.deciding.errors import TooLarge, Unavailable
from cadre.shared.deciding.guards import guard_of
from cadre.shared.log.codec import Outgoing
from cadre.shared.log.refusals import passes, refusal
from cadre.shared.log.stream import Conflict, Expectation, Log, NoAnswer
from support.nats_server import NatsServer

SUBJECT = "history.selection.cadre.c-ana.observed"
BATCHES_OPEN_MAX = 50


@pytest.fixture
async def log(server: NatsServer) -> AsyncIterator[Log]:
    client = await server.connect("operator")
    yield Log(client)
    await client.close()


def event(message_id: str | None = None) -> tuple[Outgoing, None]:
    return Outgoing(SUBJECT, {"Nats-Msg-Id": message_id or str(uuid4()), "ce-id": "x"}, b"{}"), None


async def change(log: Log, **config: Any) -> None:
    answer = await log.api("STREAM.UPDATE.HISTORY", (await log.info())["config"] | config)
    assert "error" not in answer, answer


@pytest.mark.parametrize(
    ("code", "again", "kind"),
    [
        (10071, False, Conflict),
        (10164, False, Conflict),
        (10201, False, Conflict),
        (10158, True, NoAnswer),
        (10009, True, Unavailable),
        (10176, True, Unavailable),
        (10210, True, Unavailable),
        (10054, False, TooLarge),
        (10199, False, TooLarge),
        (10077, False, NoAnswer),
        (10008, False, Unavailable),
        (10023, False, Unavailable),
        (10060, False, Unavailable),
        (10174, False, Unavailable),
        (99999, False, Unavailable),
    ],
)
def test_each_refusal_means_something(code: int, again: bool, kind: type[Exception]) -> None:
    error = {"code": 400, "err_code": code, "description": "told"}
    assert passes(error) == again
    assert type(refusal(error, SUBJECT)) is kind


async def test_where_batches_are_not_taken_nothing_is_written_and_that_is_told(log: Log) -> None:
    await change(log, allow_atomic=False)
    with pytest.raises(Unavailable, match="atomic publish is disabled"):
        await log.append([event(), event()])
    assert await log.last_position() == 0


async def test_more_batches_than_the_server_keeps_wait_for_each_other(log: Log) -> None:
    """As many are open as it keeps: others have not come to the end of theirs."""
    begun = [uuid4().hex for _ in range(BATCHES_OPEN_MAX)]
    for batch in begun:
        headers = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": "1"}
        await log.client.publish(SUBJECT, b"{}", headers=headers)
    await log.client.flush()
    append = asyncio.create_task(log.append([event(), event()]))
    await asyncio.sleep(0.3)
    assert not append.done()
    last = {"Nats-Batch-Id": begun[0], "Nats-Batch-Sequence": "2", "Nats-Batch-Commit": "1"}
    ended = await log.client.request(SUBJECT, b"{}", timeout=5, headers=last)
    assert json.loads(ended.data)["seq"] == 2
    assert await append == [3, 4]


async def test_a_batch_with_an_event_that_is_stored_is_a_conflict(log: Log) -> None:
    await log.append([event("one")])
    with pytest.raises(Conflict):
        await log.append([event("two"), event("one")])
    with pytest.raises(Conflict):
        await log.append([event("one")])


def test_another_filter_than_that_of_the_history_is_a_defect() -> None:
    assert guard_of(SUBJECT) == "history.*.cadre.c-ana.>"
    assert guard_of("history.selection.pool.p.defined") == "history.selection.pool.p.>"
    for service, entity in (("selection", "cadre"), ("*", "pool")):
        with pytest.raises(ValueError, match="is not that of"):
            Fold(service, entity, None, lambda state, _: state)


def test_a_history_is_named_alike_by_its_scope_and_its_events() -> None:
    cadre = Fold("*", "cadre", None, lambda state, _: state).of("c-ana")
    pool = Fold("selection", "pool", None, lambda state, _: state).of("p")
    assert cadre.subjects == guard_of("history.training.cadre.c-ana.trained")
    assert pool.subjects == guard_of("history.selection.pool.p.pool-defined")
    assert Expectation(cadre.subjects, 3).headers() == {
        "Nats-Expected-Last-Subject-Sequence": "3",
        "Nats-Expected-Last-Subject-Sequence-Subject": cadre.subjects,
    }
