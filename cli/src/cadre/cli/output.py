"""What the command line prints: for people with rich, for machines as one JSON document."""

import json
import sys
from collections.abc import Iterable, Sequence
from socket import gaierror
from typing import Annotated, Any

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from cadre.shared.deciding.errors import CadreError, Unavailable
from cadre.shared.deciding.texts import escaped

OK, DIFFERENT, WRONG_INPUT, UNAVAILABLE = 0, 1, 2, 3


class _Screen(Console):
    """Shows signs that would move a cursor or turn the order of writing about as what they are."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(escaped(text), style)


CONSOLE = _Screen()
ERRORS = _Screen(stderr=True)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document for machines.")]


def print_json(value: object) -> None:
    """Print a JSON document with readable Chinese and sorted keys."""
    told = json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    sys.stdout.write(escaped(told) + "\n")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    """A plain table; cells are shown as they are written, styled ones apart (see `styled`)."""
    made = Table(title=title, title_justify="left", header_style="bold", box=None)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in row))
    return made


def not_usable(error: OSError) -> CadreError:
    """A file, a folder or a server that the operating system does not give."""
    if isinstance(error, ConnectionError | TimeoutError | gaierror):
        return Unavailable(
            f"无法连接服务器 · a server cannot be reached: {error.strerror or error}",
            hint="请核对服务器是否运行、地址是否可用 · "
            "does it run, and is it known here by the name in the settings? the servers of"
            " docker-compose.yml know each other's inside alone: see deploy/README.md",
        )
    return Unavailable(
        f"操作系统不允许 · {error.strerror or str(error) or type(error).__name__}",
        where=str(error.filename) if error.filename is not None else None,
        hint="请腾出空间，或以所有者身份执行，或使用可读写的副本 · "
        "make room, or run this as the owner, or on a copy that can be read and written",
    )


def styled(text: str, style: str) -> Text:
    """A cell with a style of its own."""
    return Text(text, style)


def fail(error: CadreError, *, as_json: bool) -> int:
    """Tell an error in one sentence, or as problem details; the exit code."""
    if as_json:
        print_json(error.problem())
    else:
        told = f"[red]cadre:[/red] {escape(str(error))}"
        # Never broken at a width: a command in it is copied.
        ERRORS.print(told, markup=True, highlight=False, soft_wrap=True)
    status = int(str(error.problem().get("status", error.status)))
    return UNAVAILABLE if status >= 500 else WRONG_INPUT  # noqa: PLR2004
