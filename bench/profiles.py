"""Where the time of a row goes: processor time by process and by function. Writes profiles.md.

Samples are taken by py-spy, which needs root or a kernel that lets it attach.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from cadre.shared.upkeep.memory import collect_rarely

if TYPE_CHECKING:
    from session import Session

HERE = Path(__file__).parent
PY_SPY = str(Path(sys.executable).with_name("py-spy"))
SAMPLES_PER_SECOND = 100
LINES_MAX = 25
SETTLE_S = 1.0

_FRAME = re.compile(r"(?P<function>.+) \((?P<file>[^():]+)(?::\d+)?\)$")
_THREAD = re.compile(r"thread \((\d+)\)")
_OURS = re.compile(r"/src/(?P<module>cadre/.+)\.py$")
_PACKAGE = re.compile(r"/site-packages/(?P<package>[^/.]+)")

type Place = tuple[str, str]
"""Our innermost function, and the library that is called from it."""


@dataclass(frozen=True, slots=True)
class Process:
    """One that takes part, with those of its children that are not told of by themselves."""

    name: str
    pid: int


def _cpu_s(pid: int, others: Collection[int]) -> float:
    """Seconds of processor so far, those of children that ended too."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        times = process.cpu_times()
        own = times.user + times.system + times.children_user + times.children_system
        children = [child.pid for child in process.children() if child.pid not in others]
        return float(own) + sum(_cpu_s(child, others) for child in children)
    return 0.0


def _threads_s(pid: int, others: Collection[int]) -> dict[int, float]:
    """Seconds of each thread of a process and of its children, so far."""
    found: dict[int, float] = {}
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        found = {thread.id: thread.user_time + thread.system_time for thread in process.threads()}
        for child in process.children():
            if child.pid not in others:
                found |= _threads_s(child.pid, others)
    return found


@dataclass(frozen=True, slots=True)
class Load:
    """What is looked at: so many items of work, and who does it."""

    name: str
    item: str
    items: int
    run: Callable[[], object]
    sampled: Process
    others: Sequence[Process]


@dataclass(frozen=True, slots=True)
class Profile:
    """Microseconds an item."""

    name: str
    item: str
    items: int
    wall: float
    cpu: dict[str, float]
    """By process, the sampled one first."""
    functions: list[tuple[float, str, str]]
    """Of the sampled process: time and place, the longest first."""


def profile(load: Load) -> Profile:
    """Run a load once, sampled."""
    everybody = [load.sampled, *load.others]
    with _sampling(load.sampled.pid) as (spy, samples):
        told = {spy, *(one.pid for one in everybody)}
        # The sampled process may be this one: what it takes to look at the others is not its work.
        before = [_cpu_s(one.pid, told) for one in load.others]
        earlier = _threads_s(load.sampled.pid, told)
        before.insert(0, _cpu_s(load.sampled.pid, told))
        begun = time.perf_counter()
        load.run()
        wall = time.perf_counter() - begun
        after = [_cpu_s(one.pid, told) for one in everybody]
        later = _threads_s(load.sampled.pid, told)
    spent = [end - start for start, end in zip(before, after, strict=True)]
    threads = {thread: end - earlier.get(thread, 0.0) for thread, end in later.items()}
    each = 1e6 / load.items
    return Profile(
        load.name,
        load.item,
        load.items,
        wall * each,
        {one.name: seconds * each for one, seconds in zip(everybody, spent, strict=True)},
        [
            (seconds * each, function, library)
            for (function, library), seconds in _spread(samples, threads, spent[0])[:LINES_MAX]
        ],
    )


def _spread(
    samples: Counter[tuple[int, Place]], threads: Mapping[int, float], total: float
) -> list[tuple[Place, float]]:
    """Seconds at each place, the most first.

    What a thread has used is spread over its own samples: some show it waiting. Threads that have
    ended share what is left of the total.
    """
    seen: Counter[int] = Counter()
    for (thread, _), count in samples.items():
        seen[thread] += count
    ended = sum(count for thread, count in seen.items() if thread not in threads)
    left = max(0.0, total - sum(threads.get(thread, 0.0) for thread in seen))
    spent: dict[Place, float] = {}
    for (thread, place), count in samples.items():
        used, among = (threads[thread], seen[thread]) if thread in threads else (left, ended)
        spent[place] = spent.get(place, 0.0) + used * count / among
    return sorted(spent.items(), key=lambda one: -one[1])


