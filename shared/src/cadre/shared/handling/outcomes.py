"""What a caller is told of a command."""

import json
from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, PrivateAttr, computed_field

from cadre.contracts.catalogue import CATALOGUE
from cadre.contracts.event import Refusal
from cadre.shared.deciding.errors import CadreError
from cadre.shared.log.codec import Outgoing
from cadre.shared.log.signed import Message


class RecordedEvent(BaseModel):
    """One event that a command caused, as the log holds it."""

    type: str
    event_id: UUID
    subject: str
    position: int
    _body: bytes = PrivateAttr(default=b"")

    @classmethod
    def of(cls, message: Outgoing | Message, position: int) -> "RecordedEvent":
        """An event that is stored at a position."""
        headers = message.headers
        event = cls(
            type=headers["ce-type"],
            event_id=UUID(headers["ce-id"]),
            subject=message.subject,
            position=position,
        )
        event._body = message.body
        return event

    @computed_field
    @property
    def data(self) -> dict[str, Any]:
        """The event's body."""
        # Few ask for it here; a caller is sent the text as it is.
        body: dict[str, Any] = json.loads(self._body)
        return body

    def as_json(self) -> bytes:
        told = self.model_dump_json(exclude={"data"}).encode()
        return told.removesuffix(b"}") + b',"data":' + self._body + b"}"


class Outcome(BaseModel):
    """What became of a command."""

    outcome: Literal["recorded", "refused", "unchanged"]
    command_id: UUID
    position: int = Field(
        description="The last position this outcome rests on; wait for it with ?after="
    )
    repeated: bool = Field(default=False, description="The same command had been handled before")
    events: list[RecordedEvent] = Field(default_factory=list[RecordedEvent])

    @classmethod
    def of(
        cls, command_id: UUID, sent: Sequence[Outgoing | Message], positions: Sequence[int]
    ) -> "Outcome":
        """The outcome of a command that caused events."""
        events = [RecordedEvent.of(*stored) for stored in zip(sent, positions, strict=True)]
        # What a decision is about comes first; a refusal further on is of one person among several.
        refused = _is_refusal(events[0].type)
        return cls(
            outcome="refused" if refused else "recorded",
            command_id=command_id,
            position=positions[-1],
            events=events,
        )

    def as_json(self) -> bytes:
        told = self.model_dump_json(exclude={"events"}).encode()
        events = b",".join([event.as_json() for event in self.events])
        return told.removesuffix(b"}") + b',"events":[' + events + b"]}"


def _is_refusal(tag: str) -> bool:
    known = CATALOGUE.events.get(tag)
    return known is not None and issubclass(known, Refusal)


def as_json(answer: Outcome | CadreError) -> bytes:
    """An outcome, or an error as problem details."""
    if isinstance(answer, CadreError):
        return json.dumps(answer.problem(), ensure_ascii=False).encode()
    return answer.as_json()
