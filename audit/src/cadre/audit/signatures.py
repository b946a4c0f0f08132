"""Who signed an event."""

from base64 import b64decode
from collections.abc import Mapping
from enum import StrEnum

from cadre.audit.public_keys import ServiceKey
from cadre.shared.log.algorithms import VERIFY
from cadre.shared.log.signed import SIGNATURE, Message, preimage

type Keys = Mapping[str, ServiceKey]
type Bad = dict[int, tuple[SignatureVerdict, str]]
"""What is wrong with a signature, and the event's subject, by position."""


class SignatureVerdict(StrEnum):
    """What a signature is worth."""

    HOLDS = "the signature holds"
    UNSIGNED = "the event bears no signature"
    UNKNOWN_KEY = "no service ever had the key that is named"
    OTHER_SERVICE = "the key named belongs to another service"
    RETIRED_KEY = "the key named is a retired key: it signs no events at this position"
    DOES_NOT_HOLD = "the signature does not hold"


def verdict_on(message: Message, keys: Keys) -> SignatureVerdict:
    """What an event's signature is worth."""
    get = message.headers.get
    signed = preimage(message.subject, message.headers, message.body)
    return verdict(message.position, message.subject, get("ce-keyid"), get(SIGNATURE), signed, keys)


def verdict(
    position: int,
    subject: str,
    key_id: str | None,
    signature: str | bytes | None,
    signed: bytes,
    keys: Keys,
) -> SignatureVerdict:
    """The same of an event with the preimage ``signed``."""
    if not key_id or signature is None:
        return SignatureVerdict.UNSIGNED
    key = keys.get(key_id)
    if key is None:
        return SignatureVerdict.UNKNOWN_KEY
    if not subject.startswith(f"history.{key.service}."):
        return SignatureVerdict.OTHER_SERVICE
    if not key.signs_at(position):
        return SignatureVerdict.RETIRED_KEY
    verify = VERIFY.get(key.algorithm)
    try:
        made = b64decode(signature)
    except ValueError:
        return SignatureVerdict.DOES_NOT_HOLD
    holds = verify is not None and verify(key.public_bytes, signed, made)
    return SignatureVerdict.HOLDS if holds else SignatureVerdict.DOES_NOT_HOLD
