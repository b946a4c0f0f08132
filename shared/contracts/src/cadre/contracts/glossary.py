"""The glossary's tables: ``python -m cadre.contracts.glossary check`` or ``write``.

Those of codes and events stand between two lines of a page that people keep otherwise. They follow
from the contracts: the docstring of a class reads ``中文 · English``, a code brings both with it.
"""

import argparse
import inspect
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from cadre.contracts import vocabulary
from cadre.contracts.catalogue import CATALOGUE, slices
from cadre.contracts.vocabulary import Term

PAGE = Path("docs/glossary.md")
BEGIN, END = "<!-- made by `make schemas` -->", "<!-- to here -->"


class NotTold(ValueError):
    """A class does not say what it is in both languages, or the page has no place for it."""


def terms() -> Iterator[type[Term]]:
    """Every kind of codes: the shared ones, then those of the slices."""
    for module in (vocabulary, *slices()):
        for kind in vars(module).values():
            mine = isinstance(kind, type) and kind.__module__ == module.__name__
            if mine and issubclass(kind, Term) and kind is not Term:
                yield kind


def tables() -> str:
    """What stands between the two lines."""
    codes = "\n\n".join(_codes(kind) for kind in terms())
    events = _table(
        ("Type", "中文", "What happened", "Belongs to"),
        ((f"`{tag}`", *_told(event), event.entity) for tag, event in CATALOGUE.events.items()),
    )
    return f"## Codes 代码\n\n{codes}\n\n## Events 事件\n\n{_EVENTS}\n\n{events}"


def written(page: str) -> str:
    """A page with the tables as they are now. Raises: NotTold."""
    head, begin, rest = page.partition(f"{BEGIN}\n")
    _, end, tail = rest.partition(f"{END}\n")
    if not begin or not end:
        msg = f"the page lacks one of the lines {BEGIN} and {END}"
        raise NotTold(msg)
    return f"{head}{begin}\n{tables()}\n\n{end}{tail}"


_EVENTS = """\
The published types, as `CATALOGUE` holds them in
[catalogue.py](../shared/contracts/src/cadre/contracts/catalogue.py). Their fields stand in
[shared/contracts/schemas](../shared/contracts/schemas)."""


def _codes(kind: type[Term]) -> str:
    zh, meaning = _told(kind)
    names = ("Code", "中文", "Meaning") if any(term.meaning for term in kind) else ("Code", "中文")
    rows = ((f"`{term.value}`", term.zh, term.meaning)[: len(names)] for term in kind)
    return f"### {kind.__name__} · {zh}\n\n{meaning}.\n\n{_table(names, rows)}"


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (names, *rows)]
    return "\n".join([lines[0], "|---" * len(names) + "|", *lines[1:]])


def _told(kind: type) -> tuple[str, str]:
    """The Chinese name of a class, and what it means, in one line."""
    zh, said, meaning = " ".join((inspect.getdoc(kind) or "").split()).partition(" · ")
    if not said:
        msg = f'{kind.__name__}: its docstring reads "中文 · English."'
        raise NotTold(msg)
    return zh, meaning.replace("`", "").rstrip(".")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(prog="cadre.contracts.glossary", description=__doc__)
    parser.add_argument("task", choices=["check", "write"])
    parser.add_argument("--page", type=Path, default=PAGE)
    given = parser.parse_args(arguments)
    page = given.page.read_text("utf-8")
    try:
        wanted = written(page)
    except NotTold as error:
        sys.stdout.write(f"{given.page}: {error}\n")
        return 1
    if wanted == page:
        return 0
    if given.task == "check":
        sys.stdout.write(f"{given.page} is not as the contracts are: make schemas\n")
        return 1
    given.page.write_text(wanted, "utf-8")
    sys.stdout.write(f"{given.page}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
