"""A service as a process: settings from the environment, one ASGI app under uvicorn."""

import os
import signal
import sys
import threading

import structlog
import uvicorn
from pydantic import ValidationError

from cadre.shared.deciding.errors import CadreError
from cadre.shared.serving.callers import Callers
from cadre.shared.serving.web import create_app
from cadre.shared.showing.service import Service
from cadre.shared.upkeep import telling
from cadre.shared.upkeep.claims import claim_databases
from cadre.shared.upkeep.memory import collect_rarely, share_one_arena
from cadre.shared.upkeep.settings import Settings

EXIT_MISCONFIGURED = 2
EXIT_FAILED = 1
SHUTDOWN_S_MAX = 10
END_S_MAX = 15.0
"""After so long a process that cannot go on ends, whatever hangs."""
SWITCH_S = 0.0005


def run(service: Service, *, claimed: bool = False) -> None:
    """Serve until stopped. Exits with 2 when a setting is missing or wrong.

    ``claimed`` says that this process has inherited the claim on its SQLite files.
    """
    share_one_arena()
    structlog.contextvars.bind_contextvars(service=service.name)
    try:
        settings = Settings()  # pyright: ignore[reportCallIssue]
    except ValidationError as error:
        for item in error.errors():
            name = "_".join(str(part) for part in item["loc"]).upper()
            sys.stderr.write(f"CADRE_{name.removeprefix('CADRE_')}: {item['msg']}\n")
        sys.exit(EXIT_MISCONFIGURED)
    _require_callers(settings)
    if not claimed:
        _claim_databases(settings)
    flood = telling.configure(settings.secrets())
    threading.Thread(target=flood.tell_for_ever, name="telling", daemon=True).start()
    app = create_app(service, settings, end=end)
    collect_rarely()
    # The runner computes on a thread of its own: the event loop must not wait long for its turn.
    sys.setswitchinterval(SWITCH_S)
    uvicorn.run(
        app,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_S_MAX,
    )


def _require_callers(settings: Settings) -> None:
    try:
        Callers.of(settings)
    except CadreError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_MISCONFIGURED)


def _claim_databases(settings: Settings) -> None:
    urls = (settings.database_url, settings.keys_url)
    try:
        claim_databases(*(url.get_secret_value() for url in urls))
    except CadreError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(EXIT_MISCONFIGURED)


def end() -> None:
    """End this process because it cannot go on: in good order if that is possible, but surely."""
    surely = threading.Timer(END_S_MAX, os._exit, [EXIT_FAILED])
    surely.daemon = True
    surely.start()
    signal.raise_signal(signal.SIGTERM)
