"""Events of a branch that was left, recorded again as late entries under their own command ids.

Nobody decides anew: what one decision recorded is recorded as it was, if its histories are still
what it was decided on. They may have grown by nothing but events of the same branch, all of those
before it among them. Anything else (a seat that somebody else has now, a person whose history went
on) is left to a person, who gives the command again: then it is decided on today's history.

Only what this service once signed is taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Annotated
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, Field

from cadre.contracts.event import Event
from cadre.shared.deciding.decider import Fold, Scope
from cadre.shared.deciding.errors import Malformed, OutcomeUnknown
from cadre.shared.deciding.messages import Recorded
from cadre.shared.deciding.rights import EVERYBODY, Right, Role
from cadre.shared.handling.handling import Handling
from cadre.shared.log.codec import Codec, Outgoing, signature_holds
from cadre.shared.log.signed import Message, digest
from cadre.shared.log.stream import BATCH_EVENTS_MAX, Conflict, Expectation, NoAnswer
from cadre.shared.running.runtime import Runtime
from cadre.shared.showing.routes import Routes
from cadre.shared.upkeep.vitals import Stops

ATTEMPTS_MAX = 5
IDS_MAX = 100_000


class LostEvent(BaseModel):
    """An event as another branch of the log held it, personal fields sealed."""

    subject: str
    headers: dict[str, str]
    body: str


class Decided(BaseModel):
    """What one decision recorded on a branch that was left."""

    events: Annotated[list[LostEvent], Field(min_length=1, max_length=BATCH_EVENTS_MAX)]
    fork: Annotated[int, Field(ge=0, description="The last position of both branches")]
    before: Annotated[
        list[str], Field(max_length=IDS_MAX, description="Ids of the branch's earlier events")
    ]
    after: Annotated[list[str], Field(max_length=IDS_MAX, description="Of its later ones")]
    assumed: Annotated[
        list[str], Field(max_length=IDS_MAX, description="To be taken for recorded; for a trial")
    ] = []
    apply: Annotated[bool, Field(description="Record it; otherwise it is only looked at")] = False


class Result(StrEnum):
    """What became of it."""

    RECORDED = "recorded"
    FITS = "fits"
    """It would be recorded."""
    THERE = "there"
    """The log has it: the same command was carried out since."""
    ISSUE = "issue"
    """A person has to decide."""


class RecordedAgain(BaseModel):
    """What became of it, at which positions, and why it could not be."""

    result: Result
    positions: list[int] = []
    why: str = ""


class _Issue(Exception):
    """It is left to a person."""


@dataclass(frozen=True, slots=True)
class Again:
    """Records what one decision recorded before."""

    handling: Handling
    codec: Codec

    async def record(self, decided: Decided) -> RecordedAgain:
        """Look at it, and record it if that is wished.

        Raises: Malformed, Unavailable, OutcomeUnknown.
        """
        self.handling.vitals.require(Stops.COMMANDS)
        events = [_message(event) for event in decided.events]
        self._must_be_own(events)
        for _ in range(ATTEMPTS_MAX):
            try:
                return await self._record(decided, events)
            except _Issue as issue:
                return RecordedAgain(result=Result.ISSUE, why=str(issue))
            except Conflict:
                continue
            except NoAnswer as error:
                raise OutcomeUnknown(
                    "事件日志未及时应答 · the log did not answer in time",
                    hint="请再执行一次，不会重复记录 · do it again: nothing is repeated",
                ) from error
        return RecordedAgain(result=Result.ISSUE, why="its history is being written to")

    def _must_be_own(self, events: Sequence[Message]) -> None:
        signer = self.codec.signer
        commands = {event.headers.get("ce-commandid") for event in events}
        if len(commands) != 1 or any(event.aggregate[0] != signer.service for event in events):
            raise Malformed(
                "这些不是本服务同一次决定的事件 · "
                "these are not the events of one decision of this service"
            )
        if not all(signature_holds(event, signer.public, signer.algorithm) for event in events):
            raise Malformed(
                "这不是本服务签名的 · this service has not signed this",
                hint="是否用已更换的密钥签名？请重新下达命令 · "
                "signed with a key that was replaced since? give the command again",
            )

    async def _record(self, decided: Decided, events: Sequence[Message]) -> RecordedAgain:
        scopes = list(dict.fromkeys(_scope_of(event) for event in events))
        for parked in self.handling.projector.parked:
            if any(scope.takes(parked) for scope in scopes):
                raise _Issue(f"an event of {'.'.join(parked)} is parked")
        histories = {scope: await self.handling.messages(scope) for scope in scopes}
        command_id, hashed = (events[0].headers.get(f"ce-command{of}", "") for of in ("id", "hash"))
        held = [message for history in histories.values() for message in history]
        same = [one for one in held if one.headers.get("ce-commandid") == command_id]
        if same:
            positions = sorted({one.position for one in same})
            if any(one.headers.get("ce-commandhash") != hashed for one in same):
                raise _Issue(f"its command id was used otherwise, at position {positions[0]}")
            return RecordedAgain(result=Result.THERE, positions=positions)
        elsewhere = await self.handling.command_ids.earlier(UUID(command_id))
        if elsewhere is not None:
            raise _Issue(f"its command id was used otherwise, at position {elsewhere.position}")
        _must_fit(decided, held)
        if not decided.apply:
            return RecordedAgain(result=Result.FITS)
        batch = self._batch(events, histories)
        return RecordedAgain(
            result=Result.RECORDED, positions=await self.handling.appends.append(batch)
        )

    def _batch(
        self, events: Sequence[Message], histories: dict[Scope[None], list[Message]]
    ) -> list[tuple[Outgoing, Expectation]]:
        ends = {scope: held[-1].position if held else 0 for scope, held in histories.items()}
        heads: dict[tuple[str, str, str], tuple[int, str]] = {}
        for held in histories.values():
            for one in held:
                version = int(one.headers["ce-aggregateversion"])
                heads[one.aggregate] = version, digest(one.subject, one.headers, one.body)
        batch: list[tuple[Outgoing, Expectation]] = []
        for event in events:
            scope = _scope_of(event)
            version, previous = heads.get(event.aggregate, (0, ""))
            evidence = max(ends.values())
            outgoing = self.codec.signed_again(event, version + 1, previous, evidence)
            heads[event.aggregate] = version + 1, outgoing.digest
            batch.append((outgoing, Expectation(scope.subjects, ends[scope])))
        return batch


def _must_fit(decided: Decided, held: Sequence[Message]) -> None:
    """Raises _Issue unless the histories are what was decided on, with later events of the same."""
    since = {one.headers.get("ce-id", ""): one for one in held if one.position > decided.fork}
    strange = since.keys() - {*decided.before, *decided.after}
    if strange:
        first = min((since[one] for one in strange), key=lambda one: one.position)
        raise _Issue(
            f"its history went on: {first.subject} at position {first.position}"
            f" by {first.headers.get('ce-actor', '')}"
        )
    missing = [one for one in decided.before if one not in since and one not in decided.assumed]
    if missing:
        raise _Issue(f"it rests on event {missing[0]}, which is not recorded again")


def _scope_of(message: Message) -> Scope[None]:
    """The history an event belongs to, guarded as every decision guards it."""
    service, entity, aggregate_id = message.aggregate
    return _fold("*" if entity == "cadre" else service, entity).of(aggregate_id)


@cache
def _fold(service: str, entity: str) -> Fold[None]:
    # A scope is known by the identity of its fold.
    return Fold(service, entity, None, _same)


def _same(state: None, _: Recorded[Event]) -> None:
    return state


def _message(event: LostEvent) -> Message:
    parts = event.subject.split(".")
    if len(parts) != len(("history", "service", "entity", "id", "name")) or parts[0] != "history":
        raise Malformed("没有事件使用该主题 · no event has this subject", where=event.subject)
    return Message(event.subject, event.headers, event.body.encode(), 0, 0)


def routes() -> Routes:
    """``POST /log/recorded-again``."""
    routes = Routes.of(tags=["operations"])

    @routes.post(
        "/log/recorded-again",
        Right(Role.OPERATOR, EVERYBODY),
        summary="重新记录另一分支中仍然成立的事件 · "
        "Record what a branch held that was left, if it still fits",
    )
    async def recorded_again(request: Request, decided: Decided) -> RecordedAgain:
        runtime: Runtime = request.app.state.runtime
        return await Again(runtime.handling, runtime.codec).record(decided)

    return routes
