"""Which public keys an installation signs with and has signed with: a history that only grows.

An entry says that a key is used from some day on, or that it is used no more. A retired key still
vouches for what it signed before: for events up to a position, for checkpoints up to that size.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from cadre.audit.checkpoint import Root
from cadre.audit.merkle import leaf_hash, root_of
from cadre.audit.note import Verifier, verifier_of
from cadre.shared.deciding.errors import CadreError
from cadre.shared.log.algorithms import ED25519
from cadre.shared.log.signed import KeyHolder


def _is_base64(text: str) -> str:
    b64decode(text, validate=True)
    return text


class RetiredKey(CadreError):
    """A key that was retired is in use again."""

    status = 409
    code = "retired-key"
    title = "密钥已停用 · The key was retired"


class Retirement(BaseModel):
    """The end of a key's use."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["retired"] = "retired"
    key: str
    """A service key's id, or a verifier key."""
    until: datetime
    after: int
    """The log's last position then: the key signs no event and no larger checkpoint after it."""

    @property
    def line(self) -> str:
        return f"retired {self.key} {self.until.isoformat()} {self.after}"


class ServiceKey(BaseModel):
    """A service's public key, as events name it."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["service"] = "service"
    key_id: str
    service: str
    algorithm: str = ED25519
    public: Annotated[str, AfterValidator(_is_base64)]
    known_since: datetime
    retired: Retirement | None = Field(default=None, exclude=True)
    """Filled in from the history."""

    @property
    def public_bytes(self) -> bytes:
        return b64decode(self.public)

    @property
    def line(self) -> str:
        since = self.known_since.isoformat()
        return f"service {self.key_id} {self.service} {self.algorithm} {self.public} {since}"

    def signs_at(self, position: int) -> bool:
        """Whether the key was not retired yet at a position."""
        return self.retired is None or position <= self.retired.after


class CheckpointKey(BaseModel):
    """A key that signs checkpoints."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["checkpoint"] = "checkpoint"
    verifier: str
    known_since: datetime

    @property
    def line(self) -> str:
        return f"checkpoint {self.verifier} {self.known_since.isoformat()}"


type Entry = Annotated[ServiceKey | CheckpointKey | Retirement, Field(discriminator="kind")]


class PublicKeys(BaseModel):
    """The contents of ``keys.json``: nothing in it is secret."""

    model_config = ConfigDict(frozen=True)

    origin: str
    history: tuple[Entry, ...] = ()
    """The oldest first."""

    @property
    def retirements(self) -> dict[str, Retirement]:
        """When each retired key was."""
        return {one.key: one for one in self.history if isinstance(one, Retirement)}

    @property
    def services(self) -> tuple[ServiceKey, ...]:
        """The keys of the services, retired ones too."""
        ends = self.retirements
        return tuple(
            one.model_copy(update={"retired": ends.get(one.key_id)})
            for one in self.history
            if isinstance(one, ServiceKey)
        )

    @property
    def verifiers(self) -> tuple[str, ...]:
        """Verifier keys of checkpoints, the newest last, retired ones too."""
        return tuple(one.verifier for one in self.history if isinstance(one, CheckpointKey))

    @property
    def verifiers_parsed(self) -> list[Verifier]:
        return [verifier_of(text) for text in self.verifiers]

    def with_services(self, holders: Iterable[KeyHolder], now: datetime) -> "PublicKeys":
        """The same with the keys that services sign with now.

        Raises: RetiredKey.
        """
        known = {one.key_id for one in self.services}
        holders = list(holders)
        self._must_be_in_use(holder.key_id for holder in holders)
        fresh = tuple(
            ServiceKey(
                key_id=holder.key_id,
                service=holder.service,
                algorithm=holder.algorithm,
                public=b64encode(holder.public).decode(),
                known_since=now,
            )
            for holder in holders
            if holder.key_id not in known
        )
        return self._and(*fresh)

    def with_verifier(self, verifier: Verifier, now: datetime) -> "PublicKeys":
        """The same with the key that checkpoints are signed with now.

        Raises: RetiredKey.
        """
        self._must_be_in_use([str(verifier)])
        if str(verifier) in self.verifiers:
            return self
        return self._and(CheckpointKey(verifier=str(verifier), known_since=now))

    def without_others(
        self, holders: Sequence[KeyHolder], verifier: Verifier, now: datetime, after: int
    ) -> "PublicKeys":
        """The same, every other key of these services and of checkpoints retired at ``after``."""
        used = {holder.key_id for holder in holders} | {str(verifier)}
        renewed = {holder.service for holder in holders}
        before = [*(one.key_id for one in self.services if one.service in renewed), *self.verifiers]
        ended = self.retirements
        return self._and(
            *(
                Retirement(key=key, until=now, after=after)
                for key in before
                if key not in used and key not in ended
            )
        )

    def root(self, count: int | None = None) -> Root:
        """The root over the first ``count`` entries, or over all."""
        entries = self.history[:count]
        return Root(len(entries), root_of(leaf_hash(one.line.encode()) for one in entries))

    def _and(self, *fresh: ServiceKey | CheckpointKey | Retirement) -> "PublicKeys":
        return self.model_copy(update={"history": self.history + fresh})

    def _must_be_in_use(self, keys: Iterable[str]) -> None:
        ended = self.retirements
        for key in keys:
            if key in ended:
                raise RetiredKey(
                    f"此密钥已停用 · this key was retired on {ended[key].until}",
                    where=key,
                    hint="请生成新的密钥 · make a new one",
                )
