"""A data directory: one installation's secrets, stores and logs, with an owner and a format.

format       the version of this layout
secrets.json keys and passwords, made once, readable by the owner only
last-checkpoint  what was signed last; see `cadre.audit.evidence`
run.json     where the running system is found; absent when it is stopped
nats/  db/  logs/
"""

import contextlib
import os
import secrets
import string
from base64 import b64decode, b64encode
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

from cadre.cli.installation import ownership
from cadre.cli.installation.ownership import DataDirectoryError, Hold
from cadre.contracts.vocabulary import SERVICES
from cadre.shared.deciding.errors import NotFound

FORMAT = 2
NATS_USERS = ("operator", *SERVICES, "client", "subscriber", "auditor")
PASSWORD_LENGTH = 32
KEY_BYTES = 32


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
        with reading(path):
            there = (path / "format").exists()
        if not there:
            with writing(path):
                path.mkdir(parents=True, exist_ok=True)
                descriptor = ownership.only_one(path)
                try:
                    _fill(path)
                finally:
                    os.close(descriptor)
        return cls.open_data(path)

    @classmethod
    def open_data(cls, path: Path) -> "DataDirectory":
        """Open an existing directory.

        Raises: NotFound, or DataDirectoryError for another format.
        """
        path = path.resolve()
        marker = path / "format"
        with reading(path):
            there = marker.exists()
        if not there:
            raise NotFound(
                "此处没有本系统的数据 · there is no Cadre data",
                where=str(path),
                hint="请先启动 · start it with `cadre up --data DIR`",
            )
        with reading(marker):
            found = marker.read_text().strip()
        if found != str(FORMAT):
            raise DataDirectoryError(
                "目录的格式版本不符 · "
                f"the directory has format {found}, this version reads {FORMAT}",
                where=str(path),
                hint="请使用写入该目录的版本 · use the version of cadre that wrote it",
            )
        if not (path / "nats").is_dir():
            # Started like this, the system would begin an empty log.
            raise DataDirectoryError(
                "事件日志不见了 · the log is gone: there is no folder nats",
                where=str(path),
                hint="修复中断的，请改回原名；否则新建空目录后修复 · "
                "after a repair that was cut short rename nats.before-repair-TIME to nats; "
                "else make it, empty, and run `cadre audit repair`",
            )
        return cls(path)

    @property
    def has_secrets(self) -> bool:
        """Whether the keys are here and may be read; an auditor's copy has none."""
        return os.access(self.path / "secrets.json", os.R_OK)

    @property
    def secrets(self) -> Secrets:
        """Raises: DataDirectoryError when this user may not read them, or they are damaged."""
        path = self.path / "secrets.json"
        with reading(path):
            return Secrets.model_validate_json(path.read_bytes())

    def audit_seed(self) -> bytes:
        """The Ed25519 seed that signs checkpoints; a directory without one is given it.

        Raises: DataDirectoryError where it has to be made while the system runs.
        """
        found = self.secrets
        if found.audit_key is None:
            # Somebody else might be changing the other secrets.
            with self.lock():
                found = self.secrets
                found.audit_key = found.audit_key or _key()
                self.write_secrets(found)
        return b64decode(found.audit_key)

    def renew(self, service: str | None) -> None:
        """Replace what a service signs events with, or with None what checkpoints are signed with.

        Whoever does it holds the directory.
        """
        found = self.secrets
        if service is None:
            found.audit_key = _key()
        else:
            found.signing_keys[service] = _key()
        self.write_secrets(found)

    def write_secrets(self, changed: Secrets) -> None:
        """Replace ``secrets.json`` in one step; whoever changes keys holds the directory."""
        _write(self.path / "secrets.json", changed.model_dump_json(indent=2), mode=0o600)

    @property
    def tokens(self) -> Path:
        """Tokens with roles and units, where the operator has put some; read by each service."""
        return self.path / "tokens.toml"

    @property
    def run_file(self) -> Path:
        return self.path / "run.json"

    def lock(self) -> Hold:
        """The directory to change: its owner until the block ends.

        Raises: InUse while anything lives that uses it, a supervisor or what it left.
        """
        return ownership.hold(self.path)

    def share(self) -> Hold:
        """The stopped directory to read, beside others that do. Raises: InUse."""
        return ownership.share(self.path)

    @property
    def locked(self) -> bool:
        """Whether a supervisor runs the directory now, or a command changes it."""
        return ownership.claimed(self.path)

    @property
    def running(self) -> bool:
        """Whether a system runs, so that ``run.json`` says where."""
        return self.locked and self.run_file.exists()

    def read_run(self) -> Run:
        """Where the running system is found.

        Raises: NotFound when none is running; DataDirectoryError when it cannot be read.
        """
        try:
            with reading(self.run_file):
                run = Run.model_validate_json(self.run_file.read_bytes())
        except FileNotFoundError as error:
            raise NotFound(
                "系统未在运行 · no system is running on this data",
                where=str(self.path),
                hint="请先启动 · start it with `cadre up`",
            ) from error
        if not self.locked:
            raise NotFound(
                "系统未在运行，原进程已终止 · "
                "no system is running on this data: the one that wrote run.json has died",
                where=str(self.path),
                hint="请先启动 · start it with `cadre up`",
            )
        return run

    def write_run(self, run: Run) -> None:
        """Replace ``run.json`` in one step; it holds credentials."""
        _write(self.run_file, run.model_dump_json(indent=2), mode=0o600)


