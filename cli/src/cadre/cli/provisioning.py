"""``cadre provision``."""

import asyncio
from typing import Annotated

import typer

from cadre.cli.installation.callers import ENVIRONMENT
from cadre.cli.installation.settings_file import SystemSettings
from cadre.cli.options import Settings
from cadre.cli.output import CONSOLE, print_json
from cadre.shared.log.connection import connect
from cadre.shared.log.provision import provision as create_streams
from cadre.shared.log.provision import readings_config, stream_config


def provision(
    replicas: Annotated[int, typer.Option(min=1, max=5, help="Copies of the stream.")] = 1,
    show: Annotated[bool, typer.Option("--show", help="Print the settings only.")] = False,
    settings: Settings = None,
) -> None:
    """建立事件流（运维一次性执行）。 Create the streams HISTORY and READINGS, once.

    Asks for CADRE_NATS_URL and CADRE_NATS_PASSWORD_OPERATOR, from --settings or the environment.
    """
    if show:
        print_json([stream_config(replicas), readings_config(replicas)])
        return
    created = asyncio.run(_provision(SystemSettings.of(settings or ENVIRONMENT), replicas))
    CONSOLE.print("stream created" if created else "stream was there already")


async def _provision(given: SystemSettings, replicas: int) -> bool:
    client = await connect(
        given.log_url,
        ca_file=given.ca_file,
        user="operator",
        password=given.require("nats_password_operator"),
        inbox_prefix=b"_INBOX_operator",
        max_reconnect_attempts=30,
        reconnect_time_wait=1,
    )
    try:
        return await create_streams(client, replicas)
    finally:
        await client.close()
