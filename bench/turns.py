"""Measure two builds by turns: whether this one is slower than the one before it.

``python bench/turns.py ../before`` runs groups of `run.py` in both checkouts, one after the other,
and prints for each row the median of this build, of the one before, and their ratio; above 1 is
faster. Each checkout needs its own ``.venv``. What swings in a minute swings for both.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parent.parent
LESS_IS_BETTER = {"s", "ms", "MB"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path, help="a checkout of the build before, with its .venv")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--only", nargs="+", default=["commands", "projection", "reading"])
    parser.add_argument("--out", type=Path, help="where the figures of every run go, as JSON")
    options, sizes = parser.parse_known_args()
    found: dict[str, dict[str, list[float]]] = {}
    units: dict[str, str] = {}
    for turn in range(options.pairs):
        builds = {"now": HERE, "before": options.before}
        # Who goes first finds the machine otherwise than who goes second.
        for name in sorted(builds, reverse=bool(turn % 2)):
            for row in _run(builds[name], options.only, sizes):
                units[row["name"]] = row["unit"]
                found.setdefault(row["name"], {}).setdefault(name, []).append(row["ours"])
        print(f"pair {turn + 1} of {options.pairs}", flush=True)
    if options.out is not None:
        options.out.write_text(json.dumps(found, indent=1))
    for name, runs in found.items():
        now, before = median(runs["now"]), median(runs["before"])
        ratio = before / now if units[name] in LESS_IS_BETTER else now / before
        print(f"{name:22} {now:12.2f} {before:12.2f} {units[name]:12} {ratio:6.3f}")


def _run(build: Path, groups: list[str], sizes: list[str]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        command = [build.resolve() / ".venv/bin/python", "bench/run.py", "--runs", "1"]
        command += [*sizes, "--only", *groups, "--out", folder]
        subprocess.run(command, cwd=build, check=True, stdout=subprocess.DEVNULL)
        rows: list[dict[str, Any]] = json.loads((Path(folder) / "results.json").read_text())["rows"]
        return rows


if __name__ == "__main__":
    main()
