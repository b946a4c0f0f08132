"""Fixtures for every suite.

A suite that asks for ``environment`` runs on SQLite and on PostgreSQL with the embedded servers,
and once more on containers (marker ``containers``).
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from support import nats_server as nats_servers
from support.environment import Environment, Postgres, postgres
from support.nats_server import NatsServer

# Two noisy cores: how long an example takes says nothing about the code.
settings.register_profile("cadre", deadline=None)
settings.load_profile("cadre")

# As the services tell it: where an error came from, and no values. Values can be a gigabyte.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture
def bare_server(tmp_path: Path) -> Iterator[NatsServer]:
    """A server of its own for each test, without the stream."""
    with nats_servers.nats_server(tmp_path / "nats") as server:
        yield server


@pytest.fixture
def server(bare_server: NatsServer) -> NatsServer:
    """A server with the stream provisioned."""
    bare_server.provision()
    return bare_server


@pytest.fixture(scope="session")
def embedded_postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """One PostgreSQL for the session."""
    with postgres(tmp_path_factory.mktemp("postgres") / "data") as server:
        yield server


@pytest.fixture(
    params=["sqlite", "postgresql", pytest.param("containers", marks=pytest.mark.containers)]
)
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Environment]:
    """The log and the databases of one test."""
    if request.param == "containers":
        with request.getfixturevalue("container_nats") as server:
            yield Environment(server, tmp_path, request.getfixturevalue("container_postgres"))
        return
    server: NatsServer = request.getfixturevalue("server")
    database = None
    if request.param == "postgresql":
        database = request.getfixturevalue("embedded_postgres_server")
    yield Environment(server, tmp_path, database)


@pytest.fixture(scope="session")
def container_postgres() -> Iterator[Postgres]:
    """PostgreSQL from the official image."""
    from testcontainers.community.postgres import PostgresContainer

    with PostgresContainer("postgres:16-alpine", username="cadre", password="cadre") as container:
        host, port = container.get_container_host_ip(), container.get_exposed_port(5432)
        yield Postgres("", f"cadre:cadre@{host}:{port}", maintenance="test")


@pytest.fixture
def container_nats() -> nats_servers.ContainerNatsServer:
    """nats-server from the official image, with the configuration that ships."""
    return nats_servers.ContainerNatsServer()
