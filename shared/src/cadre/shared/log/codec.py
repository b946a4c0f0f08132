"""The only place that turns events into messages and back, and that signs and seals.

On the wire an event is a CloudEvents 1.0 message in binary mode: attributes in ``ce-`` headers,
JSON body. The signature and the hash cover the subject, every attribute and the body: length and
bytes of each, in the order of `SIGNED`. Personal fields travel sealed with the key of their person.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import BaseModel
from pydantic_core import to_json

from cadre.contracts.catalogue import CATALOGUE, Catalogue
from cadre.contracts.event import Aggregate, CadreEvent, Event
from cadre.contracts.personal import personal_shape, personal_values
from cadre.shared.deciding.messages import Envelope, Received, Recorded
from cadre.shared.keys.keyring import DataKey, KeyName, Keyring, Place
from cadre.shared.log.algorithms import ED25519, VERIFY
from cadre.shared.log.headers import Headers
from cadre.shared.log.signed import SIGNATURE, SIGNED, KeyHolder, Message, preimage, preimage_of


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A signed event on its way to the log."""

    subject: str
    headers: Mapping[str, str]
    body: bytes
    digest: str = ""
    """What the next event of the aggregate names; `Codec.encode` knows it from signing."""


class EventSigner(KeyHolder, Protocol):
    """Signs a service's events."""

    def sign(self, data: bytes) -> str:
        """The signature in base64."""
        ...


@dataclass(frozen=True, slots=True)
class Signer:
    """A service's Ed25519 key. ``key_id`` is its name and the start of the public key's hash."""

    service: str
    private: Ed25519PrivateKey
    public: bytes
    key_id: str
    algorithm: str = ED25519

    @classmethod
    def from_seed(cls, service: str, seed: bytes) -> "Signer":
        private = Ed25519PrivateKey.from_private_bytes(seed)
        public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return cls(service, private, public, f"{service}-{sha256(public).hexdigest()[:8]}")

    def sign(self, data: bytes) -> str:
        return b64encode(self.private.sign(data)).decode()


def signature_holds(message: Message, public_key: bytes, algorithm: str = ED25519) -> bool:
    """Whether the message bears a signature by this key."""
    verify = VERIFY.get(algorithm)
    try:
        signature = b64decode(message.headers.get(SIGNATURE, ""))
    except ValueError:
        return False
    signed = preimage(message.subject, message.headers, message.body)
    return verify is not None and verify(public_key, signed, signature)


@dataclass(frozen=True, slots=True)
class Codec:
    """Encodes with a service's signature, decodes for everyone."""

    signer: EventSigner
    keyring: Keyring
    catalogue: Catalogue = CATALOGUE

    async def keys_for(self, events: Sequence[Event]) -> dict[KeyName, DataKey]:
        """The keys that sealing these events needs."""
        names = [
            KeyName(event.cadre_id, event.key_purpose)
            for event in events
            if isinstance(event, CadreEvent) and personal_shape(type(event))
        ]
        return await self.keyring.keys(names) if names else {}

    def encode(
        self,
        event: Event,
        envelope: Envelope,
        keys: Mapping[KeyName, DataKey],
        message_id: str = "",
    ) -> Outgoing:
        """The signed message of an event. ``previous_hash`` and ``version`` must be set.

        By its message id, or else the event's, the server knows it again for a while.
        """
        aggregate, event_id = event.aggregate, str(envelope.event_id)
        body = event.model_dump(mode="json")
        if isinstance(event, CadreEvent):
            name_of_key = KeyName(event.cadre_id, event.key_purpose)
            for holder, name, path in personal_values(body, personal_shape(type(event))):
                if not _is_sealed(holder[name]):
                    token = keys[name_of_key].seal(holder[name], event_id, path)
                    holder[name] = {"sealed": token}
        subject = f"history.{aggregate}.{event.name()}"
        data = to_json(body)
        values = _signed_values(event, aggregate, event_id, envelope, self.signer.key_id)
        signed = preimage_of(subject.encode(), [value.encode() for value in values], data)
        headers = {"Nats-Msg-Id": message_id or event_id}
        headers |= {name: value for name, value in zip(SIGNED, values, strict=True) if value}
        headers[SIGNATURE] = self.signer.sign(signed)
        return Outgoing(subject, Headers.of(headers), data, sha256(signed).hexdigest())

    def signed_again(
        self, message: Message, version: int, previous_hash: str, evidence: int
    ) -> Outgoing:
        """An event that this service signed before, in another place of its aggregate.

        Its id stays, so what is sealed in it opens as before.
        """
        given = message.headers
        values = {name: given[name] for name in SIGNED if name in given} | {
            "ce-time": datetime.now(UTC).isoformat(),
            "ce-aggregateversion": str(version),
            "ce-previoushash": previous_hash,
            "ce-evidence": str(evidence),
            "ce-keyid": self.signer.key_id,
        }
        values = {name: value for name, value in values.items() if value}
        signed = preimage(message.subject, values, message.body)
        headers = {"Nats-Msg-Id": given.get("Nats-Msg-Id", given["ce-id"])} | values
        headers[SIGNATURE] = self.signer.sign(signed)
        hashed = sha256(signed).hexdigest()
        return Outgoing(message.subject, Headers.of(headers), message.body, hashed)

    def decode(self, message: Message) -> Recorded[Event]:
        """The event of a message, personal fields still sealed.

        Raises UnknownEvent or UnreadableEvent (both from cadre.contracts).
        """
        return decoded(message, self.catalogue)

    async def open(self, recorded: Recorded[Event]) -> Recorded[Event]:
        """The same event with its personal fields in clear, or `Forgotten`."""
        body = recorded.event.model_dump(mode="json")
        place = Place(str(body.get("cadre_id")), str(recorded.event_id))
        for holder, name, _path in personal_values(body, personal_shape(type(recorded.event))):
            if isinstance(holder[name], dict) and "sealed" in holder[name]:
                value = await self.keyring.open_value(holder[name]["sealed"], place)
                holder[name] = value.model_dump() if isinstance(value, BaseModel) else value
        return recorded._replace(event=type(recorded.event).model_validate(body))


def _is_sealed(value: Any) -> bool:
    return isinstance(value, dict) and ("sealed" in value or "forgotten" in value)


def _signed_values(
    event: Event, aggregate: Aggregate, event_id: str, envelope: Envelope, key_id: str
) -> tuple[str, ...]:
    """The values of `SIGNED`, in that order; empty where there is none."""
    tag = event.tag()
    return (
        "1.0",
        event_id,
        f"/cadre/{aggregate.service}",
        tag,
        f"{aggregate.entity}/{aggregate.id}",
        envelope.source_time.isoformat(),
        f"urn:cadre:schema:{tag}",
        "application/json",
        envelope.actor,
        ",".join(event.persons[:200]),
        str(envelope.command_id),
        envelope.command_hash,
        str(envelope.causation_id or ""),
        str(envelope.correlation_id or ""),
        str(envelope.version),
        envelope.previous_hash,
        str(envelope.evidence),
        envelope.code_version,
        key_id,
        envelope.traceparent or "",
    )


def decoded(message: Message, catalogue: Catalogue = CATALOGUE) -> Recorded[Event]:
    """What `Codec.decode` gives, for whoever holds no key."""
    return Recorded(
        event=catalogue.read_json(message.headers.get("ce-type", ""), message.body),
        envelope=Received(message.headers),
        position=message.position,
        recorded_ns=message.recorded_ns,
    )
