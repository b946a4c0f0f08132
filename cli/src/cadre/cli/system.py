"""Starting and stopping a system from the command line."""

import subprocess
import sys
import time
from pathlib import Path

import psutil

from cadre.cli.data_directory import DataDirectory, Run
from cadre.shared.errors import Unavailable

START_S_MAX = 90.0
STOP_S_MAX = 45.0
POLL_S = 0.02


def start(path: Path) -> Run:
    """Start a system in the background and return once it is ready.

    Raises: DataDirectoryError, or Unavailable when it does not come up.
    """
    data = DataDirectory.create(path)
    data.lock().close()
    data.run_file.unlink(missing_ok=True)
    log = data.path / "logs" / "supervisor.log"
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "cadre.cli.background", str(data.path)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_S_MAX
    while time.monotonic() < deadline:
        if data.run_file.exists():
            return data.read_run()
        if process.poll() is not None:
            last = log.read_text(errors="replace").strip().splitlines()[-1:]
            raise Unavailable("the system did not start: " + " ".join(last), where=str(log))
        time.sleep(POLL_S)
    process.terminate()
    raise Unavailable(f"the system was not ready after {START_S_MAX:g} s", where=str(log))


def stop(path: Path) -> bool:
    """Stop the system on this data; False when none was running."""
    data = DataDirectory.open_data(path)
    if not data.locked:
        data.run_file.unlink(missing_ok=True)
        return False
    supervisor = psutil.Process(data.read_run().supervisor_pid)
    supervisor.terminate()
    deadline = time.monotonic() + STOP_S_MAX
    while data.locked:
        if time.monotonic() > deadline:
            raise Unavailable("the system does not stop", where=f"pid {supervisor.pid}")
        time.sleep(POLL_S)
    return True
