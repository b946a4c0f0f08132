"""The master key: wraps data keys, and is itself in no database.

While it is being changed two are known. A wrapped key names its master, so each opens with the
right one, and what an old master wrapped is worthless once that master is destroyed.
"""

import os
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cadre.shared.deciding.errors import Malformed

NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """The master key in use, 32 bytes, and the one it replaces while some keys still bear it."""

    current: bytes = field(repr=False)
    previous: bytes | None = field(default=None, repr=False)

    @property
    def ids(self) -> frozenset[str]:
        """The names of the masters known."""
        return frozenset(_id(one) for one in (self.current, self.previous) if one is not None)

    @property
    def current_id(self) -> str:
        return _id(self.current)

    def wrap(self, data_key: bytes, bound: bytes) -> bytes:
        """The data key under the current master; ``bound`` says whose it is."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self.current).encrypt(nonce, data_key, bound)

    def unwrap(self, wrapped: bytes, master_id: str, bound: bytes) -> bytes:
        """Raises Malformed unless one of the masters wrapped exactly this key."""
        for master in (self.current, self.previous):
            if master is not None and _id(master) == master_id:
                try:
                    nonce, box = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
                    return AESGCM(master).decrypt(nonce, box, bound)
                except InvalidTag as error:
                    raise Malformed(
                        "数据密钥的密文被改动或移动 · a wrapped data key was altered or moved",
                        where=bound.decode(),
                        hint="请用备份恢复密钥库 · put the key store back from a backup",
                    ) from error
        raise Malformed(
            "数据密钥无法用此主密钥打开 · a data key does not open with this master key",
            where=bound.decode(),
            hint="请核对主密钥；密钥库可能属于另一套系统 · "
            "check CADRE_MASTER_KEY; the key store may belong to another installation",
        )


def _id(master: bytes) -> str:
    """Names a master key; of 256 random bits a hash gives nothing away."""
    return sha256(b"cadre-master-key\0" + master).hexdigest()[:16]
