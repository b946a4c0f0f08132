"""A position that moves on, and that others may wait for."""

import asyncio
from dataclasses import dataclass, field

from cadre.shared.deciding.errors import Unavailable


@dataclass(slots=True)
class Progress:
    """How far something has come; ``done`` says what was done with the events up to there."""

    done: str
    position: int = 0
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    def reach(self, position: int) -> None:
        """Tell everyone who waits."""
        self.position = position
        self._moved.set()
        self._moved = asyncio.Event()

    async def beyond(self, position: int) -> None:
        """Return once more than ``position`` is reached."""
        while self.position <= position:
            await self._moved.wait()

    async def wait(self, position: int, timeout_s: float) -> None:
        """Return once ``position`` is reached.

        Raises: Unavailable after ``timeout_s`` seconds.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self.beyond(position - 1)
        except TimeoutError as error:
            raise Unavailable(
                "等待超时，尚未到达该位置 · "
                f"position {position} is not {self.done} after {timeout_s:g} s; at {self.position}",
                hint="请稍后再问，或查看投影状态 · "
                "ask again, or look at `cadre projections status`",
            ) from error