@contextlib.contextmanager
def reading(path: Path) -> Generator[None]:
    """Says which file cannot be read. Raises: DataDirectoryError; FileNotFoundError as it is."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DataDirectoryError(
            f"无法读取 · it cannot be read: {error.strerror}",
            where=str(path),
            hint="请以目录所有者身份执行 · run this as the directory's owner",
        ) from error
    except ValidationError as error:
        raise DataDirectoryError(
            "文件已损坏，或属于其他版本 · it is damaged, or of another version",
            where=str(path),
            hint="请用副本恢复 · "
            "bring it back from a copy; run.json is written anew by `cadre down` and `up`",
        ) from error


@contextlib.contextmanager
def writing(path: Path) -> Generator[None]:
    """Says what cannot be written. Raises: DataDirectoryError."""
    try:
        yield
    except OSError as error:
        raise DataDirectoryError(
            f"无法写入 · it cannot be written: {error.strerror}",
            where=str(error.filename or path),
            hint="请腾出空间、给予写权限，或使用可写的副本 · "
            "make room, let this user write there, or work on a copy that can be written",
        ) from error


def _fill(path: Path) -> None:
    """Make what a directory has; whoever does holds it."""
    if (path / "format").exists():
        return
    begun = {"nats", "db", "logs", "secrets.json", "secrets.tmp", "format.tmp"}
    other = {one.name for one in path.iterdir()} - begun
    if other or any(any((path / part).glob("*")) for part in ownership.PARTS):
        raise DataDirectoryError(
            "目录中有其他内容 · the directory holds something else",
            where=str(path),
            hint="请指定空目录或新目录 · name an empty or new directory with --data",
        )
    for name in ("nats", "db", "logs"):
        (path / name).mkdir(exist_ok=True)
    path.chmod(0o700)
    _write(path / "secrets.json", _new_secrets().model_dump_json(indent=2), mode=0o600)
    _write(path / "format", f"{FORMAT}\n")


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    temporary = path.with_suffix(".tmp")
    with (
        writing(path),
        os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file,
    ):
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
        temporary.replace(path)


def _key() -> str:
    return b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _new_secrets() -> Secrets:
    return Secrets(
        master_key=_key(),
        index_key=_key(),
        signing_keys={name: _key() for name in SERVICES},
        nats_passwords={name: _password() for name in NATS_USERS},
        api_token=secrets.token_urlsafe(KEY_BYTES),
        audit_key=_key(),
    )


def _password() -> str:
    # The log's configuration reads it unquoted: letters and digits, beginning with a letter.
    letters = string.ascii_letters
    return secrets.choice(letters) + "".join(
        secrets.choice(letters + string.digits) for _ in range(PASSWORD_LENGTH - 1)
    )
