"""Who may do what on the log: a real server with the configuration that ships."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from cadre.shared.log.provision import stream_config
from support.nats_server import USERS, NatsServer

SERVICES = ("selection", "training", "supervision", "appointment")
ANSWER_S_MAX = 5.0
MIRRORED_S_MAX = 30.0

REPOSITORY = Path(__file__).parents[2]
MIRROR = json.loads((REPOSITORY / "deploy" / "audit" / "history-audit.json").read_text("utf-8"))


class Denied(Exception):
    """The server refused a publish or a subscription."""


@dataclass
class User:
    """One connection; a refusal by the server ends the request at once."""

    client: Client
    refused: asyncio.Queue[str]

    async def ask(self, subject: str, request: object = None) -> dict[str, Any]:
        """The JSON answer to a request. Raises: Denied."""
        payload = b"" if request is None else json.dumps(request).encode()
        answer = asyncio.ensure_future(self.client.request(subject, payload, timeout=ANSWER_S_MAX))
        refusal = asyncio.ensure_future(self.refused.get())
        done, _ = await asyncio.wait({answer, refusal}, return_when=asyncio.FIRST_COMPLETED)
        if refusal in done:
            answer.cancel()
            raise Denied(refusal.result())
        refusal.cancel()
        return json.loads(answer.result().data)

    async def denied(self, subject: str, request: object = None) -> bool:
        """Whether the server refuses to let this user publish there."""
        try:
            await self.ask(subject, request)
        except Denied:
            return True
        return False

    async def settle(self) -> None:
        """Wait until the server knows every subscription.

        One flush is no barrier: the client writes its PING past what still waits to be sent.
        """
        await self.client.flush()
        await self.client.flush()

    async def pull(self, consumer: str) -> Msg:
        """The next event of a consumer."""
        subject = f"$JS.API.CONSUMER.MSG.NEXT.HISTORY.{consumer}"
        return await self.client.request(
            subject, b'{"batch": 1}', timeout=ANSWER_S_MAX, old_style=True
        )

    async def listen(self, subject: str) -> list[Msg]:
        """What arrives there from now on. Raises: Denied."""
        arrived: list[Msg] = []

        async def keep(message: Msg) -> None:
            arrived.append(message)

        await self.client.subscribe(subject, cb=keep)  # pyright: ignore[reportUnknownMemberType]
        await self.settle()
        if not self.refused.empty():
            raise Denied(self.refused.get_nowait())
        return arrived

    async def consume(self, **config: object) -> dict[str, Any]:
        """Create a consumer on HISTORY; the server's answer."""
        subject = f"$JS.API.CONSUMER.CREATE.HISTORY.{config['name']}"
        wanted = {"ack_policy": "none", "deliver_policy": "all"} | config
        return await self.ask(subject, {"stream_name": "HISTORY", "config": wanted})


type Connect = Callable[[str], Awaitable[User]]


@pytest.fixture
async def connect(server: NatsServer) -> AsyncGenerator[Connect]:
    """Connections by user name, to a log that holds one event."""
    async with AsyncExitStack() as connections:

        async def connect(name: str) -> User:
            refused: asyncio.Queue[str] = asyncio.Queue()

            async def on_error(error: Exception) -> None:
                if "permissions violation" in str(error):
                    refused.put_nowait(str(error))

            client = await nats.connect(  # pyright: ignore[reportUnknownMemberType]
                server.url,
                user=name,
                password=f"p{name}",
                inbox_prefix=f"_INBOX_{name}".encode(),
                error_cb=on_error,
                reconnect_time_wait=0.05,
            )
            connections.push_async_callback(client.close)
            return User(client, refused)

        selection = await connect("selection")
        await selection.ask("history.selection.cadre.c-aaaaaaaaaa.recruited", {"first": True})
        yield connect


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_writes_and_reads_history(connect: Connect, service: str) -> None:
    user = await connect(service)

    stored = await user.ask(f"history.{service}.cadre.c-bbbbbbbbbb.noted", {"n": 1})
    info = await user.ask("$JS.API.STREAM.INFO.HISTORY")
    await user.consume(name="r1", filter_subject="history.*.cadre.c-bbbbbbbbbb.>")
    pulled = await user.pull("r1")
    last = {"last_by_subj": f"history.{service}.cadre.c-bbbbbbbbbb.>"}

    assert stored == {"stream": "HISTORY", "seq": 2}
    assert info["config"]["deny_delete"] is True
    assert json.loads(pulled.data) == {"n": 1}
    assert await user.ask("$JS.API.DIRECT.GET.HISTORY", last) == {"n": 1}
    assert (await user.ask("$JS.API.CONSUMER.INFO.HISTORY.r1"))["name"] == "r1"
    assert (await user.ask("$JS.API.CONSUMER.DELETE.HISTORY.r1"))["success"] is True


