"""Follow the promotions of every cadre, from the first one on. Needs Python 3.12 and nats-py.

    python python_subscriber.py STATE.json [--run DATA/run.json] [--subject SUBJECT] [--once]

Without --run the log is found by NATS_URL, NATS_USER and NATS_PASSWORD. STATE.json is this
subscriber's memory: how far it has read, and what it has learnt. Prints one line per event.
"""

# pyright: reportUnknownMemberType=false

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import nats
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

STREAM = "HISTORY"
PROMOTIONS = "history.*.cadre.*.promoted"
BATCH = 100
WAIT_S = 1.0

type State = dict[str, Any]


def load(path: Path) -> State:
    return json.loads(path.read_text()) if path.exists() else {"position": 0, "events": {}}


def save(path: Path, state: State) -> None:
    """Keep the position and what was learnt together, in one step: then no event is lost."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(state, ensure_ascii=False))
    new.replace(path)


def shown(value: object) -> str:
    """A personal field arrives sealed, or forgotten; nobody but the services can open it."""
    match value:
        case {"sealed": str()}:
            return "(sealed)"
        case {"forgotten": True}:
            return "(forgotten)"
        case dict() | list():
            return "…"
        case str():
            return value
        case _:
            return json.dumps(value)


def take(state: State, message: Msg) -> None:
    """Learn one event. To learn it again changes nothing: its id is known."""
    headers, body = message.headers or {}, json.loads(message.data)
    event_id = headers["ce-id"]
    state["position"] = message.metadata.sequence.stream
    state["signature"] = headers.get("ce-signature")
    if event_id in state["events"]:
        return
    state["events"][event_id] = {"effective_on": body["effective_on"], "superseded_by": None}
    line = [str(state["position"]), body["effective_on"], headers["ce-type"], headers["ce-subject"]]
    for name, value in body.items():
        if name not in {"type", "effective_on", "cadre_id", "supersedes"} and value is not None:
            line.append(f"{name}={shown(value)}")
    if wrong := body.get("supersedes"):
        line.append(f"corrects={wrong}")
        if wrong in state["events"]:
            state["events"][wrong]["superseded_by"] = event_id
    print(*line, flush=True)  # noqa: T201


async def must_be_known(client: Client, state: State) -> None:
    """Stop unless the log holds, where we are, the event that we read there.

    A log put back from an older copy has another one, or none: whoever read on would miss events.
    """
    position, signature = state["position"], state.get("signature")
    if not position or signature is None:
        return
    try:
        held = await client.jetstream().get_msg(STREAM, seq=position)
    except NotFoundError:
        held = None
    if held is None or (held.headers or {}).get("ce-signature") != signature:
        told = f"position {position} is not what was read there: the log is another branch"
        sys.exit(f"{told}; ask its operator, see subscribers.md")


async def follow(client: Client, path: Path, subject: str, *, once: bool) -> bool:
    """Read on from where the state ends. The server keeps nothing for us but a short-lived cursor.

    Returns, with ``once``, True at the end of the log; False when an event or the connection was
    lost on the way.
    """
    state, connection = load(path), client.stats["reconnects"]
    await must_be_known(client, state)
    consumer = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=state["position"] + 1,
        ack_policy=AckPolicy.NONE,
        inactive_threshold=60,
    )
    events = await client.jetstream().pull_subscribe(subject, stream=STREAM, config=consumer)
    left, expected = (await events.consumer_info()).num_pending, 1
    while not (once and left == 0):
        try:
            messages = await events.fetch(BATCH, timeout=WAIT_S)
        except TimeoutError:
            messages = []
        if client.stats["reconnects"] != connection:
            return False  # Before anything of it is taken: it may be another log.
        for message in messages:
            if message.metadata.sequence.consumer != expected:
                save(path, state)
                return False
            take(state, message)
            left, expected = message.metadata.num_pending, expected + 1
        save(path, state)
    return True


def credentials(run: Path | None) -> tuple[str, str, str]:
    if run is None:
        return os.environ["NATS_URL"], os.environ["NATS_USER"], os.environ["NATS_PASSWORD"]
    log = json.loads(run.read_text())["nats"]
    subscriber = log["credentials"]["subscriber"]
    return log["url"], subscriber["user"], subscriber["password"]


async def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("state", type=Path)
    arguments.add_argument("--run", type=Path)
    arguments.add_argument("--subject", default=PROMOTIONS)
    arguments.add_argument("--once", action="store_true", help="stop at the end of the log")
    given = arguments.parse_args()
    url, user, password = credentials(given.run)
    client = await nats.connect(
        url,
        user=user,
        password=password,
        inbox_prefix=f"_INBOX_{user}",  # the only inbox this user may read
        max_reconnect_attempts=-1,
    )
    while True:
        try:
            if await follow(client, given.state, given.subject, once=given.once):
                break
        except nats.errors.Error as error:
            print("the log is away:", error, file=sys.stderr)  # noqa: T201
            await asyncio.sleep(WAIT_S)
    await client.close()


if __name__ == "__main__":
    asyncio.run(main())
