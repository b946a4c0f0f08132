"""What can be said of an event without any other: of a long log, that is said on all cores.

Most of what an audit does needs no order: reading headers, hashing, holding a body to its schema,
checking a signature. It is done here from the stored bytes and comes to a few words, which are then
held to each other in the order of the log.
"""

import json
from binascii import unhexlify
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import NamedTuple

from pydantic import ValidationError

from cadre.audit.layout import Layout, Values, read_familiar, read_strange
from cadre.audit.leaf import leaf_of
from cadre.audit.merkle import leaf_hash
from cadre.audit.signatures import Keys, SignatureVerdict, verdict
from cadre.contracts.catalogue import CATALOGUE
from cadre.contracts.event import Event, EventSetAside
from cadre.shared.deciding.messages import Received
from cadre.shared.log.event_ids import event_id_bytes
from cadre.shared.log.headers import Headers
from cadre.shared.log.signed import SIGNED, Message, preimage_of

_ID, _TYPE, _TIME, _COMMAND, _VERSION, _PREVIOUS, _KEY = map(
    SIGNED.index,
    (
        "ce-id",
        "ce-type",
        "ce-time",
        "ce-commandid",
        "ce-aggregateversion",
        "ce-previoushash",
        "ce-keyid",
    ),
)

type Stored = tuple[int, int, str, bytes, bytes]
"""Position, time stamp, subject, headers and body: quicker to hand to a process than a message."""


class Particulars(NamedTuple):
    """What there is to say of an event by itself."""

    leaf: bytes
    """The hash of its leaf."""
    digest: str
    verdict: SignatureVerdict
    version: int | None
    """The version it names, if that is a number."""
    unreadable: str
    """Why it is no event of the catalogue; all that follows is said of one that is."""
    tag: str = ""
    previous: str = ""
    event_id: bytes = b""
    command: str = ""
    nth: int = 0
    """Its place among the command's events, unless the first of these is further back."""
    follows: bool = True
    """Whether the id follows from the command with that place."""
    about: bytes | None = None
    """The id of the event that it corrects or sets aside."""
    aggregate: str = ""
    """Service, entity and id."""


def stored(message: Message) -> Stored:
    """A message, as it is handed to a process."""
    block = Headers.of(message.headers).block
    return message.position, message.recorded_ns, message.subject, block, message.body


type _Said = tuple[str, bytes | None, bytes, str, int]
"""Tag, the id of what it is about, id, command and version."""


@dataclass(frozen=True, slots=True)
class Survey:
    """Looks at events one by one."""

    keys: Keys | None
    """Whose signatures hold; None where none is checked."""

    def facts(self, events: Sequence[Stored]) -> list[Particulars]:
        """What there is to say of each of some events that follow each other.

        Every step is taken for all of them before the next one. What a step needs then stays in
        the processor's caches: all steps for one event after the other take half as long again.
        """
        positions, times, subjects, blocks, bodies = zip(*events, strict=True)
        usual = list(map(read_familiar, blocks))
        read = [one or read_strange(block) for one, block in zip(usual, blocks, strict=True)]
        signed = [layout.signed(values) for layout, values in read]
        named = list(map(str.encode, subjects))
        data = list(map(preimage_of, named, signed, bodies))
        digests = [sha256(one).hexdigest() for one in data]
        layouts, values = zip(*read, strict=True)
        leaves = list(
            map(leaf_hash, map(leaf_of, positions, times, named, layouts, values, bodies))
        )
        verdicts = self._verdicts(positions, subjects, signed, list(map(_signature, read)), data)
        said = list(map(_said, subjects, map(bool, usual), layouts, signed, blocks, bodies))
        return _placed(subjects, leaves, digests, verdicts, signed, said)

    def _verdicts(
        self,
        positions: Sequence[int],
        subjects: Sequence[str],
        signed: Sequence[Values],
        signatures: Sequence[str | None],
        data: Sequence[bytes],
    ) -> list[SignatureVerdict]:
        keys = self.keys
        if keys is None:
            return [SignatureVerdict.HOLDS] * len(data)
        return [
            verdict(position, subject, values[_KEY].decode(), signature, one, keys)
            for position, subject, values, signature, one in zip(
                positions, subjects, signed, signatures, data, strict=True
            )
        ]


def _signature(read: tuple[Layout, Values]) -> str | None:
    layout, values = read
    return None if layout.signature is None else values[layout.signature].decode()


def _said(
    subject: str, usual: bool, layout: Layout, signed: Values, block: bytes, body: bytes
) -> _Said | str:
    """What an event says of itself, or why it is none of the catalogue."""
    try:
        if not usual:
            _must_be_plain(block, len(layout.names))
        tag, about = _event(subject, signed[_TYPE].decode(), body)
        envelope = _usual_envelope(signed) if usual and layout.enveloped else _any_envelope(block)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        return str(error) or type(error).__name__
    return tag, about, *envelope


def _placed(
    subjects: Sequence[str],
    leaves: Sequence[bytes],
    digests: Sequence[str],
    verdicts: Sequence[SignatureVerdict],
    signed: Sequence[Values],
    every: Sequence[_Said | str],
) -> list[Particulars]:
    """All that was found out, with the place of each event among those of its command."""
    facts: list[Particulars] = []
    command, nth = "", 0
    for subject, leaf, digest, judged, values, said in zip(
        subjects, leaves, digests, verdicts, signed, every, strict=True
    ):
        if isinstance(said, str):
            version = version_of(values[_VERSION].decode())
            facts.append(Particulars(leaf, digest, judged, version, said))
            continue
        tag, about, event_id, caused, version = said
        nth = nth + 1 if caused == command else 0
        command = caused
        aggregate = subject.removeprefix("history.").rpartition(".")[0]
        follows = event_id == event_id_bytes(aggregate, caused, nth)
        previous = values[_PREVIOUS].decode()
        facts.append(
            Particulars(
                leaf, digest, judged, version, "", tag, previous, event_id, caused, nth, follows,
                about, aggregate,
            )
        )  # fmt: skip
    return facts


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


def _event(subject: str, named: str, body: bytes) -> tuple[str, bytes | None]:
    """The tag of an event and the id of what it corrects or sets aside.

    Raises: ValueError, LookupError, TypeError, RecursionError.
    """
    event = _read(named, body)
    tag, template = _names(type(event))
    if subject != template.format(getattr(event, event.key)):
        msg = f"an event {tag} of {event.aggregate} does not belong under its subject"
        raise ValueError(msg)
    about = event.event_id if isinstance(event, EventSetAside) else event.supersedes
    return tag, about.bytes if about else None


def _read(named: str, body: bytes) -> Event:
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


def _usual_envelope(signed: Values) -> tuple[bytes, str, int]:
    """Id, command and version in headers as services write them."""
    datetime.fromisoformat(signed[_TIME].decode())
    event_id = unhexlify(signed[_ID].replace(b"-", b""))
    return event_id, signed[_COMMAND].decode(), int(signed[_VERSION])


def _any_envelope(block: bytes) -> tuple[bytes, str, int]:
    """The same of any headers. Raises: KeyError or ValueError."""
    found = Received.checked(Headers(block))
    return found.event_id.bytes, str(found.command_id), found.version


@cache
def _names(kind: type[Event]) -> tuple[str, str]:
    """The tag of a kind of events and its subject, the aggregate's id left open."""
    return kind.tag(), f"history.{kind.service()}.{kind.entity}.{{}}.{kind.name()}"