@contextlib.contextmanager
def _sampling(pid: int) -> Generator[tuple[int, Counter[tuple[int, Place]]]]:
    """Sample a process and its children meanwhile; afterwards, how often which thread was where."""
    found: Counter[tuple[int, Place]] = Counter()
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "samples"
        command = [PY_SPY, "record", "--pid", str(pid), "--rate", str(SAMPLES_PER_SECOND)]
        command += ["--subprocesses", "--threads", "--format", "raw", "--function"]
        # Halting a process at each sample would cost its idle threads more than the others' work.
        command += ["--nonblocking", "--full-filenames", "--output", str(file)]
        spy = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            time.sleep(SETTLE_S)
            yield spy.pid, found
        finally:
            spy.send_signal(signal.SIGINT)
            spy.wait()
        for line in file.read_text("utf-8").splitlines():
            stack, _, count = line.rpartition(" ")
            if "/psutil/" in stack:
                continue  # Where this process looked at the others.
            thread = _THREAD.search(stack)
            found[int(thread[1]) if thread else 0, _place(stack.split(";"))] += int(count)


def _place(stack: Sequence[str]) -> Place:
    """Our innermost function, and the library that is called from it."""
    frames = [match for frame in stack if (match := _FRAME.match(frame))]
    for depth, frame in enumerate(reversed(frames)):
        if ours := _OURS.search(frame["file"]):
            module = ours["module"].replace("/", ".")
            return f"{module}.{frame['function']}", _library(frames[-1]["file"]) if depth else ""
    return "—", _library(frames[-1]["file"]) if frames else ""


def _library(file: str) -> str:
    """The package a file belongs to."""
    found = _PACKAGE.search(file)
    return found["package"] if found else "Python"


def _commands(session: "Session") -> Iterator[Load]:
    from load import RECORDED, nats_load
    from rows_commands import CALLERS, checked, http_commands, nats_commands, running_commands

    count = session.sizes.commands
    with running_commands(session) as it:
        service = Process("selection", it.ours.pid)
        others = [*_servers(session, it.log.server.pid), Process("the callers", os.getpid())]
        for name, callers, times in (("commands-http", CALLERS, 4), ("command", 1, 1)):
            requests = [r for _ in range(times) for r in http_commands(count, it.ours.token)]

            def run(requests: list[bytes] = requests, callers: int = callers) -> None:
                it.http(it.ours, requests, callers, RECORDED)

            yield Load(name, "command", len(requests), run, service, others)
        server = it.log.server
        frames = [frame for _ in range(4) for frame in nats_commands(count, it.ours.token)]

        def run_nats() -> None:
            load = (nats_load, server.port, server.password("client"), frames, CALLERS)
            checked(session.pool.submit(*load).result())

        yield Load("commands-nats", "command", len(frames), run_nats, service, others)


def _queries(session: "Session") -> Iterator[Load]:
    from lives import cadre_id
    from load import http_load, http_request
    from rows_commands import until_applied
    from servers import service

    log = session.filled(session.sizes.events)
    with service(log.server, "selection", session.database("profiles")) as web:
        until_applied(web, log.end)
        requests = [
            http_request("GET", f"/cadres/{cadre_id(n % log.people)}?after=1", web.token)
            for n in range(session.sizes.commands)
        ]
        yield Load(
            "query",
            "query",
            len(requests),
            lambda: session.pool.submit(http_load, web.port, requests, 1, b"{").result(),
            Process("selection", web.pid),
            [*_servers(session, log.server.pid), Process("the caller", os.getpid())],
        )


def _reading(session: "Session") -> Iterator[Load]:
    import uvloop
    from rows_reading import codec_of, examine, replay

    log = session.filled(session.sizes.events)
    codec = asyncio.run(codec_of(log, session.new_directory("codec")))
    own, servers = Process("the reader", os.getpid()), _servers(session, log.server.pid)[:1]

    def audit(*, signatures: bool) -> None:
        folder = session.new_directory("audit")
        asyncio.run(examine(log.server, folder, log.end, None, signatures=signatures))

    for name, run in (
        ("replay", lambda: uvloop.run(replay(log, codec))),
        ("audit", lambda: audit(signatures=False)),
        ("audit-signatures", lambda: audit(signatures=True)),
    ):
        yield Load(name, "event", log.end, run, own, servers)


