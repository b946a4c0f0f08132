"""No shell block of a document is left untried without a reason."""

import re
from pathlib import Path

import pytest

from support.documents import blocks, version_of_tree

REPOSITORY = Path(__file__).parents[2]
TRIED_IN = {
    "deploy/README.md": ("tests/deploy/test_documents.py", "tests/rights/test_tokens_file.py"),
    "README.md": ("tests/faults/test_readmes.py",),
    "README.zh-CN.md": ("tests/faults/test_readmes.py",),
}


@pytest.mark.parametrize(("document", "tests"), TRIED_IN.items())
def test_every_block_is_run_or_says_why_not(document: str, tests: tuple[str, ...]) -> None:
    source = "".join((REPOSITORY / test).read_text("utf-8") for test in tests)

    assert [one.name for one in blocks(document) if f'"{one.name}"' not in source] == []


def test_the_version_stands_everywhere_alike() -> None:
    version = version_of_tree()
    projects = [p for p in REPOSITORY.glob("**/pyproject.toml") if ".venv" not in p.parts]
    compose = (REPOSITORY / "docker-compose.yml").read_text("utf-8")
    page = (REPOSITORY / "deploy/README.md").read_text("utf-8")

    assert len(projects) == 12
    assert all(f'\nversion = "{version}"\n' in path.read_text("utf-8") for path in projects)
    assert re.findall(r"cadre:\$\{CADRE_IMAGE_TAG:-(.+?)\}", compose) == [version]
    assert re.findall(r"^ +- (\d.*)$", compose, re.MULTILINE) == [version]
    assert set(re.findall(r"cadre-(\d[\w.]*?)(?:\.tar|\s)", page)) == {version}
