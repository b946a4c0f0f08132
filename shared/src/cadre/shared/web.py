"""A running service on HTTP and NATS: the same handler table behind both.

``POST /commands/<name>`` and the subject ``commands.<service>.<name>`` take the same JSON and the
same headers: ``Idempotency-Key`` (the command id, a UUID), ``Cadre-Actor``, ``traceparent`` and
``Cadre-Expected-Position``. Errors are problem details (RFC 9457) on both.
"""

import asyncio
import contextlib
import hmac
import inspect
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from starlette.middleware.base import RequestResponseEndpoint

from cadre.shared import admin, asyncapi, health
from cadre.shared.decider import Handler
from cadre.shared.errors import CadreError
from cadre.shared.handling import Outcome
from cadre.shared.messages import Command
from cadre.shared.metrics import Metrics
from cadre.shared.nats_commands import serve
from cadre.shared.runtime import Runtime, running
from cadre.shared.service import Service
from cadre.shared.serving import Reader
from cadre.shared.settings import Settings
from cadre.shared.wire import from_validation, meta_from
from cadre.shared.wire_schemas import PROBLEM_SCHEMA

PROBLEM = "application/problem+json"
OPEN_PATHS = ("/health/", "/metrics", "/openapi.json", "/docs", "/asyncapi")
_BEARER = HTTPBearer(auto_error=False, description="CADRE_API_TOKEN of the service")


def create_app(service: Service, settings: Settings) -> FastAPI:
    """The service's ASGI application; it connects when the server starts it."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with running(service, settings) as runtime, serve(runtime):
            app.state.runtime = runtime
            app.state.context = runtime.context
            watch = asyncio.create_task(_stop_when_failed(runtime))
            yield
            watch.cancel()

    app = FastAPI(
        title=f"Cadre · {service.title}",
        version=health.version_of(service),
        lifespan=lifespan,
        dependencies=[Depends(_BEARER)],
        responses={
            "default": {
                "description": "Problem details (RFC 9457)",
                "content": {PROBLEM: {"schema": PROBLEM_SCHEMA}},
            }
        },
    )
    metrics = Metrics(service.name)
    app.state.metrics = metrics
    _guard(app, settings)
    _tell_errors(app)
    app.include_router(health.router(service, metrics))
    _describe(app, service)
    app.include_router(_commands(service))
    app.include_router(admin.router(service))
    app.include_router(service.router, dependencies=[Depends(_open_reader)])
    return app


async def _stop_when_failed(runtime: Runtime) -> None:
    """A service whose runner failed must not go on answering: whoever keeps it starts it anew."""
    await runtime.failed.wait()
    signal.raise_signal(signal.SIGTERM)


def _describe(app: FastAPI, service: Service) -> None:
    described = asyncapi.document(service)

    @app.get("/asyncapi.json", include_in_schema=False)
    async def document() -> dict[str, Any]:
        return described


def _guard(app: FastAPI, settings: Settings) -> None:
    """Everything but health, metrics and the documents needs the token."""
    expected = f"Bearer {settings.api_token.get_secret_value()}"

    @app.middleware("http")
    async def authorise(request: Request, call_next: RequestResponseEndpoint) -> Response:
        given = request.headers.get("authorization", "")
        if request.url.path.startswith(OPEN_PATHS) or hmac.compare_digest(
            given.encode(), expected.encode()
        ):
            return await call_next(request)
        problem = {
            "type": "urn:cadre:problem:unauthorised",
            "title": "The caller is not known",
            "status": 401,
            "detail": "the request bears no valid token",
            "hint": "send Authorization: Bearer <token>",
        }
        return JSONResponse(
            problem, 401, media_type=PROBLEM, headers={"WWW-Authenticate": "Bearer"}
        )


def _tell_errors(app: FastAPI) -> None:
    async def told(_request: Request, error: Exception) -> Response:
        assert isinstance(error, CadreError)  # noqa: S101
        return JSONResponse(error.problem(), error.status, media_type=PROBLEM)

    async def malformed(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        return await told(request, from_validation(error.errors()))

    app.add_exception_handler(CadreError, told)
    app.add_exception_handler(RequestValidationError, malformed)


def _commands(service: Service) -> APIRouter:
    router = APIRouter(prefix="/commands", tags=["commands"])
    for handler in service.handlers:
        router.add_api_route(
            f"/{handler.command.name}",
            _endpoint(handler),
            methods=["POST"],
            response_model=Outcome,
            summary=(inspect.getdoc(handler.command) or handler.command.name).splitlines()[0],
            operation_id=handler.command.name,
        )
    return router


def _endpoint(handler: Handler[Any]) -> Callable[..., Awaitable[Outcome]]:
    async def endpoint(
        request: Request,
        command: Command,
        idempotency_key: Annotated[UUID, Header()],  # noqa: ARG001  # for the document
        cadre_actor: Annotated[str, Header()],  # noqa: ARG001
        cadre_expected_position: Annotated[int | None, Header()] = None,  # noqa: ARG001
    ) -> Outcome:
        runtime: Runtime = request.app.state.runtime
        metrics: Metrics = request.app.state.metrics
        with metrics.command(command.name):
            return await runtime.handling.handle(command, meta_from(request.headers))

    endpoint.__annotations__["command"] = handler.command
    return endpoint


async def _open_reader(
    request: Request,
    response: Response,
    after: Annotated[int | None, Query(ge=0, description="Wait until this position")] = None,
) -> AsyncGenerator[None]:
    """Put a `Reader` on the request: one snapshot, and the position it is true for."""
    runtime: Runtime = request.app.state.runtime
    projector = runtime.projector
    if after is not None:
        await projector.wait(after, runtime.settings.wait_s_max)
    async with runtime.engine.connect() as connection, connection.begin():
        position = await projector.position_in(connection)
        request.state.reader = Reader(connection, position, runtime.codec.keyring)
        response.headers["Cadre-Position"] = str(position)
        if projector.parked:
            response.headers["Cadre-Parked"] = ",".join(
                sorted(f"{service}.{entity}.{id_}" for service, entity, id_ in projector.parked)[
                    :50
                ]
            )
        yield
