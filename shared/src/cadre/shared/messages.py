"""Commands, and what the log adds to an event when it records it."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from cadre.contracts.event import Event


class Command(BaseModel):
    """A wish, in the imperative. It may be refused. Its name is its class's, in kebab-case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]
    uses_data: ClassVar[bool] = True
    """Whether it uses a person's data, which a restriction forbids; storing and ending is none."""
    irreversible: ClassVar[bool] = False
    """Whether `Service.enact` does for it what cannot be undone: it is decided on the log alone."""

    effective_on: date = Field(description="The business date: when it holds in the world")

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        cls.name = re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__).lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """Who sent a command and what it belongs to."""

    command_id: UUID
    actor: str
    causation_id: UUID | None = None
    correlation_id: UUID | None = None
    traceparent: str | None = None
    expected_position: int | None = None
    """Refuse with StalePosition when the history has moved on from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What travels in the headers beside an event's body."""

    event_id: UUID
    version: int
    """Place of the event in its aggregate, from 1."""
    command_id: UUID
    command_hash: str
    actor: str
    source_time: datetime
    """When the service published it, by its own clock."""
    previous_hash: str
    """Hash of the aggregate's previous event; empty for the first."""
    causation_id: UUID | None = None
    correlation_id: UUID | None = None
    traceparent: str | None = None
    evidence: int = 0
    """The highest position among all histories that the decision had read."""
    code_version: str = ""
    key_id: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded[E: Event]:
    """An event together with its place in history."""

    event: E
    envelope: Envelope
    position: int
    recorded_at: datetime

    @property
    def event_id(self) -> UUID:
        return self.envelope.event_id
