"""Measure Cadre beside a peer and beside the limit of its servers, in one run. See README.md."""

import argparse
import importlib
import json
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from cadre.shared.upkeep.memory import collect_rarely

if TYPE_CHECKING:
    from report import Measured
    from session import Session, Sizes

HERE = Path(__file__).parent
GROUPS = {
    "commands": "rows_commands.rows",
    "lag": "rows_lag.rows",
    "import": "rows_import.rows",
    "projection": "rows_projection.rows",
    "reading": "rows_reading.rows",
    "history": "rows_history.rows",
    "large": "rows_large.rows",
    "start": "rows_large.start_rows",
    "scale": "rows_scale.rows",
}
QUICK = {"events": 9_990, "large": 29_970, "commands": 600, "persons": 300, "runs": 1}
HUGE = 9_999_990


def main() -> None:
    """Measure, print, and write what was found."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    options = _options()
    # As in a service; it is as good for what is measured beside us.
    collect_rarely()
    try:
        _measure(options)
    except KeyboardInterrupt:
        sys.exit(130)


def _stop(_number: int, _frame: FrameType | None) -> None:
    # A second Ctrl-C must not leave a server behind.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only",
        nargs="+",
        choices=tuple(GROUPS),
        metavar="GROUP",
        help=f"some groups of rows: {', '.join(GROUPS)}",
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, one run")
    parser.add_argument("--runs", type=int, help="of each row; medians are quoted")
    parser.add_argument("--events", type=int, help="on the log of most rows")
    parser.add_argument("--large", type=int, help="on the log of the rows that ask for a large one")
    parser.add_argument("--commands", type=int, help="in one run")
    parser.add_argument("--persons", type=int, help="to import")
    parser.add_argument(
        "--huge",
        action="store_true",
        help=f"histories on a log of {HUGE:,} events as well; takes hours",
    )
    parser.add_argument(
        "--directory",
        type=Path,
        default=Path(tempfile.gettempdir()),
        help="where servers keep their data meanwhile",
    )
    parser.add_argument(
        "--out", type=Path, default=HERE, help="where results.json, scale.json and plots/ go"
    )
    return parser.parse_args()


def _sizes(options: argparse.Namespace) -> "Sizes":
    from session import Sizes

    names = ("events", "large", "commands", "persons", "runs")
    given = {name: value for name in names if (value := getattr(options, name)) is not None}
    quick = QUICK if options.quick else {}
    return replace(Sizes(), **(quick | given), huge=HUGE if options.huge else 0)


def _command(group: str, options: argparse.Namespace) -> str:
    """The command line that gives the rows of one group again."""
    words = ["python bench/run.py --only", group]
    words += [f"--{flag}" for flag in ("quick", "huge") if getattr(options, flag)]
    for name in ("runs", "events", "large", "commands", "persons"):
        if (value := getattr(options, name)) is not None:
            words.append(f"--{name} {value}")
    return " ".join(words)


def _measure(options: argparse.Namespace) -> None:
    from plots import draw
    from report import machine, print_table, write_coefficients, write_json
    from session import session

    facts = machine(options.directory, f"python bench/run.py {' '.join(sys.argv[1:])}".strip())
    _tell(json.dumps(facts, ensure_ascii=False))
    measured: list[Measured] = []
    options.out.mkdir(parents=True, exist_ok=True)
    with session(_sizes(options), options.directory, _tell) as it:
        for group in options.only or GROUPS:
            _tell(f"— {group}")
            found = _rows_of(group)(it)
            for row in found.rows:
                row.command = _command(group, options)
            measured.append(found)
            # Kept as it comes: an hour's figures must not be lost to the last row.
            write_json(options.out / "results.json", facts, measured)
            draw(found.curves, options.out / "plots")
            if found.coefficients:
                write_coefficients(options.out / "scale.json", found.coefficients, facts)
    print_table([row for found in measured for row in found.rows])


def _rows_of(group: str) -> "Callable[[Session], Measured]":
    module, _, function = GROUPS[group].partition(".")
    # Imported only now: the processes of the pool import this file too.
    found: Any = getattr(importlib.import_module(module), function)
    return found


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
