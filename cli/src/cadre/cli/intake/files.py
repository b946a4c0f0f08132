"""Files of this machine as sources of an import."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cadre.cli.intake.plan import READERS


@dataclass(frozen=True, slots=True)
class OnDisk:
    """A file that is read when it is asked for."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    def read(self) -> bytes:
        return self.path.read_bytes()


def files_in(paths: Iterable[Path]) -> Iterator[OnDisk]:
    """Files as they are named; of a folder, all rosters and forms below it, sorted.

    ~$ files are locks of an open spreadsheet program.
    """
    for path in paths:
        if path.is_dir():
            below = (file for file in path.rglob("*") if file.suffix.lower() in READERS)
            yield from map(OnDisk, sorted(f for f in below if not f.name.startswith("~$")))
        else:
            yield OnDisk(path)
