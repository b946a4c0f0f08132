"""File systems of a few megabytes that can be filled and emptied."""

import contextlib
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

BLOCK = 4096


@dataclass
class SmallDisk:
    """A file system of its own."""

    path: Path

    def fill(self) -> None:
        """Leave no block free."""
        with contextlib.suppress(OSError), (self.path / "filling").open("ab", buffering=0) as file:
            while True:
                file.write(b"\0" * BLOCK)

    def empty(self) -> None:
        """Give back what was filled."""
        (self.path / "filling").unlink()


@contextlib.contextmanager
def small_disk(path: Path, megabytes: int = 24) -> Generator[SmallDisk]:
    """A file system in memory; only root may mount one."""
    path.mkdir()
    options = f"size={megabytes}m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "cadre-test", path], check=True)
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)
