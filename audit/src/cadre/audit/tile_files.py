"""The tiles as they lie on the disk: which sizes they are of, and what does not belong there."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cadre.audit.evidence import read_bytes
from cadre.audit.merkle import HASH_BYTES
from cadre.audit.tiles import HEIGHT, UNFINISHED, WIDTH, Tiles, path_of

_NAME = re.compile(r"tile/(\d{1,2})/((?:x\d{3}/)*\d{3})(?:\.p/(\d{1,3}))?")


@dataclass(frozen=True, slots=True)
class TileFile:
    """Where a file stands in the tree."""

    level: int
    index: int
    width: int

    @property
    def name(self) -> str:
        return path_of(self.level, self.index, self.width)

    @property
    def size(self) -> int:
        """How many leaves a tree with this tile has at least."""
        return (self.index * WIDTH + self.width) << (HEIGHT * self.level)


@dataclass(slots=True)
class TileFiles:
    """Every file under ``tile``."""

    folder: Path
    tiles: list[TileFile] = field(default_factory=list[TileFile])
    strange: list[str] = field(default_factory=list[str])
    """Files that are no tiles, by their names."""

    @classmethod
    def of(cls, folder: Path) -> "TileFiles":
        found = cls(folder)
        for path in sorted((folder / "tile").rglob("*")):
            if path.is_dir() and not path.is_symlink():
                continue
            name = path.relative_to(folder).as_posix()
            tile = _tile(name.removesuffix(UNFINISHED))
            if tile is None:
                found.strange.append(name)
            elif tile.name == name:
                found.tiles.append(tile)
        return found

    @property
    def size(self) -> int:
        """How many leaves the largest tree has."""
        return max((tile.size for tile in self.tiles), default=0)

    def wrong(self, size: int) -> Iterator[tuple[str, str]]:
        """Name and fault of what a tree of this size, the newest that was signed, does not have.

        The tiles of that tree itself are compared with the log.

        Raises: Malformed for a file that cannot be read.
        """
        for name in self.strange:
            yield name, "this is no tile"
        tree = Tiles(self.folder, size)
        for tile in self.tiles:
            data = read_bytes(self.folder / tile.name) or b""
            hashes = size >> (HEIGHT * tile.level)
            newest = tile.width == min(WIDTH, hashes - tile.index * WIDTH)
            over = len(data) - tile.width * HASH_BYTES
            if over > 0 or (over < 0 and not newest):
                yield tile.name, f"a tile of {tile.width} hashes has {len(data)} bytes"
            elif (start := _start(tree, tile)) is not None and data != start:
                yield tile.name, "this older tile is not how the newest one begins"


def _tile(name: str) -> TileFile | None:
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    groups = match[2].replace("x", "").split("/")
    tile = TileFile(int(match[1]), int("".join(groups)), int(match[3] or WIDTH))
    return tile if tile.name == name else None


def _start(tree: Tiles, tile: TileFile) -> bytes | None:
    """What a partial tile must hold by the newest one; None where that does not say."""
    if tile.width == WIDTH:
        return None
    try:
        held = tree.tile(tile.level, tile.index)
        return b"".join(held[: tile.width]) if len(held) >= tile.width else None
    except (OSError, ValueError):
        return None
