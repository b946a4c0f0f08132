"""What the suites of Supervision share: its routes over real read models."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.middleware.base import RequestResponseEndpoint

from cadre.contracts.event import Event, Forgotten
from cadre.shared.deciding.messages import Recorded
from cadre.shared.deciding.testing import recorded
from cadre.shared.projecting.read_models_sql import apply
from cadre.shared.showing.reader import Reader
from cadre.supervision.app import SERVICE

type Get = Callable[..., Awaitable[dict[str, Any]]]


class ClearText:
    """Opens nothing: in these suites personal values were never sealed."""

    async def open_token(self, text: str) -> str | Forgotten:
        return text


@asynccontextmanager
async def routes_over(history: Sequence[Recorded[Event]]) -> AsyncGenerator[Get]:
    """``await get(path, on=…)`` on the read models of this history."""
    engine = create_async_engine("sqlite+aiosqlite://")
    async with engine.connect() as connection:
        models = SERVICE.read_models
        await connection.run_sync(models.metadata.create_all)
        for fact in history:
            await apply(connection, models.metadata, models.changes(fact))
        app = _app(Reader(connection, len(history), ClearText()))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://supervision") as client:

            async def get(path: str, **query: object) -> dict[str, Any]:
                params = {name: str(value) for name, value in query.items()}
                answer = await client.get(path, params=params)
                return answer.raise_for_status().json()

            yield get
    await engine.dispose()


def _app(reader: Reader) -> FastAPI:
    app = FastAPI()
    for routes in SERVICE.routes:
        app.include_router(routes.router)

    @app.middleware("http")
    async def read(request: Request, call_next: RequestResponseEndpoint) -> Response:
        request.state.reader = reader
        return await call_next(request)

    return app


@pytest.fixture
def after() -> Callable[..., AbstractAsyncContextManager[Get]]:
    """``async with after(*events) as get``: the routes after these events."""

    def told(*events: Event) -> AbstractAsyncContextManager[Get]:
        return routes_over([recorded(i, event) for i, event in enumerate(events, start=1)])

    return told


@pytest.fixture
def over() -> Callable[[Sequence[Recorded[Event]]], AbstractAsyncContextManager[Get]]:
    """The same for recorded events, whose ids stay while their order changes."""
    return routes_over
