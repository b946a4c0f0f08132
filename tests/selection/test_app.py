from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.middleware.base import RequestResponseEndpoint

from cadre.contracts.event import Forgotten
from cadre.contracts.selection.pool import PoolClass, PoolDefined
from cadre.contracts.selection.profile import Recruited
from cadre.contracts.vocabulary import Channel, Education, Political, Sex
from cadre.selection.app import SERVICE
from cadre.selection.deciding.profile import Recruit
from cadre.shared.database.database import Database
from cadre.shared.deciding.calendar import today_in_china
from cadre.shared.deciding.errors import CadreError
from cadre.shared.deciding.messages import Meta
from cadre.shared.deciding.rights import EVERYTHING_ALLOWED
from cadre.shared.deciding.testing import recorded
from cadre.shared.handling.handling import Handling
from cadre.shared.keys.context import Context
from cadre.shared.projecting.read_models_sql import apply
from cadre.shared.running.gate import Gate
from cadre.shared.showing.reader import Reader

NUMBER = "11010519491231002X"
RECRUIT = Recruit(
    full_name="王芳",
    id_number=NUMBER,
    birth_date=date(1949, 12, 31),
    birth_month="1949-12",
    sex=Sex.FEMALE,
    ethnicity="汉族",
    political=Political.MASSES,
    education=Education.BACHELOR,
    channel=Channel.CIVIL_SERVICE,
    unit_id="u-water",
    unit_name="水利局",
    effective_on=date(1970, 7, 1),
)
POOL = PoolDefined(
    pool_id="young",
    pool_class=PoolClass.YOUNG,
    title="优秀年轻干部库",
    seats=50,
    effective_on=date(2020, 1, 1),
)


class Shouting:
    """Shows in an answer that a token was opened."""

    async def open_token(self, text: str) -> str | Forgotten:
        return f"opened {text}"


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Context]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'selection.db'}")
    context = Context(store=database, index_key=b"k" * 32)
    await SERVICE.start(context)
    async with database.engine.begin() as connection:
        await connection.run_sync(SERVICE.read_models.metadata.create_all)
    yield context
    await database.close()


@pytest.fixture
async def cadre_id(context: Context) -> str:
    """Somebody recruited, in the index and in the tables; and an empty pool."""
    meta = Meta(command_id=UUID(int=1), actor="spec")
    prepared = await SERVICE.prepare(context, RECRUIT, meta)
    person = Recruited.model_validate(dict(prepared))
    async with context.store.engine.begin() as connection:
        for position, event in enumerate((person, POOL), start=1):
            changes = SERVICE.read_models.changes(recorded(position, event))
            await apply(connection, SERVICE.read_models.metadata, changes)
    return person.cadre_id


@pytest.fixture
async def client(context: Context) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.state.context = context
    app.state.runtime = SimpleNamespace(gate=Gate(cast(Handling, SimpleNamespace(service=SERVICE))))
    for routes in SERVICE.routes:
        app.include_router(routes.router)

    @app.middleware("http")
    async def with_reader(request: Request, call_next: RequestResponseEndpoint) -> Response:
        async with context.store.engine.connect() as connection:
            request.state.reader = Reader(connection, 2, Shouting())
            request.state.caller = EVERYTHING_ALLOWED
            return await call_next(request)

    @app.exception_handler(CadreError)
    async def tell(_request: Request, error: CadreError) -> Response:
        return JSONResponse(error.problem(), error.status)

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://selection") as client:
        yield client


async def test_finding_somebody(client: httpx.AsyncClient, cadre_id: str) -> None:
    expected = {
        "cadres": [{"cadre_id": cadre_id, "full_name": "opened 王芳", "unit_name": "水利局"}]
    }
    by_name = await client.post("/cadres/find", json={"name": "王　芳"})
    assert by_name.json() == expected
    by_number = await client.post("/cadres/find", json={"id_number": NUMBER.lower()})
    assert by_number.json() == expected
    nobody = await client.post("/cadres/find", json={"name": "李强", "id_number": NUMBER})
    assert nobody.json() == {"cadres": []}


