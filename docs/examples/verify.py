"""Check the signatures and the hash chain of events. Needs the package `cryptography`.

    python verify.py EVENTS.json

EVENTS.json holds the public keys by key id and, oldest first, the events: subject, headers and
body exactly as the log holds them. Prints one line per event; the exit status is 1 when one fails.
"""

import json
import sys
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SIGNED = [
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
]


def preimage(subject: str, headers: dict[str, str], body: bytes) -> bytes:
    """The bytes that are hashed and signed: four bytes of length before each part."""
    texts = ["cadre-event-v1", subject, *(headers.get(name, "") for name in SIGNED)]
    parts = [*(text.encode() for text in texts), body]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def signed(data: bytes, signature: str, public_key: str) -> bool:
    """Whether the key has signed these bytes; an unknown key is empty."""
    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(public_key))
        key.verify(b64decode(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True


def main(path: Path) -> int:
    given = json.loads(path.read_text())
    last: dict[str, tuple[int, str]] = {}  # version and hash of the last event, by aggregate
    failed = 0
    for event in given["events"]:
        headers, subject = event["headers"], event["subject"]
        data = preimage(subject, headers, event["body"].encode())
        aggregate, _, _ = subject.rpartition(".")
        service = subject.split(".")[1]
        version, previous = last.get(aggregate, (0, ""))
        faults: list[str] = []
        if not headers["ce-keyid"].startswith(f"{service}-"):
            faults.append("the key of another service")
        if not signed(data, headers["ce-signature"], given["keys"].get(headers["ce-keyid"], "")):
            faults.append("no known key has signed it")
        if headers["ce-aggregateversion"] != str(version + 1):
            faults.append(f"version {version + 1} is missing")
        if headers.get("ce-previoushash", "") != previous:
            faults.append("the event before it is another one")
        digest = sha256(data).hexdigest()
        last[aggregate] = version + 1, digest
        failed += bool(faults)
        print(subject, digest, "; ".join(faults) or "holds")  # noqa: T201
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
