"""What a query sees: one read transaction, the position it is true for, and the key to open names.

A route takes ``reader: Reading``. Callers may add ``?after=N`` to wait until position N is applied;
every answer carries the header ``Cadre-Position``, and ``Cadre-Parked`` while persons are parked.
"""

from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.contracts.event import Forgotten, Sealed, clear


def token(value: object) -> str | None:
    """What a read model stores of a personal field: the sealed token, never the clear text."""
    match value:
        case None | Forgotten():
            return None
        case Sealed():
            return value.sealed
        case _:
            return str(value)


class Opener(Protocol):
    """Opens sealed tokens; see `cadre.shared.keyring`."""

    async def open_token(self, text: str) -> str | Forgotten: ...


@dataclass(frozen=True, slots=True)
class Reader:
    """One read of the read models."""

    connection: AsyncConnection
    position: int
    opener: Opener

    async def open(self, text: str | None) -> str | None:
        """The clear text of a stored personal value; 〔已遗忘〕 once its key is gone."""
        return None if text is None else clear(await self.opener.open_token(text))


async def _reader(request: Request) -> Reader:
    reader = request.state.reader
    assert isinstance(reader, Reader)  # noqa: S101
    return reader


Reading = Annotated[Reader, Depends(_reader)]
