"""Importing the rosters of a fictional county, with what everybody did before."""

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import batched
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import peer
import psutil
from filling import batch_frames, send_batches
from lives import cadre_id
from report import Curve, Goal, Line, Measured, Row
from servers import nats_server
from session import Session
from wire import Wire

from cadre.cli.county.generate import generate
from cadre.cli.data_directory import DataDirectory
from cadre.cli.intake.files import files_in
from cadre.cli.intake.plan import plan_import
from cadre.contracts.selection import Baselined
from cadre.shared.codec import Outgoing

CADRE = str(Path(sys.executable).with_name("cadre"))
PER_TRANSACTION = 1_000
SEED = 7
EXIT_SOME_ROWS_REFUSED = 1
SAMPLE_S = 0.25


def import_command(folder: Path, data: Path) -> list[str]:
    """What is measured: the one place to change when there is a faster route."""
    return [CADRE, "import", str(folder), "--on", "2025-12-31", "--data", str(data), "--json"]


@dataclass(slots=True)
class System:
    """A system started with ``cadre up`` on a directory of its own."""

    data: Path

    @property
    def _run(self) -> dict[str, Any]:
        run: dict[str, Any] = json.loads((self.data / "run.json").read_bytes())
        return run

    @property
    def processes(self) -> list[psutil.Process]:
        parent = psutil.Process(self._run["supervisor_pid"])
        return [parent, *parent.children(recursive=True)]

    @property
    def nats_pid(self) -> int:
        return int(self._run["nats"]["pid"])

    @property
    def services(self) -> dict[str, int]:
        """Their process ids."""
        return {name: int(one["pid"]) for name, one in self._run["services"].items()}

    def wire(self) -> Wire:
        """As the operator, who may read everything."""
        secrets = DataDirectory.open_data(self.data).secrets
        port = int(self._run["nats"]["url"].rpartition(":")[2])
        return Wire(port, "operator", secrets.nats_passwords["operator"])

    def events(self) -> int:
        with self.wire() as wire:
            return int(wire.api("STREAM.INFO.HISTORY", {})["state"]["last_seq"])

    def baselines(self) -> list[Outgoing]:
        """The imported events, as they stand on the log."""
        end = self.events()
        with self.wire() as wire:
            return [
                Outgoing(message.subject.decode(), message.attributes(), message.body)
                for message in wire.pull("HISTORY", 0, end)
                if message.subject.endswith(b".baselined")
            ]


@contextlib.contextmanager
def system(session: Session) -> Generator[System]:
    """A new system, stopped in the end."""
    data = session.new_directory("system")
    try:
        subprocess.run([CADRE, "up", "--data", str(data)], check=True, capture_output=True)
        yield System(data)
    finally:
        subprocess.run([CADRE, "down", "--data", str(data)], check=False, capture_output=True)


