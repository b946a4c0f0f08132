"""Settings of a service process, from ``CADRE_*`` in the environment; read once, at the start."""

from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

from annotated_types import Len
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

DRIVERS = ("sqlite+aiosqlite", "postgresql+asyncpg")


def _base64(value: object) -> object:
    return b64decode(value, validate=True) if isinstance(value, str) else value


def _base64_or_none(value: object) -> object:
    return _base64(value) if value else None


def _database_url(value: SecretStr) -> SecretStr:
    try:
        driver = make_url(value.get_secret_value()).drivername
    except (ArgumentError, ValueError):
        driver = ""
    if driver not in DRIVERS:
        # Without what was given, even in pieces: it holds a password.
        msg = f"it has to begin with one of {', '.join(DRIVERS)}, special signs as %XX"
        raise ValueError(msg) from None
    return value


def _log_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        good = bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        msg = "it has to read nats://host:port, special signs as %XX"
        raise ValueError(msg) from None
    return value


type DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_url)]
type KeyBytes = Annotated[bytes, BeforeValidator(_base64), Len(32, 32)]
type OptionalKey = Annotated[Annotated[bytes, Len(32, 32)] | None, BeforeValidator(_base64_or_none)]


class Settings(BaseSettings):
    """What one service process needs to know."""

    model_config = SettingsConfigDict(env_prefix="CADRE_", frozen=True, hide_input_in_errors=True)

    nats_url: Annotated[str, AfterValidator(_log_url)] = "nats://127.0.0.1:4222"
    nats_user: str
    nats_password: SecretStr
    ca_file: Path | None = Field(
        default=None, description="Whose certificates are trusted; then the log is asked for TLS"
    )
    database_url: DatabaseUrl = Field(description="sqlite+aiosqlite:///… or postgresql+asyncpg://…")
    keys_url: DatabaseUrl = Field(description="The key store's database")
    master_key: KeyBytes = Field(
        repr=False, description="32 bytes in base64: wraps every person's key"
    )
    master_key_previous: OptionalKey = Field(
        repr=False, default=None, description="The one before, while some keys still bear it"
    )
    fingerprint_key: OptionalKey = Field(
        repr=False,
        default=None,
        description="32 bytes in base64: tells repeated commands; made from the first master key",
    )
    signing_key: KeyBytes = Field(
        repr=False, description="32 bytes in base64: the service's Ed25519 seed"
    )
    index_key: Annotated[bytes, BeforeValidator(_base64)] = Field(
        repr=False,
        default=b"",
        description="32 bytes in base64: the search index; only where there is one",
    )
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8000, ge=1, le=65535)
    api_token: SecretStr = Field(description="Callers over HTTP send it as a bearer token")
    wait_s_max: float = Field(default=10.0, gt=0, description="How long ?after= may wait")

    def secrets(self) -> Iterator[str]:
        """What must stand in no log, in every form it might take."""
        yield self.nats_password.get_secret_value()
        yield self.api_token.get_secret_value()
        urls = (self.nats_url, self.database_url, self.keys_url)
        for url in (u if isinstance(u, str) else u.get_secret_value() for u in urls):
            # All that could be taken for the password, wherever it is cut.
            _user, _, password = url.rpartition("@")[0].partition("://")[2].partition(":")
            yield password
            yield unquote(password)
        keys = (self.master_key, self.master_key_previous, self.fingerprint_key, self.signing_key)
        for key in filter(None, (*keys, self.index_key)):
            yield b64encode(key).decode()
            yield urlsafe_b64encode(key).decode()
            yield key.hex()
            yield repr(key)
