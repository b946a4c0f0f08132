"""Settings of a service process, from ``CADRE_*`` in the environment; read once, at the start."""

from base64 import b64decode
from pathlib import Path
from typing import Annotated

from annotated_types import Len
from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _base64(value: object) -> object:
    return b64decode(value, validate=True) if isinstance(value, str) else value


def _base64_or_none(value: object) -> object:
    return _base64(value) if value else None


type Key = Annotated[bytes, BeforeValidator(_base64), Len(32, 32)]
type OptionalKey = Annotated[Annotated[bytes, Len(32, 32)] | None, BeforeValidator(_base64_or_none)]


class Settings(BaseSettings):
    """What one service process needs to know."""

    model_config = SettingsConfigDict(env_prefix="CADRE_", frozen=True, hide_input_in_errors=True)

    nats_url: str = "nats://127.0.0.1:4222"
    nats_user: str
    nats_password: SecretStr
    ca_file: Path | None = Field(
        default=None, description="Whose certificates are trusted; then the log is asked for TLS"
    )
    database_url: SecretStr = Field(description="sqlite+aiosqlite:///… or postgresql+asyncpg://…")
    keys_url: SecretStr = Field(description="The key store's database")
    master_key: Key = Field(repr=False, description="32 bytes in base64: wraps every person's key")
    master_key_previous: OptionalKey = Field(
        repr=False, default=None, description="The one before, while some keys still bear it"
    )
    fingerprint_key: OptionalKey = Field(
        repr=False,
        default=None,
        description="32 bytes in base64: tells repeated commands; made from the first master key",
    )
    signing_key: Key = Field(
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
