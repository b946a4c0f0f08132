"""The system a command speaks of: a data directory, or servers that a file of settings names."""

from base64 import b64decode
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from cadre.audit.data_keys import DataKeys
from cadre.audit.evidence import Evidence
from cadre.audit.note import Ed25519Signer
from cadre.cli.installation.calling import client_of
from cadre.cli.installation.data_directory import DataDirectory
from cadre.cli.installation.master_change import masters_of
from cadre.cli.installation.served import Remote
from cadre.cli.installation.settings_file import SystemSettings
from cadre.cli.installation.standing_log import standing
from cadre.client.services import Client
from cadre.contracts.vocabulary import SERVICES
from cadre.shared.deciding.errors import NotFound
from cadre.shared.keys.master_keys import MasterKeys
from cadre.shared.log.codec import Signer
from cadre.shared.log.signed import KeyHolder
from cadre.shared.log.stream import Log


class Readable(Protocol):
    """Log and databases, to be read and not changed."""

    @property
    def log(self) -> Log: ...
    @property
    def copied(self) -> bool: ...
    @property
    def readings(self) -> Log | None:
        """The log of readings; None where no credential for it is at hand."""
        ...

    def database_url(self, service: str) -> str: ...
    def keys_url(self) -> str:
        """Where the keys of persons are. Raises: NotFound."""
        ...


class Installation(Protocol):
    """What commands need to know of a system."""

    @property
    def evidence(self) -> Evidence: ...
    @property
    def holders(self) -> Sequence[KeyHolder]:
        """Whose keys sign events now; none where only an auditor's copy is at hand."""
        ...

    @property
    def masters(self) -> MasterKeys:
        """What opens the keys of persons. Raises: NotFound."""
        ...

    def checkpoint_seed(self) -> bytes:
        """The Ed25519 seed that signs checkpoints. Raises: NotFound."""
        ...

    def client(self, actor: str) -> Client:
        """HTTP calls to its services. Raises: NotFound."""
        ...

    @property
    def audit_seed(self) -> bytes | None:
        """What checkpoints are signed with, if it was made and is at hand."""
        ...

    def data_keys(self, found: Readable) -> DataKeys | None:
        """The keys of persons; None where they cannot be opened."""
        ...

    def reading(self) -> AbstractAsyncContextManager[Readable]:
        """Log and databases for as long as the block lasts."""
        ...


@dataclass(frozen=True, slots=True)
class Local:
    """A data directory."""

    directory: DataDirectory

    @property
    def evidence(self) -> Evidence:
        path = self.directory.path
        return Evidence(path / "audit", path / "last-checkpoint")

    @property
    def holders(self) -> list[Signer]:
        if not self.directory.has_secrets:
            return []
        seeds = self.directory.secrets.signing_keys
        return [Signer.from_seed(name, b64decode(seeds[name])) for name in SERVICES]

    @property
    def masters(self) -> MasterKeys:
        self._require_secrets()
        return masters_of(self.directory.secrets)

    def checkpoint_seed(self) -> bytes:
        self._require_secrets()
        return self.directory.audit_seed()

    def client(self, actor: str) -> Client:
        return client_of(self.directory.path, actor)

    @property
    def audit_seed(self) -> bytes | None:
        made = self.directory.secrets.audit_key if self.directory.has_secrets else None
        return b64decode(made) if made else None

    def data_keys(self, found: Readable) -> DataKeys | None:
        if not self.directory.has_secrets:
            return None
        return DataKeys(found.database_url("keys"), masters_of(self.directory.secrets))

    def reading(self) -> AbstractAsyncContextManager[Readable]:
        return standing(self.directory)

    def _require_secrets(self) -> None:
        if not self.directory.has_secrets:
            raise NotFound("此处没有密钥 · there are no keys here", where=str(self.directory.path))


def installation(data: Path, settings: Path | None) -> Installation:
    """What the options name.

    Raises: NotFound, DataDirectoryError, Malformed.
    """
    if settings is None:
        return Local(DataDirectory.open_data(data))
    return Remote(SystemSettings.of(settings))


def checkpoint_signer(audited: Installation, origin: str | None) -> Ed25519Signer:
    """Who signs checkpoints, under a name made of the key if none is given. Raises: NotFound."""
    seed = audited.checkpoint_seed()
    if origin is None:
        public = Ed25519Signer.from_seed("nameless", seed).verifier.public
        origin = f"cadre.invalid/{sha256(public).hexdigest()[:8]}"
    return Ed25519Signer.from_seed(origin, seed)
