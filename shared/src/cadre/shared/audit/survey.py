"""What can be said of an event without any other: of a long log, that is said on all cores.

Most of what an audit does needs no order: reading headers, hashing, holding a body to its schema,
checking a signature. It is done here from the stored bytes and comes to a few words, which are then
held to each other in the order of the log.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import NamedTuple

from pydantic import ValidationError

from cadre.contracts.catalogue import CATALOGUE
from cadre.contracts.event import Event
from cadre.shared.audit.layout import read
from cadre.shared.audit.leaf import leaf_of
from cadre.shared.audit.merkle import leaf_hash
from cadre.shared.audit.signatures import Keys, Verdict, verdict
from cadre.shared.event_ids import event_id_bytes
from cadre.shared.headers import Headers
from cadre.shared.messages import Received
from cadre.shared.signed import SIGNED, Message, preimage_of

UUID_LENGTH, UUID_BYTES = 36, 16
_ID, _TYPE, _TIME, _COMMAND, _CAUSATION, _CORRELATION, _VERSION, _PREVIOUS, _EVIDENCE, _KEY = map(
    SIGNED.index,
    (
        "ce-id",
        "ce-type",
        "ce-time",
        "ce-commandid",
        "ce-causationid",
        "ce-correlationid",
        "ce-aggregateversion",
        "ce-previoushash",
        "ce-evidence",
        "ce-keyid",
    ),
)

type Stored = tuple[int, int, str, bytes, bytes]
"""Position, time stamp, subject, headers and body: quicker to hand to a process than a message."""


class Facts(NamedTuple):
    """What there is to say of an event by itself."""

    leaf: bytes
    """The hash of its leaf."""
    digest: str
    verdict: Verdict
    version: int | None
    """The version it names, if that is a number."""
    unreadable: str
    """Why it is no event of the catalogue; all that follows is said of one that is."""
    tag: str = ""
    previous: str = ""
    event_id: bytes = b""
    command: bytes = b""
    nth: int = 0
    """Its place among the command's events, unless the first of these is further back."""
    follows: bool = True
    """Whether the id follows from the command with that place."""
    supersedes: bytes | None = None


def stored(message: Message) -> Stored:
    """A message, as it is handed to a process."""
    block = Headers.of(message.headers).block
    return message.position, message.recorded_ns, message.subject, block, message.body


@dataclass(frozen=True, slots=True)
class Survey:
    """Looks at events one by one."""

    keys: Keys | None
    """Whose signatures hold; None where none is checked."""

    def facts(self, events: Sequence[Stored]) -> list[Facts]:
        """What there is to say of each of some events that follow each other."""
        found: list[Facts] = []
        command, index = b"", 0
        for event in events:
            one = self._facts(event, command, index)
            found.append(one)
            if not one.unreadable:
                command, index = one.command, one.nth
        return found

    def _facts(self, event: Stored, command: bytes, index: int) -> Facts:
        position, recorded_ns, subject, block, body = event
        layout, values = read(block)
        signed, named = layout.signed(values), subject.encode()
        data = preimage_of(named, signed, body)
        leaf = leaf_of(position, recorded_ns, named, layout, values, body)
        judged = Verdict.HOLDS
        if self.keys is not None:
            signature = None if layout.signature is None else values[layout.signature].decode()
            judged = verdict(position, subject, signed[_KEY].decode(), signature, data, self.keys)
        hashes = leaf_hash(leaf), sha256(data).hexdigest()
        try:
            _must_be_plain(block, len(layout.names))
            said = _said(subject, block, body, signed, command, index)
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            why = str(error) or type(error).__name__
            return Facts(*hashes, judged, version_of(signed[_VERSION].decode()), why)
        return Facts(*hashes, judged, *said)


def version_of(text: str) -> int | None:
    """The version that a header names; None where it names none."""
    try:
        return int(text)
    except ValueError:
        return None


def _must_be_plain(block: bytes, names: int) -> None:
    """Raises ValueError for headers that another reader may read in another way.

    Of a name that stands twice, some libraries take the first and some the last: only one of them
    is hashed and signed.
    """
    if block.count(b"\r\n") != names + 2:
        msg = "a header stands twice, or a line of the headers is none"
        raise ValueError(msg)


def _said(
    subject: str, block: bytes, body: bytes, signed: Sequence[bytes], command: bytes, index: int
) -> tuple[int, str, str, str, bytes, bytes, int, bool, bytes | None]:
    """The last fields of its `Facts`, after the ``index``-th of a command.

    Raises: ValueError, LookupError, TypeError, RecursionError.
    """
    event = _event(signed[_TYPE].decode(), body)
    tag, template = _names(type(event))
    if subject != template.format(getattr(event, event.key)):
        msg = f"an event {tag} of {event.aggregate} does not belong under its subject"
        raise ValueError(msg)
    named, caused, version = _envelope(signed) or _any_envelope(block)
    index = index + 1 if caused == command else 0
    aggregate = subject.removeprefix("history.").rpartition(".")[0]
    return (
        version,
        "",
        tag,
        signed[_PREVIOUS].decode(),
        named,
        caused,
        index,
        named == event_id_bytes(aggregate, _text(caused), index),
        event.supersedes.bytes if event.supersedes else None,
    )


def _event(named: str, body: bytes) -> Event:
    """The event of a body, whose header names this type.

    Nearly every body is of the newest version and fits: it is parsed and checked in one step.
    """
    kind = None if named in CATALOGUE.upcasts else CATALOGUE.events.get(named)
    if kind is not None:
        try:
            event = kind.model_validate_json(body, extra="ignore")
        except ValidationError:
            pass  # Said below, in the words of the catalogue.
        else:
            if "type" in event.model_fields_set:
                return event
    parsed = json.loads(body)
    if not isinstance(parsed, dict):
        msg = "the body is no JSON object"
        raise TypeError(msg)
    event = CATALOGUE.read(parsed)  # pyright: ignore[reportUnknownArgumentType]
    if named != parsed["type"]:
        msg = f"the header ce-type says {named}"
        raise ValueError(msg)
    return event


def _envelope(signed: Sequence[bytes]) -> tuple[bytes, bytes, int] | None:
    """Id, command and version in headers as services write them; None for any others."""
    named, caused, version = _uuid(signed[_ID]), _uuid(signed[_COMMAND]), signed[_VERSION]
    if named is None or caused is None:
        return None
    if not version.isdigit() or not signed[_EVIDENCE].isdigit():
        return None
    if any(value and _uuid(value) is None for value in (signed[_CAUSATION], signed[_CORRELATION])):
        return None
    datetime.fromisoformat(signed[_TIME].decode())
    return named, caused, int(version)


def _any_envelope(block: bytes) -> tuple[bytes, bytes, int]:
    """The same of any headers. Raises: KeyError or ValueError."""
    found = Received.checked(Headers(block))
    return found.event_id.bytes, found.command_id.bytes, found.version


def _uuid(value: bytes) -> bytes | None:
    """The bytes of an id in its usual form; None for other forms, and for what is no id."""
    if len(value) != UUID_LENGTH:
        return None
    try:
        found = bytes.fromhex(value.replace(b"-", b"").decode())
    except ValueError:
        return None
    return found if len(found) == UUID_BYTES else None


def _text(raw: bytes) -> str:
    """An id in its usual form."""
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@cache
def _names(kind: type[Event]) -> tuple[str, str]:
    """The tag of a kind of events and its subject, the aggregate's id left open."""
    return kind.tag(), f"history.{kind.service()}.{kind.entity}.{{}}.{kind.name()}"
