"""What a query sees: one read transaction, the position it is true for, and the key to open names.

A route takes ``reader: Reading``. Callers may add ``?after=N`` to wait until position N is applied;
every answer carries the header ``Cadre-Position``, and ``Cadre-Parked`` while persons are parked.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Protocol

from fastapi import Depends, Query, Request
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from cadre.contracts.event import Forgotten, clear
from cadre.shared.asking.parameters import Day
from cadre.shared.deciding.calendar import today_in_china
from cadre.shared.deciding.decider import Scope
from cadre.shared.keys.keyring import PREFIX, person_of
from cadre.shared.log.signed import Message

RESTRICTED = "〔限制处理〕"


async def _on(
    on: Annotated[
        Day | None,
        Query(description="截至该日的情况，默认今天 · As of this day; else today in China"),
    ] = None,
) -> date:
    return on or today_in_china()


On = Annotated[date, Depends(_on)]
"""The day a question is about; today in China where the caller names none."""


class Opener(Protocol):
    """Opens sealed tokens; see `cadre.shared.keys.keyring`."""

    async def open_token(self, text: str) -> str | Forgotten: ...


type Line = dict[str, Any]
"""A row by the names of its columns."""


@dataclass(frozen=True)
class Queries:
    """Queries with the same parameters that are asked together.

    To be built once: that costs as much as carrying them out.
    """

    each: Sequence[Select[Any]]

    @classmethod
    def of(cls, *each: Select[Any]) -> "Queries":
        return cls(each)

    @cached_property
    def together(self) -> Select[Any]:
        """One query for PostgreSQL, whose only row holds the rows of each as an array.

        The driver gives a row in an array as it would give it alone.
        """
        rows = [select(func.row(*query.subquery().c)).scalar_subquery() for query in self.each]
        return select(*(func.array(one).label(f"rows{n}") for n, one in enumerate(rows)))

    @cached_property
    def columns(self) -> list[list[str]]:
        """The names of the columns of each."""
        return [query.selected_columns.keys() for query in self.each]


@dataclass(frozen=True, slots=True)
class Reader:
    """One read of the read models. ``hidden`` are the cadres whose data it may not use."""

    connection: AsyncConnection
    position: int
    opener: Opener
    hidden: frozenset[str] = frozenset()

    async def read(self, queries: Queries, **parameters: object) -> list[list[Line]]:
        """The rows of each query; PostgreSQL is asked once for all."""
        if len(queries.each) > 1 and self.connection.dialect.name == "postgresql":
            answer = await self.connection.execute(queries.together, parameters)
            each = zip(queries.columns, answer.one(), strict=True)
            return [[dict(zip(names, row, strict=True)) for row in rows] for names, rows in each]
        answers = [await self.connection.execute(query, parameters) for query in queries.each]
        return [[dict(row) for row in answer.mappings()] for answer in answers]

    async def open(self, text: str | None) -> str | None:
        """The clear text of a stored personal value.

        It reads 〔已遗忘〕 once its key is gone and 〔限制处理〕 while it may only be stored.
        """
        if text is None:
            return None
        return await opened(self.opener, text, self.hidden)


async def opened(opener: Opener, text: str, hidden: Container[str]) -> str:
    """A stored personal value as people read it."""
    if text.startswith(PREFIX) and person_of(text) in hidden:
        return RESTRICTED
    return clear(await opener.open_token(text))


class LogHistories(Protocol):
    """Folds a history from the log itself; see `cadre.shared.handling.handling.Handling.fold`."""

    async def fold[S](self, scope: Scope[S], known_at: int | None = None) -> S: ...

    async def messages(self, scope: Scope[Any]) -> list[Message]: ...


async def _histories(request: Request) -> LogHistories:
    histories: LogHistories = request.app.state.runtime.handling
    return histories


FromLog = Annotated[LogHistories, Depends(_histories)]
"""For routes that answer from the log's evidence rather than from tables."""


async def _reader(request: Request) -> Reader | None:
    # There is none where a parameter of its own is refused: the route is not called then, but what
    # it depends on is.
    return getattr(request.state, "reader", None)


Reading = Annotated[Reader, Depends(_reader)]