RULING: dict[str, object] = {
    "$JS.API.STREAM.DELETE.HISTORY": None,
    "$JS.API.STREAM.PURGE.HISTORY": None,
    "$JS.API.STREAM.UPDATE.HISTORY": stream_config() | {"max_msgs": 1},
    "$JS.API.STREAM.MSG.DELETE.HISTORY": {"seq": 1},
    "$JS.API.STREAM.CREATE.OTHER": {"name": "OTHER", "subjects": ["other"]},
    "$JS.API.STREAM.SNAPSHOT.HISTORY": {"deliver_subject": "x"},
    "$JS.API.CONSUMER.NAMES.HISTORY": None,
    "$JS.API.CONSUMER.LIST.HISTORY": None,
    "$JS.API.CONSUMER.PAUSE.HISTORY.r1": {},
    "audit.deliver.M.x": {},
}


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_cannot_write_under_another_name(connect: Connect, service: str) -> None:
    user = await connect(service)
    others = [f"history.{other}.cadre.c-aaaaaaaaaa.promoted" for other in SERVICES]

    allowed = [subject for subject in others if not await user.denied(subject, {})]

    assert allowed == [f"history.{service}.cadre.c-aaaaaaaaaa.promoted"]


@pytest.mark.parametrize("name", [*SERVICES, "client", "subscriber"])
async def test_only_the_operator_rules_the_stream(connect: Connect, name: str) -> None:
    user = await connect(name)

    allowed = [subject for subject in RULING if not await user.denied(subject, RULING[subject])]

    assert allowed == []


async def test_not_even_the_operator_deletes_an_event(connect: Connect) -> None:
    operator = await connect("operator")

    deleted = await operator.ask("$JS.API.STREAM.MSG.DELETE.HISTORY", {"seq": 1})
    purged = await operator.ask("$JS.API.STREAM.PURGE.HISTORY")

    assert "error" in deleted
    assert "error" in purged


async def test_a_client_commands_and_is_answered(connect: Connect) -> None:
    service = await connect("selection")
    client = await connect("client")

    async def answer(message: Msg) -> None:
        await message.respond(b'{"done": true}')

    await service.client.subscribe(  # pyright: ignore[reportUnknownMemberType]
        "commands.selection.>", cb=answer
    )
    await service.settle()

    assert await client.ask("commands.selection.define-pool", {}) == {"done": True}
    assert await client.denied("$JS.API.STREAM.INFO.HISTORY")
    assert await client.denied("history.selection.cadre.c-aaaaaaaaaa.recruited", {})


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_answers_clients_alone(connect: Connect, service: str) -> None:
    user = await connect(service)
    others = [f"_INBOX_{other}.x.y" for other in USERS if other != "client"]

    allowed = [subject for subject in others if not await user.denied(subject, {})]

    assert allowed == []


@pytest.mark.parametrize("name", USERS)
async def test_nobody_listens_to_others(connect: Connect, name: str) -> None:
    user = await connect(name)
    other = "client" if name == "operator" else "operator"

    # The operator would learn from the last four where the mirror in AUDIT is served.
    for subject in (f"_INBOX_{other}.>", "_INBOX.>", "audit.>", "$JS.>", "_R_.>", ">"):
        with pytest.raises(Denied):
            await user.listen(subject)


@pytest.mark.parametrize("name", [*SERVICES, "client", "subscriber", "auditor"])
async def test_history_is_read_through_the_stream_only(connect: Connect, name: str) -> None:
    user = await connect(name)

    with pytest.raises(Denied):
        await user.listen("history.>")


async def test_a_service_takes_only_its_own_commands(connect: Connect) -> None:
    user = await connect("selection")

    assert await user.listen("commands.selection.define-pool") == []
    with pytest.raises(Denied):
        await user.listen("commands.training.plan-class")


