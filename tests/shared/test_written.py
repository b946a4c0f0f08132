"""A write left unanswered is a fault until something shows that the log stores."""

import asyncio
import time

import pytest

from cadre.shared import write_test
from cadre.shared.errors import Unavailable
from cadre.shared.log import Log
from cadre.shared.write_test import WriteTest
from support.nats_server import NatsServer


async def test_the_doubt_about_a_log_that_nobody_writes_to_ends(
    server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log(await server.connect("selection"))
    writes = WriteTest(log, "selection")
    await writes.look()
    log.written.unanswered(time.monotonic())
    for _ in range(2):
        with pytest.raises(Unavailable, match="unanswered"):
            await writes.look()
    monkeypatch.setattr(write_test, "DOUBT_S_MAX", 0.0)
    await writes.look()
    assert log.written.unanswered_since is None
    await log.client.close()


async def test_a_server_started_anew_is_not_the_one_that_left_a_write_unanswered(
    server: NatsServer,
) -> None:
    """Also where the connection was back before anybody knew of the write."""
    log = Log(await server.connect("selection"))
    writes = WriteTest(log, "selection")
    await writes.look()
    sent_at = time.monotonic()
    server.kill()
    server.start()
    async with asyncio.timeout(30):
        while not log.client.stats["reconnects"]:
            await asyncio.sleep(0.01)
    log.written.unanswered(sent_at)
    await writes.look()
    assert log.written.unanswered_since is None
    await log.client.close()
