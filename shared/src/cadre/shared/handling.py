"""The one path a command takes: load, fold, decide, append.

A lost race is decided again on the new history. A time-out means unknown: the log is asked for the
command's own id before anything is decided again. The same command id gives the same outcome for
ever; with other content it is refused.
"""

import asyncio
import hmac
import json
import random
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID, uuid5

from pydantic import BaseModel, Field, ValidationError

from cadre.contracts.catalogue import CATALOGUE, UnknownEvent, UnreadableEvent
from cadre.contracts.event import Event, Refusal
from cadre.shared.codec import Codec, Message, Outgoing, personal_shape, personal_values
from cadre.shared.decider import Handler, Scope, World
from cadre.shared.errors import (
    CommandReused,
    LostRace,
    Malformed,
    OutcomeUnknown,
    ParkedPerson,
    StalePosition,
    Unavailable,
)
from cadre.shared.journal import Journal
from cadre.shared.log import Conflict, Expectation, Log, NoAnswer
from cadre.shared.messages import Command, Envelope, Meta, Recorded
from cadre.shared.projector import Projector
from cadre.shared.service import Context, Service
from cadre.shared.wire import from_validation

ATTEMPTS_MAX = 20
BACKOFF_S_MAX = 0.05
HISTORIES_CACHED_MAX = 20_000
TAIL_EVENTS_NEAR = 5_000
"""How far behind the journal a cached history may be and still be completed from the log alone."""
EVENT_IDS = UUID("9d0c5c9e-6c1b-5e0e-9a55-3f3f6a3b6a10")


class RecordedEvent(BaseModel):
    """One event that a command caused, as the log holds it."""

    type: str
    event_id: UUID
    subject: str
    position: int
    data: dict[str, Any]


class Outcome(BaseModel):
    """What became of a command."""

    outcome: Literal["recorded", "refused", "unchanged"]
    command_id: UUID
    position: int = Field(
        description="The last position this outcome rests on; wait for it with ?after="
    )
    repeated: bool = Field(default=False, description="The same command had been handled before")
    events: list[RecordedEvent] = Field(default_factory=list[RecordedEvent])


@dataclass(slots=True)
class History:
    """A scope's history, folded so far."""

    state: Any
    position: int = 0
    complete_to: int = 0
    """No event of the scope up to here is missing; the log is asked for those behind it."""
    heads: dict[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])
    """Version and digest of the last event, by aggregate."""
    commands: dict[UUID, list[int]] = field(default_factory=dict[UUID, list[int]])
    """Positions of the events each command caused."""

    def branch(self) -> "History":
        return replace(self, heads=dict(self.heads), commands=dict(self.commands))


