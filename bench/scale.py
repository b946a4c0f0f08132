"""What a province and the country would ask, computed from measured coefficients.

``python bench/scale.py`` writes the tables of scale.md from scale.json; ``--check`` only compares.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
BEGIN, END = "<!-- computed: begin -->", "<!-- computed: end -->"

YEARS = 20
EVENTS_PER_MONTH = 10
NAMES_PER_PERSON = 20
SERVICES = 4
REPLICAS = 3
PREFECTURES = 333
"""Prefecture-level divisions of the country, as published for 2023."""
WORK_SECONDS_PER_YEAR = 250 * 8 * 3600
PEAK = 10
"""The busiest hour beside the mean of working hours: files are due on the same day."""
NIGHT_S = 8 * 3600
MEMORY_BYTES = 16e9
"""What an office's server gives to the log."""


@dataclass(frozen=True, slots=True)
class Coefficients:
    """What `rows_scale` measured."""

    stream_bytes_per_event: float
    journal_bytes_per_event: float
    table_bytes_per_event: float
    memory_bytes_per_subject: float
    read_per_second: float
    project_per_second: float
    sourced_per_second: float
    publish_per_second: float
    publish_per_second_replicated: float
    server_start_seconds_per_million: float

    @classmethod
    def read(cls, path: Path) -> "Coefficients":
        """From scale.json; what else stands there is for people."""
        told = json.loads(path.read_text("utf-8"))["coefficients"]
        return cls(**{name: float(told[name]) for name in cls.__dataclass_fields__})


@dataclass(frozen=True, slots=True)
class Deployment:
    """One log with its four services, after `YEARS`."""

    people: float
    costs: Coefficients

    @property
    def events(self) -> float:
        return self.people * EVENTS_PER_MONTH * 12 * YEARS

    @property
    def subjects(self) -> float:
        return self.people * NAMES_PER_PERSON

    @property
    def stream_bytes(self) -> float:
        return self.events * self.costs.stream_bytes_per_event

    @property
    def journal_bytes(self) -> float:
        """Every service keeps every person's events."""
        return SERVICES * self.events * self.costs.journal_bytes_per_event

    @property
    def table_bytes(self) -> float:
        """As if every service had as much to show as Supervision."""
        return SERVICES * self.events * self.costs.table_bytes_per_event

    @property
    def memory_bytes(self) -> float:
        return self.subjects * self.costs.memory_bytes_per_subject

    @property
    def start_s(self) -> float:
        return self.subjects / 1e6 * self.costs.server_start_seconds_per_million

    @property
    def peak_per_second(self) -> float:
        return PEAK * self.people * EVENTS_PER_MONTH * 12 / WORK_SECONDS_PER_YEAR

    @property
    def read_s(self) -> float:
        return self.events / self.costs.read_per_second

    @property
    def rebuild_s(self) -> float:
        return self.events / self.costs.project_per_second

    @property
    def sourced_s(self) -> float:
        return self.events / self.costs.sourced_per_second


def size(count: float) -> str:
    """Bytes for people."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} PB"


def duration(seconds: float) -> str:
    """Seconds for people."""
    for unit, length in (("days", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.3g} s"


def rounded(count: float) -> str:
    """A figure for people."""
    return f"{count:,.0f}" if count >= 100 else f"{count:.3g}"


def millions(count: float) -> str:
    """A large count for people."""
    return f"{count / 1e6:,.3g} million" if count < 1e9 else f"{count / 1e9:,.3g} thousand million"


def demands(costs: Coefficients) -> str:
    """What one log for everybody would ask."""
    places = {
        "a prefecture": 7e6 / PREFECTURES,
        "a province": 1e6,
        "the country": 7e6,
    }
    made = {name: Deployment(people, costs) for name, people in places.items()}
    lines: list[tuple[str, Callable[[Deployment], str]]] = [
        ("people", lambda d: f"{d.people:,.0f}"),
        ("events", lambda d: millions(d.events)),
        ("subjects on the log", lambda d: millions(d.subjects)),
        ("stream", lambda d: size(d.stream_bytes)),
        (f"stream on {REPLICAS} replicas", lambda d: size(REPLICAS * d.stream_bytes)),
        (f"journals of {SERVICES} services", lambda d: size(d.journal_bytes)),
        (f"tables of {SERVICES} services", lambda d: size(d.table_bytes)),
        ("memory of each log server, for its subjects", lambda d: size(d.memory_bytes)),
        ("start of a log server", lambda d: duration(d.start_s)),
        ("busiest hour, events/s", lambda d: rounded(d.peak_per_second)),
        ("reading everything once", lambda d: duration(d.read_s)),
        ("rebuilding one service", lambda d: duration(d.rebuild_s)),
        ("taking everything over by sourcing", lambda d: duration(d.sourced_s)),
    ]
    head = f"| after {YEARS} years | " + " | ".join(made) + " |"
    rule = "|---" * (len(made) + 1) + "|"
    body = [
        f"| {name} | " + " | ".join(tell(d) for d in made.values()) + " |" for name, tell in lines
    ]
    return "\n".join([head, rule, *body])


def limits(costs: Coefficients) -> str:
    """How many people one deployment carries before something gives way."""
    one = Deployment(1, costs)
    found = {
        f"a rebuild of one service within a night of {NIGHT_S // 3600} h": NIGHT_S / one.rebuild_s,
        f"{size(MEMORY_BYTES)} of memory for the log server's subjects": MEMORY_BYTES
        / one.memory_bytes,
        "the busiest hour at half of what one synced server takes": costs.publish_per_second
        / 2
        / one.peak_per_second,
    }
    smallest = min(found, key=lambda name: found[name])
    lines = ["| bound | people in one deployment |", "|---|---|"]
    lines += [f"| {name} | {count:,.0f} |" for name, count in found.items()]
    told = (
        f"The first to give way is {smallest}: above {found[smallest]:,.0f} people, one deployment "
        f"for each prefecture (about {7e6 / PREFECTURES:,.0f} people) pays."
    )
    return "\n".join([*lines, "", told])


def replicas(costs: Coefficients) -> str:
    """What three replicas cost, as measured on one machine."""
    return "\n".join(
        [
            "| raw publishing, 64 unacknowledged, one machine | events/s |",
            "|---|---|",
            f"| one server, every write synced | {costs.publish_per_second:,.0f} |",
            f"| {REPLICAS} replicas | {costs.publish_per_second_replicated:,.0f} |",
        ]
    )


def coefficients(costs: Coefficients) -> str:
    """What was measured."""
    lines = ["| measured | |", "|---|---|"]
    lines += [
        f"| {name.replace('_', ' ')} | {rounded(getattr(costs, name))} |"
        for name in costs.__dataclass_fields__
    ]
    return "\n".join(lines)


def computed(costs: Coefficients) -> str:
    """Everything between the marks of scale.md."""
    return "\n\n".join(
        [
            "## Measured",
            coefficients(costs),
            "## One log for everybody",
            demands(costs),
            "## Where one deployment ends",
            limits(costs),
            "## Three replicas",
            replicas(costs),
        ]
    )


def with_tables(text: str, tables: str) -> str:
    """The document with its tables replaced."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"scale.md lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def main() -> int:
    """0 when the document is as computed, or was made so; 1 when ``--check`` finds another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--folder", type=Path, default=HERE, help="where both files stand")
    options = parser.parse_args()
    document = options.folder / "scale.md"
    text = document.read_text("utf-8")
    wanted = with_tables(text, computed(Coefficients.read(options.folder / "scale.json")))
    if options.check:
        return int(text != wanted)
    document.write_text(wanted, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
