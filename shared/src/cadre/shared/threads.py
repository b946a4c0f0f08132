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
type Snapshot[T] = AbstractAsyncContextManager[tuple[AsyncConnection, T]]


class Threads(Protocol):
    """How a kind of database carries out the transactions of `Database`."""

    async def write[T](self, work: Work[T]) -> T: ...
    async def read[T](self, work: Work[T]) -> T: ...
    async def query[T](self, work: Work[T]) -> T: ...
    def snapshot[T](self, first: Work[T], hold: str) -> Snapshot[T]: ...
    async def close(self) -> None: ...


async def on_thread[T](threads: ThreadPoolExecutor, call: Callable[[], T]) -> T:
    """What the call returns, carried out on one of these threads in the caller's context."""
    context = copy_context()
    return await asyncio.get_running_loop().run_in_executor(threads, context.run, call)
