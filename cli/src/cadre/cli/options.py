"""Options that several commands share."""

import os
from pathlib import Path
from typing import Annotated

import typer

from cadre.shared.deciding.errors import Malformed

DEFAULT_DATA = Path(".cadre")

Data = Annotated[
    Path,
    typer.Option(
        "--data",
        envvar="CADRE_DATA",
        help="The data directory of the system.",
        file_okay=False,
        # Looked at before --settings, which asks whether this one was given.
        is_eager=True,
    ),
]


def _one_of_both(context: typer.Context, settings: Path | None) -> Path | None:
    """What a person writes counts, whatever the environment names; both would be a riddle."""
    written = "COMMANDLINE"
    data, given = (context.get_parameter_source(name) for name in ("data", "settings"))
    if data is None or data.name != written:
        return settings
    if given is not None and given.name == written:
        raise Malformed(
            "同时指定了两套系统 · two systems are named",
            where="--data, --settings",
            hint="请只指定一套 · name one",
        )
    return None


Settings = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        envvar="CADRE_SETTINGS",
        help="Instead of --data: the .env of a compose system, or a file like it.",
        dir_okay=False,
        callback=_one_of_both,
    ),
]


def only_a_directory(settings: Path | None, instead: str) -> None:
    """For what can be done to a data directory alone; ``instead`` is what to do elsewhere.

    Raises: Malformed.
    """
    if settings is not None:
        detail = (
            "此操作针对数据目录，不针对设置中的服务器 · "
            "this is done to a data directory, not to servers that settings name"
        )
        raise Malformed(detail, where=str(settings), hint=instead)


def account() -> str:
    """The account that acts: ``CADRE_ACTOR``, for a token that has a name, or the user's.

    Raises: Malformed.
    """
    # Loaded when it is asked for: what starts a system has no use for it.
    from cadre.shared.asking.wire import ACTOR_LENGTH_MAX, is_account

    user = os.environ.get("CADRE_ACTOR") or f"cli:{os.environ.get('USER', 'operator')}"
    if not is_account(user):
        raise Malformed(
            "当前用户名不能用作经办账号 · this user's name is no account",
            where=user,
            hint="请设置经办账号 · "
            "set USER or CADRE_ACTOR: ASCII that can be printed,"
            f" at most {ACTOR_LENGTH_MAX} characters",
        )
    return user