@dataclass(frozen=True, slots=True)
class Imported:
    """One import, from the first process to the last answer."""

    persons: int
    per_second: float
    seconds: list[float]
    mb: list[float]
    """Resident memory of the command and of all services, beside ``seconds``."""
    events: list[Outgoing]

    @property
    def growth(self) -> float:
        """Memory at the end as a multiple of that half-way."""
        return self.mb[-1] / self.mb[len(self.mb) // 2]


def rows(session: Session) -> Measured:
    """`import`, with a curve of memory over time."""
    folder = county(session)
    ours = _import(session, folder)
    theirs = _peer(session, folder)
    limit = _limit(session, ours.events)
    resumed = _resumed(session, folder, ours.persons)
    row = Row(
        "import",
        f"import of {ours.persons:,} cadres with their careers from rosters (xlsx)",
        "persons/s",
        ours.per_second,
        theirs,
        limit,
        Goal(ratio_min=0.3),
        1,
        f"memory of command and services at the end {ours.growth:.2f} × that half-way, "
        f"{ours.mb[-1]:.0f} MB in all; {resumed}; limit: the same events as raw atomic batches of "
        f"{PER_TRANSACTION:,}, files not read; peer: the same files read by the same parser, "
        f"{PER_TRANSACTION:,} persons saved in a transaction, no check whether anybody is known",
        {"growth": ours.growth, "mb": ours.mb[-1]},
    )
    line = Line("command and services", ours.seconds, ours.mb)
    title = f"Memory during an import of {ours.persons:,} cadres"
    return Measured([row], [Curve("import", title, "seconds", "resident memory, MB", [line])])


def county(session: Session) -> Path:
    """Rosters of as many persons as are imported."""
    folder = session.new_directory("county")
    generate(folder, cadres=session.sizes.persons, seed=SEED, forms_max=0)
    return folder


def _import(session: Session, folder: Path) -> Imported:
    with system(session) as it:
        seconds: list[float] = []
        memory: list[float] = []
        begun = perf_counter()
        process = _started(folder, it.data)
        done = threading.Event()

        def watch() -> None:
            watched = [*it.processes, psutil.Process(process.pid)]
            while not done.wait(SAMPLE_S):
                with contextlib.suppress(psutil.NoSuchProcess):
                    memory.append(sum(one.memory_info().rss for one in watched) / 1e6)
                    seconds.append(perf_counter() - begun)

        watching = threading.Thread(target=watch)
        watching.start()
        try:
            report = _report(process)
        finally:
            taken = perf_counter() - begun
            done.set()
            watching.join()
        persons = int(report["recorded"])
        return Imported(persons, persons / taken, seconds, memory, it.baselines())


def _started(folder: Path, data: Path) -> subprocess.Popen[bytes]:
    # Its progress stays off the table's terminal.
    return subprocess.Popen(
        import_command(folder, data), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def import_files(folder: Path, data: Path) -> dict[str, Any]:
    """Import a folder, and the command's report."""
    return _report(_started(folder, data))


def _report(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    try:
        output, _ = process.communicate()
    except BaseException:
        process.kill()
        process.wait()
        raise
    assert process.returncode in {0, EXIT_SOME_ROWS_REFUSED}, output
    report: dict[str, Any] = json.loads(output)
    return report


def _resumed(session: Session, folder: Path, persons: int) -> str:
    """An import that is killed under way and begun again records everybody once."""
    with system(session) as it:
        process = _started(folder, it.data)
        try:
            while it.events() < persons // 3 and process.poll() is None:
                sleep(0.05)
        finally:
            process.kill()
            process.wait()
        before = it.events()
        report = import_files(folder, it.data)
        stored = len({event.subject for event in it.baselines()})
        assert stored == persons, f"{stored} of {persons} persons after the second import"
        repeated = int(report["repeated"])
        return (
            f"killed after {before:,} events and begun again: {repeated:,} repeated, "
            f"{int(report['recorded']):,} recorded, nobody twice"
        )


def _peer(session: Session, folder: Path) -> float:
    """Persons per second."""
    server = session.postgres
    environment = peer.postgres_environment(server, server.new_database())
    with peer.Register(environment) as app:
        begun = perf_counter()
        done = 0
        for part in batched(_baselines(folder), PER_TRANSACTION):
            app.save(*part)
            done += len(part)
        return done / (perf_counter() - begun)


def _baselines(folder: Path) -> Iterator[peer.Person]:
    plan = plan_import(files_in([folder]), effective_on=date(2025, 12, 31))
    for number, record in enumerate(plan.records):
        who = cadre_id(number)
        person = peer.Person(peer.person_uuid(who))
        told = dict(record.baseline) | {"cadre_id": who, "effective_on": record.effective_on}
        person.add(Baselined.model_validate(told))
        yield person


def _limit(session: Session, events: list[Outgoing]) -> float:
    """Persons per second of the bare protocol."""
    data = DataDirectory.create(session.new_directory("log"))
    password = data.secrets.nats_passwords["operator"]
    with nats_server(data) as server, Wire(server.port, "operator", password) as wire:
        frames = [
            batch_frames(list(b), f"{wire.inbox}.i") for b in batched(events, PER_TRANSACTION)
        ]
        begun = perf_counter()
        stored = send_batches(wire, iter(frames))
        return stored / (perf_counter() - begun)
