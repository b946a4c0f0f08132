"""Commands, and what the log adds to an event when it records it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import ClassVar, NamedTuple
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


def moment(recorded_ns: int) -> datetime:
    """A log server's time stamp, given in nanoseconds since 1970, to the microsecond."""
    return datetime.fromtimestamp(recorded_ns // 1000 / 1_000_000, UTC)


@dataclass(slots=True, kw_only=True)
class Envelope:
    """What travels in the headers beside an event's body. Not frozen, as one is made per event."""

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

    @property
    def event_key(self) -> str:
        return str(self.event_id)


class Received:
    """The envelope of an event on the log: each part is read from the headers when asked for.

    Raises KeyError or ValueError then, where the headers are none of ours.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    @classmethod
    def checked(cls, headers: Mapping[str, str]) -> "Received":
        """One of which every part was read, for whoever does not trust the headers."""
        found = cls(headers)
        for name in Envelope.__slots__:
            getattr(found, name)
        return found

    @cached_property
    def event_id(self) -> UUID:
        return UUID(self._headers["ce-id"])

    @property
    def event_key(self) -> str:
        return self._headers["ce-id"]

    @cached_property
    def version(self) -> int:
        return int(self._headers["ce-aggregateversion"])

    @cached_property
    def command_id(self) -> UUID:
        return UUID(self._headers["ce-commandid"])

    @property
    def command_hash(self) -> str:
        return self._headers.get("ce-commandhash", "")

    @property
    def actor(self) -> str:
        return self._headers.get("ce-actor", "")

    @property
    def source_time(self) -> datetime:
        return datetime.fromisoformat(self._headers["ce-time"])

    @property
    def previous_hash(self) -> str:
        return self._headers.get("ce-previoushash", "")

    @property
    def causation_id(self) -> UUID | None:
        return self._id("ce-causationid")

    @property
    def correlation_id(self) -> UUID | None:
        return self._id("ce-correlationid")

    @property
    def traceparent(self) -> str | None:
        return self._headers.get("traceparent")

    @property
    def evidence(self) -> int:
        return int(self._headers.get("ce-evidence", "0"))

    @property
    def code_version(self) -> str:
        return self._headers.get("ce-codeversion", "")

    @property
    def key_id(self) -> str:
        return self._headers.get("ce-keyid", "")

    @property
    def signature(self) -> str:
        return self._headers.get("ce-signature", "")

    def _id(self, name: str) -> UUID | None:
        found = self._headers.get(name)
        return UUID(found) if found else None


class Recorded[E: Event](NamedTuple):
    """An event together with its place in history."""

    event: E
    envelope: Envelope | Received
    position: int
    recorded_ns: int
    """The log server's time stamp, nanoseconds since 1970 (UTC)."""

    @property
    def recorded_at(self) -> datetime:
        return moment(self.recorded_ns)

    @property
    def event_id(self) -> UUID:
        return self.envelope.event_id

    @property
    def event_key(self) -> str:
        """The event's id as text, for rows that are kept under it."""
        return self.envelope.event_key
