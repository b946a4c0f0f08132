"""The way in over HTTP: who may enter, and commands by the shortest way.

A plain ASGI middleware. FastAPI describes the commands and answers everything else; its own way to
an endpoint costs more time than deciding, signing and sending a command together.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.datastructures import State
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from cadre.shared.bulk import COMMANDS_MAX, handle_many
from cadre.shared.errors import CadreError, Malformed, TooLarge
from cadre.shared.handling import Handling
from cadre.shared.messages import Command, Meta
from cadre.shared.metrics import Metrics
from cadre.shared.outcomes import as_json
from cadre.shared.runtime import Runtime, waiting
from cadre.shared.service import Service
from cadre.shared.settings import Settings
from cadre.shared.wire import PROBLEM, from_validation, meta_from

OPEN_PATHS = ("/health/", "/metrics", "/openapi.json", "/docs", "/asyncapi")
COMMANDS = "/commands"
NIL = UUID(int=0)

_UNKNOWN_CALLER = {
    "type": "urn:cadre:problem:unauthorised",
    "title": "The caller is not known",
    "status": 401,
    "detail": "the request bears no valid token",
    "hint": "send Authorization: Bearer <token>",
}

type Answer = Callable[[bytes, Mapping[str, str]], Awaitable[bytes]]
"""From the body and the headers of a request."""


class CommandOfMany(BaseModel):
    """One of many commands sent together."""

    model_config = ConfigDict(extra="forbid")

    name: str
    id: UUID = Field(description="What Idempotency-Key is for a single command")
    body: dict[str, Any]


MANY = TypeAdapter(list[CommandOfMany])


@dataclass(slots=True)
class Door:
    """Everything but health, metrics and the documents needs the token."""

    app: ASGIApp
    service: Service
    settings: Settings
    metrics: Metrics
    state: State
    """Where the application keeps its `Runtime`."""
    _expected: bytes = field(init=False)
    _kinds: dict[str, type[Command]] = field(init=False)
    _answers: dict[str, Answer] = field(init=False)

    def __post_init__(self) -> None:
        self._expected = f"Bearer {self.settings.api_token.get_secret_value()}".encode()
        self._kinds = {handler.command.name: handler.command for handler in self.service.handlers}
        self._answers = {
            f"{COMMANDS}/{name}": self._taking(kind) for name, kind in self._kinds.items()
        } | {COMMANDS: self._take_many}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        answer = self._answers.get(path) if scope["method"] == "POST" else None
        if not path.startswith(OPEN_PATHS) and not self._knows(scope):
            response = JSONResponse(
                _UNKNOWN_CALLER, 401, media_type=PROBLEM, headers={"WWW-Authenticate": "Bearer"}
            )
            await response(scope, receive, send)
        elif not path.startswith(OPEN_PATHS) and (waits := waiting(self.state)) is not None:
            await problem(waits)(scope, receive, send)
        elif answer is not None:
            await self._answer(answer, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        return hmac.compare_digest(given, self._expected)

    async def _answer(self, answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): v.decode("latin-1") for name, v in scope["headers"]}
        try:
            told = await answer(await _body(receive), headers)
        except ValidationError as error:
            wrong = from_validation(error.errors(include_url=False, include_input=False))
            await problem(wrong)(scope, receive, send)
        except CadreError as error:
            await problem(error)(scope, receive, send)
        else:
            size = str(len(told)).encode()
            head = [(b"content-type", b"application/json"), (b"content-length", size)]
            await send({"type": "http.response.start", "status": 200, "headers": head})
            await send({"type": "http.response.body", "body": told})

    @property
    def _handling(self) -> Handling:
        runtime: Runtime = self.state.runtime
        return runtime.handling

    def _taking(self, kind: type[Command]) -> Answer:
        async def answer(body: bytes, headers: Mapping[str, str]) -> bytes:
            command = kind.model_validate_json(body)
            meta = meta_from(headers)
            with self.metrics.command(kind.name):
                outcome = await self._handling.handle(command, meta)
            return as_json(outcome)

        return answer

    async def _take_many(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        wanted = MANY.validate_json(body)
        if len(wanted) > COMMANDS_MAX:
            raise TooLarge(
                f"{len(wanted)} commands in one request, at most {COMMANDS_MAX}",
                hint="send them in several requests",
            )
        common = meta_from(headers, NIL)
        read = [self._read(one, replace(common, command_id=one.id)) for one in wanted]
        readable = [one for one in read if not isinstance(one, CadreError)]
        told = iter(await handle_many(self._handling, readable))
        answers = [one if isinstance(one, CadreError) else next(told) for one in read]
        for one, answer in zip(wanted, answers, strict=True):
            self.metrics.count(one.name if one.name in self._kinds else "unknown", answer)
        return b"[" + b",".join(map(as_json, answers)) + b"]"

    def _read(self, one: CommandOfMany, meta: Meta) -> tuple[Command, Meta] | CadreError:
        kind = self._kinds.get(one.name)
        if kind is None:
            return Malformed(
                f"{self.service.name} does not know the command {one.name}", where="name"
            )
        try:
            return kind.model_validate(one.body), meta
        except ValidationError as error:
            return from_validation(error.errors())


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def problem(error: CadreError) -> Response:
    """An error as problem details (RFC 9457)."""
    return JSONResponse(error.problem(), error.status, media_type=PROBLEM)
