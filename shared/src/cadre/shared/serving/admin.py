"""What every service offers beside its own queries: histories, projections, a dump, a check."""

import contextlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from cadre.contracts.catalogue import UnknownEvent, UnreadableEvent
from cadre.contracts.event import Slug, Text
from cadre.shared.asking.parameters import Day, Moment, Position, Word
from cadre.shared.asking.wire import headers_from, meta_from
from cadre.shared.deciding import protection
from cadre.shared.deciding.decider import Fold
from cadre.shared.deciding.errors import NotFound, ParkedPerson
from cadre.shared.deciding.guards import PERSON
from cadre.shared.deciding.messages import Meta
from cadre.shared.deciding.rights import ASKED, EVERYBODY, NAMED, Named, Right, Role
from cadre.shared.deciding.texts import FIT
from cadre.shared.handling.outcomes import Outcome
from cadre.shared.log.readings import legal_ground
from cadre.shared.log.signed import Message, id_of
from cadre.shared.projecting.setting_aside import SetAside
from cadre.shared.running.runtime import Runtime
from cadre.shared.serving import health
from cadre.shared.serving.dump import Dump, dump, fresh_dump
from cadre.shared.serving.recording import name_reader
from cadre.shared.serving.wire_schemas import Actor
from cadre.shared.showing import timeline as history
from cadre.shared.showing.routes import Admitted, Routes
from cadre.shared.showing.service import Service
from cadre.shared.upkeep.vitals import Stops


class HistoryAnswer(BaseModel):
    """A history and the position it is true for."""

    id: str
    position: int
    on: date | None
    known_at: int | None
    entries: list[history.Entry]


class ProjectionStatus(BaseModel):
    """How far a service has come."""

    service: str
    position: int
    journal_position: int
    reactions_position: int | None
    log_position: int
    generations: list[dict[str, Any]]
    rebuilding: bool
    parked: list[dict[str, Any]]
    reactions_failed: list[dict[str, Any]]
    faults: list[dict[str, Any]]


class Settled(BaseModel):
    """Tables, journal and reactions have reached this position, the log's end when asked."""

    position: int


class Retried(BaseModel):
    result: Literal["applied", "rebuilding"]


INSPECTS = Right(Role.INSPECTOR, ASKED)
"""A history and a full dump hold supervision material, and more than one person's."""
OPERATES = Right(Role.OPERATOR, EVERYBODY)


def routes(service: Service) -> Routes:
    """Routes below ``/histories`` and ``/projections``."""
    routes = Routes.of(tags=["history and projections"])
    routes.get(
        "/histories/{entity}/{entity_id}",
        INSPECTS,
        response_model=HistoryAnswer,
        summary="完整历史 · "
        "A whole history: of a cadre from all services, of another aggregate from this one",
        dependencies=[Depends(_may_answer), Depends(name_reader)],
    )(_history_of(service))

    @routes.get(
        "/projections",
        OPERATES,
        summary="投影状态：位置、代、被搁置的事件 · Positions, generations, what is parked",
    )
    async def status(request: Request) -> ProjectionStatus:
        runtime: Runtime = request.app.state.runtime
        projector = runtime.projector
        return ProjectionStatus(
            service=service.name,
            position=projector.position,
            journal_position=projector.journal_position,
            reactions_position=runtime.reactor.position if service.reactions else None,
            log_position=await runtime.log.last_position(),
            generations=[
                {
                    "number": g.number,
                    "status": g.status,
                    "position": g.position,
                    "fingerprint": g.fingerprint,
                    "current": g.current,
                }
                for g in await projector.status()
            ],
            rebuilding=projector.rebuilding is not None and not projector.rebuilding.done(),
            parked=[asdict(event) for event in await projector.parked_events()],
            reactions_failed=await runtime.reactor.failures(),
            faults=health.told(runtime.vitals),
        )

    @routes.get(
        "/projections/settled",
        OPERATES,
        summary="等待已记录的事件全部适用 · Answers once all that is recorded is applied",
        dependencies=[Depends(_may_answer)],
    )
    async def settled(request: Request) -> Settled:
        runtime: Runtime = request.app.state.runtime
        end = await runtime.log.last_position()
        timeout_s = runtime.settings.wait_s_max
        await runtime.projector.wait(end, timeout_s)
        if service.reactions:
            await runtime.reactor.wait(end, timeout_s)
        return Settled(position=end)

    @routes.post(
        "/projections/rebuild",
        OPERATES,
        summary="重建数据表，完成后切换 · Rebuild beside the running tables and swap",
    )
    async def rebuild(request: Request) -> ProjectionStatus:
        runtime: Runtime = request.app.state.runtime
        runtime.projector.rebuild()
        return await status(request)

    @routes.post(
        "/projections/retry/{aggregate}",
        OPERATES,
        summary="重试某对象被搁置的事件 · Apply what is parked of an aggregate",
        dependencies=[Depends(_may_answer)],
    )
    async def retry(request: Request, aggregate: Word) -> Retried:
        runtime: Runtime = request.app.state.runtime
        parts = aggregate.split(".")
        if len(parts) != len(("service", "entity", "id")):
            raise NotFound(
                "对象须写作 service.entity.id · an aggregate is named service.entity.id",
                where=aggregate,
                hint="请查看投影状态 · see /projections",
            )
        result = await runtime.projector.retry((parts[0], parts[1], parts[2]))
        return Retried.model_validate({"result": result})

    @routes.post(
        "/projections/set-aside",
        OPERATES,
        summary="声明无法适用的事件自始未生效 · "
        "Say that an event that cannot be applied never held",
    )
    async def set_aside(
        request: Request,
        wanted: Unappliable,
        idempotency_key: Annotated[UUID, Header()],  # noqa: ARG001  # for the document
        cadre_actor: Actor = None,  # noqa: ARG001
    ) -> Outcome:
        meta = meta_from(headers_from(request.headers.items()))
        return await _set_aside(request.app.state.runtime, wanted, meta)

    @routes.get(
        "/projections/dump",
        Right(None, ASKED),
        summary="各数据表的摘要或内容 · Digests of every table, or the tables themselves",
        dependencies=[Depends(_may_answer)],
    )
    async def dumped(
        request: Request,
        admission: Admitted,
        fresh: Annotated[
            bool,
            Query(
                description="自位置 1 重放事件日志，不取自数据表 · "
                "From a replay of the log from position 1, not from the tables"
            ),
        ] = False,
        full: Annotated[
            bool,
            Query(
                description="含全部可显示的行，密文解开 · "
                "With all rows that may be shown, sealed values opened"
            ),
        ] = False,
    ) -> Dump:
        runtime: Runtime = request.app.state.runtime
        await admission.require(Right(Role.INSPECTOR, EVERYBODY) if full else OPERATES)
        if not full:
            found = await (fresh_dump(runtime) if fresh else dump(runtime))
            return found.model_copy(update={"tables": None})
        await name_reader(request)
        hidden = frozenset[str]()
        if legal_ground(request.headers) is None:
            async with runtime.projector.shown() as (_, shown):
                hidden = shown.restricted
        return await (fresh_dump(runtime, hidden) if fresh else dump(runtime, hidden))

    return routes


