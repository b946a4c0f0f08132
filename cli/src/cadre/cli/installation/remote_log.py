"""A stream on somebody's server, read with a user that may only read."""

import contextlib
import ssl
from collections.abc import AsyncGenerator
from pathlib import Path

import nats.errors

from cadre.shared.deciding.errors import Unavailable
from cadre.shared.log.connection import connect_once
from cadre.shared.log.stream import Log

CONNECT_S_MAX = 5


@contextlib.asynccontextmanager
async def remote_log(
    url: str, user: str, password: str, stream: str, ca_file: Path | None = None
) -> AsyncGenerator[Log]:
    """A connection for as long as the block lasts.

    Raises: Unavailable.
    """

    async def quiet(_: Exception) -> None:
        """What fails is told by the call that fails."""

    try:
        client = await connect_once(
            url,
            ca_file=ca_file,
            user=user,
            password=password,
            inbox_prefix=f"_INBOX_{user}".encode(),
            connect_timeout=CONNECT_S_MAX,
            error_cb=quiet,
        )
    except (OSError, nats.errors.Error) as error:
        hint = f"请核对密码 · is the password of {user} right?"
        if isinstance(error, ssl.SSLError):
            hint = (
                "请核对证书的签发机构 · does CADRE_CA_FILE name the authority of its certificate?"
            )
        raise Unavailable(
            f"无法连接日志服务器 · the log's server cannot be reached: {error}",
            where=url,
            hint=hint,
        ) from error
    try:
        yield Log(client, stream)
    finally:
        await client.close()
