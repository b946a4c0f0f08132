"""The house rules that no linter knows."""

import ast
import re
import sys
from pathlib import Path

import pytest

from cadre.shared.deciding.rulebook import rulebook

REPOSITORY = Path(__file__).parents[2]
LINES_MAX = 400
TEST_LINES_MAX = 600
LONG: dict[str, str] = {}
"""Files that may be longer, each with the reason."""

BANNED = {"base", "common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}
CONTRACTS_NEED = {"cadre", "pydantic"}
RULE_ID = re.compile(r"[A-Z]{2,6}-\d{2,3}")


def _python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (REPOSITORY / folder).rglob("*.py"))


SOURCES = _python_files("shared", "audit", "client", "intake", "services", "fiction", "cli")
EVERYTHING = [*SOURCES, *_python_files("tests", "bench")]


def _names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(REPOSITORY)) for path in paths]


def test_there_is_something_to_look_at() -> None:
    assert len(SOURCES) > 50


def test_cadre_stays_a_namespace() -> None:
    """One ``cadre/__init__.py`` would hide the other distributions."""
    assert _names([p for p in EVERYTHING if p.match("*/src/cadre/__init__.py")]) == []


def test_every_distribution_ships_its_types() -> None:
    packages = [p for p in REPOSITORY.glob("**/src/cadre/*") if (p / "__init__.py").exists()]

    assert len(packages) == 11
    assert [p.name for p in packages if not (p / "py.typed").exists()] == []


def test_no_file_is_long_without_a_reason() -> None:
    long = [path for path in EVERYTHING if _length(path) > _length_max(path)]

    assert {*_names(long)} - LONG.keys() == set()
    assert [name for name in LONG if not (REPOSITORY / name).exists()] == []


def _length(path: Path) -> int:
    return path.read_text("utf-8").count("\n")


def _length_max(path: Path) -> int:
    return TEST_LINES_MAX if path.is_relative_to(REPOSITORY / "tests") else LINES_MAX


def test_no_module_is_named_after_nothing() -> None:
    named = [p for p in EVERYTHING if {p.stem, p.parent.name} & BANNED]

    assert _names(named) == []


@pytest.mark.parametrize("path", SOURCES, ids=_names(SOURCES))
def test_a_module_says_what_it_is(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8")))

    assert docstring
    assert docstring != "placeholder"


def test_a_subscriber_needs_pydantic_alone() -> None:
    imported = {
        name.split(".")[0]
        for path in _python_files("shared/contracts/src")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for name in _imported(node)
    }

    assert imported - sys.stdlib_module_names == CONTRACTS_NEED


def _imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import():
            return [alias.name for alias in node.names]
        case ast.ImportFrom():
            return [node.module or ""]
        case _:
            return []


def test_every_rule_named_in_the_code_is_in_the_rule_book() -> None:
    known = rulebook().versions
    families = {rule_id.split("-")[0] for rule_id in known}
    unknown = {
        f"{path.relative_to(REPOSITORY)}: {rule_id}"
        for path in SOURCES
        for rule_id in _rules_named(path, families)
        if rule_id not in known
    }

    assert unknown == set()


def _rules_named(path: Path, families: set[str]) -> set[str]:
    """Whole string literals that look like a rule id, and mentions of the families we have."""
    text = path.read_text("utf-8")
    literals = {
        node.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and RULE_ID.fullmatch(node.value)
    }
    mentions = {m for m in RULE_ID.findall(text) if m.split("-")[0] in families}
    return literals | mentions


def test_every_rule_in_the_book_can_be_cited() -> None:
    for versions in rulebook().versions.values():
        for rule in versions:
            assert rule.title, rule.id
            assert rule.instrument, rule.id
            assert rule.article, rule.id
