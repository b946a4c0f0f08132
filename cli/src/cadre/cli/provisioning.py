"""``cadre provision``."""

import asyncio
import os
from typing import Annotated

import typer

from cadre.cli.output import CONSOLE, print_json
from cadre.shared.connection import connect
from cadre.shared.errors import Malformed
from cadre.shared.provision import provision as create_streams
from cadre.shared.provision import readings_config, stream_config


def provision(
    replicas: Annotated[int, typer.Option(min=1, max=5, help="Copies of the stream.")] = 1,
    show: Annotated[bool, typer.Option("--show", help="Print the settings only.")] = False,
) -> None:
    """建立事件流（运维一次性执行）。 Create the streams HISTORY and READINGS, once.

    Reads CADRE_NATS_URL and CADRE_NATS_PASSWORD_OPERATOR from the environment.
    """
    if show:
        print_json([stream_config(replicas), readings_config(replicas)])
        return
    password = os.environ.get("CADRE_NATS_PASSWORD_OPERATOR")
    if not password:
        raise Malformed("CADRE_NATS_PASSWORD_OPERATOR is not set", hint="see deploy/README.md")
    created = asyncio.run(_provision(os.environ.get("CADRE_NATS_URL", ""), password, replicas))
    CONSOLE.print("stream created" if created else "stream was there already")


async def _provision(url: str, password: str, replicas: int) -> bool:
    client = await connect(
        url or "nats://127.0.0.1:4222",
        user="operator",
        password=password,
        inbox_prefix=b"_INBOX_operator",
        max_reconnect_attempts=30,
        reconnect_time_wait=1,
    )
    try:
        return await create_streams(client, replicas)
    finally:
        await client.close()
