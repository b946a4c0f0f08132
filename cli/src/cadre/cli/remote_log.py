"""A stream on somebody's server, read with a user that may only read."""

import contextlib
from collections.abc import AsyncGenerator

import nats.errors

from cadre.shared.connection import connect_once
from cadre.shared.errors import Unavailable
from cadre.shared.log import Log

CONNECT_S_MAX = 5


@contextlib.asynccontextmanager
async def remote_log(url: str, user: str, password: str, stream: str) -> AsyncGenerator[Log]:
    """A connection for as long as the block lasts.

    Raises: Unavailable.
    """

    async def quiet(_: Exception) -> None:
        """What fails is told by the call that fails."""

    try:
        client = await connect_once(
            url,
            user=user,
            password=password,
            inbox_prefix=f"_INBOX_{user}".encode(),
            connect_timeout=CONNECT_S_MAX,
            error_cb=quiet,
        )
    except (OSError, nats.errors.Error) as error:
        hint = f"is the password of {user} right?"
        raise Unavailable("the log's server cannot be reached", where=url, hint=hint) from error
    try:
        yield Log(client, stream)
    finally:
        await client.close()
