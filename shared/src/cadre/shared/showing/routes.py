"""Routes of which each names the right it needs; the gate is asked before anything else.

``@ROUTES.get(path, Right(…), summary=…)`` cannot be written without a right. One that came among
them otherwise is an error at the start, and what has no right is answered to nobody.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Request
from fastapi.params import Depends as Dependency
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError

from cadre.shared.asking.parameters import Day
from cadre.shared.deciding.calendar import today_in_china
from cadre.shared.deciding.errors import Forbidden
from cadre.shared.deciding.rights import NOTHING, About, Caller, Fields, Named, Right, fields_in

OPEN_PATHS = ("/health/", "/metrics", "/openapi.json", "/docs", "/asyncapi")
"""How the addresses begin that are told to everybody."""
_DAY = TypeAdapter(Day)


class Asked(Protocol):
    """Who is asked; see `cadre.shared.running.gate.Gate`."""

    async def admit(
        self, caller: Caller, right: Right, named: Named, day: date, where: str
    ) -> None: ...
    async def within(self, caller: Caller, persons: Iterable[str], day: date) -> list[str]: ...


@dataclass(frozen=True, slots=True, repr=False)
class Admission:
    """What a route with ``About.ASKED`` asks the gate."""

    gate: Asked
    caller: Caller
    where: str

    async def require(self, right: Right, named: Named = NOTHING, day: date | None = None) -> None:
        """Raises what `Gate.admit` does."""
        await self.gate.admit(self.caller, right, named, _past(day), self.where)

    async def within(self, persons: Iterable[str]) -> list[str]:
        """Those of some persons about whom the caller may ask today."""
        return await self.gate.within(self.caller, persons, today_in_china())


async def _admission(request: Request) -> Admission:
    gate: Asked = request.app.state.runtime.gate
    return Admission(gate, request.state.caller, request.scope["route"].path)


Admitted = Annotated[Admission, Depends(_admission)]
"""For routes that ask the gate themselves."""


@dataclass(frozen=True, slots=True)
class _Guarded:
    """What the gate is told of a route."""

    right: Right
    fields: Fields
    dated: bool
    """Whether it has the parameter ``on``."""

    async def admit(self, request: Request) -> None:
        admission = await _admission(request)
        query = request.query_params
        given = {**{name: query.getlist(name) for name in query}, **request.path_params}
        day = _day(query.get("on")) if self.dated else None
        await admission.require(self.right, self.fields.of(given), day)


type Guards = Mapping[Callable[..., Any], _Guarded]


@dataclass(frozen=True, slots=True)
class Routes:
    """Routes with their rights; ``router`` is what FastAPI knows of them."""

    router: APIRouter
    guards: dict[Callable[..., Any], _Guarded] = field(
        default_factory=dict[Callable[..., Any], "_Guarded"]
    )

    @classmethod
    def of(cls, prefix: str = "", tags: list[str | Enum] | None = None) -> "Routes":
        return cls(APIRouter(prefix=prefix, tags=tags))

    def get[**P, A](
        self,
        path: str,
        right: Right,
        *,
        summary: str,
        response_model: Any = None,
        dependencies: Sequence[Dependency] = (),
    ) -> Callable[[Callable[P, Awaitable[A]]], Callable[P, Awaitable[A]]]:
        """Declare a question. Raises TypeError for a right that does not fit its parameters."""
        return self._route("GET", path, right, summary, response_model, dependencies)

    def post[**P, A](
        self,
        path: str,
        right: Right,
        *,
        summary: str,
        response_model: Any = None,
        dependencies: Sequence[Dependency] = (),
    ) -> Callable[[Callable[P, Awaitable[A]]], Callable[P, Awaitable[A]]]:
        """Declare an action, or a question with a body."""
        return self._route("POST", path, right, summary, response_model, dependencies)

    def _route[**P, A](
        self,
        method: str,
        path: str,
        right: Right,
        summary: str,
        response_model: Any,
        dependencies: Sequence[Dependency],
    ) -> Callable[[Callable[P, Awaitable[A]]], Callable[P, Awaitable[A]]]:
        def declared(endpoint: Callable[P, Awaitable[A]]) -> Callable[P, Awaitable[A]]:
            self.guards[endpoint] = _guarded(right, endpoint, path)
            more = {} if response_model is None else {"response_model": response_model}
            self.router.add_api_route(
                path,
                endpoint,
                methods=[method],
                summary=summary,
                dependencies=dependencies,
                openapi_extra={"x-right": right.document()},
                **more,
            )
            return endpoint

        return declared


def _guarded(right: Right, endpoint: Callable[..., Any], path: str) -> _Guarded:
    parameters = inspect.signature(endpoint).parameters
    fields = fields_in({name: one.annotation for name, one in parameters.items()})
    asks = any(one.annotation is Admitted for one in parameters.values())
    if asks != (right.about is About.ASKED):
        msg = f"{path}: a right about ASKED, and only such a one, takes the parameter Admitted"
        raise TypeError(msg)
    if right.about is not About.ASKED:
        fields.require(right, path)
    return _Guarded(right, fields, "on" in parameters)


def guard(declared: Iterable[Routes]) -> Guards:
    """The rights of an application's routes. Raises TypeError for a route that has none."""
    guards: dict[Callable[..., Any], _Guarded] = {}
    for routes in declared:
        for route in routes.router.routes:
            if not isinstance(route, APIRoute) or route.endpoint not in routes.guards:
                msg = f"no right is declared for {getattr(route, 'path', route)}"
                raise TypeError(msg)
        guards |= routes.guards
    return guards


async def admitted(request: Request) -> None:
    """The first dependency of every route. Raises what `Gate.admit` does."""
    path: str = request.scope["path"]
    if path.startswith(OPEN_PATHS):
        return
    guards: Guards = request.app.state.guards
    guarded = guards.get(request.scope["endpoint"])
    if guarded is None:
        raise Forbidden("未声明所需权限 · no right is declared for this", where=path)
    await guarded.admit(request)


def _day(given: str | None) -> date:
    """The day a question is about, as its route reads it; what it cannot read it will refuse."""
    try:
        return _DAY.validate_python(given) if given else today_in_china()
    except ValidationError:
        return today_in_china()


def _past(day: date | None) -> date:
    """A day by which somebody may ask: nobody reads today by right of what comes later."""
    return min(day or date.max, today_in_china())
