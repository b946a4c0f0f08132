"""The same command over HTTP and over NATS: outcomes, problems, who may call."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn
from prometheus_client.parser import text_string_to_metric_families

from cadre.shared.deciding.messages import Command, Meta
from cadre.shared.handling.handling import Handling
from cadre.shared.handling.outcomes import Outcome
from cadre.shared.serving import nats_commands
from cadre.shared.serving.web import create_app
from support import mini
from support.mini import cadre_id
from support.nats_server import NatsServer, free_port

ANA = cadre_id(1)
REGISTER = {"cadre_id": ANA, "person_name": "张三", "effective_on": "2026-03-02"}


class _Server(uvicorn.Server):
    def install_signal_handlers(self) -> None:
        pass


@pytest.fixture
async def http(server: NatsServer, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    port = free_port()
    app = create_app(mini.service(), mini.settings(server.url, tmp_path))
    web = _Server(uvicorn.Config(app, port=port, log_config=None, ws="none"))
    task = asyncio.create_task(web.serve())
    while not web.started:
        assert not task.done(), task
        await asyncio.sleep(0.01)
    headers = {"Authorization": "Bearer token", "Cadre-Actor": "clerk-7"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
        yield client
    web.should_exit = True
    await task


async def post(http: httpx.AsyncClient, body: Any, name: str = "register") -> httpx.Response:
    return await http.post(
        f"/commands/{name}", json=body, headers={"Idempotency-Key": str(uuid4())}
    )


async def test_a_command_over_http_and_the_answer_that_waits_for_it(
    http: httpx.AsyncClient,
) -> None:
    outcome = (await post(http, REGISTER)).json()
    assert outcome["outcome"] == "recorded"
    answer = await http.get(f"/people/{ANA}", params={"after": outcome["position"]})
    assert answer.json()["name"] == "张三"
    assert answer.headers["Cadre-Position"] == str(outcome["position"])


async def test_without_the_token_nothing_but_health_answers(http: httpx.AsyncClient) -> None:
    refused = await http.get(f"/people/{ANA}", headers={"Authorization": "Bearer wrong"})
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"
    for path in ("/health/live", "/health/ready", "/metrics", "/openapi.json"):
        assert (await http.get(path, headers={"Authorization": ""})).status_code == 200, path


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (REGISTER | {"cadre_id": "nobody"}, "cadre_id"),
        (REGISTER | {"effective_on": "2026-02-30"}, "effective_on"),
        (REGISTER | {"extra": 1}, "extra"),
        ("not an object", "body"),
    ],
)
async def test_malformed_commands_are_told_field_by_field(
    http: httpx.AsyncClient, server: NatsServer, body: Any, told: str
) -> None:
    over_http = await post(http, body)
    assert over_http.status_code == 400
    assert over_http.headers["content-type"] == "application/problem+json"
    assert told in over_http.json()["detail"]
    assert "张三" not in over_http.text
    over_nats = await request(server, body)
    assert {k: over_nats[k] for k in ("type", "status")} == {
        k: over_http.json()[k] for k in ("type", "status")
    }
    assert (await http.get("/projections")).json()["log_position"] == 0


async def request(server: NatsServer, body: Any, name: str = "register", **more: str) -> Any:
    client = await server.connect("client")
    headers = {
        "Authorization": "Bearer token",
        "Idempotency-Key": str(uuid4()),
        "Cadre-Actor": "clerk-7",
    } | more
    try:
        reply = await client.request(
            f"commands.selection.{name}", json.dumps(body).encode(), timeout=5, headers=headers
        )
    finally:
        await client.close()
    return json.loads(reply.data)


async def test_the_same_command_over_nats(http: httpx.AsyncClient, server: NatsServer) -> None:
    key = str(uuid4())
    first = await request(server, REGISTER, **{"Idempotency-Key": key})
    assert first["outcome"] == "recorded"
    headers = {"Idempotency-Key": key}
    again = (await http.post("/commands/register", json=REGISTER, headers=headers)).json()
    assert again["repeated"]
    assert again["events"] == first["events"]


def counted(figures: str) -> dict[tuple[str, str], float]:
    """How often a command had a result, from the text for Prometheus."""
    return {
        (sample.labels["command"], sample.labels["result"]): sample.value
        for family in text_string_to_metric_families(figures)
        for sample in family.samples
        if sample.name == "cadre_commands_total"
    }


async def test_a_command_is_counted_alike_however_it_comes(
    http: httpx.AsyncClient, server: NatsServer
) -> None:
    other = REGISTER | {"cadre_id": cadre_id(2)}
    await post(http, REGISTER)
    await post(http, REGISTER | {"extra": 1})
    await request(server, other)
    await request(server, other | {"extra": 1})
    await request(server, other, **{"Cadre-Actor": ""})

    assert counted((await http.get("/metrics")).text) == {
        ("register", "ok"): 2,
        ("register", "malformed"): 3,
    }


async def test_the_page_with_the_documents_needs_nothing_from_elsewhere(
    http: httpx.AsyncClient,
) -> None:
    page = await http.get("/docs", headers={"Authorization": ""})
    named = re.findall(r"""(?:src|href)=["']([^"']+)["']|url: ["']([^"']+)["']""", page.text)
    places = {first or second for first, second in named}

    assert len(places) == 4, page.text  # script, style, icon, the document itself
    assert "//" not in "".join(places)
    for place in places:
        answer = await http.get(place, headers={"Authorization": ""})
        assert answer.status_code == 200, place
        assert len(answer.content) > 1000, place


async def test_an_answer_never_becomes_an_event(
    http: httpx.AsyncClient, server: NatsServer
) -> None:
    client = await server.connect("client")
    where = f"history.selection.cadre.{ANA}.registered"
    await client.publish("commands.selection.register", b"no command", reply=where)
    await client.close()
    # What cannot be read is answered at once, before the log has this command's event.
    assert (await request(server, REGISTER))["position"] == 1
    assert (await http.get("/projections")).json()["log_position"] == 1


async def test_commands_over_nats_that_find_too_many_waiting_are_refused(
    http: httpx.AsyncClient, server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await http.get("/health/ready")).status_code == 200
    going_on = asyncio.Event()
    handle = Handling.handle

    async def late(self: Handling, command: Command, meta: Meta) -> Outcome:
        await going_on.wait()
        return await handle(self, command, meta)

    monkeypatch.setattr(Handling, "handle", late)
    monkeypatch.setattr(nats_commands, "COMMANDS_AT_ONCE", 2)
    monkeypatch.setattr(nats_commands, "WAITING_MAX", 3)
    sent = [
        asyncio.create_task(request(server, REGISTER | {"cadre_id": cadre_id(n)})) for n in range(9)
    ]
    refused, _ = await asyncio.wait(sent, timeout=2)
    assert len(refused) == 4
    for answer in [one.result() for one in refused]:
        assert answer["status"] == 503
        assert "3 commands wait" in answer["detail"]
        assert "same command id" in answer["hint"]
    going_on.set()
    outcomes = [await one for one in sent if one not in refused]
    assert [outcome["outcome"] for outcome in outcomes] == ["recorded"] * 5


async def test_unknown_person_and_reused_id_over_both(
    http: httpx.AsyncClient, server: NatsServer
) -> None:
    note = {"cadre_id": cadre_id(5), "note": "x", "effective_on": "2026-03-02"}
    over_http = await post(http, note, "note")
    over_nats = await request(server, note, "note")
    assert over_http.status_code == over_nats["status"] == 404
    assert over_http.json() == over_nats
    key = {"Idempotency-Key": str(uuid4())}
    await http.post("/commands/register", json=REGISTER, headers=key)
    other = REGISTER | {"person_name": "李四"}
    reused = await http.post("/commands/register", json=other, headers=key)
    assert reused.status_code == 409
    assert reused.json()["type"] == "urn:cadre:problem:command-reused"


async def test_a_missing_command_id_is_told(http: httpx.AsyncClient) -> None:
    answer = await http.post("/commands/register", json=REGISTER)
    assert answer.status_code == 400
    assert "idempotency-key" in answer.json()["detail"].lower()


async def test_history_and_status(http: httpx.AsyncClient) -> None:
    position = (await post(http, REGISTER)).json()["position"]
    answer = (await http.get(f"/histories/cadre/{ANA}")).json()
    (entry,) = answer["entries"]
    assert "张三" in entry["says"]
    assert (entry["actor"], entry["position"]) == ("clerk-7", position)
    raw = (await http.get(f"/histories/cadre/{ANA}", params={"raw": True})).json()
    assert "张三" not in json.dumps(raw, ensure_ascii=False)
    assert (await http.get("/histories/cadre/c-bbbbbbbbbb")).status_code == 404
    status = (await http.get("/projections")).json()
    assert status["generations"][0]["status"] == "live"


async def test_an_event_of_a_pool_is_set_aside(http: httpx.AsyncClient, server: NatsServer) -> None:
    client = await server.connect("selection")
    subject = "history.selection.pool.young.from-tomorrow"
    headers = {"ce-id": str(uuid4()), "ce-type": "selection.from-tomorrow.v1"}
    await client.request(subject, b"{}", timeout=10, headers=headers)
    await client.close()
    pool = {"pool_id": "young", "seats": 2, "effective_on": "2026-03-02"}
    assert (await post(http, pool, "open")).status_code == 409
    many = [
        {"name": name, "id": str(uuid4()), "body": body}
        for name, body in (("open", pool), ("register", REGISTER))
    ]
    stuck, other = (await http.post("/commands", json=many)).raise_for_status().json()
    assert (stuck["status"], other["position"]) == (409, 2)

    async def set_aside(position: int, key: str) -> httpx.Response:
        wanted = {"position": position, "reason": "无法读取"}
        headers = {"Idempotency-Key": key}
        return await http.post("/projections/set-aside", json=wanted, headers=headers)

    key = str(uuid4())
    outcome = (await set_aside(1, key)).raise_for_status().json()
    assert (outcome["outcome"], outcome["position"]) == ("recorded", 3)
    await http.get("/projections/settled")
    while (await http.get("/projections")).json()["rebuilding"]:
        await asyncio.sleep(0.01)
    assert (await http.get("/projections")).json()["parked"] == []
    assert (await set_aside(1, key)).json() == outcome | {"repeated": True}
    assert (await set_aside(1, str(uuid4()))).json()["outcome"] == "unchanged"
    assert (await post(http, pool, "open")).json()["outcome"] == "recorded"
    assert (await set_aside(2, str(uuid4()))).status_code == 422
    assert (await set_aside(99, str(uuid4()))).status_code == 404
    assert (await set_aside(0, str(uuid4()))).status_code == 400


async def test_many_commands_are_answered_in_their_order(http: httpx.AsyncClient) -> None:
    same = str(uuid4())
    wanted = [
        {"name": "register", "id": same, "body": REGISTER},
        {"name": "register", "id": str(uuid4()), "body": REGISTER | {"cadre_id": "nobody"}},
        {"name": "no-such", "id": str(uuid4()), "body": {}},
        {"name": "register", "id": str(uuid4()), "body": REGISTER | {"cadre_id": cadre_id(2)}},
        {"name": "register", "id": same, "body": REGISTER},
    ]
    answer = await http.post("/commands", json=wanted)
    assert answer.status_code == 200
    first, bad, unknown, other, again = answer.json()
    assert (first["outcome"], first["position"], first["repeated"]) == ("recorded", 1, False)
    assert (bad["type"], bad["where"]) == ("urn:cadre:problem:malformed", "cadre_id")
    assert "no-such" in unknown["detail"]
    assert (other["outcome"], other["position"]) == ("recorded", 2)
    assert again == first | {"repeated": True}
    figures = (await http.get("/metrics")).text
    assert 'cadre_commands_total{command="register",result="ok"} 3.0' in figures
    assert 'cadre_commands_total{command="unknown",result="malformed"} 1.0' in figures


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"name": "register"}, 400, "body"),
        ([{"name": "register", "body": {}}], 400, "0.id"),
        ([{"name": "x", "id": str(uuid4()), "body": {}}] * 10_001, 413, "10001 commands"),
    ],
)
async def test_what_is_no_list_of_commands_is_refused_as_a_whole(
    http: httpx.AsyncClient, body: Any, status: int, told: str
) -> None:
    answer = await http.post("/commands", json=body)
    assert answer.status_code == status
    assert told in answer.json()["detail"]
    assert (await http.get("/projections")).json()["log_position"] == 0


async def test_many_commands_need_the_token_and_somebody_who_sends_them(
    http: httpx.AsyncClient,
) -> None:
    wanted = [{"name": "register", "id": str(uuid4()), "body": REGISTER}]
    unknown = await http.post("/commands", json=wanted, headers={"Authorization": ""})
    assert unknown.status_code == 401
    nameless = await http.post("/commands", json=wanted, headers={"Cadre-Actor": ""})
    assert (nameless.status_code, nameless.json()["where"]) == (400, "Cadre-Actor")


async def test_the_document_tells_of_the_commands_that_the_door_takes(
    http: httpx.AsyncClient,
) -> None:
    document = (await http.get("/openapi.json")).json()
    one = document["paths"]["/commands/register"]["post"]
    body = one["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/Register"}
    assert {p["name"] for p in one["parameters"]} >= {"idempotency-key", "cadre-actor"}
    many = document["paths"]["/commands"]["post"]
    items = many["requestBody"]["content"]["application/json"]["schema"]["items"]
    assert items == {"$ref": "#/components/schemas/CommandOfMany"}
    for operation in (one, many):
        answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
        assert "#/components/schemas/Outcome" in json.dumps(answer)
    wrong = await http.get("/commands/register")
    assert wrong.status_code == 405


def is_problem(answer: httpx.Response, status: int) -> bool:
    return (
        answer.status_code == status
        and answer.headers["content-type"] == "application/problem+json"
        and answer.json()["status"] == status
    )


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/projections/", 404),
        ("POST", "/commands/no-such", 404),
        ("GET", "/commands/register", 405),
        ("DELETE", "/projections", 405),
        ("OPTIONS", "/projections", 405),
        ("GET", f"/people/{ANA}%00", 400),
        ("GET", f"/people/{ANA}?after=%00", 400),
        ("GET", f"/people/{ANA}?x=%E2%80%AE", 400),
        ("GET", f"/people/{ANA}?after={2**63}", 400),
        ("GET", f"/people/{ANA}?after=-1", 400),
        ("GET", f"/people/{ANA}?known_at={2**64}", 400),
        ("GET", f"/people/{ANA}?known_at_time=0001-01-01T00:00:00%2B14:00", 400),
        ("GET", f"/people/{ANA}?known_at_time=9999-12-31T23:59:59-14:00", 400),
        ("GET", f"/people/{ANA}?known_at_time=nonsense", 400),
        ("GET", f"/histories/cadre/{ANA}?known_at_time=0001-01-01T00:00:00%2B14:00", 400),
        ("GET", f"/histories/cadre/{ANA}?on=9999-12-31", 400),
        ("GET", "/histories/cadre/" + "a" * 5000, 400),
        ("GET", "/histories/cadre/%zz", 400),
        ("POST", "/projections/retry/%00", 400),
    ],
)
async def test_every_answer_is_a_problem_with_the_right_status(
    http: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    assert is_problem(await http.request(method, path), status)


async def test_a_defect_tells_nothing_of_the_inside(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ValueError("a secret of the inside")

    monkeypatch.setattr(Handling, "messages", broken)
    monkeypatch.setattr(Handling, "handle", broken)
    for answer in (await http.get(f"/histories/cadre/{ANA}"), await post(http, REGISTER)):
        assert is_problem(answer, 500)
        assert "inside" not in answer.json()["detail"]


@pytest.mark.parametrize("body", [b"\xff\xfe", b"[" * 100_000, b'"\\ud800"', b"", b"{"])
async def test_a_body_that_is_no_json_is_told(http: httpx.AsyncClient, body: bytes) -> None:
    headers = {"Idempotency-Key": str(uuid4()), "Content-Type": "text/plain"}
    for path in ("/commands/register", "/commands"):
        assert is_problem(await http.post(path, content=body, headers=headers), 400)


async def test_a_body_is_refused_before_it_is_read_whole(http: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    for path in ("/commands/register", "/projections/rebuild"):
        answer = await http.post(path, content=b" " * ((1 << 20) + 1), headers=headers)
        assert is_problem(answer, 413)
        assert (await _sent_without_end(http, path)).startswith(b"HTTP/1.1 413")
    many = await http.post("/commands", content=b"[" + b" " * (1 << 20) + b"]", headers=headers)
    assert many.json() == []


async def _sent_without_end(http: httpx.AsyncClient, path: str) -> bytes:
    """What is answered to a body in pieces that does not end, when the server has closed."""
    reader, writer = await asyncio.open_connection(http.base_url.host, http.base_url.port)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token\r\n"
    writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
    piece = b"10000\r\n" + b" " * (1 << 16) + b"\r\n"
    answered = asyncio.create_task(reader.read(1000))
    for _ in range(1 << 10):
        if answered.done():
            break
        writer.write(piece)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        await asyncio.sleep(0)
    writer.close()
    return await answered


@pytest.mark.parametrize("name", ["Idempotency-Key", "Cadre-Actor", "Authorization"])
async def test_a_header_that_says_two_things_is_refused(http: httpx.AsyncClient, name: str) -> None:
    given = {"Idempotency-Key": str(uuid4()), "Cadre-Actor": "a", "Authorization": "Bearer token"}
    two = [*given.items(), (name.lower(), str(uuid4()))]
    async with httpx.AsyncClient(base_url=http.base_url) as plain:
        answer = await plain.post("/commands/register", json=REGISTER, headers=two)
        assert is_problem(answer, 400)
        assert answer.json()["where"] == name.lower()
        twice = [*given.items(), (name.lower(), given[name])]
        taken = await plain.post("/commands/register", json=REGISTER, headers=twice)
        assert taken.status_code == 200


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", True),
        ("00-00000000000000000000000000000000-b7ad6b7169203331-01", False),
        ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", False),
        ("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", False),
        ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", False),
        ("x" * 10_000, False),
    ],
)
async def test_the_context_of_a_trace_is_kept_or_dropped(
    http: httpx.AsyncClient, server: NatsServer, given: str, kept: bool
) -> None:
    for n, send in enumerate((post_with, request_with)):
        body = REGISTER | {"cadre_id": cadre_id(n)}
        outcome = await send(http, server, body, given)
        raw = await http.get(f"/histories/cadre/{body['cadre_id']}", params={"raw": True})
        assert outcome["outcome"] == "recorded"
        assert raw.json()["entries"][0]["headers"].get("traceparent") == (given if kept else None)


async def post_with(http: httpx.AsyncClient, _: NatsServer, body: Any, trace: str) -> Any:
    headers = {"Idempotency-Key": str(uuid4()), "traceparent": trace}
    return (await http.post("/commands/register", json=body, headers=headers)).json()


async def request_with(_: httpx.AsyncClient, server: NatsServer, body: Any, trace: str) -> Any:
    return await request(server, body, traceparent=trace)


async def test_over_nats_too_a_header_says_one_thing(
    http: httpx.AsyncClient, server: NatsServer
) -> None:
    del http
    told = await request(server, REGISTER, **{"idempotency-key": str(uuid4())})
    assert (told["status"], told["where"]) == (400, "idempotency-key")
    told = await request(server, REGISTER, **{"Cadre-Actor": "a\x1b[2J"})
    assert (told["status"], told["where"]) == (400, "Cadre-Actor")


async def test_a_text_that_no_screen_should_show_is_refused_on_every_way(
    http: httpx.AsyncClient, server: NatsServer
) -> None:
    wrong = REGISTER | {"person_name": "\u202e三张\x00"}
    many = await http.post(
        "/commands", json=[{"name": "register", "id": str(uuid4()), "body": wrong}]
    )
    told = [(await post(http, wrong)).json(), await request(server, wrong), many.json()[0]]
    assert [(one["status"], one["where"]) for one in told] == [(400, "person_name")] * 3
