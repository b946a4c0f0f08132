"""What is audited: a data directory, or servers that a file of settings names.

A system of docker-compose.yml has no data directory on the host. Its settings come from the
environment and from a file of lines ``NAME=value``; the environment wins.
"""

import contextlib
from base64 import b64decode
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Protocol

import typer
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url

from cadre.cli.data_directory import SERVICES, DataDirectory
from cadre.cli.master_change import masters_of
from cadre.cli.remote_log import remote_log
from cadre.cli.standing_log import READINGS_READER, standing
from cadre.shared.algorithms import ED25519
from cadre.shared.audit.data_keys import DataKeys
from cadre.shared.audit.evidence import Evidence
from cadre.shared.audit.note import Ed25519Signer
from cadre.shared.codec import Signer
from cadre.shared.errors import Malformed, NotFound
from cadre.shared.log import Log
from cadre.shared.readings import STREAM as READINGS
from cadre.shared.settings import Key
from cadre.shared.signed import KeyHolder


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


class Installation(Protocol):
    """What the commands of ``cadre audit`` need to know."""

    @property
    def evidence(self) -> Evidence: ...
    @property
    def holders(self) -> Sequence[KeyHolder]:
        """Whose keys sign events now; none where only an auditor's copy is at hand."""
        ...

    def signer(self, origin: str | None) -> Ed25519Signer:
        """Who signs checkpoints."""
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

    def signer(self, origin: str | None) -> Ed25519Signer:
        return _signer(origin, self.directory.audit_seed())

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


class AuditSettings(BaseSettings):
    """Where the parts of a system are that has no data directory."""

    model_config = SettingsConfigDict(
        env_prefix="CADRE_", frozen=True, hide_input_in_errors=True, extra="ignore"
    )

    audit_folder: Path = Field(description="Where checkpoints and tiles are kept")
    audit_key: Key | None = Field(
        default=None, repr=False, description="32 bytes in base64; only who signs needs it"
    )
    audit_stream: str = Field(default="HISTORY_AUDIT", description="The stream that is read")
    audit_user: str = Field(default="auditor", description="The user of the log that reads it")
    nats_url: str
    nats_password_auditor: SecretStr
    audit_memory: Path | None = Field(
        default=None,
        description="A file outside of the folder: where the newest checkpoint is remembered",
    )
    nats_password_supervision: SecretStr | None = Field(
        default=None, description="Reads the log of readings; without it that is not examined"
    )
    audit_database_url: SecretStr | None = Field(
        default=None,
        description="With {service} for the name; without it no journal and no table is compared",
    )
    audit_public_keys: str = Field(
        default="", description="service=key in base64, between commas: who signs events now"
    )


@dataclass(frozen=True, slots=True)
class Published:
    """A service's public key, from the settings."""

    service: str
    public: bytes
    algorithm: str = ED25519

    @property
    def key_id(self) -> str:
        return f"{self.service}-{sha256(self.public).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Served:
    """What is read over the network."""

    log: Log
    database: str
    copied: bool = False
    readings: Log | None = None

    def database_url(self, service: str) -> str:
        return self.database.replace("{service}", service)


@dataclass(frozen=True, slots=True)
class Remote:
    """Servers that settings name."""

    settings: AuditSettings

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.settings.audit_folder, self.settings.audit_memory)

    @property
    def holders(self) -> list[Published]:
        pairs = filter(None, self.settings.audit_public_keys.split(","))
        found = [
            Published(name, b64decode(key)) for name, _, key in (p.partition("=") for p in pairs)
        ]
        if wrong := {one.service for one in found} - set(SERVICES):
            raise Malformed(f"no services: {', '.join(wrong)}", where="CADRE_AUDIT_PUBLIC_KEYS")
        return found

    def signer(self, origin: str | None) -> Ed25519Signer:
        if self.settings.audit_key is None:
            raise NotFound("no key signs checkpoints here", where="CADRE_AUDIT_KEY")
        return _signer(origin, self.settings.audit_key)

    @property
    def audit_seed(self) -> bytes | None:
        return self.settings.audit_key

    def data_keys(self, found: Readable) -> DataKeys | None:  # noqa: ARG002
        """The master key is not among what an audit is given."""
        return None

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncGenerator[Served]:
        given, database = self.settings, self.settings.audit_database_url
        password = given.nats_password_auditor.get_secret_value()
        url = database.get_secret_value() if database else ""
        async with contextlib.AsyncExitStack() as stack:
            log = await stack.enter_async_context(
                remote_log(given.nats_url, given.audit_user, password, given.audit_stream)
            )
            readings = None
            if allowed := given.nats_password_supervision:
                reader = READINGS_READER, allowed.get_secret_value(), READINGS
                readings = await stack.enter_async_context(remote_log(given.nats_url, *reader))
            yield Served(log, url, readings=readings)


Settings = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        envvar="CADRE_AUDIT_SETTINGS",
        help="Instead of --data: a file that says where the servers are.",
        dir_okay=False,
    ),
]


def installation(data: Path, settings: Path | None) -> Installation:
    """What the options name.

    Raises: NotFound, DataDirectoryError, Malformed.
    """
    if settings is None:
        return Local(DataDirectory.open_data(data))
    if not settings.is_file():
        raise NotFound("there are no such settings", where=str(settings))
    try:
        given = AuditSettings(_env_file=settings)  # pyright: ignore[reportCallIssue]
        if given.audit_database_url:
            make_url(given.audit_database_url.get_secret_value())
    except ValidationError as error:
        said = "; ".join(
            f"CADRE_{'_'.join(map(str, item['loc']))}".upper() + f": {item['msg']}"
            for item in error.errors()
        )
        raise Malformed(said, where=str(settings)) from error
    return Remote(given)


def _signer(origin: str | None, seed: bytes) -> Ed25519Signer:
    if origin is None:
        public = Ed25519Signer.from_seed("nameless", seed).verifier.public
        origin = f"cadre.invalid/{sha256(public).hexdigest()[:8]}"
    return Ed25519Signer.from_seed(origin, seed)
