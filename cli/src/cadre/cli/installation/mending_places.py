"""Where a log is repaired: its store, the journals, and how the new store takes its place."""

import contextlib
import shutil
import socket
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from cadre.audit.evidence import Evidence
from cadre.cli.installation.chosen import Local
from cadre.cli.installation.data_directory import DataDirectory
from cadre.cli.installation.ownership import DataDirectoryError
from cadre.cli.installation.served import Remote
from cadre.cli.installation.settings_file import SystemSettings
from cadre.cli.installation.standing_log import copy_of
from cadre.shared.deciding.errors import NotFound
from cadre.shared.log.signed import KeyHolder

CONNECT_S_MAX = 2.0


class MendingPlace(Protocol):
    """The parts of a stopped installation."""

    @property
    def evidence(self) -> Evidence: ...
    @property
    def holders(self) -> Sequence[KeyHolder]: ...
    @property
    def store(self) -> Path:
        """What the log's server has its files in."""
        ...

    @property
    def mended(self) -> Path:
        """The new store, until it takes the other's place."""
        ...

    def hold(self) -> AbstractContextManager[int | None]:
        """What a server on the new store holds meanwhile. Raises: while one may have it open."""
        ...

    def is_log(self, name: str) -> bool:
        """Whether what lies in the store under this name is the log server's."""
        ...

    def copy(self, folder: Path) -> None:
        """Copy what is examined: ``nats``, and the databases where they are files."""
        ...

    def database_url(self, service: str, folder: Path) -> str:
        """Where a service's journal is read; ``folder`` is what `copy` filled."""
        ...

    def kept(self, time: str) -> str:
        """The name under which the log as it was is kept."""
        ...

    def swap(self, kept: str) -> None:
        """Put the new store in the other's place."""
        ...


@dataclass(frozen=True, slots=True)
class LocalStore:
    """A data directory."""

    directory: DataDirectory

    @property
    def evidence(self) -> Evidence:
        return Local(self.directory).evidence

    @property
    def holders(self) -> Sequence[KeyHolder]:
        return Local(self.directory).holders

    @property
    def store(self) -> Path:
        return self.directory.path / "nats"

    @property
    def mended(self) -> Path:
        return self.directory.path / "nats.repaired"

    @contextlib.contextmanager
    def hold(self) -> Generator[int | None]:
        with self.directory.lock() as held:
            yield held.log

    def is_log(self, name: str) -> bool:  # noqa: ARG002
        return True

    def copy(self, folder: Path) -> None:
        copy_of(self.directory, folder)

    def database_url(self, service: str, folder: Path) -> str:
        return f"sqlite+aiosqlite:///{folder / 'db' / service}.db"

    def kept(self, time: str) -> str:
        return f"nats.before-repair-{time}"

    def swap(self, kept: str) -> None:
        self.store.rename(self.directory.path / kept)
        self.mended.rename(self.store)


@dataclass(frozen=True, slots=True)
class VolumeStore:
    """The files of a log's server that is stopped, and databases that settings name."""

    settings: SystemSettings

    @property
    def evidence(self) -> Evidence:
        return Remote(self.settings).evidence

    @property
    def holders(self) -> Sequence[KeyHolder]:
        return Remote(self.settings).holders

    @property
    def store(self) -> Path:
        path = Path(self.settings.require("audit_store"))
        if not (path / "jetstream").is_dir():
            raise NotFound(
                "此处没有事件日志的存储 · there is no store of a log",
                where=str(path),
                hint="修复中断的，请移回原处 · "
                "after a repair that was cut short move before-repair-TIME/jetstream here",
            )
        return path

    @property
    def mended(self) -> Path:
        # A mounted volume cannot be renamed: all of it happens inside.
        return Path(self.settings.require("audit_store")) / "repaired"

    def hold(self) -> AbstractContextManager[int | None]:
        self._must_be_stopped()
        return contextlib.nullcontext()

    def _must_be_stopped(self) -> None:
        at = urlsplit(self.settings.log_url)
        try:
            address = (at.hostname or "", at.port or 4222)
            socket.create_connection(address, CONNECT_S_MAX).close()
        except OSError:
            return
        raise DataDirectoryError(
            "日志服务器正在运行 · the log's server runs",
            where=self.settings.log_url,
            hint="请先停止 · docker compose stop nats",
        )

    def is_log(self, name: str) -> bool:
        return name == "jetstream"

    def copy(self, folder: Path) -> None:
        shutil.copytree(self.store / "jetstream", folder / "nats" / "jetstream")

    def database_url(self, service: str, folder: Path) -> str:  # noqa: ARG002
        return self.settings.require("audit_database_url").replace("{service}", service)

    def kept(self, time: str) -> str:
        return f"before-repair-{time}"

    def swap(self, kept: str) -> None:
        self._must_be_stopped()
        place = self.store / kept
        place.mkdir()
        (self.store / "jetstream").rename(place / "jetstream")
        (self.mended / "jetstream").rename(place.parent / "jetstream")


def mending_place(data: Path, settings: Path | None) -> MendingPlace:
    """What the options name. Raises: NotFound, DataDirectoryError, Malformed."""
    if settings is not None:
        return VolumeStore(SystemSettings.of(settings))
    return LocalStore(DataDirectory.open_data(data))
