"""Whether what a system has open is still where its directory is.

Processes go on writing into a folder that was moved, deleted or replaced under them: nobody finds
that again. And what they open next is found by its name, so it may be another system's. A claim
does not show it: it is on the folder, wherever that is, and another folder may have the name.
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cadre.cli.installation.ownership import DataDirectoryError, Hold

OPENED = ("nats/jetstream/*/streams/*/msgs", "db/*.db")
"""What stays the same as long as a system lives."""

type Identity = tuple[int, int]
"""Device and number of a file."""


@dataclass(slots=True)
class InPlace:
    """Remembers what is open, and says when a name no longer leads to it."""

    path: Path
    hold: Hold
    _known: dict[Path, Identity] = field(default_factory=dict[Path, Identity])

    def require(self) -> None:
        """Raises: DataDirectoryError that names what was moved, deleted or replaced."""
        for path, known in (*self._claimed(), *self._known.items()):
            if _identity(path, known) != known:
                raise DataDirectoryError(
                    "系统运行中文件被移动、删除或替换，系统退出 · "
                    "it was moved, deleted or replaced while the system ran, so the system ends",
                    where=str(path),
                    hint="请放回原文件后重新启动；替换文件须先停机 · "
                    "put back what was there and start again; files are replaced between"
                    " `cadre down` and `cadre up`",
                )
        for pattern in OPENED:
            for path in self.path.glob(pattern):
                if path not in self._known and (new := _identity(path)):
                    self._known[path] = new

    def forget_run(self) -> None:
        """Remove ``run.json`` of this system, wherever its directory is by now."""
        with contextlib.suppress(OSError):
            os.unlink("run.json", dir_fd=self.hold.directory)  # a path has no dir_fd

    def _claimed(self) -> Iterator[tuple[Path, Identity]]:
        claims = (self.hold.directory, self.hold.log, self.hold.tables)
        for name, descriptor in zip((".", "nats", "db"), claims, strict=True):
            found = os.fstat(descriptor)
            yield self.path / name, (found.st_dev, found.st_ino)


def _identity(path: Path, otherwise: Identity | None = None) -> Identity | None:
    """Which file has this name; ``otherwise`` where that cannot be told."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return otherwise
    return found.st_dev, found.st_ino
