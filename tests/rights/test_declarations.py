"""Nothing is declared without a right: enumerated over all four services."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from cadre.appointment.app import SERVICE as APPOINTMENT
from cadre.contracts.event import CadreId, UnitId
from cadre.selection.app import SERVICE as SELECTION
from cadre.shared.deciding.decider import Handler
from cadre.shared.deciding.messages import Command
from cadre.shared.deciding.rights import (
    ASKED,
    EVERYBODY,
    NAMED,
    NOBODY,
    About,
    Named,
    Right,
    Role,
    fields_of,
)
from cadre.shared.serving import asyncapi
from cadre.shared.serving.web import create_app
from cadre.shared.showing.reports import Report
from cadre.shared.showing.routes import OPEN_PATHS, Routes, guard
from cadre.shared.showing.service import Service
from cadre.supervision.app import SERVICE as SUPERVISION
from cadre.training.app import SERVICE as TRAINING
from rights.callers import ALL, served
from support import mini
from support.mini import CADRE, Note
from support.nats_server import NatsServer

SERVICES = (SELECTION, TRAINING, SUPERVISION, APPOINTMENT)
every_service = pytest.mark.parametrize("service", SERVICES, ids=lambda s: s.name)
READS = Right(Role.READER, NAMED)


def is_right(told: Any) -> bool:
    return told["role"] in {"any", *Role} and told["about"] in {about.value for about in About}


@every_service
def test_every_operation_over_http_tells_its_right(service: Service, tmp_path: Path) -> None:
    document = create_app(service, mini.settings("nats://127.0.0.1:1", tmp_path)).openapi()
    operations = {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if not path.startswith(OPEN_PATHS) and path != "/commands"
    }
    assert len(operations) > 20
    for told in operations.values():
        assert is_right(told["x-right"])
        assert {"401", "403"} <= told["responses"].keys()
        assert told["security"] == [{"HTTPBearer": []}]
    assert {path.rpartition("/")[2] for _, path in operations if "/commands/" in path} == {
        handler.command.name for handler in service.handlers
    }


@every_service
def test_every_command_over_nats_tells_its_right(service: Service) -> None:
    received = [
        (name, told)
        for name, told in asyncapi.document(service)["operations"].items()
        if told["action"] == "receive"
    ]
    assert {name for name, _ in received} == {one.command.name for one in service.handlers}
    assert all(is_right(told["x-right"]) for _, told in received)


@every_service
def test_who_may_decide_needs_more_than_to_read(service: Service) -> None:
    for handler in service.handlers:
        assert handler.right.role in {Role.RECORDER, Role.DECIDER}, handler.command.name
    for report in service.reports:
        assert report.right.role in {Role.READER, Role.INSPECTOR}, report.name


class Pair(Command):
    """Names two persons and, in a list, units."""

    class Part(BaseModel):
        unit_id: UnitId | None = None

    cadre_id: CadreId
    other: CadreId | None = None
    parts: tuple[Part, ...] = ()


def test_whom_a_command_names_is_read_off_its_types() -> None:
    fields = fields_of(Pair)
    assert (fields.persons, fields.units) == (("cadre_id", "other"), ("parts.unit_id",))
    ana, bo = mini.cadre_id(1), mini.cadre_id(2)
    parts = (Pair.Part(unit_id="u-1"), Pair.Part(), Pair.Part(unit_id="u-2"))
    both = Pair(cadre_id=ana, other=bo, parts=parts, effective_on=mini.DAY)
    assert fields.of(both) == Named(frozenset({ana, bo}), frozenset({"u-1", "u-2"}))
    alone = Pair(cadre_id=ana, effective_on=mini.DAY)
    assert fields.of(alone) == Named(frozenset({ana}))


async def _nothing(cadre_id: CadreId) -> None: ...


async def _no_one(year: int) -> None: ...


@pytest.mark.parametrize(
    "declare",
    [
        lambda: Handler(Note, lambda c, _: (CADRE.of(c.cadre_id),), mini.note),  # type: ignore[call-arg]
        lambda: Handler(
            Note, lambda c, _: (CADRE.of(c.cadre_id),), mini.note, Right(Role.RECORDER, NOBODY)
        ),
        lambda: Handler(mini.Open, lambda _c, _: (), mini.open_pool, mini.RECORDS),
        lambda: Routes.of().get("/x/{cadre_id}", summary="")(_nothing),  # type: ignore[call-arg]
        lambda: Routes.of().get("/x/{cadre_id}", Right(Role.READER, NOBODY), summary="")(_nothing),
        lambda: Routes.of().get("/x/{year}", READS, summary="")(_no_one),
        lambda: Routes.of().get("/x/{year}", Right(Role.READER, ASKED), summary="")(_no_one),
        lambda: Report("r", "报", mini.counts),  # type: ignore[call-arg]
        lambda: Report("r", "报", mini.counts, READS),
        lambda: Report("r", "报", mini.counts, Right(Role.READER, NOBODY)),
        lambda: Report("r", "报", mini.counts, Right(Role.READER, EVERYBODY), of="unit"),
    ],
)
def test_what_names_no_right_or_a_wrong_one_cannot_be_declared(declare: Any) -> None:
    with pytest.raises(TypeError):
        declare()


def test_a_route_that_came_another_way_is_an_error_at_the_start(tmp_path: Path) -> None:
    service = mini.service()
    service.routes[0].router.add_api_route("/behind", _no_one)
    with pytest.raises(TypeError, match="/behind"):
        create_app(service, mini.settings("nats://127.0.0.1:1", tmp_path))
    inner = Routes.of()
    inner.router.include_router(mini.service().routes[0].router)
    with pytest.raises(TypeError):
        guard([inner])


@every_service
def test_the_documents_require_no_account_which_a_token_may_tell(
    service: Service, tmp_path: Path
) -> None:
    told = create_app(service, mini.settings("nats://127.0.0.1:1", tmp_path)).openapi()
    by_path = {
        path: {one["name"]: one for one in operation.get("parameters", ())}
        for path, methods in told["paths"].items()
        for operation in methods.values()
    }
    asking = {path for path, asked in by_path.items() if "cadre-actor" in asked}
    commands = {path for path in by_path if path.startswith("/commands")}
    reading = {"/histories/{entity}/{entity_id}"} if service.confidential else set[str]()
    assert asking >= commands | reading | {"/projections/set-aside"}
    for path in asking:
        actor = by_path[path]["cadre-actor"]
        assert not actor["required"], path
        assert "token" in actor["description"]
    headers = asyncapi.document(service)["components"]["schemas"]["CommandHeaders"]
    assert "Cadre-Actor" not in headers["required"]
    assert "token" in headers["properties"]["Cadre-Actor"]["description"]


async def test_what_has_no_right_is_answered_to_nobody(server: NatsServer, tmp_path: Path) -> None:
    service = mini.service()
    async with served(service, server, tmp_path) as it:
        # Too late for the look at the start.
        app = it.app
        app.add_api_route("/behind", _no_one)
        answer = await it.ask(ALL, "GET", "/behind", params={"year": 2026})
    assert answer.status_code == 403


async def test_only_health_and_documents_need_no_token(server: NatsServer, tmp_path: Path) -> None:
    async with served(mini.service(), server, tmp_path) as it:
        told: httpx.Response = await it.web.get("/openapi.json")
        for path, methods in told.json()["paths"].items():
            for method in methods:
                answer = await it.web.request(method, path)
                expected = path.startswith(OPEN_PATHS)
                assert (answer.status_code != 401) == expected, (method, path)
