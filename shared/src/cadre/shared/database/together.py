"""Look-ups that share a query: what is asked for while one is under way waits for the next."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(eq=False, slots=True)
class _Asked[K, V]:
    keys: Collection[K]
    found: asyncio.Future[Mapping[K, V]]


@dataclass(slots=True)
class Together[K, V]:
    """Asks ``look_up`` for what many callers want at once, one query after the other.

    A query begins after whoever it answers has asked, so it sees all that they may expect.
    """

    look_up: Callable[[Collection[K]], Awaitable[Mapping[K, V]]]
    """What it knows of these keys; whom it does not know it leaves out."""
    _waiting: list[_Asked[K, V]] = field(default_factory=list[_Asked[K, V]])
    _task: asyncio.Task[None] | None = None

    async def find(self, keys: Iterable[K]) -> dict[K, V]:
        """Those of the keys that are known. Raises: whatever ``look_up`` raises."""
        asked: _Asked[K, V] = _Asked(tuple(keys), asyncio.get_running_loop().create_future())
        if not asked.keys:
            return {}
        self._waiting.append(asked)
        if self._task is None:
            self._task = asyncio.create_task(self._answer())
        found = await asked.found
        return {key: found[key] for key in asked.keys if key in found}

    async def _answer(self) -> None:
        try:
            while self._waiting:
                together = [one for one in self._waiting if not one.found.done()]
                self._waiting = []
                if together:
                    await self._answer_all(together)
        finally:
            self._task = None

    async def _answer_all(self, together: list[_Asked[K, V]]) -> None:
        wanted = {key for one in together for key in one.keys}
        try:
            found = await self.look_up(wanted)
        except Exception as error:  # noqa: BLE001  # whoever waits must hear of it
            for one in together:
                if not one.found.done():
                    one.found.set_exception(error)
        else:
            for one in together:
                if not one.found.done():
                    one.found.set_result(found)
