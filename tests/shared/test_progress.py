import asyncio

import pytest

from cadre.shared.deciding.errors import Unavailable
from cadre.shared.upkeep.progress import Progress


async def test_waiters_return_at_their_position_and_not_before() -> None:
    progress = Progress("applied", 3)
    await progress.wait(3, 0)
    at_five = asyncio.create_task(progress.wait(5, 5))
    beyond_five = asyncio.create_task(progress.beyond(5))
    for position, done in ((4, (False, False)), (5, (True, False)), (6, (True, True))):
        progress.reach(position)
        for _ in range(3):
            await asyncio.sleep(0)
        assert (at_five.done(), beyond_five.done()) == done


async def test_who_waits_in_vain_is_told_how_far_it_has_come() -> None:
    with pytest.raises(Unavailable, match=r"position 4 is not applied after 0.01 s; at 3"):
        await Progress("applied", 3).wait(4, 0.01)
