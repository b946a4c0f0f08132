"""What the command line prints: for people with rich, for machines as one JSON document."""

import json
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cadre.shared.errors import CadreError, Unavailable

OK, DIFFERENT, WRONG_INPUT, UNAVAILABLE = 0, 1, 2, 3

CONSOLE = Console()
ERRORS = Console(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document for machines.")]


def print_json(value: object) -> None:
    """Print a JSON document with readable Chinese and sorted keys."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, sort_keys=True, default=str) + "\n")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    """A plain table; cells become text."""
    made = Table(title=title, title_justify="left", header_style="bold", box=None)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(str(cell) for cell in row))
    return made


def not_usable(error: OSError) -> CadreError:
    """A file or a folder that the operating system does not give."""
    return Unavailable(
        error.strerror or str(error) or type(error).__name__,
        where=str(error.filename) if error.filename is not None else None,
        hint="make room, or run this as the owner, or on a copy that can be read and written",
    )


def fail(error: CadreError, *, as_json: bool) -> int:
    """Tell an error in one sentence, or as problem details; the exit code."""
    if as_json:
        print_json(error.problem())
    else:
        ERRORS.print(f"[red]cadre:[/red] {error}", markup=True, highlight=False)
    status = int(str(error.problem().get("status", error.status)))
    return UNAVAILABLE if status >= 500 else WRONG_INPUT  # noqa: PLR2004
