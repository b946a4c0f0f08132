"""What a service looks at: how far its runner is, and what a look costs."""

import time

import pytest

from cadre.shared.deciding.errors import Unavailable
from cadre.shared.log.stream import Log
from cadre.shared.running import checks
from cadre.shared.running.checks import Mover, Seldom
from cadre.shared.running.runtime import running
from support import mini
from support.environment import Environment


def test_a_lag_is_as_old_as_what_is_known_and_not_applied():
    at = 5
    mover = Mover("projector", lambda: at)
    mover.seen(5)
    assert mover.lag_s == 0
    mover.seen(9)
    begun = mover.behind_since
    assert begun is not None
    at = 8
    mover.seen(12)
    assert mover.behind_since == begun, "position 9 is still not applied"
    at = 9
    mover.seen(12)
    assert mover.behind_since is not None
    assert mover.behind_since >= begun, "9 is applied, 12 is not"
    at = 12
    mover.seen(12)
    assert mover.lag_s == 0


def test_who_has_caught_up_does_not_stand_still():
    mover = Mover("projector", lambda: 5)
    mover.moved_at = time.monotonic() - 100
    mover.seen(5)
    assert mover.still_s < 1
    mover.moved_at = time.monotonic() - 100
    mover.seen(6)
    assert mover.still_s > 99


async def test_a_runner_that_stands_still_is_named(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(checks, "STILL_S_MAX", 0.0)
    async with running(mini.service(), environment.settings()) as runtime:
        await runtime.running.look()
        monkeypatch.setattr(type(runtime.projector), "journal_position", -1)
        monkeypatch.setattr(Log, "last_position", _far)
        with pytest.raises(Unavailable, match="the projector has stood still at -1"):
            await runtime.running.look()


async def _far(_log: Log) -> int:
    return 100


async def test_a_look_is_seldom_taken_while_all_is_well_and_always_while_it_is_not():
    looks, well = 0, True

    async def look() -> None:
        nonlocal looks
        looks += 1
        if not well:
            raise Unavailable("no")

    seldom = Seldom(look, every_s=60)
    await seldom()
    await seldom()
    assert looks == 1
    seldom, well = Seldom(look, every_s=60), False
    for _ in range(3):
        with pytest.raises(Unavailable):
            await seldom()
    assert looks == 4
