"""The log's server ends a connection for good, or takes a right and gives it back."""

import asyncio
import json
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from support import mini, nats_server
from support.nats_server import NatsServer
from support.processes import ServiceProcess, service_process, until, variables

pytestmark = pytest.mark.faults

PASSWORD = "$CADRE_NATS_PASSWORD_SELECTION"
COMMANDS = 'subscribe: ["commands.selection.>", "_INBOX_selection.>"]'
INBOX = '"_INBOX_selection.>"]'


class Reloading(NatsServer):
    """A server whose configuration changes while it runs."""

    @property
    def config(self) -> Path:
        return self.store.parent / "changing.conf"

    def reload(self, before: str = "", after: str = "") -> None:
        """Take the configuration that ships with one text replaced."""
        text = Path(nats_server.CONFIG).read_text()
        assert before in text
        self.config.write_text(text.replace(before, after) if before else text)
        if self.process is not None:
            self.process.send_signal(signal.SIGHUP)


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reloading]:
    server = Reloading(tmp_path / "nats")
    server.reload()
    with monkeypatch.context() as patch:
        patch.setattr(nats_server, "CONFIG", str(server.config))
        server.start()
    server.provision()
    yield server
    server.kill()


@pytest.fixture
def service(log: Reloading, tmp_path: Path) -> Iterator[ServiceProcess]:
    databases = (f"sqlite+aiosqlite:///{tmp_path}/{name}.db" for name in ("selection", "keys"))
    with service_process(tmp_path / "log", variables(log.url, *databases)) as one:
        until(lambda: one.ready().get("status") == "ready", "ready")
        assert one.register(mini.cadre_id(1)).status_code == 200
        yield one


async def _register_over_nats(log: NatsServer, cadre_id: str) -> dict[str, object]:
    client = await log.connect("client")
    body = {"cadre_id": cadre_id, "person_name": "张三", "effective_on": "2026-03-02"}
    headers = {
        "Authorization": "Bearer very-secret-api-token",
        "Idempotency-Key": str(uuid4()),
        "Cadre-Actor": "clerk",
    }
    try:
        reply = await client.request(
            "commands.selection.register", json.dumps(body).encode(), timeout=15, headers=headers
        )
    finally:
        await client.close()
    return json.loads(reply.data)


def test_a_service_whose_password_was_changed_ends_and_says_why(
    log: Reloading, service: ServiceProcess
):
    log.reload(PASSWORD, "another1")
    assert service.ended(30) != 0
    assert "ended the connection for good" in service.log.read_text()
    # Whoever keeps it starts it anew: it waits, says for what, and goes on by itself.
    service.start()
    until(lambda: "connection" in service.faults(), "it says for what it waits")
    told = service.register(mini.cadre_id(2))
    assert told.status_code == 503, told.text
    log.reload()
    until(lambda: service.ready().get("status") == "ready", "ready again")
    assert service.register(mini.cadre_id(2)).status_code == 200


@pytest.mark.parametrize(
    ("right", "left"),
    [
        pytest.param(COMMANDS, 'subscribe: ["_INBOX_selection.>"]', id="commands"),
        pytest.param(COMMANDS, 'subscribe: ["commands.selection.>"]', id="inbox"),
    ],
)
async def test_a_right_taken_and_given_back_leaves_nobody_deaf(
    log: Reloading, service: ServiceProcess, right: str, left: str
):
    log.reload(right, left)
    await asyncio.to_thread(until, lambda: "subscriptions" in service.faults(), "the fault")
    assert service.get("/health/ready").status_code == 503
    log.reload()
    await asyncio.to_thread(
        until, lambda: service.ready().get("status") == "ready", "ready again", 60
    )
    told = await _register_over_nats(log, mini.cadre_id(2))
    assert told.get("outcome") == "recorded", told
    told = await asyncio.to_thread(service.register, mini.cadre_id(3))
    assert told.status_code == 200, told.text
    shown = await asyncio.to_thread(
        service.get, f"/people/{mini.cadre_id(3)}?after={told.json()['position']}"
    )
    assert shown.status_code == 200, "the runner hears again too"


def test_a_right_to_write_taken_and_given_back(log: Reloading, service: ServiceProcess):
    log.reload('"history.selection.>"', '"history.nobody.>"')
    until(lambda: "log-write" in service.faults(), "the fault")
    log.reload()
    until(lambda: service.ready().get("status") == "ready", "ready again")
    assert service.register(mini.cadre_id(2)).status_code == 200


def test_a_server_that_hangs_is_a_fault_and_the_service_goes_on_after_it(
    log: Reloading, service: ServiceProcess
):
    assert log.process is not None
    log.process.send_signal(signal.SIGSTOP)
    try:
        until(lambda: {"log-write", "runner"} & service.faults(), "the fault")
        assert service.get("/metrics").status_code == 200
        told = service.register(mini.cadre_id(2))
        assert told.status_code == 503, told.text
    finally:
        log.process.send_signal(signal.SIGCONT)
    until(lambda: service.ready().get("status") == "ready", "ready again")
    assert service.register(mini.cadre_id(2)).status_code == 200


def test_a_service_waits_for_a_log_that_is_not_there_yet(tmp_path: Path):
    server = NatsServer(tmp_path / "nats")
    databases = (f"sqlite+aiosqlite:///{tmp_path}/{name}.db" for name in ("selection", "keys"))
    with service_process(tmp_path / "log", variables(server.url, *databases)) as service:
        until(lambda: "connection" in service.faults(), "it says for what it waits")
        server.start()
        try:
            until(lambda: "log" in service.faults(), "there is no stream")
            server.provision()
            until(lambda: service.ready().get("status") == "ready", "ready")
            assert service.register(mini.cadre_id(1)).status_code == 200
        finally:
            server.kill()
