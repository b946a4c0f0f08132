"""What each command needs, by its full name: the one list, and the one place that checks it.

Most commands ask the services, which know the caller by the token that is sent. The others hold
files, keys or the log's passwords themselves: no service is between, so what they do is told here
and checked here. Whoever may read the installation's files acts as the installation and may do
everything, unless a token of somebody is at hand: then that one's roles count. This keeps a person
to a role that was agreed on; the files' owner and the passwords keep out who has no business here.
"""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from typer.core import TyperCommand, TyperGroup

from cadre.shared.deciding.rights import EVERYBODY, NOBODY, Right, Role

ASKED_OF_SERVICES = None
"""The services check it, by the token that is sent to them."""
ANYBODY = Right(None, NOBODY)
"""What shows nothing of this system, or only what is published anyway."""
OPERATES = Right(Role.OPERATOR, EVERYBODY)
INSPECTS = Right(Role.INSPECTOR, EVERYBODY)

RIGHTS: Mapping[str, Right | None] = {
    "demo": ANYBODY,
    "up": OPERATES,
    "down": OPERATES,
    "provision": OPERATES,
    "doctor": OPERATES,
    "import": ASKED_OF_SERVICES,
    "find": ASKED_OF_SERVICES,
    "history": ASKED_OF_SERVICES,
    "replay": ASKED_OF_SERVICES,
    "report": ASKED_OF_SERVICES,
    "audit checkpoint": OPERATES,
    "audit verify": INSPECTS,
    "audit repair": OPERATES,
    "audit decide-again": INSPECTS,
    "audit export": INSPECTS,
    "audit witness": ANYBODY,
    "audit cosigned": OPERATES,
    "audit keys": ANYBODY,
    "audit rotate-key": OPERATES,
    "audit public-keys": ANYBODY,
    "log compare": OPERATES,
    "log adopt": OPERATES,
    "log record-again": ASKED_OF_SERVICES,
    "projections status": ASKED_OF_SERVICES,
    "projections rebuild": ASKED_OF_SERVICES,
    "projections parked": ASKED_OF_SERVICES,
    "projections retry": ASKED_OF_SERVICES,
    "projections set-aside": ASKED_OF_SERVICES,
    "privacy restrict": ASKED_OF_SERVICES,
    "privacy lift": ASKED_OF_SERVICES,
    "privacy restrictions": ASKED_OF_SERVICES,
    "privacy forget": ASKED_OF_SERVICES,
    "privacy readings": ASKED_OF_SERVICES,
    "privacy rotate-master": OPERATES,
    "privacy backup-keys": OPERATES,
    "privacy restore-keys": OPERATES,
}


def guard(name: str, command: TyperCommand | TyperGroup) -> None:
    """Have a command, or each of a group that has none, ask for its right before all else.

    Raises: TypeError for one that has none.
    """
    if isinstance(command, TyperGroup) and name not in RIGHTS:
        for inner, one in command.commands.items():
            assert isinstance(one, TyperCommand | TyperGroup)  # noqa: S101
            guard(f"{name} {inner}", one)
        return
    if name not in RIGHTS:
        msg = f"cadre {name} says nowhere what it needs: see cadre.cli.rights"
        raise TypeError(msg)
    right, run = RIGHTS[name], command.callback
    if right is None or right.role is None or run is None:
        return

    @functools.wraps(run)
    def checked(**given: Any) -> Any:
        data, settings = given.get("data"), given.get("settings")
        require(right, name, Path(data) if data else None, Path(settings) if settings else None)
        return run(**given)

    command.callback = checked


def require(right: Right, command: str, data: Path | None, settings: Path | None) -> None:
    """Return if whoever runs a command may.

    Raises: Forbidden, UnknownCaller, and what the system's settings may be wrong in.
    """
    # Loaded when it is asked for: most of this takes longer than many a command.
    from cadre.cli.installation.calling import own_token

    if settings is None and own_token() is None:
        return
    from cadre.cli.installation.callers import caller_of

    caller = caller_of(data, settings)
    caller.require(right.role, f"cadre {command}")
    caller.require_everybody(f"cadre {command}")
