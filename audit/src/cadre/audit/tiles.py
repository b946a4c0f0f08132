"""The tree as files, in the layout of C2SP tlog-tiles: any static file server can serve them.

A tile ``tile/<level>/<index>`` holds up to 256 hashes of 32 bytes; at level 0 those of leaves,
above those of full tiles below. The last tile of a level is partial, ``<index>.p/<width>``, one
file for each size that was published. A file once written is never changed.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from cadre.audit.merkle import HASH_BYTES, root_of

WIDTH = 256
HEIGHT = 8
"""Levels of the tree within one tile."""
UNFINISHED = ".tmp"
"""How a file's name ends while it is written, and stays when a process is killed meanwhile."""


def path_of(level: int, index: int, width: int = WIDTH) -> str:
    """Where a tile stands: ``tile/0/x001/x234/067``, partial ones with ``.p/<width>``."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(reversed(groups))}{partial}"


class TileDiffers(Exception):
    """A tile that was published before holds other hashes."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} was published with other hashes")
        self.path = path


@dataclass(slots=True)
class TileWriter:
    """Writes the tiles of a tree from its leaf hashes, the first leaf first.

    Tiles that exist are compared, so writing the same tree again changes nothing and writing
    another one fails.
    """

    folder: Path
    _levels: list[list[bytes]] = field(default_factory=list[list[bytes]])
    _full: list[int] = field(default_factory=list[int])
    """Full tiles so far, by level."""

    def append(self, leaf: bytes, level: int = 0) -> None:
        """Add the next hash of a level; full tiles are written at once.

        Raises: TileDiffers.
        """
        if level == len(self._levels):
            self._levels.append([])
            self._full.append(0)
        tile = self._levels[level]
        tile.append(leaf)
        if len(tile) == WIDTH:
            self._write(path_of(level, self._full[level]), tile)
            self._full[level] += 1
            self._levels[level] = []
            self.append(root_of(tile), level + 1)

    def publish(self) -> None:
        """Write the partial tiles that a checkpoint of the present size needs.

        Raises: TileDiffers.
        """
        for level, tile in enumerate(self._levels):
            if tile:
                self._write(path_of(level, self._full[level], len(tile)), tile)

    def _write(self, name: str, hashes: list[bytes]) -> None:
        data, path = b"".join(hashes), self.folder / name
        if path.exists():
            if path.read_bytes() != data:
                raise TileDiffers(name)
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}{UNFINISHED}")
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)


@dataclass(frozen=True, slots=True)
class Tiles:
    """The tiles of a tree of a published size, read as `Nodes` for proofs."""

    folder: Path
    size: int

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree.

        Raises: FileNotFoundError for a tile that is not there; ValueError for a damaged one.
        """
        tile_level, above = divmod(level, HEIGHT)
        first = index << above
        tile = self.tile(tile_level, first // WIDTH)
        start = first % WIDTH
        return root_of(tile[start : start + (1 << above)])

    def leaf(self, index: int) -> bytes:
        """The hash of a leaf, counted from 0."""
        return self.node(0, index)

    def tile(self, level: int, index: int) -> list[bytes]:
        """The hashes of one tile of this tree."""
        hashes = self.size >> (HEIGHT * level)
        width = min(WIDTH, hashes - index * WIDTH)
        if width <= 0:
            msg = f"a tree of {self.size} leaves has no tile {level}/{index}"
            raise ValueError(msg)
        name = path_of(level, index, width)
        path = self.folder / name
        # Whoever publishes may drop a partial tile once the full one is there.
        if width < WIDTH and not path.exists():
            path = self.folder / path_of(level, index)
        data = path.read_bytes()[: width * HASH_BYTES]
        if len(data) != width * HASH_BYTES:
            msg = f"{name} is too short"
            raise ValueError(msg)
        return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]

    def unfounded(self) -> list[str]:
        """The tiles above level 0 that are not the hashes of the tiles below, or missing."""
        found: list[str] = []
        level = 1
        while hashes := self.size >> (HEIGHT * level):
            for index in range(-(-hashes // WIDTH)):
                below = range(index * WIDTH, min(hashes, (index + 1) * WIDTH))
                try:
                    held = self.tile(level, index)
                    fits = held == [root_of(self.tile(level - 1, one)) for one in below]
                except (OSError, ValueError):
                    fits = False
                if not fits:
                    found.append(path_of(level, index, len(below)))
            level += 1
        return found