@dataclass(slots=True)
class Handling:
    """Handles a service's commands; one instance per process."""

    service: Service
    log: Log
    journal: Journal
    codec: Codec
    projector: Projector
    context: Context
    code_version: str
    _histories: OrderedDict[Scope[Any], History] = field(
        default_factory=OrderedDict[Scope[Any], History]
    )

    async def handle(self, command: Command, meta: Meta) -> Outcome:
        """Decide a command and record what it causes.

        Raises: any CadreError; only OutcomeUnknown leaves open whether something was written.
        """
        handler = self._handler(command)
        _must_be_clear(command)
        command_hash = fingerprint(command, self.context.fingerprint_key)
        command = await self.service.prepare(self.context, command, meta)
        for attempt in range(ATTEMPTS_MAX):
            world, histories = await self._load(handler, command)
            repeated = await self._repeated(histories, meta, command_hash)
            if repeated is not None:
                return repeated
            self._check(histories, meta)
            events = _decide(handler, command, world)
            if not events:
                position = max((h.position for h in histories.values()), default=0)
                return Outcome(outcome="unchanged", command_id=meta.command_id, position=position)
            batch = await self._encode(events, histories, meta, command_hash)
            try:
                positions = await self.log.append(batch)
            except Conflict:
                await asyncio.sleep(random.uniform(0, BACKOFF_S_MAX) * min(attempt, 4))  # noqa: S311
                continue
            except NoAnswer as error:
                return await self._look_again(handler, command, meta, command_hash, error)
            return _outcome(meta, [event for event, _ in batch], positions)
        raise LostRace(
            f"{command.name} lost {ATTEMPTS_MAX} races against other writers",
            hint="try again with the same command id",
        )

    async def fold[S](self, scope: Scope[S], known_at: int | None = None) -> S:
        """The state of a history now, or as known at a position."""
        if known_at is None:
            state: S = (await self._history(scope)).state
            return state
        messages = [m for m in await self.messages(scope) if m.position <= known_at]
        return scope.fold.fold(self._decode(message) for message in messages)

    async def messages(self, scope: Scope[Any]) -> list[Message]:
        """A scope's raw events: journal, then the tail from the log."""
        seen = self.projector.journal_position
        stored = await self.journal.read(scope)
        after = max(seen, stored[-1].position if stored else 0)
        return stored + await self.log.tail(scope.subjects, after)

    def _handler(self, command: Command) -> Handler[Any]:
        for handler in self.service.handlers:
            if handler.command is type(command):
                return handler
        raise Malformed(f"{self.service.name} does not know the command {command.name}")

    async def _load(
        self, handler: Handler[Any], command: Command
    ) -> tuple[World, dict[Scope[Any], History]]:
        world = World()
        histories: dict[Scope[Any], History] = {}
        while missing := [s for s in handler.scopes(command, world) if s not in histories]:
            for scope in missing:
                histories[scope] = await self._history(scope)
                world.states[scope] = histories[scope].state
        return world, histories

    async def _history(self, scope: Scope[Any]) -> History:
        seen = self.projector.journal_position
        known = self._histories.get(scope)
        history = known.branch() if known else History(scope.fold.initial)
        if seen - history.complete_to > TAIL_EVENTS_NEAR:
            for message in await self.journal.read(scope, history.position):
                self._extend(scope, history, message)
            history.complete_to = max(seen, history.position)
        for message in await self.log.tail(scope.subjects, history.complete_to):
            self._extend(scope, history, message)
            history.complete_to = history.position
        self._histories[scope] = history
        self._histories.move_to_end(scope)
        while len(self._histories) > HISTORIES_CACHED_MAX:
            self._histories.popitem(last=False)
        return history

    def _extend(self, scope: Scope[Any], history: History, message: Message) -> None:
        recorded = self._decode(message)
        history.state = scope.fold.evolve(history.state, recorded)
        history.position = message.position
        service, entity, entity_id = message.aggregate
        if service == self.service.name:
            sent = Outgoing(message.subject, dict(message.headers), message.body)
            aggregate = f"{service}.{entity}.{entity_id}"
            history.heads[aggregate] = (recorded.envelope.version, sent.digest)
            command_id = recorded.envelope.command_id
            history.commands[command_id] = [*history.commands.get(command_id, []), message.position]

    def _decode(self, message: Message) -> Recorded[Event]:
        try:
            return self.codec.decode(message)
        except (UnknownEvent, UnreadableEvent) as error:
            raise ParkedPerson(
                f"the event at position {message.position} cannot be read: {error}",
                where=".".join(message.aggregate),
                hint="update the service; nothing is decided on a history it cannot read",
            ) from error

    def _check(self, histories: dict[Scope[Any], History], meta: Meta) -> None:
        first = next(iter(histories.values()), None)
        if (
            meta.expected_position is not None
            and first is not None
            and first.position > meta.expected_position
        ):
            raise StalePosition(
                f"you decided at position {meta.expected_position}; "
                f"the history has reached {first.position}",
                hint="read the history again and decide anew",
            )
        for scope in histories:
            for service, entity, entity_id in self.projector.parked:
                if (entity, entity_id) == (scope.fold.entity, scope.id) and scope.fold.service in {
                    "*",
                    service,
                }:
                    raise ParkedPerson(
                        "an event of this history is parked",
                        where=f"{service}.{entity}.{entity_id}",
                        hint="mend it and run `cadre projections retry`",
                    )

    async def _repeated(
        self, histories: dict[Scope[Any], History], meta: Meta, command_hash: str
    ) -> Outcome | None:
        positions = sorted(
            {
                position
                for history in histories.values()
                for position in history.commands.get(meta.command_id, ())
            }
        )
        if not positions:
            return None
        messages = [await self.log.get(position) for position in positions]
        for message in messages:
            if message.headers.get("ce-commandhash") != command_hash:
                raise CommandReused(
                    "this command id was used for a command of other content",
                    where=str(meta.command_id),
                    hint="use a new id for a new command",
                )
        sent = [Outgoing(m.subject, dict(m.headers), m.body) for m in messages]
        outcome = _outcome(meta, sent, positions)
        return outcome.model_copy(update={"repeated": True})

    async def _encode(
        self,
        events: Sequence[Event],
        histories: dict[Scope[Any], History],
        meta: Meta,
        command_hash: str,
    ) -> list[tuple[Outgoing, Expectation | None]]:
        keys = await self.codec.keys_for(events)
        heads: dict[str, tuple[int, str]] = {}
        expected: set[Scope[Any]] = set()
        batch: list[tuple[Outgoing, Expectation | None]] = []
        for index, event in enumerate(events):
            scope = next(scope for scope in histories if scope.covers(event))
            history = histories[scope]
            aggregate = str(event.aggregate)
            version, previous = heads.get(aggregate) or history.heads.get(aggregate, (0, ""))
            envelope = Envelope(
                event_id=event_id(aggregate, meta.command_id, index),
                version=version + 1,
                command_id=meta.command_id,
                command_hash=command_hash,
                actor=meta.actor,
                source_time=datetime.now(UTC),
                previous_hash=previous,
                causation_id=meta.causation_id,
                correlation_id=meta.correlation_id,
                traceparent=meta.traceparent,
                evidence=history.position,
                code_version=self.code_version,
            )
            outgoing = self.codec.encode(event, envelope, keys)
            heads[aggregate] = (version + 1, outgoing.digest)
            expectation = None
            if scope not in expected:
                expected.add(scope)
                expectation = Expectation(scope.subjects, history.position)
            batch.append((outgoing, expectation))
        return batch

    async def _look_again(
        self,
        handler: Handler[Any],
        command: Command,
        meta: Meta,
        command_hash: str,
        error: NoAnswer,
    ) -> Outcome:
        """After a time-out, ask whether it was stored after all."""
        try:
            _, histories = await self._load(handler, command)
            found = await self._repeated(histories, meta, command_hash)
        except Unavailable:
            found = None
        if found is not None:
            return found.model_copy(update={"repeated": False})
        raise OutcomeUnknown(
            "the log did not answer in time",
            where=str(meta.command_id),
            hint="send the same command with the same id again: it is never carried out twice",
        ) from error


