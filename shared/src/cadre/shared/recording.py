"""Answers of the web that are recorded before they are given; see `cadre.shared.readings`."""

from collections.abc import AsyncIterator
from typing import Protocol, cast

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.middleware.base import RequestResponseEndpoint

from cadre.shared.errors import CadreError
from cadre.shared.readings import cadres_in, reader_from
from cadre.shared.runtime import Runtime
from cadre.shared.wire import PROBLEM


class _Streamed(Protocol):
    """What ``call_next`` gives: an answer whose body is still on its way."""

    body_iterator: AsyncIterator[bytes]


async def name_reader(request: Request) -> None:
    """Dependency of a route whose answer is recorded. Raises: Malformed for somebody nameless."""
    request.state.named_reader = reader_from(request.headers)


def record_readings(app: FastAPI) -> None:
    """Hold back each answer of such a route until it is recorded whom it names."""

    @app.middleware("http")
    async def record(request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        reader = getattr(request.state, "named_reader", None)
        if reader is None or response.status_code >= 400:  # noqa: PLR2004
            return response
        parts = cast("_Streamed", response).body_iterator
        answer = b"".join([part async for part in parts])
        runtime: Runtime = request.app.state.runtime
        try:
            # Whose answer it is may stand in the question alone.
            named = cadres_in(request.url.path.encode() + b" " + answer)
            await runtime.readings.add(request.scope["route"].path, reader, named)
        except CadreError as error:
            return JSONResponse(error.problem(), error.status, media_type=PROBLEM)
        return Response(answer, response.status_code, dict(response.headers))
