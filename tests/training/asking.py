"""The routes of Training over read models that a test has filled."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.middleware.base import RequestResponseEndpoint

from cadre.contracts.event import Event, Forgotten
from cadre.shared.deciding.testing import recorded
from cadre.shared.projecting.read_models_sql import apply
from cadre.shared.showing.reader import Reader
from cadre.training.app import SERVICE

type Get = Callable[..., Awaitable[dict[str, Any]]]


class ClearText:
    """Opens nothing: in these suites personal values were never sealed."""

    async def open_token(self, text: str) -> str | Forgotten:
        return text


async def project(connection: AsyncConnection, *history: Event) -> None:
    """Apply a history twice: the second time must change nothing."""
    models = SERVICE.read_models
    for _ in range(2):
        changes = [
            change
            for position, event in enumerate(history, start=1)
            for change in models.changes(recorded(position, event))
        ]
        await apply(connection, models.metadata, changes)


def reading(connection: AsyncConnection) -> Reader:
    return Reader(connection, 0, ClearText())


@asynccontextmanager
async def asking(reader: Reader) -> AsyncGenerator[Get]:
    """``await get(path, on=…)`` on what a reader sees. Raises httpx.HTTPStatusError."""
    app = FastAPI()
    for routes in SERVICE.routes:
        app.include_router(routes.router)

    @app.middleware("http")
    async def read(request: Request, call_next: RequestResponseEndpoint) -> Response:
        request.state.reader = reader
        return await call_next(request)

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://training") as client:

        async def get(path: str, **query: object) -> dict[str, Any]:
            url = httpx.URL(path).copy_merge_params({name: str(v) for name, v in query.items()})
            answer = await client.get(url)
            return answer.raise_for_status().json()

        yield get
