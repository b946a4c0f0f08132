"""A token is checked and never stored: it stands in no file that a system writes."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from rights.callers import entry, file_of_tokens, token_of
from support.mini import cadre_id
from support.nats_server import NatsServer
from support.processes import service_process, until, variables

CLERK, GATE = token_of("clerk"), token_of("gate")
ANA = cadre_id(1)
REGISTER = {"cadre_id": ANA, "person_name": "张三", "effective_on": "2026-03-02"}


async def _over_nats(server: NatsServer, token: str, name: str, body: bytes) -> bytes:
    client = await server.connect("client")
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
    try:
        told = await client.request(f"commands.selection.{name}", body, timeout=30, headers=headers)
    finally:
        await client.close()
    return told.data


def _used(http: httpx.Client, server: NatsServer) -> None:
    """Send both tokens every way there is, also with what breaks or is refused."""
    for token, actor in ((CLERK, "clerk-li"), (GATE, "gateway"), (CLERK + "x", "nobody")):
        headers = {"Authorization": f"Bearer {token}", "Cadre-Actor": actor}

        def post(path: str, body: Any, headers: dict[str, str] = headers) -> httpx.Response:
            return http.post(path, json=body, headers=headers | {"Idempotency-Key": str(uuid4())})

        post("/commands/register", REGISTER)
        post("/commands/note", {"cadre_id": ANA, "note": "在场", "effective_on": "2026-03-02"})
        post("/commands", [{"name": "register", "id": str(uuid4()), "body": REGISTER}])
        post("/commands/register", {"wrong": token})
        http.get(f"/histories/cadre/{ANA}", headers=headers)
        http.get(f"/people/{ANA}?x={token}", headers=headers | {"Cadre-Legal-Ground": "law-1"})
        http.get("/projections/dump", params={"full": "true"}, headers=headers)
        http.get("/nowhere", headers=headers)
        for body in (b"{", b'{"cadre_id": "nobody"}'):
            asyncio.run(_over_nats(server, token, "register", body))
    told = asyncio.run(
        _over_nats(server, CLERK, "open", b'{"pool_id":"p","seats":2,"effective_on":"2026-03-02"}')
    )
    assert b'"recorded"' in told, told


def test_no_file_holds_a_token(server: NatsServer, tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}"
    roles = ["reader", "recorder", "inspector"]
    tokens = [entry("clerk", roles, account="clerk-li"), entry("gate", roles)]
    of = variables(server.url, f"{url}/selection.db", f"{url}/keys.db")
    of["CADRE_TOKENS_FILE"] = str(file_of_tokens(tmp_path, *tokens))
    with service_process(tmp_path / "selection.log", of) as one:
        base = f"http://127.0.0.1:{one.port}"
        with httpx.Client(base_url=base, timeout=60) as http:
            until(lambda: one.ready().get("status") == "ready", "ready")
            _used(http, server)
            headers = {"Authorization": f"Bearer {GATE}", "Cadre-Actor": "g"}
            told = http.get("/histories/cadre/" + ANA, headers=headers).json()
            assert {one["actor"] for one in told["entries"]} == {"clerk-li", "gateway"}
    server.kill()
    looked_at = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"selection.log", "selection.db", "keys.db"} <= {path.name for path in looked_at}
    assert any(b"clerk-li" in path.read_bytes() for path in looked_at if "nats" in str(path))
    for path in looked_at:
        held = path.read_bytes()
        assert CLERK.encode() not in held, path
        assert GATE.encode() not in held, path
        assert b"uthorization" not in held, path
