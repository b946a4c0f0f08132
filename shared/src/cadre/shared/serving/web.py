"""A running service on HTTP and NATS: the same handler table behind both.

``POST /commands/<name>`` and the subject ``commands.<service>.<name>`` take the same JSON and the
same headers: ``Idempotency-Key`` (the command id, a UUID), ``Cadre-Actor``, ``traceparent`` and
``Cadre-Expected-Position``. Errors are problem details (RFC 9457) on both.
"""

import asyncio
import contextlib
import inspect
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import cache, partial
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from fastapi_offline import FastAPIOffline
from pydantic import Field, WithJsonSchema
from starlette.exceptions import HTTPException as StarletteHTTPException

from cadre.shared.asking.parameters import Moment, Position
from cadre.shared.asking.wire import PROBLEM
from cadre.shared.deciding.decider import Handler
from cadre.shared.deciding.errors import (
    CadreError,
    Malformed,
    NotAllowed,
    NotFound,
    from_validation,
)
from cadre.shared.deciding.messages import Command
from cadre.shared.deciding.protection import restricted
from cadre.shared.handling.bulk import COMMANDS_MAX
from cadre.shared.handling.outcomes import Outcome
from cadre.shared.log.readings import legal_ground
from cadre.shared.projecting.past import Until
from cadre.shared.running import again
from cadre.shared.running.runtime import Runtime, running
from cadre.shared.serving import admin, health
from cadre.shared.serving.callers import Callers
from cadre.shared.serving.door import CommandOfMany, Door, problem
from cadre.shared.serving.metrics import Metrics
from cadre.shared.serving.nats_commands import serve
from cadre.shared.serving.recording import Recording, name_reader
from cadre.shared.serving.wire_schemas import PROBLEM_SCHEMA, Actor, LegalGround
from cadre.shared.showing.reader import Reader
from cadre.shared.showing.reports import report_routes
from cadre.shared.showing.routes import admitted, guard
from cadre.shared.showing.service import Service
from cadre.shared.upkeep.settings import Settings
from cadre.shared.upkeep.vitals import Stops, Vitals

type Problem = Annotated[dict[str, Any], WithJsonSchema(PROBLEM_SCHEMA)]

START_S_MAX = 3.0
STARTED_ANEW = "将由守护程序重新启动 · whoever keeps it starts it anew"

type End = Callable[[], None]

_LOGGER = structlog.get_logger(__name__)
_BEARER = HTTPBearer(
    auto_error=False,
    description="令牌；所需权限见 x-right · "
    "A token of CADRE_TOKENS_FILE, or CADRE_API_TOKEN; x-right says what it needs",
)


def stop() -> None:
    """Have the server stop in good order."""
    signal.raise_signal(signal.SIGTERM)


def create_app(service: Service, settings: Settings, end: End = stop) -> FastAPI:
    """The service's ASGI application; it connects when the server starts it.

    While what it needs is not there it answers all the same: health says for what it waits.
    ``end`` is called when the process cannot go on.

    Raises: Malformed for a wrong file of tokens; TypeError for a route without a right.
    """
    metrics = Metrics(service.name)
    callers = Callers.of(settings)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        started = asyncio.Event()
        serving = asyncio.create_task(_serve(app, service, settings, callers, end, started))
        serving.add_done_callback(partial(_ended, end))
        starting = asyncio.create_task(started.wait())
        # Who starts it finds it ready, unless that takes long.
        await asyncio.wait(
            {serving, starting}, timeout=START_S_MAX, return_when=asyncio.FIRST_COMPLETED
        )
        starting.cancel()
        try:
            yield
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    # The page with the documents brings its own scripts: a closed network has nobody to ask.
    app = FastAPIOffline(
        docs_url="/docs",
        redoc_url=None,
        static_url="/docs/assets",
        title=f"Cadre · {service.title}",
        version=health.version_of(service),
        lifespan=lifespan,
        redirect_slashes=False,
        dependencies=[Depends(_BEARER), Depends(admitted)],
        responses={
            "401": _told_as("令牌无效 · No valid token"),
            "403": _told_as(
                "令牌没有此权限，或限于其他单位 · "
                "The token has not the right, or is limited to other units"
            ),
            "default": _told_as("Problem details (RFC 9457)"),
        },
    )
    app.state.metrics = metrics
    app.state.vitals = Vitals()
    app.add_middleware(Recording)
    app.add_middleware(Door, service=service, callers=callers, metrics=metrics, state=app.state)
    _tell_errors(app)
    app.include_router(health.router(service, metrics))
    _describe(app, service)
    app.include_router(_commands(service))
    operating = admin.routes(service), again.routes()
    for routes in operating:
        app.include_router(routes.router)
    named = [Depends(name_reader)] if service.confidential else []
    # Not until the answer was sent: a slow caller must not hold the tables it was made of.
    reading = [*named, Depends(_open_reader, scope="function")]
    shown = *service.routes, report_routes(service.reports)
    for routes in shown:
        app.include_router(routes.router, dependencies=reading)
    app.state.guards = guard((*operating, *shown))
    return app


