"""The services that a command asks."""

from pathlib import Path

from cadre.cli.calling import client_of
from cadre.cli.client import Client
from cadre.cli.options import account


def services(data: Path, settings: Path | None) -> Client:
    """The services of what the options name, called by whoever runs the command.

    Raises: NotFound, DataDirectoryError, Malformed.
    """
    if settings is None:
        return client_of(data, account())
    # Loaded when it is asked for: all of it takes longer than most questions.
    from cadre.cli.installation import installation

    return installation(data, settings).client(account())
