"""The documents against the code they speak of."""

import re
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperCommand, TyperGroup

from cadre.cli.main import COMMANDS, app
from cadre.contracts import CATALOGUE, glossary
from cadre.contracts.vocabulary import Grade
from cadre.shared.deciding.rights import Role
from cadre.shared.deciding.rulebook import rulebook

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = sorted(
    {
        *REPOSITORY.glob("*.md"),
        *(REPOSITORY / "docs").rglob("*.md"),
        *REPOSITORY.glob("[!.]*/README.md"),
        *(REPOSITORY / "samples").rglob("*.md"),
    }
    - {*(REPOSITORY / "docs").rglob("node_modules/**/*.md")}
)
GLOSSARY = (REPOSITORY / "docs/glossary.md").read_text("utf-8")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
NAMED = re.compile(r"(?:^|`) *cadre ([a-z]+(?: [^\s`#|]+)*)", re.MULTILINE)
RULE_ID = re.compile(r"\b[A-Z]{3,4}-\d{2}\b")
every_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=[str(path.relative_to(REPOSITORY)) for path in DOCUMENTS]
)


def _anchor(heading: str) -> str:
    """The name a heading gets: lower case, spaces to dashes, punctuation gone."""
    kept = "".join(c for c in heading.lower() if c.isalnum() or c in " -_")
    return kept.strip().replace(" ", "-")


def _anchors(document: Path) -> set[str]:
    lines = document.read_text("utf-8").splitlines()
    return {_anchor(line.lstrip("#")) for line in lines if line.startswith("#")}


def _broken(document: Path, target: str) -> bool:
    if "://" in target:
        return False
    path, _, anchor = target.partition("#")
    file = (document.parent / path) if path else document
    if not file.exists():
        return True
    return bool(anchor) and file.suffix == ".md" and anchor not in _anchors(file)


def test_the_documents_are_found() -> None:
    names = {str(path.relative_to(REPOSITORY)) for path in DOCUMENTS}

    assert {"README.md", "README.zh-CN.md", "docs/architecture.md", "deploy/README.md"} <= names


@every_document
def test_every_link_leads_somewhere(document: Path) -> None:
    targets = LINK.findall(document.read_text("utf-8"))

    assert [target for target in targets if _broken(document, target)] == []


def test_every_decision_is_in_the_list() -> None:
    folder = REPOSITORY / "docs/adr"
    listed = {*LINK.findall((folder / "README.md").read_text("utf-8"))}

    assert {path.name for path in folder.glob("0*.md")} == listed


def _root() -> TyperGroup:
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    return root


def _wrong(words: list[str]) -> bool:
    """Whether no command is named so, or it has no such option."""
    command: object = _root()
    while isinstance(command, TyperGroup) and words:
        command, words = command.get_command(typer.Context(command), words[0]), words[1:]
    if not isinstance(command, TyperCommand):
        return not isinstance(command, TyperGroup)
    known = {option for parameter in command.params for option in parameter.opts}
    return any(word.startswith("--") and word not in known for word in words)


@every_document
def test_every_command_it_names_exists(document: Path) -> None:
    named = NAMED.findall(document.read_text("utf-8"))

    assert [words for words in named if _wrong(words.split())] == []


def test_the_readmes_name_every_command() -> None:
    for readme in ("README.md", "README.zh-CN.md"):
        text = (REPOSITORY / readme).read_text("utf-8")

        assert [name for name in COMMANDS if f"`cadre {name}" not in text] == []


def test_the_glossary_has_every_role() -> None:
    section = GLOSSARY.partition("### Role ·")[2].partition("\n#")[0]
    told = dict(re.findall(r"^\| `([^`]+)` \| ([^|]+) \|", section, re.MULTILINE))

    assert told == {role.value: role.zh for role in Role}


def test_the_glossary_is_as_the_contracts_are() -> None:
    assert glossary.written(GLOSSARY) == GLOSSARY
    assert all(f"`{tag}`" in GLOSSARY for tag in CATALOGUE.events)
    assert all(f"`{term.value}` | {term.zh}" in GLOSSARY for term in Grade)


@every_document
def test_every_rule_it_cites_is_in_the_rule_book(document: Path) -> None:
    known = rulebook().versions
    families = {rule_id.split("-")[0] for rule_id in known}
    cited = set(RULE_ID.findall(document.read_text("utf-8")))

    assert {rule for rule in cited if rule.split("-")[0] in families} - known.keys() == set()


def test_the_mechanism_shown_step_by_step_is_the_one_that_is_there() -> None:
    page = (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8")
    shown = re.findall(r"^--- /dev/null\n\+\+\+ (.+)\n((?:\+.*\n)+)", page, re.MULTILINE)
    assert len(shown) == 2
    for path, lines in shown:
        there = (REPOSITORY / path).read_text("utf-8")
        assert "".join(line[1:] for line in lines.splitlines(keepends=True)) == there, path
    one_list = (REPOSITORY / "services/selection/src/cadre/selection/capabilities.py").read_text()
    assert one_list.count("contact") == 2
