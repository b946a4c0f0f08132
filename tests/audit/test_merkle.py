"""Trees and proofs: published vectors, Go's implementation, and what must hold for any tree."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadre.audit import ordered_tree
from cadre.audit.merkle import (
    EMPTY_ROOT,
    Leaves,
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    proves_consistency,
    proves_inclusion,
    root_of,
)
from cadre.audit.ordered_tree import OrderedTree

# The eight leaves of the Certificate Transparency reference tests (RFC 6962).
DATA = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
INCLUSION = {
    (0, 1): (),
    (0, 2): ("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",),
    (1, 2): ("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",),
    (2, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",),
    (1, 5): (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
}
CONSISTENCY = {
    (1, 1): (),
    (1, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (2, 5): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
}
LEAVES = [leaf_hash(data) for data in DATA]
TREE = Leaves(LEAVES)

leaf_lists = st.lists(st.binary(max_size=8), min_size=1, max_size=70)


def hexed(proof: list[bytes]) -> tuple[str, ...]:
    return tuple(one.hex() for one in proof)


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_ones(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("case", "proof"), INCLUSION.items())
def test_inclusion_proofs_are_the_published_ones(
    case: tuple[int, int], proof: tuple[str, ...]
) -> None:
    assert hexed(inclusion_proof(TREE, *case)) == proof


@pytest.mark.parametrize(("case", "proof"), CONSISTENCY.items())
def test_consistency_proofs_are_the_published_ones(
    case: tuple[int, int], proof: tuple[str, ...]
) -> None:
    assert hexed(consistency_proof(TREE, *case)) == proof


@given(leaf_lists, st.data())
def test_a_proof_holds_for_its_leaf_and_root_alone(data: list[bytes], draw: st.DataObject) -> None:
    leaves = [leaf_hash(one) for one in data]
    size = len(leaves)
    index = draw.draw(st.integers(0, size - 1))
    proof, root = inclusion_proof(Leaves(leaves), index, size), root_of(leaves)

    assert proves_inclusion(proof, leaves[index], index, size, root)
    assert not proves_inclusion(proof, leaf_hash(b"another leaf"), index, size, root)
    assert not proves_inclusion(proof, leaves[index], index, size, leaf_hash(b"another root"))
    assert not proves_inclusion([*proof, root], leaves[index], index, size, root)
    assert not proves_inclusion(proof, leaves[index], index + size, size, root)
    if proof:
        assert not proves_inclusion(proof[1:], leaves[index], index, size, root)


@given(leaf_lists, st.data())
def test_a_newer_tree_is_consistent_with_its_prefixes_alone(
    data: list[bytes], draw: st.DataObject
) -> None:
    leaves = [leaf_hash(one) for one in data]
    new = len(leaves)
    old = draw.draw(st.integers(1, new))
    altered = draw.draw(st.integers(0, old - 1))
    proof = consistency_proof(Leaves(leaves), old, new)
    old_root, new_root = root_of(leaves[:old]), root_of(leaves)
    rewritten = [*leaves[:altered], leaf_hash(b"rewritten, longer"), *leaves[altered + 1 :]]

    assert proves_consistency(proof, old, old_root, new, new_root)
    assert not proves_consistency(proof, old, root_of(rewritten[:old]), new, new_root)
    forged = consistency_proof(Leaves(rewritten), old, new)
    assert not proves_consistency(forged, old, old_root, new, root_of(rewritten))
    assert not proves_consistency([*proof, new_root], old, old_root, new, new_root)
    assert not proves_consistency(proof, new + 1, new_root, new, new_root)


@given(leaf_lists)
def test_a_stream_gives_the_root_of_every_prefix(data: list[bytes]) -> None:
    leaves = [leaf_hash(one) for one in data]
    tree = Tree()
    for size, leaf in enumerate(leaves, 1):
        tree.append(leaf)
        assert tree.size == size
        assert tree.root == Leaves(leaves[:size]).node(size.bit_length(), 0)


def split_root(leaves: list[bytes]) -> bytes:
    """The root as RFC 6962 defines it."""
    if len(leaves) == 1:
        return leaves[0]
    middle = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(split_root(leaves[:middle]), split_root(leaves[middle:]))


@pytest.mark.parametrize("asked", [{1, 5, 255, 257, 600, 1301}, {1301}, {512, 1024, 1301}])
def test_when_the_root_is_asked_for_changes_nothing_of_it(asked: set[int]) -> None:
    leaves = [leaf_hash(str(number).encode()) for number in range(1301)]
    tree = Tree()
    for size, leaf in enumerate(leaves, 1):
        tree.append(leaf)
        if size in asked:
            assert tree.root == split_root(leaves[:size])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (8, 8), (-1, 8)])
def test_no_proof_for_a_leaf_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(TREE, index, size)


@pytest.mark.parametrize(("old", "new"), [(0, 8), (8, 7)])
def test_no_proof_to_a_smaller_tree(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no proof"):
        consistency_proof(TREE, old, new)


@pytest.mark.parametrize("size", [1, 2, 7, 64, 100, 257])
def test_go_computes_the_same_roots_and_proofs(
    size: int, oracle: Callable[..., dict[str, Any]]
) -> None:
    data = [str(number).encode() * (number % 5) for number in range(size)]
    leaves = [leaf_hash(one) for one in data]
    index, old = size * 2 // 3, size * 2 // 3 + 1
    told = oracle(Leaves=data, Index=index, New=size, Old=old)

    assert told["Roots"][1:] == [root_of(leaves[:n]) for n in range(1, size + 1)]
    assert told["Inclusion"] == inclusion_proof(Leaves(leaves), index, size)
    assert told["Consistency"] == consistency_proof(Leaves(leaves), old, size)


def test_go_accepts_our_proofs_and_refuses_altered_ones(
    oracle: Callable[..., dict[str, Any]],
) -> None:
    included = inclusion_proof(TREE, 5, 7)
    grown = consistency_proof(TREE, 3, 7)
    roots = {"OldRoot": root_of(LEAVES[:3]), "NewRoot": root_of(LEAVES[:7])}

    assert oracle(Leaves=DATA, Index=5, New=7, Proof=included)["Includes"]
    assert not oracle(Leaves=DATA, Index=5, New=7, Proof=grown)["Includes"]
    assert oracle(Leaves=DATA, New=7, Old=3, Proof=grown, **roots)["Consistent"]
    assert not oracle(Leaves=DATA, New=7, Old=3, Proof=included, **roots)["Consistent"]


def test_an_ordered_tree_has_the_root_of_its_sorted_leaves_whenever_it_is_asked() -> None:
    chance, tree, leaves = Random(7), OrderedTree(), dict[bytes, bytes]()
    assert tree.root == EMPTY_ROOT
    for _ in range(400):
        for _ in range(chance.randrange(5)):
            key, leaf = str(chance.randrange(300)).encode(), chance.randbytes(32)
            tree.put(key, leaf)
            leaves[key] = leaf
        assert tree.root == root_of(leaves[key] for key in sorted(leaves))


def test_a_changed_leaf_costs_an_ordered_tree_one_path(monkeypatch: pytest.MonkeyPatch) -> None:
    tree, hashed = OrderedTree(), list[bytes]()
    for number in range(4096):
        tree.put(b"%05d" % number, leaf_hash(b"%d" % number))
    before = tree.root

    def counted(left: bytes, right: bytes) -> bytes:
        hashed.append(node_hash(left, right))
        return hashed[-1]

    monkeypatch.setattr(ordered_tree, "node_hash", counted)
    tree.put(b"00007", leaf_hash(b"changed"))
    assert tree.root == hashed[-1] != before
    assert len(hashed) == 12
