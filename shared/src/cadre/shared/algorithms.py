"""How a signature is checked, by the algorithm's name. One more entry, and events may bear it."""

from collections.abc import Callable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

type Verify = Callable[[bytes, bytes, bytes], bool]
"""Whether a public key made this signature of some data: key, data, signature."""

ED25519 = "ed25519"


def ed25519(public: bytes, data: bytes, signature: bytes) -> bool:
    """RFC 8032; a key that is none has signed nothing."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


VERIFY: dict[str, Verify] = {ED25519: ed25519}
