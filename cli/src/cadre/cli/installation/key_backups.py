"""Backups of the key store: few, apart from all others, and gone after a month at the latest.

A backup of keys brings back whoever was forgotten since. So it must not live long, and what is put
back is forgotten anew before any service reads it.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cadre.cli.installation.data_directory import DataDirectory
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.keys.master_keys import MasterKeys

KEPT_DAYS_MAX = 30
TIME_FORMAT = "keys-%Y%m%dT%H%M%SZ"
OF_PERSONS = {
    "data_keys": "person",
    "identities": "cadre_id",
    "names": "cadre_id",
}
"""The tables that hold something of a person, with the column that says whose it is."""


@dataclass(frozen=True, slots=True)
class KeyBackups:
    """The backups of one data directory, in ``key-backups/``."""

    data: DataDirectory

    @property
    def folder(self) -> Path:
        return self.data.path / "key-backups"

    @property
    def store(self) -> Path:
        return self.data.path / "db" / "keys.db"

    def make(self, now: datetime) -> Path:
        """A consistent copy, also while the system runs. Raises: NotFound without a key store."""
        if not self.store.exists():
            raise NotFound("尚无密钥库 · there is no key store yet", where=str(self.store))
        self.folder.mkdir(mode=0o700, exist_ok=True)
        made = self.folder / f"{now.astimezone(UTC).strftime(TIME_FORMAT)}.db"
        # SQLite keeps the mode of a file that is there and empty.
        os.close(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(self.store)) as connection:
            connection.execute("VACUUM INTO ?", (str(made),))
        return made

    def prune(self, now: datetime, kept_days: int = KEPT_DAYS_MAX) -> list[Path]:
        """Delete backups older than ``kept_days``, by the time in their names; those deleted."""
        oldest = now - timedelta(days=kept_days)
        old = [path for path, made in self._dated() if made < oldest]
        for path in old:
            path.unlink()
        return old

    def _dated(self) -> Iterator[tuple[Path, datetime]]:
        for path in sorted(self.folder.glob("keys-*.db")):
            yield path, datetime.strptime(path.stem, TIME_FORMAT).replace(tzinfo=UTC)

    def restore(self, backup: Path, masters: MasterKeys) -> int:
        """Put a backup in place of the key store; how many forgotten persons it had to lose.

        Raises: NotFound, NotPossible for keys under a master key that is gone; DataDirectoryError
        while the system runs.
        """
        if not backup.is_file():
            raise NotFound("没有此备份 · there is no such backup", where=str(backup))
        with self.data.lock():
            incoming = self.store.with_name("keys.incoming")
            incoming.unlink(missing_ok=True)
            os.close(os.open(incoming, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            with closing(sqlite3.connect(backup)) as connection:
                connection.execute("VACUUM INTO ?", (str(incoming),))
            forgotten = _marks(self.store) if self.store.exists() else []
            try:
                _require_openable(incoming, masters)
                _forget(incoming, forgotten)
            except NotPossible:
                incoming.unlink()
                raise
            for suffix in ("-wal", "-shm"):
                self.store.with_name(f"keys.db{suffix}").unlink(missing_ok=True)
            incoming.replace(self.store)
        return len(forgotten)


def _marks(store: Path) -> list[tuple[str, int, str]]:
    with closing(sqlite3.connect(store)) as connection:
        return connection.execute("SELECT person, keys, wish FROM forgotten").fetchall()


def _require_openable(store: Path, masters: MasterKeys) -> None:
    with closing(sqlite3.connect(store)) as connection:
        found = {row[0] for row in connection.execute("SELECT DISTINCT master FROM data_keys")}
    if found - masters.ids:
        raise NotPossible(
            "此备份所用的主密钥已销毁 · "
            "this backup was made under a master key that was destroyed since",
            where=str(store),
            hint="请使用最近一次更换主密钥之后的备份 · "
            "take a backup that was made after the last `cadre privacy rotate-master`",
        )


def _forget(store: Path, marks: list[tuple[str, int, str]]) -> None:
    """Whoever was forgotten since stays forgotten, and no page of the file tells otherwise."""
    with closing(sqlite3.connect(store, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.executemany("INSERT OR IGNORE INTO forgotten VALUES (?, ?, ?)", marks)
        there = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        for table, column in OF_PERSONS.items():
            if table in there:
                connection.execute(
                    f"DELETE FROM {table} WHERE {column} IN (SELECT person FROM forgotten)"  # noqa: S608  # names of our own
                )
        connection.execute("COMMIT")
        connection.execute("VACUUM")
