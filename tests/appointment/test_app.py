from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.middleware.base import RequestResponseEndpoint

from appointment.motions import MOTION, POST, after
from appointment.people import LIN
from appointment.tables_of import Shouting, batches, filled
from cadre.appointment.app import SERVICE
from cadre.shared.deciding.errors import CadreError
from cadre.shared.showing.reader import Reader


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The routes over the tables of a motion that was concluded."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'appointment.db'}")
    async with engine.begin() as connection:
        await filled(connection, batches(after(8)))
    app = FastAPI()
    for routes in SERVICE.routes:
        app.include_router(routes.router)

    @app.middleware("http")
    async def read(request: Request, call_next: RequestResponseEndpoint) -> Response:
        async with engine.connect() as connection:
            request.state.reader = Reader(connection, 0, Shouting())
            return await call_next(request)

    @app.exception_handler(CadreError)
    async def tell(_request: Request, error: CadreError) -> JSONResponse:
        return JSONResponse(error.problem(), status_code=error.status)

    assert read
    assert tell
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    await engine.dispose()


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("/vacancies?on=2026-04-07", "free", 0),
        (f"/posts/{POST}?on=2026-04-07", "filled", 1),
        (f"/motions/{MOTION}", "status", "concluded"),
        ("/promotions?from=2026-01-01&to=2026-12-31&age=41", "young", 1),
        ("/promotions?from=2026-01-01&to=2026-12-31&age=41&inclusive=false", "young", 0),
        ("/promotions?from=2026-01-01&to=2026-12-31&rounding=truncate", "rounding", "truncate"),
        ("/probations?due_by=2027-04-07", "due_by", "2027-04-07"),
        ("/reviews", "reviews", []),
        (f"/cadres/{LIN}/promotions?on=2026-12-31", "cadre_id", LIN),
    ],
)
async def test_routes_answer(
    client: httpx.AsyncClient, path: str, field: str, value: object
) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.json()[field] == value


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/motions/m-0", 404),
        ("/posts/nowhere?on=2026-01-01", 404),
        ("/promotions?from=2026-12-31&to=2026-01-01", 400),
        ("/cadres/not-an-id/promotions?on=2026-01-01", 422),
        ("/vacancies?on=2026-02-30", 422),
    ],
)
async def test_errors_are_told(client: httpx.AsyncClient, path: str, status: int) -> None:
    assert (await client.get(path)).status_code == status


def test_every_command_has_one_handler() -> None:
    names = [handler.command.name for handler in SERVICE.handlers]
    assert len(names) == len(set(names)) == 16
