"""The READMEs run as they stand, from a fresh copy of the tree, each from its first line on."""

from pathlib import Path

import pytest

from support.documents import REPOSITORY, Shell, blocks, copy_of_tree

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

NOT_RUN = {
    # By document and block, with the reason.
    ("README.zh-CN.md", "五分钟试用 1"): "the same demonstration as in README.md",
}
RUN = {
    "README.md": (
        "Five minutes 1",
        "Five minutes 2",
        "Five minutes 3",
        "Five minutes 4",
        "Two times 1",
        "Proof 1",
    ),
    "README.zh-CN.md": ("五分钟试用 2", "两个时间 1", "核验 1"),
}
FAILING = ["1: cadre import samples/county --on 2025-12-31"]
"""The samples have mistakes on purpose, and the documents say so."""


@pytest.mark.parametrize(("document", "name"), NOT_RUN)
def test_what_is_left_out_is_told(document: str, name: str) -> None:
    pytest.skip(f"{document}, {name}: {NOT_RUN[document, name]}")


@pytest.mark.parametrize("document", RUN)
def test_every_line_does_what_it_says(document: str, tmp_path: Path) -> None:
    tree = copy_of_tree(tmp_path / "cadre")
    # In place of what `make` would fetch: the environment of this tree, which is the same.
    (tree / ".venv").symlink_to(REPOSITORY / ".venv")
    shell = Shell(tmp_path, {"HOME": str(tmp_path)})
    text = "".join(one.text for one in blocks(document) if one.name in RUN[document])

    try:
        printed = shell.require(text, tree, FAILING)
    finally:
        shell.run("cadre down", tree)

    assert "c-g4jacvj4pn" in printed
    assert "Nothing differs" in printed
