"""Answers of the web that are recorded before they are given; see `cadre.shared.log.readings`."""

from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cadre.shared.asking.wire import PROBLEM
from cadre.shared.deciding.errors import CadreError
from cadre.shared.log.readings import NamedReader, cadres_in, reader_from
from cadre.shared.running.runtime import Runtime
from cadre.shared.serving.wire_schemas import Actor, LegalGround, Purpose


async def name_reader(
    request: Request,
    cadre_actor: Actor = None,  # noqa: ARG001  # for the document
    cadre_purpose: Purpose = None,  # noqa: ARG001
    cadre_legal_ground: LegalGround = None,  # noqa: ARG001
) -> None:
    """Dependency of a route whose answer is recorded. Raises: Malformed for somebody nameless."""
    request.state.named_reader = reader_from(request.headers)


@dataclass(frozen=True, slots=True)
class Recording:
    """Middleware that holds such an answer back until it is recorded whom it names."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})
        held: list[Message] = []

        async def hold(message: Message) -> None:
            if not held and (message["type"] != "http.response.start" or _shown(scope, message)):
                await send(message)
                return
            held.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                await _give(scope, receive, send, held)

        await self.app(scope, receive, hold)


def _named_reader(scope: Scope) -> NamedReader | None:
    found: NamedReader | None = scope["state"].get("named_reader")
    return found


def _shown(scope: Scope, start: Message) -> bool:
    """Whether an answer may be given as it comes."""
    return _named_reader(scope) is None or start["status"] >= 400  # noqa: PLR2004


async def _give(scope: Scope, receive: Receive, send: Send, held: list[Message]) -> None:
    """Record whom an answer names, then give it; otherwise say why not."""
    reader = _named_reader(scope)
    assert reader is not None  # noqa: S101
    runtime: Runtime = scope["app"].state.runtime
    answer = b"".join(message.get("body", b"") for message in held)
    try:
        # Whose answer it is may stand in the question alone.
        named = cadres_in(scope["path"].encode() + b" " + answer)
        await runtime.readings.add(scope["route"].path, reader, named)
    except CadreError as error:
        refusal = JSONResponse(error.problem(), error.status, media_type=PROBLEM)
        await refusal(scope, receive, send)
        return
    for message in held:
        await send(message)