def _must_be_clear(command: Command) -> None:
    """Only the codec seals: a caller could otherwise plant a value of somebody else."""
    values = personal_values(command.model_dump(mode="json"), personal_shape(type(command)))
    sealed = [path for holder, name, path in values if isinstance(holder[name], dict)]
    if sealed:
        raise Malformed(
            "a command carries its values in clear", where=", ".join(sealed), hint="send the text"
        )


def _decide(handler: Handler[Any], command: Command, world: World) -> Sequence[Event]:
    try:
        return handler.decide(command, world)
    except ValidationError as error:
        # The command's text fits no event: the caller's fault, told field by field.
        raise from_validation(error.errors()) from error


def event_id(aggregate: str, command_id: UUID, index: int) -> UUID:
    """The id of the ``index``-th event a command causes, on this aggregate."""
    return uuid5(EVENT_IDS, f"{aggregate}/{command_id}/{index}")


def fingerprint(command: Command, key: bytes) -> str:
    """A keyed hash of a command's content, which may hold personal data."""
    content = json.dumps(
        command.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    return hmac.new(key, f"{command.name}\n{content}".encode(), sha256).hexdigest()[:32]


def _outcome(meta: Meta, sent: Sequence[Outgoing], positions: Sequence[int]) -> Outcome:
    events = [
        RecordedEvent(
            type=message.headers["ce-type"],
            event_id=UUID(message.headers["ce-id"]),
            subject=message.subject,
            position=position,
            data=json.loads(message.body),
        )
        for message, position in zip(sent, positions, strict=True)
    ]
    # What a decision is about comes first; a refusal further on is of one person among several.
    refused = _is_refusal(events[0].type)
    return Outcome(
        outcome="refused" if refused else "recorded",
        command_id=meta.command_id,
        position=positions[-1],
        events=events,
    )


def _is_refusal(tag: str) -> bool:
    known = CATALOGUE.events.get(tag)
    return known is not None and issubclass(known, Refusal)
