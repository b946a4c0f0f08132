"""Whole transactions away from the event loop: what each kind of database does in its own way."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from contextvars import copy_context
from typing import Protocol

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

type Work[T] = Callable[[Connection], T]
type Then[T] = Callable[[T], None]
"""Called on the event loop with what a transaction returned, as soon as it is committed."""
type Snapshot[T] = AbstractAsyncContextManager[tuple[AsyncConnection, T]]


class Threads(Protocol):
    """How a kind of database carries out the transactions of `Database`."""

    async def write[T](self, work: Work[T], then: Then[T] | None) -> T: ...
    async def read[T](self, work: Work[T]) -> T: ...
    async def query[T](self, work: Work[T]) -> T: ...
    def snapshot[T](self, first: Work[T], hold: str) -> Snapshot[T]: ...
    def leave(self) -> None: ...
    async def close(self) -> None: ...


async def on_thread[T](
    threads: ThreadPoolExecutor, call: Callable[[], T], then: Then[T] | None = None
) -> T:
    """What the call returns, carried out on one of these threads in the caller's context.

    The caller goes on one pass of the event loop after ``then`` was called, and under load a pass
    takes ten milliseconds.
    """
    loop, context = asyncio.get_running_loop(), copy_context()

    def carried_out() -> T:
        result = context.run(call)
        if then is not None:
            loop.call_soon_threadsafe(then, result)
        return result

    return await loop.run_in_executor(threads, carried_out)
