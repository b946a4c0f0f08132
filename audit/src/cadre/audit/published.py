"""The published leaves beside the log: where they differ, and which of the two was signed."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from cadre.audit.checkpoint import Checkpoint
from cadre.audit.merkle import Tree
from cadre.audit.tiles import WIDTH, Tiles, path_of


@dataclass(slots=True)
class PublishedLeaves:
    """Compares leaf hashes with the tiles of a checkpoint, in the order of the log."""

    tiles: Tiles
    checkpoint: Checkpoint
    differing: dict[int, str] = field(default_factory=dict[int, str])
    """The subject of an event whose leaf is another, by position."""
    damaged: str = ""
    """The tile that could not be read; nothing is compared from there on."""
    _tree: Tree = field(default_factory=Tree)
    _tile: list[bytes] = field(default_factory=list[bytes])

    def see(self, position: int, leaf: bytes | None, subject: str) -> None:
        """Compare the leaf of a position; None where the log gives no event."""
        if self.damaged or position > self.tiles.size:
            return
        index, at = divmod(position - 1, WIDTH)
        if at == 0:
            try:
                self._tile = self.tiles.tile(0, index)
            except (OSError, ValueError):
                self.damaged = path_of(0, index, min(WIDTH, self.tiles.size - index * WIDTH))
                return
        self._tree.append(self._tile[at])
        if leaf is not None and leaf != self._tile[at]:
            self.differing[position] = subject

    def signed(self, last: int) -> bool:
        """Whether the tiles give the checkpoint's root; the log ended at ``last``."""
        for position in range(last + 1, self.tiles.size + 1):
            self.see(position, None, "")
        return not self.damaged and self._tree.root == self.checkpoint.tree.hash

    def wrong_tiles(self) -> list[str]:
        """The tiles that are wrong if the log is right."""
        size = self.tiles.size
        tiles = sorted({(position - 1) // WIDTH for position in self.differing})
        paths = [path_of(0, index, min(WIDTH, size - index * WIDTH)) for index in tiles]
        return [*paths, *([self.damaged] if self.damaged else self.tiles.unfounded())]


def leaves_under(tiles: Tiles | None, checkpoint: Checkpoint | None) -> Iterator[bytes]:
    """The leaf hashes that a checkpoint covers; none unless the tiles give its very root."""
    if tiles is None or checkpoint is None:
        return
    tree, number = Tree(), -(-tiles.size // WIDTH)
    try:
        for index in range(number):
            for leaf in tiles.tile(0, index):
                tree.append(leaf)
    except (OSError, ValueError):
        return
    if (tree.size, tree.root) == checkpoint.tree:
        for index in range(number):
            yield from tiles.tile(0, index)