def _told_as(what: str) -> dict[str, Any]:
    return {"description": what, "content": {PROBLEM: {"schema": PROBLEM_SCHEMA}}}


async def _serve(
    app: FastAPI,
    service: Service,
    settings: Settings,
    callers: Callers,
    end: End,
    started: asyncio.Event,
) -> None:
    """Run the service until it fails: whoever keeps it starts it anew."""
    vitals: Vitals = app.state.vitals
    metrics: Metrics = app.state.metrics
    async with (
        running(service, settings, vitals=vitals) as runtime,
        serve(runtime, callers, metrics),
    ):
        app.state.runtime = runtime
        app.state.context = runtime.context
        started.set()
        await runtime.failed.wait()
        # Nobody may be told that it is well meanwhile.
        vitals.found(
            "process", "服务即将退出 · the service ends", hint=STARTED_ANEW, stops=Stops.EVERYTHING
        )
        end()
        await asyncio.Event().wait()


def _ended(end: End, serving: asyncio.Task[None]) -> None:
    """A service that could not even start must not stay."""
    if not serving.cancelled() and (error := serving.exception()) is not None:
        try:
            _LOGGER.critical("the service cannot run", exc_info=error)
        finally:
            end()


def _describe(app: FastAPI, service: Service) -> None:
    # Made, and what makes it loaded, when somebody asks: it takes as long as all the rest of the
    # application.
    @app.get("/asyncapi.json", include_in_schema=False)
    @cache
    def document() -> dict[str, Any]:
        from cadre.shared.serving import asyncapi

        return asyncapi.document(service)