def _projection(session: "Session") -> Iterator[Load]:
    import uvloop
    from rows_projection import project

    log = session.filled(session.sizes.events)
    own, servers = Process("supervision", os.getpid()), _servers(session, log.server.pid)
    sqlite = f"sqlite+aiosqlite:///{session.new_directory('ours') / 'supervision.db'}"
    for name, url in (
        ("projection-postgres", session.database("supervision-profile")),
        ("projection-sqlite", sqlite),
    ):

        def run(url: str = url) -> None:
            uvloop.run(project(log, url))

        yield Load(name, "event", log.end, run, own, servers)


def _rebuild(session: "Session") -> Iterator[Load]:
    from rows_commands import until_applied
    from rows_history import large_database
    from servers import service

    log = session.filled(session.sizes.events)
    with service(log.server, "supervision", large_database(session, log)) as web:
        until_applied(web, log.end)

        def run() -> None:
            web.post("/projections/rebuild")
            while json.loads(web.get("/projections")[1])["rebuilding"]:
                time.sleep(0.05)

        servers = _servers(session, log.server.pid)
        yield Load("rebuild", "event", log.end, run, Process("supervision", web.pid), servers)


def _import(session: "Session") -> Iterator[Load]:
    from rows_import import county, import_files, system

    folder = county(session)
    with system(session) as it:
        others = [Process(name, pid) for name, pid in it.services.items()]
        others.append(Process("nats-server", it.nats_pid))
        yield Load(
            "import",
            "person",
            session.sizes.persons,
            lambda: import_files(folder, it.data),
            Process("cadre import", os.getpid()),
            others,
        )


def _servers(session: "Session", nats_pid: int) -> list[Process]:
    return [Process("nats-server", nats_pid), Process("PostgreSQL", session.postgres.pid)]


LOADS: dict[str, Callable[["Session"], Iterator[Load]]] = {
    "commands": _commands,
    "queries": _queries,
    "reading": _reading,
    "projection": _projection,
    "rebuild": _rebuild,
    "import": _import,
}


def main() -> None:
    """Look at every load, and write what was seen."""
    from report import machine
    from session import Sizes, session

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=tuple(LOADS), metavar="LOAD")
    parser.add_argument("--events", type=int, default=49_980)
    parser.add_argument("--commands", type=int, default=2_000)
    parser.add_argument("--persons", type=int, default=3_000)
    parser.add_argument("--directory", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--out", type=Path, default=HERE / "profiles.md")
    options = parser.parse_args()
    sizes = Sizes(events=options.events, commands=options.commands, persons=options.persons)
    collect_rarely()
    facts = machine(options.directory, f"python bench/profiles.py {' '.join(sys.argv[1:])}".strip())
    with session(sizes, options.directory, lambda line: print(line, file=sys.stderr)) as it:
        loads = (load for name in options.only or LOADS for load in LOADS[name](it))
        told = [_told(profile(load)) for load in loads]
    options.out.write_text("\n".join([_head(facts), *told]), "utf-8")


def _head(facts: dict[str, Any]) -> str:
    return f"""# Where the time goes

Microseconds of processor an item, by process, and by function for the process that matters most: a
place is our innermost function and, in brackets, the library it was in. Children count with their
parents. py-spy looks {SAMPLES_PER_SECOND} times a second, on a core that the row then lacks: how
fast the row is without stands in `results.json`. `—` is what no function of ours has called: the
event loop, libraries' own threads, the start of processes. On {facts["cores"]} cores of
{facts["cpu"]}, Python {facts["python"]}, {facts["key"][:10]}.
"""


def _told(found: Profile) -> str:
    cpu = " · ".join(f"{name} {figure:,.0f}" for name, figure in found.cpu.items())
    lines = [
        f"## {found.name}",
        "",
        f"{found.items:,} items, {found.wall:,.0f} µs of wall each. CPU: {cpu}.",
        "",
        f"| µs a{'n' if found.item[0] in 'aeiou' else ''} {found.item} | place |",
        "| --: | --- |",
    ]
    for figure, function, library in found.functions:
        within = f" ({library})" if library else ""
        lines.append(f"| {figure:,.1f} | `{function}`{within} |")
    sampled = next(iter(found.cpu.values()))
    rest = sampled - sum(figure for figure, *_ in found.functions)
    return "\n".join([*lines, f"| {rest:,.1f} | the rest |", ""])


if __name__ == "__main__":
    main()