async def test_a_subscriber_reads_with_a_durable_consumer(connect: Connect) -> None:
    user = await connect("subscriber")
    await user.consume(name="payroll", durable_name="payroll", ack_policy="explicit")

    message = await user.pull("payroll")
    await message.ack_sync()

    info = await user.ask("$JS.API.CONSUMER.INFO.HISTORY.payroll")
    assert json.loads(message.data) == {"first": True}
    assert info["ack_floor"]["stream_seq"] == 1


async def test_a_subscriber_changes_nothing(connect: Connect) -> None:
    user = await connect("subscriber")

    assert await user.denied("history.selection.cadre.c-aaaaaaaaaa.recruited", {})
    assert await user.denied("commands.selection.define-pool", {})
    assert await user.denied("$JS.API.CONSUMER.DELETE.HISTORY.r1")


async def test_a_subscriber_cannot_push_into_history(connect: Connect) -> None:
    user = await connect("subscriber")

    answer = await user.consume(name="p", deliver_subject="history.selection.x.y.z")

    assert "cycle" in answer["error"]["description"]


@pytest.mark.parametrize(
    "target",
    ["$JS.API.STREAM.DELETE.HISTORY", "$JS.API.STREAM.PURGE.HISTORY", "_INBOX_selection.x.y"],
)
async def test_a_subscriber_cannot_push_where_it_may_not_publish(
    connect: Connect, target: str
) -> None:
    user = await connect("subscriber")
    selection = await connect("selection")
    inbox = await selection.listen("_INBOX_selection.x.*")

    await user.consume(name="p", durable_name="p", deliver_subject=target, headers_only=True)
    await asyncio.sleep(0.2)

    assert inbox == []
    info = await selection.ask("$JS.API.STREAM.INFO.HISTORY")
    assert info["state"]["messages"] == 1


@pytest.mark.parametrize(
    ("ask", "request_"),
    [
        ("$JS.API.STREAM.INFO.HISTORY", {}),
        ("$JS.API.STREAM.MSG.GET.HISTORY", {"seq": 1}),
        ("$JS.API.DIRECT.GET.HISTORY", {"seq": 1}),
        ("$JS.API.CONSUMER.INFO.HISTORY.p", {}),
        ("$JS.API.CONSUMER.MSG.NEXT.HISTORY.p", {"batch": 1}),
        ("$JS.ACK.HISTORY.p.1.1.1.1.0", {}),
    ],
)
@pytest.mark.parametrize(
    "reply",
    [
        "history.selection.cadre.c-aaaaaaaaaa.promoted",
        "commands.selection.define-pool",
        "_INBOX_selection.x.y",
    ],
)
async def test_no_answer_to_a_subscriber_leaves_its_account(
    connect: Connect, ask: str, request_: dict[str, object], reply: str
) -> None:
    """The server answers wherever the asker says, and asks nobody whether he may publish there."""
    user, selection = await connect("subscriber"), await connect("selection")
    inbox = await selection.listen("_INBOX_selection.x.*")
    commands = await selection.listen("commands.selection.*")
    await user.consume(name="p", durable_name="p")

    await user.client.publish(ask, json.dumps(request_).encode(), reply=reply)
    await user.ask("$JS.API.STREAM.INFO.HISTORY")
    await asyncio.sleep(0.2)

    info = await selection.ask("$JS.API.STREAM.INFO.HISTORY")
    assert info["state"]["messages"] == 1
    assert (inbox, commands) == ([], [])


async def test_a_subscriber_asks_nothing_but_the_stream(connect: Connect) -> None:
    user = await connect("subscriber")

    asked = (
        "$JS.API.INFO",
        "$JS.API.STREAM.NAMES",
        "$JS.API.STREAM.LIST",
        "$JS.API.CONSUMER.NAMES.X",
    )
    others = ("$SYS.REQ.SERVER.PING", "$JS.API.STREAM.INFO.READINGS", "$JS.API.STREAM.INFO.X")
    allowed = [subject for subject in (*asked, *others) if not await user.denied(subject)]

    assert allowed == []


@pytest.mark.parametrize("name", USERS)
async def test_nobody_overhears_who_reads(connect: Connect, name: str) -> None:
    user = await connect(name)

    for subject in ("$JS.EVENT.ADVISORY.>", "$JS.EVENT.>", "$SYS.>", "$JS.API.>", "READ.>"):
        with pytest.raises(Denied):
            await user.listen(subject)


