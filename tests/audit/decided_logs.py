"""Logs in memory, written by the services' own decisions, to be decided again."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from cadre.appointment.app import SERVICE as APPOINTMENT
from cadre.audit.redecision import Redecided, Redecision
from cadre.contracts.catalogue import CATALOGUE
from cadre.contracts.event import Event
from cadre.contracts.personal import personal_shape, personal_values
from cadre.selection.app import SERVICE as SELECTION
from cadre.shared.deciding.messages import Command, Recorded
from cadre.shared.deciding.testing import event_id, recorded, world
from cadre.shared.log.signed import Message
from cadre.shared.showing.service import Service
from cadre.supervision.app import SERVICE as SUPERVISION
from cadre.training.app import SERVICE as TRAINING

SERVICES = (SELECTION, TRAINING, SUPERVISION, APPOINTMENT)
CODE = "1.2.3"
INSTALLED = {service.name: CODE for service in SERVICES}


@dataclass
class DecidedLog:
    """``cites``: the highest position read, or that of the history the event belongs to."""

    cites: Literal["all", "own"] = "all"
    messages: list[Message] = field(default_factory=list[Message])
    history: list[Recorded[Event]] = field(default_factory=list[Recorded[Event]])

    def add(
        self,
        *events: Event,
        evidence: Callable[[Event], int] | None = None,
        code: str = CODE,
        command_id: UUID | None = None,
    ) -> "DecidedLog":
        """Record events as they are; they cite everything before them unless told otherwise."""
        before = len(self.messages)
        command_id = command_id or event_id(10_000 + before)
        cited = [evidence(event) if evidence else before for event in events]
        for event, seen in zip(events, cited, strict=True):
            position = len(self.messages) + 1
            headers = {
                "ce-id": str(event_id(position)),
                "ce-aggregateversion": str(position),
                "ce-commandid": str(command_id),
                "ce-time": "2026-01-01T00:00:00+00:00",
                "ce-evidence": str(seen),
                "ce-codeversion": code,
            }
            body = event.model_dump_json().encode()
            subject = f"history.{event.aggregate}.{event.name()}"
            self.messages.append(Message(subject, headers, body, position, 0))
            self.history.append(recorded(position, event))
        return self

    def handle(
        self, *commands: Command, code: str = CODE, services: Sequence[Service] = SERVICES
    ) -> "DecidedLog":
        """Decide and record, citing what was read; the first of the services that takes it does."""
        for command in commands:
            handler = next(h for s in services for h in s.handlers if h.command is type(command))
            loaded = world(handler, command, self.history)
            seen = {
                scope: max((r.position for r in self.history if scope.covers(r.event)), default=0)
                for scope in loaded.states
            }

            def cited(event: Event, seen: dict[Any, int] = seen) -> int:
                own = next(seen[scope] for scope in seen if scope.covers(event))
                return max(seen.values()) if self.cites == "all" else own

            self.add(*handler.decide(command, loaded), evidence=cited, code=code)
        return self

    def decided_again(
        self, wanted: Callable[[Event], bool] = lambda _: True, *, with_today: bool = False
    ) -> list[Redecided]:
        redecision = Redecision(SERVICES, INSTALLED)
        for message in self.messages:
            redecision.add(message)
        return list(redecision.redecided(wanted, with_today=with_today))

    def only(self, kind: type[Event], *, with_today: bool = False) -> Redecided:
        """The one decision of a type."""
        (found,) = self.decided_again(lambda e: isinstance(e, kind), with_today=with_today)
        return found

    def forgotten(self) -> "DecidedLog":
        """The same log after every key was dropped."""
        return DecidedLog(self.cites, [_forgotten(m) for m in self.messages], [])


def _forgotten(message: Message) -> Message:
    body = json.loads(message.body)
    for holder, name, _ in personal_values(body, personal_shape(CATALOGUE.events[body["type"]])):
        holder[name] = {"forgotten": True}
    data = json.dumps(body).encode()
    return Message(message.subject, message.headers, data, message.position, message.recorded_ns)


def passing(event: Any) -> Any:
    """The event with every finding turned into a passed one."""
    findings: Sequence[Any] = event.findings
    return tuple(finding.model_copy(update={"passed": True}) for finding in findings)