async def _may_answer(request: Request) -> None:
    """Dependency of a route whose answer may be wrong while the log is another."""
    runtime: Runtime = request.app.state.runtime
    runtime.vitals.require(Stops.EVERYTHING)


class Unappliable(BaseModel):
    """Which parked event never held, and why somebody says so."""

    model_config = ConfigDict(extra="forbid")

    position: Annotated[Position, Field(ge=1)]
    reason: Annotated[Text, FIT]


async def _set_aside(runtime: Runtime, wanted: Unappliable, meta: Meta) -> Outcome:
    """Say of an event that cannot be applied that it never held; of any history.

    Raises: NotPossible for one that can be; NotFound.
    """
    message = await runtime.log.get(wanted.position)
    _, entity, entity_id = message.aggregate
    command = SetAside(
        entity=entity,
        entity_id=entity_id,
        effective_on=runtime.context.today(),
        position=wanted.position,
        event_id=id_of(message),
        reason=wanted.reason,
        unappliable=await _unappliable(runtime, message),
    )
    return await runtime.handling.handle(command, meta)


async def _unappliable(runtime: Runtime, message: Message) -> bool:
    """Whether an event is parked, or one that no decision of this service can read."""
    parked = await runtime.projector.parked_events()
    if any(event.position == message.position and event.error for event in parked):
        return True
    service, entity, _ = message.aggregate
    if entity != PERSON and service != runtime.service.name:
        return False
    try:
        runtime.handling.histories.decode(message)
    except ParkedPerson:
        return True
    return False


def _require_shown(runtime: Runtime, request: Request, messages: Sequence[Message]) -> None:
    """Raises Restricted for a person whose data may only be stored, unless on a legal ground."""
    state = protection.UNPROTECTED
    for message in messages:
        with contextlib.suppress(UnknownEvent, UnreadableEvent):
            state = protection.evolve(state, runtime.codec.decode(message).event)
    if state.restricted and legal_ground(request.headers) is None:
        raise protection.restricted(messages[0].aggregate[2])


def _history_of(service: Service) -> Any:
    async def endpoint(
        request: Request,
        admission: Admitted,
        entity: Slug,
        entity_id: Slug,
        on: Annotated[Day | None, Query(description="该日的情况 · What held on this day")] = None,
        known_at: Annotated[
            Position | None, Query(description="截至某位置所知 · As known at a position")
        ] = None,
        known_at_time: Annotated[
            Moment | None, Query(description="截至当时所知 · As known then")
        ] = None,
        raw: Annotated[
            bool, Query(description="含标头，密文不解开 · With headers, fields still sealed")
        ] = False,
    ) -> HistoryAnswer:
        runtime: Runtime = request.app.state.runtime
        if entity == "cadre":
            person = Named(frozenset({entity_id}))
            await admission.require(Right(Role.INSPECTOR, NAMED), person, on)
        else:
            await admission.require(Right(Role.INSPECTOR, EVERYBODY))
        owner = "*" if entity == "cadre" else service.name
        scope = Fold(owner, entity, None, lambda state, _: state).of(entity_id)
        messages = await runtime.handling.messages(scope)
        if not messages:
            raise NotFound(f"查无此对象 · no {entity} {entity_id} is known", where=entity_id)
        _require_shown(runtime, request, messages)
        if known_at_time is not None:
            known_at = history.position_at(messages, known_at_time)
        told = await history.told(runtime.codec, messages, on, known_at, raw=raw)
        return HistoryAnswer(
            id=entity_id,
            position=messages[-1].position,
            on=on,
            known_at=known_at,
            entries=told,
        )

    return endpoint
