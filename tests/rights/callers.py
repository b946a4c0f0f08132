"""Tokens with roles, and services that know them, on HTTP and NATS."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import uvicorn
from fastapi import FastAPI

from cadre.shared.deciding.rights import Role
from cadre.shared.log.connection import Connection
from cadre.shared.serving.web import create_app
from cadre.shared.showing.service import Service
from support import mini
from support.nats_server import NatsServer, free_port

ALL = "token"
"""The one that allows everything; see `support.mini.settings`."""


def token_of(name: str) -> str:
    """A token as somebody would have it: long, and of its own."""
    return f"{name}-{'0123456789abcdef' * 2}"


def entry(name: str, roles: Iterable[str], *, account: str = "", units: Iterable[str] = ()) -> str:
    """Its entry in the file."""
    lines = [
        "[[token]]",
        f'sha256 = "{sha256(token_of(name).encode()).hexdigest()}"',
        f"roles = {json.dumps(sorted(roles))}",
    ]
    if account:
        lines.append(f'name = "{account}"')
    if units := list(units):
        lines.append(f"units = {json.dumps(units)}")
    return "\n".join(lines) + "\n"


def file_of_tokens(directory: Path, *entries: str) -> Path:
    path = directory / "tokens.toml"
    path.write_text("\n".join(entries), "utf-8")
    return path


EACH_ROLE = tuple(entry(role.value, [role]) for role in Role)


class _Server(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        pass


@dataclass
class Served:
    """A running service, asked as somebody."""

    service: Service
    app: FastAPI
    web: httpx.AsyncClient
    nats: Connection

    async def ask(
        self, token: str, method: str, path: str, *, actor: str | None = "clerk", **more: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
        if actor is not None:
            headers["Cadre-Actor"] = actor
        return await self.web.request(method, path, headers=headers, **more)

    async def command(
        self, token: str, name: str, body: Any, *, actor: str | None = "clerk"
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the same command is told over HTTP and over NATS, each with an id of its own."""
        answer = await self.ask(token, "POST", f"/commands/{name}", actor=actor, json=body)
        return answer.json(), await self.over_nats(token, name, body, actor=actor)

    async def over_nats(
        self, token: str | None, name: str, body: Any, *, actor: str | None = "clerk"
    ) -> dict[str, Any]:
        headers = {"Idempotency-Key": str(uuid4())}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if actor is not None:
            headers["Cadre-Actor"] = actor
        told = await self.nats.request(
            f"commands.{self.service.name}.{name}",
            json.dumps(body).encode(),
            timeout=30,
            headers=headers,
        )
        return dict(json.loads(told.data))


@contextlib.asynccontextmanager
async def served(
    service: Service, server: NatsServer, directory: Path, *entries: str
) -> AsyncGenerator[Served]:
    """A service with these tokens, besides the one that allows everything."""
    port = free_port()
    settings = mini.settings(
        server.url,
        directory,
        nats_user=service.name,
        nats_password=f"p{service.name}",
        database_url=f"sqlite+aiosqlite:///{directory}/{service.name}.db",
        tokens_file=file_of_tokens(directory, *entries) if entries else None,
    )
    app = create_app(service, settings)
    web = _Server(uvicorn.Config(app, port=port, log_config=None, ws="none"))
    task = asyncio.create_task(web.serve())
    while not web.started:
        assert not task.done(), task
        await asyncio.sleep(0.01)
    nats = await server.connect("client")
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            while (await client.get("/health/ready")).status_code != 200:
                await asyncio.sleep(0.05)
            yield Served(service, app, client, nats)
    finally:
        await nats.close()
        web.should_exit = True
        await task