async def test_subscribers_together_cannot_use_up_the_connections(
    server: NatsServer, connect: Connect
) -> None:
    async with AsyncExitStack() as held:
        for _ in range(256):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            held.callback(writer.close)
            writer.write(
                b'CONNECT {"user":"subscriber","pass":"psubscriber","verbose":false}\r\nPING\r\n'
            )
            await reader.readline()
            assert await reader.readline() == b"PONG\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        held.callback(writer.close)
        writer.write(
            b'CONNECT {"user":"subscriber","pass":"psubscriber","verbose":false}\r\nPING\r\n'
        )
        await reader.readline()
        assert b"maximum" in await reader.readline()
        assert await (await connect("selection")).ask("$JS.API.STREAM.INFO.HISTORY")


async def _mirrored(auditor: User, count: int) -> dict[str, Any]:
    async with asyncio.timeout(MIRRORED_S_MAX):
        while True:
            info = await auditor.ask("$JS.API.STREAM.INFO.HISTORY_AUDIT")
            if info["state"]["messages"] >= count:
                return info
            await asyncio.sleep(0.05)


async def test_the_mirror_follows_from_an_account_of_its_own(connect: Connect) -> None:
    auditor = await connect("auditor")
    selection = await connect("selection")

    created = await auditor.ask("$JS.API.STREAM.CREATE.HISTORY_AUDIT", MIRROR)
    for number in range(500):
        noted = {"n": number, "text": "x" * 10_000}
        await selection.ask("history.selection.cadre.c-aaaaaaaaaa.noted", noted)
    await _mirrored(auditor, 501)

    assert "error" not in created
    first = await auditor.ask("$JS.API.DIRECT.GET.HISTORY_AUDIT", {"seq": 1})
    assert first == {"first": True}


async def test_the_mirror_outlives_its_origin(server: NatsServer, connect: Connect) -> None:
    auditor = await connect("auditor")
    await auditor.ask("$JS.API.STREAM.CREATE.HISTORY_AUDIT", MIRROR)
    await _mirrored(auditor, 1)

    server.kill()
    server.start()
    selection, operator = await connect("selection"), await connect("operator")
    await selection.ask("history.selection.cadre.c-aaaaaaaaaa.noted", {"second": True})
    await _mirrored(auditor, 2)
    await operator.ask("$JS.API.STREAM.DELETE.HISTORY")

    kept = await auditor.ask("$JS.API.STREAM.INFO.HISTORY_AUDIT")
    assert kept["state"]["messages"] == 2


@pytest.mark.parametrize("name", [*SERVICES, "operator", "client", "subscriber"])
async def test_no_user_of_the_log_reaches_the_mirror(connect: Connect, name: str) -> None:
    auditor = await connect("auditor")
    await auditor.ask("$JS.API.STREAM.CREATE.HISTORY_AUDIT", MIRROR)
    user = await connect(name)

    assert await user.denied("audit.deliver.M.x", {})
    if name == "operator":
        answer = await user.ask("$JS.API.STREAM.DELETE.HISTORY_AUDIT")
        assert "not found" in answer["error"]["description"]
    else:
        assert await user.denied("$JS.API.STREAM.DELETE.HISTORY_AUDIT")
    assert (await _mirrored(auditor, 1))["state"]["messages"] == 1


async def test_the_auditor_cannot_change_the_mirror(connect: Connect) -> None:
    auditor = await connect("auditor")
    await auditor.ask("$JS.API.STREAM.CREATE.HISTORY_AUDIT", MIRROR)

    for operation in ("STREAM.DELETE", "STREAM.PURGE", "STREAM.UPDATE", "STREAM.MSG.DELETE"):
        assert await auditor.denied(f"$JS.API.{operation}.HISTORY_AUDIT"), operation
    assert await auditor.denied("JS.CADRE.API.CONSUMER.CREATE.HISTORY", {})


async def test_a_wrong_password_is_refused(bare_server: NatsServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", bare_server.port)

    writer.write(b'CONNECT {"user": "operator", "pass": "x", "verbose": false}\r\nPING\r\n')
    greeting, answer = await reader.readline(), await reader.readline()
    writer.close()
    await writer.wait_closed()

    assert greeting.startswith(b"INFO")
    assert b"Authorization Violation" in answer
