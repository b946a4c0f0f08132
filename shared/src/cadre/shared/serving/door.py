"""The way in over HTTP: who may enter, and commands by the shortest way.

A plain ASGI middleware. FastAPI describes the commands and answers everything else; its own way to
an endpoint costs more time than deciding, signing and sending a command together.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import structlog
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.datastructures import State
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cadre.shared.asking.wire import PROBLEM, headers_from, meta_from
from cadre.shared.deciding.errors import (
    CadreError,
    Malformed,
    TooLarge,
    UnknownCaller,
    from_validation,
)
from cadre.shared.deciding.messages import Command, Meta
from cadre.shared.deciding.rights import Caller
from cadre.shared.deciding.texts import unfit
from cadre.shared.handling.bulk import COMMANDS_MAX
from cadre.shared.handling.outcomes import as_json
from cadre.shared.running.gate import Gate
from cadre.shared.running.runtime import Runtime, waiting
from cadre.shared.serving.callers import Callers, speaking
from cadre.shared.serving.metrics import Metrics
from cadre.shared.showing.routes import OPEN_PATHS
from cadre.shared.showing.service import Service

COMMANDS = "/commands"
NIL = UUID(int=0)
BODY_BYTES_MAX = 1 << 20
"""Of a request: an event is not larger either."""
MANY_BYTES_MAX = 64 << 20
"""Of many commands together: ten thousand of some kilobytes each."""
HEADER_BYTES_MAX = 32 << 10
_METHODS_WITHOUT_BODY = {"GET", "HEAD", "OPTIONS"}

_LOGGER = structlog.get_logger(__name__)

type Answering = Callable[[Caller, bytes, Mapping[str, str]], Awaitable[bytes]]
"""From the caller, the body and the headers of a request."""


class CommandOfMany(BaseModel):
    """One of many commands sent together."""

    model_config = ConfigDict(extra="forbid")

    name: str
    id: UUID = Field(description="What Idempotency-Key is for a single command")
    body: dict[str, Any]


MANY = TypeAdapter(list[CommandOfMany])


@dataclass(slots=True)
class Door:
    """Everything but health, metrics and the documents needs a token."""

    app: ASGIApp
    service: Service
    callers: Callers
    metrics: Metrics
    state: State
    """Where the application keeps its `Runtime`."""
    _kinds: dict[str, type[Command]] = field(init=False)
    _answers: dict[str, Answering] = field(init=False)

    def __post_init__(self) -> None:
        self._kinds = {handler.command.name: handler.command for handler in self.service.handlers}
        self._answers = {
            f"{COMMANDS}/{name}": self._taking(kind) for name, kind in self._kinds.items()
        } | {COMMANDS: self._take_many}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(_limited(scope, message))

        try:
            await self._admit(scope, receive, sending)
        except CadreError as error:
            await problem(error)(scope, receive, sending)
        except ClientDisconnect:
            return
        except Exception:
            _LOGGER.exception("request crashed", method=scope["method"])
            if begun:
                raise
            await problem(crashed())(scope, receive, sending)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        headers = headers_from(_pairs(scope))
        caller = None if path.startswith(OPEN_PATHS) else self.callers.known(headers)
        _must_be_readable(scope)
        if caller is not None:
            headers = speaking(caller, headers)
            if (waits := waiting(self.state)) is not None:
                raise waits
            scope.setdefault("state", {})["caller"] = caller
        answer = self._answers.get(path) if scope["method"] == "POST" else None
        if caller is not None and answer is not None:
            at_most = MANY_BYTES_MAX if path == COMMANDS else BODY_BYTES_MAX
            told = await _told(answer, caller, await _body(headers, receive, at_most), headers)
            size = str(len(told)).encode()
            head = [(b"content-type", b"application/json"), (b"content-length", size)]
            await send({"type": "http.response.start", "status": 200, "headers": head})
            await send({"type": "http.response.body", "body": told})
            return
        if caller is not None:
            scope["headers"] = _pairs_of(headers)
        if scope["method"] in _METHODS_WITHOUT_BODY:
            await self.app(scope, receive, send)
        else:
            body = await _body(headers, receive, BODY_BYTES_MAX)
            await self.app(scope, _again(body, receive), send)

    @property
    def _gate(self) -> Gate:
        runtime: Runtime = self.state.runtime
        return runtime.gate

    def _taking(self, kind: type[Command]) -> Answering:
        async def answer(caller: Caller, body: bytes, headers: Mapping[str, str]) -> bytes:
            with self.metrics.command(kind.name):
                outcome = await self._gate.handle(caller, kind, body, headers)
            return as_json(outcome)

        return answer

    async def _take_many(self, caller: Caller, body: bytes, headers: Mapping[str, str]) -> bytes:
        wanted = MANY.validate_json(body)
        if len(wanted) > COMMANDS_MAX:
            raise TooLarge(
                "一次请求的命令过多 · "
                f"{len(wanted)} commands in one request, at most {COMMANDS_MAX}",
                hint="请分几次发送 · send them in several requests",
            )
        common = meta_from(headers, NIL)
        read = [self._read(one, replace(common, command_id=one.id)) for one in wanted]
        readable = [one for one in read if not isinstance(one, CadreError)]
        told = iter(await self._gate.handle_many(caller, readable))
        answers = [one if isinstance(one, CadreError) else next(told) for one in read]
        for one, answer in zip(wanted, answers, strict=True):
            self.metrics.count(one.name if one.name in self._kinds else "unknown", answer)
        return b"[" + b",".join(map(as_json, answers)) + b"]"

    def _read(self, one: CommandOfMany, meta: Meta) -> tuple[Command, Meta] | CadreError:
        kind = self._kinds.get(one.name)
        if kind is None:
            return Malformed(
                f"该服务没有此命令 · {self.service.name} does not know the command {one.name}",
                where="name",
            )
        try:
            return kind.model_validate(one.body), meta
        except ValidationError as error:
            return from_validation(error.errors())


def _pairs(scope: Scope) -> list[tuple[str, str]]:
    """The headers of a request. Raises: TooLarge."""
    given: list[tuple[bytes, bytes]] = scope["headers"]
    if sum(len(name) + len(value) for name, value in given) > HEADER_BYTES_MAX:
        raise TooLarge(
            f"标头过大 · the headers have more than {HEADER_BYTES_MAX} bytes",
            hint="请只发送所需的标头 · send those that are asked",
        )
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in given]


def _pairs_of(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Headers as the application is handed them; the token is not among them."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def _limited(scope: Scope, message: Message) -> Message:
    """An answer that says to which units it is limited, if it is."""
    caller: Caller | None = scope.get("state", {}).get("caller")
    if caller is None or caller.units is None or message["type"] != "http.response.start":
        return message
    units = ",".join(sorted(caller.units)).encode()
    return {**message, "headers": [*message["headers"], (b"cadre-scope", units)]}


def _must_be_readable(scope: Scope) -> None:
    """Raises Malformed for an address with signs that nothing here is named with."""
    if why := unfit(scope["path"]):
        raise _unfit(why, "path")
    query: bytes = scope["query_string"]
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True) if query else ():
        if why := unfit(value) or unfit(name):
            raise _unfit(why, name if unfit(name) is None else "query")


def _unfit(why: str, where: str) -> Malformed:
    return Malformed(f"地址中有不能使用的字符 · {why}", where=where)


async def _told(
    answer: Answering, caller: Caller, body: bytes, headers: Mapping[str, str]
) -> bytes:
    try:
        return await answer(caller, body, headers)
    except ValidationError as error:
        raise from_validation(error.errors(include_url=False, include_input=False)) from error


async def _body(headers: Mapping[str, str], receive: Receive, at_most: int) -> bytes:
    """The body of a request, read no further than it may be long. Raises: TooLarge."""
    too_large = TooLarge(
        f"请求正文过大 · a body has at most {at_most} bytes here",
        hint="请分几次发送 · send several requests",
    )
    told = headers.get("content-length", "")
    if told.isdecimal() and int(told) > at_most:
        raise too_large
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > at_most:
            raise too_large
        more = message.get("more_body", False)
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that was read, for whoever is to read it; then what comes after it."""
    given = False

    async def receiving() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receiving


def crashed() -> CadreError:
    """What a caller is told of a defect: nothing of the inside."""
    return CadreError(
        "请求未能处理 · the request could not be handled",
        hint="请查看服务运行日志 · see the service's log",
    )


def problem(error: CadreError) -> Response:
    """An error as problem details (RFC 9457)."""
    # What is too large was not read to its end: the connection is of no use any more.
    match error:
        case TooLarge():
            headers = {"Connection": "close"}
        case UnknownCaller():
            headers = {"WWW-Authenticate": "Bearer"}
        case _:
            headers = None
    return JSONResponse(error.problem(), error.status, media_type=PROBLEM, headers=headers)
