"""Tiles: the published layout, Go's own tiles, nothing ever overwritten, proofs from files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cadre.audit.merkle import (
    Leaves,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
    subtree_hash,
)
from cadre.audit.tiles import TileDiffers, Tiles, TileWriter, path_of

DATA = [f"leaf {number}".encode() for number in range(1100)]
LEAVES = [leaf_hash(data) for data in DATA]


def write(folder: Path, leaves: list[bytes]) -> Tiles:
    writer = TileWriter(folder)
    for leaf in leaves:
        writer.append(leaf)
    writer.publish()
    return Tiles(folder, len(leaves))


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        ((0, 0), "tile/0/000"),
        ((0, 1234067), "tile/0/x001/x234/067"),
        ((3, 1000, 7), "tile/3/x001/000.p/7"),
    ],
)
def test_paths_are_the_published_ones(tile: tuple[int, ...], path: str) -> None:
    assert path_of(*tile) == path


def test_a_tree_of_70000_has_the_tiles_the_specification_counts(tmp_path: Path) -> None:
    write(tmp_path, [leaf_hash(b"")] * 70_000)
    found = files(tmp_path)
    partial = {name for name in found if ".p/" in name}

    assert partial == {"tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"}
    assert len([name for name in found if name.startswith("tile/0/")]) == 273 + 1
    assert {len(data) for name, data in found.items() if name not in partial} == {8192}


@pytest.mark.parametrize("size", [1, 255, 256, 257, 700])
def test_go_cuts_the_same_tiles(
    size: int, tmp_path: Path, oracle: Callable[..., dict[str, Any]]
) -> None:
    write(tmp_path, LEAVES[:size])

    assert files(tmp_path) == oracle(Leaves=DATA[:size], New=size)["Tiles"]


def test_growing_adds_files_and_changes_none(tmp_path: Path) -> None:
    write(tmp_path, LEAVES[:300])
    before = files(tmp_path)
    write(tmp_path, LEAVES[:300])
    assert files(tmp_path) == before
    write(tmp_path, LEAVES[:600])
    after = files(tmp_path)

    assert before.items() < after.items()
    assert subtree_hash(Tiles(tmp_path, 300), 0, 300) == root_of(LEAVES[:300])


def test_another_tree_is_not_written_over_a_published_one(tmp_path: Path) -> None:
    write(tmp_path, LEAVES[:300])
    before = files(tmp_path)
    rewritten = [*LEAVES[:290], leaf_hash(b"rewritten"), *LEAVES[291:300]]
    with pytest.raises(TileDiffers, match=r"tile/0/001\.p/44"):
        write(tmp_path, rewritten)

    assert files(tmp_path) == before


@pytest.mark.parametrize("size", [1, 256, 257, 1000, 1100])
def test_proofs_come_from_the_files(tmp_path: Path, size: int) -> None:
    tiles, memory = write(tmp_path, LEAVES[:size]), Leaves(LEAVES[:size])
    index, old = size * 3 // 4, size * 3 // 4 + 1

    assert subtree_hash(tiles, 0, size) == root_of(LEAVES[:size])
    assert tiles.leaf(index) == LEAVES[index]
    assert inclusion_proof(tiles, index, size) == inclusion_proof(memory, index, size)
    assert consistency_proof(tiles, old, size) == consistency_proof(memory, old, size)


def test_a_dropped_partial_tile_is_read_from_the_full_one(tmp_path: Path) -> None:
    write(tmp_path, LEAVES[:300])
    write(tmp_path, LEAVES[:600])
    (tmp_path / path_of(0, 1, 44)).unlink()

    assert subtree_hash(Tiles(tmp_path, 300), 0, 300) == root_of(LEAVES[:300])


def test_a_damaged_tile_is_refused(tmp_path: Path) -> None:
    tiles = write(tmp_path, LEAVES[:300])
    path = tmp_path / path_of(0, 0)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="tile/0/000 is too short"):
        tiles.leaf(3)
