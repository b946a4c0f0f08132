"""A system of servers: what ``--settings`` names."""

import contextlib
import ssl
from base64 import b64decode
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from hashlib import sha256

import httpx

from cadre.audit.data_keys import DataKeys
from cadre.audit.evidence import Evidence
from cadre.cli.installation.calling import own_token
from cadre.cli.installation.remote_log import remote_log
from cadre.cli.installation.settings_file import SystemSettings
from cadre.cli.installation.standing_log import READINGS_READER
from cadre.client.services import ANSWER_S_MAX, Client, Where
from cadre.contracts.vocabulary import SERVICES
from cadre.shared.deciding.errors import Malformed, NotFound
from cadre.shared.keys.master_keys import MasterKeys
from cadre.shared.log.algorithms import ED25519
from cadre.shared.log.connection import trusting
from cadre.shared.log.readings import STREAM as READINGS
from cadre.shared.log.stream import Log


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
    settings: SystemSettings
    copied: bool = False
    readings: Log | None = None

    def database_url(self, service: str) -> str:
        url = self.settings.audit_database_url
        return url.get_secret_value().replace("{service}", service) if url else ""

    def keys_url(self) -> str:
        return self.settings.require("keys_url")


@dataclass(frozen=True, slots=True)
class Remote:
    """Servers that settings name."""

    settings: SystemSettings

    @property
    def evidence(self) -> Evidence:
        hint = (
            "请在该系统内执行核验 · "
            "audits of a compose system run in it: docker compose --profile audit run --rm verify"
        )
        self.settings.require("audit_folder", hint)
        assert self.settings.audit_folder  # noqa: S101
        return Evidence(self.settings.audit_folder, self.settings.audit_memory)

    @property
    def holders(self) -> list[Published]:
        pairs = filter(None, self.settings.public_keys.split(","))
        found = [
            Published(name, b64decode(key)) for name, _, key in (p.partition("=") for p in pairs)
        ]
        if wrong := {one.service for one in found} - set(SERVICES):
            raise Malformed(
                f"没有这些服务 · no services: {', '.join(wrong)}", where="CADRE_AUDIT_PUBLIC_KEYS"
            )
        return found

    @property
    def masters(self) -> MasterKeys:
        self.settings.require("master_key")
        assert self.settings.master_key  # noqa: S101
        return MasterKeys(self.settings.master_key, self.settings.master_key_previous)

    @property
    def audit_seed(self) -> bytes | None:
        return self.settings.audit_key

    def data_keys(self, found: object) -> DataKeys | None:  # noqa: ARG002
        """Seldom: neither is among what an audit is given."""
        if self.settings.keys_url is None or self.settings.master_key is None:
            return None
        return DataKeys(self.settings.keys_url.get_secret_value(), self.masters)

    def checkpoint_seed(self) -> bytes:
        if self.settings.audit_key is None:
            raise NotFound(
                "此处没有签署检查点的密钥 · no key signs checkpoints here", where="CADRE_AUDIT_KEY"
            )
        return self.settings.audit_key

    def client(self, actor: str) -> Client:
        token = own_token() or self.settings.require("api_token")
        where = Where({name: self.settings.url_of(name) for name in SERVICES}, token)
        verify: ssl.SSLContext | bool = True
        if self.settings.ca_file:
            verify = trusting(self.settings.ca_file)
        return Client(lambda: where, actor, httpx.Client(timeout=ANSWER_S_MAX, verify=verify))

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncGenerator[Served]:
        given = self.settings
        password = given.require("nats_password_auditor")
        async with contextlib.AsyncExitStack() as stack:
            place = given.audit_user, password, given.audit_stream, given.ca_file
            log = await stack.enter_async_context(remote_log(given.log_url, *place))
            readings = None
            if allowed := given.nats_password_supervision:
                place = READINGS_READER, allowed.get_secret_value(), READINGS, given.ca_file
                readings = await stack.enter_async_context(remote_log(given.log_url, *place))
            yield Served(log, given, readings=readings)
