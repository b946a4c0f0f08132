"""How a signature is checked, by the algorithm's name. One more entry, and events may bear it."""

from collections.abc import Callable

from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

type Verify = Callable[[bytes, bytes, bytes], bool]
"""Whether a public key made this signature of some data: key, data, signature."""

ED25519 = "ed25519"


def ed25519(public: bytes, data: bytes, signature: bytes) -> bool:
    """RFC 8032; a key that is none has signed nothing.

    An audit checks every event: libsodium needs half as long for it as OpenSSL.
    """
    try:
        VerifyKey(public).verify(data, signature)
    except (CryptoError, ValueError):
        return False
    return True


VERIFY: dict[str, Verify] = {ED25519: ed25519}
