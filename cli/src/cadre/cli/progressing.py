"""How far a long task has come, told on stderr: a bar for people, lines of JSON for machines."""

import contextlib
import json
import sys
import time
from collections.abc import Callable, Generator

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cadre.cli.output import ERRORS

TOLD_EVERY_S = 1.0

type Advance = Callable[[int, int], None]
"""Takes how much is done, and of how much."""


@contextlib.contextmanager
def progress(what: str, *, as_json: bool) -> Generator[Advance]:
    """Show how far something has come while the block runs."""
    if as_json:
        yield _lines(what)
        return
    with bar() as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, of: shown.update(task, completed=done, total=of)


def bar() -> Progress:
    """A bar on stderr that is gone when it is done."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=ERRORS, transient=True)


def _lines(what: str) -> Advance:
    """A line at the end, and before it at most one a second."""
    told_at = time.monotonic()

    def advance(done: int, of: int) -> None:
        nonlocal told_at
        now = time.monotonic()
        if done < of and now - told_at < TOLD_EVERY_S:
            return
        told_at = now
        sys.stderr.write(json.dumps({"progress": what, "done": done, "of": of}) + "\n")
        sys.stderr.flush()

    return advance