def _tell_errors(app: FastAPI) -> None:
    async def told(_request: Request, error: Exception) -> Response:
        assert isinstance(error, CadreError)  # noqa: S101
        return problem(error)

    async def malformed(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        return await told(request, from_validation(error.errors()))

    async def nowhere(request: Request, error: Exception) -> Response:
        assert isinstance(error, StarletteHTTPException)  # noqa: S101
        response = await told(request, _as_ours(error, request))
        response.headers.update(error.headers or {})
        return response

    app.add_exception_handler(CadreError, told)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(StarletteHTTPException, nowhere)


def _as_ours(error: StarletteHTTPException, request: Request) -> CadreError:
    """What the framework says of an address, a method or a body."""
    method = request.method
    match error.status_code:
        case 404:
            return NotFound(
                "此地址没有内容 · there is nothing at this address",
                hint="请查看接口文档 · see /openapi.json",
            )
        case 405:
            return NotAllowed(
                f"此地址不接受该方法 · {method} is not answered here",
                hint="可用方法见标头 · see the header Allow",
            )
        case _:
            return Malformed(
                f"请求有误 · {error.detail}",
                hint="请对照接口文档中的格式 · compare with the schema in /openapi.json",
            )


def _commands(service: Service) -> APIRouter:
    """The commands for the document alone; `Door` takes them before they would get here."""
    router = APIRouter(prefix="/commands", tags=["commands"])
    for handler in service.handlers:
        router.add_api_route(
            f"/{handler.command.name}",
            _described(handler),
            methods=["POST"],
            response_model=Outcome,
            summary=(inspect.getdoc(handler.command) or handler.command.name).splitlines()[0],
            operation_id=handler.command.name,
            openapi_extra={"x-right": handler.right.document()},
        )
    router.add_api_route(
        "",
        _many_described,
        methods=["POST"],
        response_model=list[Outcome | Problem],
        summary="一次发送多个命令，逐一答复 · "
        "Many commands at once: an outcome or a problem for each, in their order",
        operation_id="many-commands",
    )
    return router


async def _many_described(
    commands: Annotated[list[CommandOfMany], Field(max_length=COMMANDS_MAX)],  # noqa: ARG001
    cadre_actor: Actor = None,  # noqa: ARG001
) -> list[Outcome | Problem]:
    raise AssertionError("the door takes commands")


def _described(handler: Handler[Any]) -> Callable[..., Awaitable[Outcome]]:
    async def endpoint(
        command: Command,  # noqa: ARG001
        idempotency_key: Annotated[UUID, Header()],  # noqa: ARG001
        cadre_actor: Actor = None,  # noqa: ARG001
        cadre_expected_position: Annotated[Position | None, Header()] = None,  # noqa: ARG001
    ) -> Outcome:
        raise AssertionError("the door takes commands")

    endpoint.__annotations__["command"] = handler.command
    return endpoint


async def _open_reader(
    request: Request,
    response: Response,
    after: Annotated[
        Position | None, Query(description="等到适用至该位置 · Wait until this position")
    ] = None,
    known_at: Annotated[
        Position | None, Query(description="截至该位置所知 · As known at this position")
    ] = None,
    known_at_time: Annotated[
        Moment | None, Query(description="截至当时所知 · As known then")
    ] = None,
    cadre_legal_ground: LegalGround = None,  # noqa: ARG001
) -> AsyncGenerator[None]:
    """Put a `Reader` on the request: one snapshot, and the position it is true for.

    What may only be stored today is hidden, whatever position is asked about, unless a legal
    ground is named; then it is recorded.
    """
    runtime: Runtime = request.app.state.runtime
    runtime.vitals.require(Stops.EVERYTHING)
    projector = runtime.projector
    if after is not None:
        await runtime.wait(after)
    if legal_ground(request.headers) is not None:
        await name_reader(request)
    until = known_at_time if known_at is None else known_at
    async with _read(request, runtime, until) as reader:
        request.state.reader = reader
        response.headers["Cadre-Position"] = str(reader.position)
        if projector.parked:
            parked = sorted(
                f"{service}.{entity}.{id_}" for service, entity, id_ in projector.parked
            )
            response.headers["Cadre-Parked"] = ",".join(parked[:50])
        yield


@contextlib.asynccontextmanager
async def _read(request: Request, runtime: Runtime, until: Until | None) -> AsyncGenerator[Reader]:
    """A read of the tables as they are, or as known earlier."""
    keyring = runtime.codec.keyring
    async with runtime.projector.shown() as (connection, shown):
        hidden = _hidden(request, shown.restricted)
        if until is None:
            yield Reader(connection, shown.position, keyring, hidden)
            return
    async with runtime.past.at(until) as (connection, position):
        yield Reader(connection, position, keyring, hidden)


def _hidden(request: Request, restricted_: frozenset[str]) -> frozenset[str]:
    """Whose data this request may not use."""
    if legal_ground(request.headers) is not None:
        return frozenset()
    if (person := request.path_params.get("cadre_id")) in restricted_:
        raise restricted(str(person))
    return restricted_
