"""A data directory: one installation's secrets, stores and logs, with a lock and a format.

format       the version of this layout
lock         held by the supervisor while the system runs
secrets.json keys and passwords, made once, readable by the owner only
last-checkpoint  what was signed last; see `cadre.shared.audit.evidence`
run.json     where the running system is found; absent when it is stopped
nats/  db/  logs/
"""

import fcntl
import os
import secrets
import string
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pydantic import BaseModel

from cadre.shared.errors import CadreError, NotFound

FORMAT = 2
SERVICES = ("selection", "training", "supervision", "appointment")
NATS_USERS = ("operator", *SERVICES, "client", "subscriber", "auditor")
PASSWORD_LENGTH = 32
KEY_BYTES = 32


class DataDirectoryError(CadreError):
    """The data directory cannot be used."""

    status = 409
    code = "data-directory"
    title = "The data directory cannot be used"


class MasterSecrets(BaseModel):
    """The part of an installation's secrets that goes with its master key."""

    master_key: str
    master_key_previous: str | None = None
    """While the master key is being changed: some data keys still bear this one."""
    fingerprint_key: str | None = None
    """What commands are compared with, once the first master key is gone."""


class Secrets(MasterSecrets):
    """Everything of an installation that must stay secret."""

    index_key: str
    signing_keys: dict[str, str]
    nats_passwords: dict[str, str]
    api_token: str
    audit_key: str | None = None
    """Signs checkpoints; made when the first is signed."""


class Credential(BaseModel):
    user: str
    password: str


class ServiceRun(BaseModel):
    """Where one service is found."""

    http_url: str
    pid: int


class NatsRun(BaseModel):
    url: str
    monitor_url: str
    pid: int
    credentials: dict[str, Credential]


class Run(BaseModel):
    """The contents of ``run.json``: how the CLI, tests and outside tools find the system."""

    format: int = FORMAT
    supervisor_pid: int
    api_token: str
    public_keys: dict[str, str]
    """Ed25519 public keys in base64 by key id: what signatures are checked with."""
    nats: NatsRun
    services: dict[str, ServiceRun]


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """A directory of `FORMAT`, opened with `open_data` or `create`."""

    path: Path

    @classmethod
    def create(cls, path: Path) -> "DataDirectory":
        """Open a directory, making it when it is missing or empty.

        Raises: DataDirectoryError for a directory of something else or of another format.
        """
        path = path.resolve()
        marker = path / "format"
        if not marker.exists():
            if path.exists() and any(path.iterdir()):
                raise DataDirectoryError(
                    "the directory holds something else",
                    where=str(path),
                    hint="name an empty or new directory with --data",
                )
            for name in ("nats", "db", "logs"):
                (path / name).mkdir(parents=True, exist_ok=True)
            path.chmod(0o700)
            _write(path / "secrets.json", _new_secrets().model_dump_json(indent=2), mode=0o600)
            _write(marker, f"{FORMAT}\n")
        return cls.open_data(path)

    @classmethod
    def open_data(cls, path: Path) -> "DataDirectory":
        """Open an existing directory.

        Raises: NotFound, or DataDirectoryError for another format.
        """
        path = path.resolve()
        marker = path / "format"
        if not marker.exists():
            raise NotFound(
                "there is no Cadre data",
                where=str(path),
                hint="start it with `cadre up --data DIR`",
            )
        found = marker.read_text().strip()
        if found != str(FORMAT):
            raise DataDirectoryError(
                f"the directory has format {found}, this version reads {FORMAT}",
                where=str(path),
                hint="use the version of cadre that wrote it",
            )
        if not (path / "nats").is_dir():
            # Started like this, the system would begin an empty log.
            raise DataDirectoryError(
                "the log is gone: there is no folder nats",
                where=str(path),
                hint="after a repair that was cut short rename nats.before-repair-TIME to nats; "
                "else make it, empty, and run `cadre audit repair`",
            )
        return cls(path)

    @property
    def has_secrets(self) -> bool:
        """Whether the keys are here and may be read; an auditor's copy has none."""
        return os.access(self.path / "secrets.json", os.R_OK)

    @property
    def secrets(self) -> Secrets:
        return Secrets.model_validate_json((self.path / "secrets.json").read_bytes())

    def audit_seed(self) -> bytes:
        """The Ed25519 seed that signs checkpoints, made when it is first asked for."""
        found = self.secrets
        if found.audit_key is None:
            found.audit_key = b64encode(secrets.token_bytes(KEY_BYTES)).decode()
            _write(self.path / "secrets.json", found.model_dump_json(indent=2), mode=0o600)
        return b64decode(found.audit_key)

    def renew(self, service: str | None) -> None:
        """Replace what a service signs events with, or with None what checkpoints are signed with.

        Raises: DataDirectoryError while the system runs.
        """
        with self.lock():
            found = self.secrets
            fresh = b64encode(secrets.token_bytes(KEY_BYTES)).decode()
            if service is None:
                found.audit_key = fresh
            else:
                found.signing_keys[service] = fresh
            _write(self.path / "secrets.json", found.model_dump_json(indent=2), mode=0o600)

    def write_secrets(self, changed: Secrets) -> None:
        """Replace ``secrets.json`` in one step; whoever changes keys holds the lock."""
        _write(self.path / "secrets.json", changed.model_dump_json(indent=2), mode=0o600)

    @property
    def run_file(self) -> Path:
        return self.path / "run.json"

    def lock(self) -> IO[str]:
        """The lock, held until the file is closed.

        Raises: DataDirectoryError when another process holds it.
        """
        file = (self.path / "lock").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.close()
            raise DataDirectoryError(
                "a system is already running on this data",
                where=str(self.path),
                hint="stop it with `cadre down`",
            ) from error
        return file

    @property
    def locked(self) -> bool:
        """Whether a supervisor holds the lock now."""
        try:
            self.lock().close()
        except DataDirectoryError:
            return True
        return False

    def read_run(self) -> Run:
        """Where the running system is found.

        Raises: NotFound when none is running.
        """
        try:
            run = Run.model_validate_json(self.run_file.read_bytes())
        except FileNotFoundError as error:
            raise NotFound(
                "no system is running on this data",
                where=str(self.path),
                hint="start it with `cadre up`",
            ) from error
        return run

    def write_run(self, run: Run) -> None:
        """Replace ``run.json`` in one step; it holds credentials."""
        _write(self.run_file, run.model_dump_json(indent=2), mode=0o600)


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    temporary = path.with_suffix(".tmp")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _new_secrets() -> Secrets:
    def key() -> str:
        return b64encode(secrets.token_bytes(KEY_BYTES)).decode()

    return Secrets(
        master_key=key(),
        index_key=key(),
        signing_keys={name: key() for name in SERVICES},
        nats_passwords={name: _password() for name in NATS_USERS},
        api_token=secrets.token_urlsafe(KEY_BYTES),
    )


def _password() -> str:
    # The log's configuration reads it unquoted: letters and digits, beginning with a letter.
    letters = string.ascii_letters
    return secrets.choice(letters) + "".join(
        secrets.choice(letters + string.digits) for _ in range(PASSWORD_LENGTH - 1)
    )
