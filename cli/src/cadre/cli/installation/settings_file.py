"""Where a system without a data directory is: a file of lines ``NAME=value``, the environment.

The ``.env`` of a compose installation is such a file, read on the same host: the services and the
log are where it publishes them. Inside a container the environment says where they are; it wins.
"""

from base64 import b64encode
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from cadre.contracts.vocabulary import SERVICES
from cadre.shared.deciding.errors import Malformed, NotFound
from cadre.shared.log.codec import Signer
from cadre.shared.upkeep.settings import KeyBytes

EVERYWHERE = "0.0.0.0"  # noqa: S104  # what a port may be bound to, not what we bind to
HERE = "127.0.0.1"


class SystemSettings(BaseSettings):
    """What such a file may say; whoever needs something asks for it with `require`."""

    model_config = SettingsConfigDict(
        env_prefix="CADRE_",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
        extra="ignore",
    )

    bind: str = HERE
    port_nats: int = 4222
    port_selection: int = 8101
    port_training: int = 8102
    port_supervision: int = 8103
    port_appointment: int = 8104
    url_selection: str | None = Field(default=None, description="Instead of bind and port")
    url_training: str | None = None
    url_supervision: str | None = None
    url_appointment: str | None = None
    api_token: SecretStr | None = None
    tokens_file: Path | None = Field(
        default=None, description="Tokens with roles; relative to the file of settings"
    )
    ca_file: Path | None = Field(default=None, description="Whose certificates are trusted")

    nats_url: str | None = Field(default=None, description="Instead of bind and port")
    nats_password_operator: SecretStr | None = None
    nats_password_subscriber: SecretStr | None = None
    nats_password_auditor: SecretStr | None = None
    nats_password_supervision: SecretStr | None = Field(
        default=None, description="Reads the log of readings; without it that is not examined"
    )

    audit_folder: Path | None = Field(default=None, description="Where checkpoints and tiles are")
    audit_store: Path | None = Field(default=None, description="The log server's files, to repair")
    audit_key: KeyBytes | None = Field(default=None, repr=False, description="Signs checkpoints")
    audit_memory: Path | None = Field(
        default=None,
        description="A file outside of the folder: where the newest checkpoint is remembered",
    )
    audit_stream: str = Field(default="HISTORY_AUDIT", description="The stream that is read")
    audit_user: str = Field(default="auditor", description="The user of the log that reads it")
    audit_database_url: SecretStr | None = Field(
        default=None,
        description="With {service} for the name; without it no journal and no table is compared",
    )
    audit_public_keys: str | None = Field(
        default=None, description="service=key in base64, between commas: who signs events now"
    )
    signing_key_selection: KeyBytes | None = Field(default=None, repr=False)
    signing_key_training: KeyBytes | None = Field(default=None, repr=False)
    signing_key_supervision: KeyBytes | None = Field(default=None, repr=False)
    signing_key_appointment: KeyBytes | None = Field(default=None, repr=False)

    keys_url: SecretStr | None = Field(default=None, description="The key store's database")
    master_key: KeyBytes | None = Field(default=None, repr=False)
    master_key_previous: KeyBytes | None = Field(default=None, repr=False)

    @classmethod
    def of(cls, path: Path) -> Self:
        """What a file and the environment say together.

        Raises: NotFound, Malformed.
        """
        # An empty file that is none, /dev/null, means: the environment says all.
        if not path.exists() or path.is_dir():
            raise NotFound("没有此设置文件 · there are no such settings", where=str(path))
        try:
            given = cls(_env_file=path)  # pyright: ignore[reportCallIssue]
            if given.audit_database_url:
                make_url(given.audit_database_url.get_secret_value())
        except ValidationError as error:
            said = "; ".join(
                f"CADRE_{'_'.join(map(str, item['loc']))}".upper() + f": {item['msg']}"
                for item in error.errors()
            )
            raise Malformed(f"设置有误 · {said}", where=str(path)) from error
        except (ArgumentError, OSError, UnicodeDecodeError) as error:
            raise Malformed(
                f"无法读取 · cannot be read: {type(error).__name__}", where=str(path)
            ) from error
        if given.tokens_file:
            tokens = path.parent / given.tokens_file
            given = given.model_copy(update={"tokens_file": tokens})
        return given

    def require(self, name: str, hint: str = "请看部署说明 · see deploy/README.md") -> str:
        """A setting without which it cannot be done.

        Raises: NotFound.
        """
        found = getattr(self, name)
        if found is None:
            raise NotFound(
                "缺少此项设置 · this setting is missing", where=f"CADRE_{name.upper()}", hint=hint
            )
        return found.get_secret_value() if isinstance(found, SecretStr) else str(found)

    def url_of(self, service: str) -> str:
        """Where a service answers."""
        port = getattr(self, f"port_{service}")
        url: str = getattr(self, f"url_{service}") or f"http://{self._host}:{port}"
        return url.rstrip("/")

    @property
    def log_url(self) -> str:
        """Where the log's server answers."""
        scheme = "tls" if self.ca_file else "nats"
        return self.nats_url or f"{scheme}://{self._host}:{self.port_nats}"

    @property
    def public_keys(self) -> str:
        """As `audit_public_keys`; made from the signing keys where those are at hand."""
        if self.audit_public_keys is not None:
            return self.audit_public_keys
        seeds: dict[str, bytes | None] = {s: getattr(self, f"signing_key_{s}") for s in SERVICES}
        return ",".join(
            f"{service}={b64encode(Signer.from_seed(service, seed).public).decode()}"
            for service, seed in seeds.items()
            if seed
        )

    @property
    def _host(self) -> str:
        return HERE if self.bind == EVERYWHERE else self.bind
