"""Look-ups that share a query: each caller gets its own, and nobody an answer from before."""

import asyncio
from collections.abc import Collection, Mapping

import pytest

from cadre.shared.database.together import Together


class Store:
    """Knows the squares of even numbers, and answers when it is let."""

    def __init__(self) -> None:
        self.asked: list[set[int]] = []
        self.open = asyncio.Event()
        self.known = {number: number * number for number in range(0, 100, 2)}
        self.broken = False

    async def look_up(self, keys: Collection[int]) -> Mapping[int, int]:
        self.asked.append(set(keys))
        found = {key: self.known[key] for key in keys if key in self.known}
        await self.open.wait()
        if self.broken:
            raise ConnectionError("gone")
        return found


async def until_asked(store: Store, times: int) -> None:
    while len(store.asked) < times:
        await asyncio.sleep(0)


async def test_what_is_asked_at_once_is_one_query_and_each_gets_its_own() -> None:
    store = Store()
    store.open.set()
    together = Together(store.look_up)
    found = await asyncio.gather(together.find([2, 4]), together.find([4, 5]), together.find([7]))
    assert found == [{2: 4, 4: 16}, {4: 16}, {}]
    assert store.asked == [{2, 4, 5, 7}]


async def test_who_asks_during_a_query_is_answered_by_the_next() -> None:
    store = Store()
    together = Together(store.look_up)
    first = asyncio.create_task(together.find([3]))
    await until_asked(store, 1)
    store.known[3] = 9
    later = [asyncio.create_task(together.find([3])), asyncio.create_task(together.find([6]))]
    await asyncio.sleep(0)
    store.open.set()
    assert await first == {}, "it began before"
    assert await asyncio.gather(*later) == [{3: 9}, {6: 36}]
    assert store.asked == [{3}, {3, 6}]


async def test_an_error_reaches_whoever_waited_and_nobody_after() -> None:
    store = Store()
    store.broken = True
    together = Together(store.look_up)
    waiting = [asyncio.create_task(together.find([number])) for number in (2, 4)]
    await until_asked(store, 1)
    store.open.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(error) for error in found] == [ConnectionError, ConnectionError]
    store.broken = False
    assert await together.find([2]) == {2: 4}


async def test_one_who_goes_away_takes_nothing_from_the_others() -> None:
    store = Store()
    together = Together(store.look_up)
    gone, stays = asyncio.create_task(together.find([2])), asyncio.create_task(together.find([4]))
    await until_asked(store, 1)
    gone.cancel()
    store.open.set()
    assert await stays == {4: 16}
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await together.find([]) == {}
    assert len(store.asked) == 1, "nothing is asked for nothing"


async def test_where_everybody_went_away_nothing_is_asked() -> None:
    store = Store()
    together = Together(store.look_up)
    first = asyncio.create_task(together.find([2]))
    await until_asked(store, 1)
    gone = asyncio.create_task(together.find([4]))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    store.open.set()
    assert await first == {2: 4}
    assert await together.find([6]) == {6: 36}
    assert store.asked == [{2}, {6}]
