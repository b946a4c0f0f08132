"""An event as the log holds it, and which of its bytes are hashed and signed.

Nothing here needs a key or a database, so that processes which only look at events start at once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import chain
from struct import Struct
from typing import Protocol

from cadre.shared.messages import moment

SIGNED = (
    "ce-specversion",
    "ce-id",
    "ce-source",
    "ce-type",
    "ce-subject",
    "ce-time",
    "ce-dataschema",
    "ce-datacontenttype",
    "ce-actor",
    "ce-persons",
    "ce-commandid",
    "ce-commandhash",
    "ce-causationid",
    "ce-correlationid",
    "ce-aggregateversion",
    "ce-previoushash",
    "ce-evidence",
    "ce-codeversion",
    "ce-keyid",
    "traceparent",
)
SIGNATURE = "ce-signature"
_DOMAIN = b"cadre-event-v1"
_LENGTH = Struct(">I").pack


@dataclass(slots=True)
class Message:
    """An event as the log holds it: raw. It is not frozen, for that costs more than framing one."""

    subject: str
    headers: Mapping[str, str]
    body: bytes
    position: int
    recorded_ns: int
    """The log server's time stamp, nanoseconds since 1970 (UTC)."""

    @property
    def recorded_at(self) -> datetime:
        return moment(self.recorded_ns)

    @property
    def aggregate(self) -> tuple[str, str, str]:
        """Service, entity and id, from the subject."""
        _, service, entity, aggregate_id, _ = self.subject.split(".", 4)
        return service, entity, aggregate_id


def preimage(subject: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """The bytes that are hashed and signed."""
    get = headers.get
    return preimage_of(subject.encode(), [get(name, "").encode() for name in SIGNED], body)


def preimage_of(subject: bytes, values: Iterable[bytes], body: bytes) -> bytes:
    """The same from the values of `SIGNED`, in that order; empty where one is lacking."""
    parts = (_DOMAIN, subject, *values, body)
    return b"".join(chain.from_iterable(zip(map(_LENGTH, map(len, parts)), parts, strict=True)))


def digest(subject: str, headers: Mapping[str, str], body: bytes) -> str:
    """SHA-256 of the preimage, hexadecimal: what the next event of the aggregate names."""
    return sha256(preimage(subject, headers, body)).hexdigest()


class KeyHolder(Protocol):
    """Whose key signs a service's events, as far as everybody may know it."""

    @property
    def service(self) -> str: ...
    @property
    def key_id(self) -> str: ...
    @property
    def algorithm(self) -> str:
        """One of `cadre.shared.algorithms`."""
        ...

    @property
    def public(self) -> bytes: ...
