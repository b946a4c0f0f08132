"""A command on its way to events: what was wished, on which histories, and what to append."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from json import JSONEncoder
from typing import Any

from pydantic import ValidationError

from cadre.contracts.event import Event
from cadre.contracts.personal import personal_shape, personal_values
from cadre.shared.deciding import protection
from cadre.shared.deciding.decider import Handler, Scope, World
from cadre.shared.deciding.errors import Malformed, StalePosition, from_validation
from cadre.shared.deciding.messages import Command, Envelope, Meta
from cadre.shared.handling.histories import History
from cadre.shared.keys.keyring import DataKey, KeyName
from cadre.shared.log.codec import Codec, Outgoing
from cadre.shared.log.event_ids import event_id, message_id
from cadre.shared.log.stream import Expectation

_IN_ORDER = JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))

ID_LENGTH_MAX = 64
"""Of an aggregate: as long as every store has room for."""

type Outbound = list[tuple[Outgoing, Expectation | None]]


@dataclass(frozen=True, slots=True)
class Wish:
    """A command, ready to be decided."""

    command: Command
    meta: Meta
    handler: Handler[Any]
    hash: str
    """Of the command's content as it was sent."""

    def decide(self, histories: Mapping[Scope[Any], History]) -> "Decision":
        """What the command comes to on these histories.

        Raises: what the handler raises, StalePosition, Restricted, PersonForgotten.
        """
        for scope, history in histories.items():
            if self.command.uses_data and history.protection.restricted:
                raise protection.restricted(scope.id)
        first = next(iter(histories.values()), None)
        expected = self.meta.expected_position
        if expected is not None and first is not None and first.position > expected:
            raise StalePosition(
                "作出决定时所依据的历史已有新事件 · "
                f"you decided at position {expected}; the history has reached {first.position}",
                hint="请重新查阅历史后再作决定 · read the history again and decide anew",
            )
        world = World({scope: history.state for scope, history in histories.items()})
        try:
            events = self.handler.decide(self.command, world)
        except ValidationError as error:
            # The command's text fits no event: the caller's fault, told field by field.
            raise from_validation(error.errors()) from error
        scopes = [next(s for s in histories if s.covers(event)) for event in events]
        for event, scope in zip(events, scopes, strict=True):
            if len(event.aggregate.id) > ID_LENGTH_MAX:
                raise Malformed(
                    "据此生成的编号过长 · "
                    f"an id made of it has {len(event.aggregate.id)} characters,"
                    f" at most {ID_LENGTH_MAX}",
                    where=event.key,
                    hint="请缩短编号 · use shorter ids",
                )
            if histories[scope].protection.forgotten and personal_shape(type(event)):
                raise protection.forgotten(scope.id)
        return Decision(self, histories, events, scopes)

    def recorded_at(self, histories: Mapping[Scope[Any], History]) -> list[int]:
        """The positions of what the same command recorded before."""
        found = (h.commands.get(self.meta.command_id, ()) for h in histories.values())
        return sorted({position for positions in found for position in positions})


@dataclass(frozen=True, slots=True)
class Decision:
    """The events a wish comes to, and the histories this rests on."""

    wish: Wish
    histories: Mapping[Scope[Any], History]
    events: Sequence[Event]
    scopes: Sequence[Scope[Any]]
    """Of each event the history it is written to."""

    @property
    def guarded(self) -> dict[Scope[Any], History]:
        """The histories the events are written to: those that guard their append."""
        return {scope: self.histories[scope] for scope in self.scopes}

    def batch(self, codec: Codec, keys: Mapping[KeyName, DataKey], code_version: str) -> Outbound:
        """What to append: the first event of each history carries its expectation."""
        meta = self.wish.meta
        evidence = max(history.position for history in self.histories.values())
        heads: dict[str, tuple[int, Outgoing]] = {}
        expected: set[Scope[Any]] = set()
        batch: Outbound = []
        for index, (event, scope) in enumerate(zip(self.events, self.scopes, strict=True)):
            history = self.histories[scope]
            aggregate = str(event.aggregate)
            if aggregate in heads:
                version, before = heads[aggregate]
                previous = before.digest
            else:
                version, previous = history.heads.get(aggregate, (0, ""))
            envelope = Envelope(
                event_id=event_id(aggregate, meta.command_id, index),
                version=version + 1,
                command_id=meta.command_id,
                command_hash=self.wish.hash,
                actor=meta.actor,
                source_time=datetime.now(UTC),
                previous_hash=previous,
                causation_id=meta.causation_id,
                correlation_id=meta.correlation_id,
                traceparent=meta.traceparent,
                evidence=evidence,
                code_version=code_version,
            )
            known_by = message_id(meta.command_id, index)
            outgoing = codec.encode(event, envelope, keys, known_by)
            heads[aggregate] = (version + 1, outgoing)
            guard = None if scope in expected else Expectation(scope.subjects, history.position)
            expected.add(scope)
            batch.append((outgoing, guard))
        return batch


def fingerprint(command: Command, key: bytes) -> str:
    """A keyed hash of a command's content, which may hold personal data.

    Raises: Malformed for a sealed value: only the codec seals, a caller could plant a value of
    somebody else.
    """
    content = command.model_dump(mode="json")
    values = personal_values(content, personal_shape(type(command)))
    sealed = [path for holder, name, path in values if isinstance(holder[name], dict)]
    if sealed:
        raise Malformed(
            "命令中的值须为明文 · a command carries its values in clear",
            where=", ".join(sealed),
            hint="请发送原文 · send the text",
        )
    text = _IN_ORDER.encode(content)
    return hmac.digest(key, f"{command.name}\n{text}".encode(), "sha256").hex()[:32]
