"""Which public keys an installation has signed with: kept for ever, in the order they appeared."""

from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from cadre.shared.audit.checkpoint import Root
from cadre.shared.audit.merkle import leaf_hash, root_of
from cadre.shared.audit.note import Ed25519Verifier
from cadre.shared.codec import Signer


class ServiceKey(BaseModel):
    """A service's public key, as events name it."""

    model_config = ConfigDict(frozen=True)

    key_id: str
    service: str
    public: str
    known_since: datetime

    @property
    def public_bytes(self) -> bytes:
        return b64decode(self.public)


class PublicKeys(BaseModel):
    """The contents of ``keys.json``: nothing in it is secret."""

    model_config = ConfigDict(frozen=True)

    origin: str
    verifiers: tuple[str, ...]
    """Verifier keys of checkpoints, the newest last."""
    services: tuple[ServiceKey, ...] = ()

    @property
    def verifiers_parsed(self) -> list[Ed25519Verifier]:
        return [Ed25519Verifier.parse(text) for text in self.verifiers]

    def with_services(self, signers: Iterable[Signer], now: datetime) -> "PublicKeys":
        """The same with the keys that services sign with now."""
        known = {key.key_id for key in self.services}
        fresh = tuple(
            ServiceKey(
                key_id=signer.key_id,
                service=signer.service,
                public=b64encode(signer.public).decode(),
                known_since=now,
            )
            for signer in signers
            if signer.key_id not in known
        )
        return self.model_copy(update={"services": self.services + fresh})

    def with_verifier(self, verifier: Ed25519Verifier) -> "PublicKeys":
        """The same with the key that checkpoints are signed with now."""
        others = tuple(text for text in self.verifiers if text != str(verifier))
        return self.model_copy(update={"verifiers": (*others, str(verifier))})

    def root(self, count: int | None = None) -> Root:
        """The root over the first ``count`` services' keys, or over all."""
        keys = self.services[:count]
        return Root(len(keys), root_of(leaf_hash(_line(key)) for key in keys))


def _line(key: ServiceKey) -> bytes:
    return f"{key.key_id} {key.service} {key.public} {key.known_since.isoformat()}".encode()