async def test_a_search_needs_something_to_search_for(client: httpx.AsyncClient) -> None:
    assert (await client.post("/cadres/find", json={})).status_code == 400
    assert (await client.post("/cadres/find", json={"id_number": "123"})).status_code == 400


@pytest.mark.usefixtures("cadre_id")
async def test_a_name_remembered_for_a_refused_command_finds_nobody(
    client: httpx.AsyncClient, context: Context
) -> None:
    other = RECRUIT.model_copy(
        update={
            "full_name": "李强",
            "id_number": "440524188001010014",
            "birth_date": date(1880, 1, 1),
            "birth_month": "1880-01",
            "sex": Sex.MALE,
        }
    )
    await SERVICE.prepare(context, other, Meta(command_id=UUID(int=2), actor="spec"))
    assert (await client.post("/cadres/find", json={"name": "李强"})).json() == {"cadres": []}


async def test_the_view_of_a_cadre(client: httpx.AsyncClient, cadre_id: str) -> None:
    view = (await client.get(f"/cadres/{cadre_id}")).json()
    assert view["full_name"] == "opened 王芳"
    assert view["id_number"] == f"opened {NUMBER}"
    assert (view["entered_on"], view["channel"]) == ("1970-07-01", "civil-service")
    stranger = await client.get("/cadres/c-zzzzzzzzzz")
    assert (stranger.status_code, stranger.json()["where"]) == (404, "c-zzzzzzzzzz")


async def test_every_other_route_answers(client: httpx.AsyncClient, cadre_id: str) -> None:
    on = {"on": "2026-11-20"}
    coverage = (await client.get("/coverage", params=on)).json()
    assert (coverage["managed"], coverage["assessed"]) == (1, 0)
    blind = (await client.get("/observations/blind-spots", params=on | {"months": 6})).json()
    assert (blind["after"], len(blind["unobserved"])) == ("2026-05-20", 1)
    intake = (await client.get("/intake/1970")).json()
    assert [hire["cadre_id"] for hire in intake["unplanned"]] == [cadre_id]
    pools = (await client.get("/pools", params=on)).json()
    assert [(pool["pool_id"], pool["members"]) for pool in pools["pools"]] == [("young", 0)]
    assert (await client.get("/pools/young", params=on)).json()["members"] == []
    period = {"from": "2026-01-01", "to": "2026-12-31"}
    stock = (await client.get("/pools/young/stock", params=period)).json()
    assert (stock["from"], stock["to"], stock["opening"], stock["closing"]) == (
        "2026-01-01",
        "2026-12-31",
        0,
        0,
    )
    of_cadre = (await client.get(f"/cadres/{cadre_id}/pools")).json()
    assert of_cadre == {"cadre_id": cadre_id, "steps": [], "stays": []}
    seen = (await client.get(f"/cadres/{cadre_id}/observations")).json()
    assert seen == {"cadre_id": cadre_id, "on": str(today_in_china()), "observations": []}
    plan = await client.get("/intake-plans/plan-1970")
    assert plan.status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/coverage?on=2026-02-30", 422),
        ("/intake/1800", 422),
        ("/observations/blind-spots?on=2026-11-20&months=0", 422),
        ("/pools/nowhere?on=2026-11-20", 404),
        ("/pools/young/stock?from=2026-12-31&to=2026-01-01", 400),
    ],
)
@pytest.mark.usefixtures("cadre_id")
async def test_what_cannot_be_asked(client: httpx.AsyncClient, path: str, status: int) -> None:
    assert (await client.get(path)).status_code == status


def test_every_command_has_a_handler_and_a_summary() -> None:
    names = [handler.command.name for handler in SERVICE.handlers]
    assert sorted(names) == [
        "annul",
        "assess-for-pool",
        "assess-political-quality",
        "compare-for-pool",
        "correct-profile",
        "declare-kin",
        "define-pool",
        "enter-pool",
        "exit-pool",
        "forget",
        "lift-political-veto",
        "lift-restriction",
        "log-contact",
        "nominate-for-pool",
        "observe",
        "open-review",
        "plan-intake",
        "record-baseline",
        "recruit",
        "restrict",
    ]
    assert all(handler.command.__doc__ for handler in SERVICE.handlers)
