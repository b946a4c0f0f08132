"""One service, as data: what it decides, what it shows, what it does when others speak."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncEngine

from cadre.shared.decider import Handler
from cadre.shared.messages import Command, Meta
from cadre.shared.reactions import Reaction
from cadre.shared.read_models import ReadModels


@dataclass(frozen=True, slots=True)
class Context:
    """What a service may hold besides the log and its tables.

    ``engine`` is the key store's durable database: what cannot be read from the log again and must
    be deletable (a search index of personal values) belongs there, never among the tables.
    ``index_key`` is empty where a service keeps no such index.
    """

    engine: AsyncEngine
    index_key: bytes
    fingerprint_key: bytes = b""


type Prepare = Callable[[Context, Command, Meta], Awaitable[Command]]


async def as_sent(_context: Context, command: Command, _meta: Meta) -> Command:
    """Prepare nothing: decide the command as it was sent."""
    return command


async def nothing(_context: Context) -> None:
    """Start nothing."""


@dataclass(frozen=True, slots=True)
class Service:
    """What a service consists of.

    ``prepare`` may complete a command before it is decided (assign an id); ``start`` runs once.
    """

    name: str
    title: str
    handlers: Sequence[Handler[Any]]
    read_models: ReadModels
    router: APIRouter
    reactions: Sequence[Reaction[Any]] = field(default=())
    prepare: Prepare = as_sent
    start: Callable[[Context], Awaitable[None]] = nothing
