"""The services of a system that runs on a data directory, found again after a restart."""

import os
from pathlib import Path

from cadre.cli.installation.data_directory import DataDirectory
from cadre.client.services import Client, Where


def own_token() -> str | None:
    """The token of whoever runs this, instead of the installation's: ``CADRE_TOKEN``."""
    return os.environ.get("CADRE_TOKEN") or None


def client_of(path: Path, actor: str = "cli") -> Client:
    """A client of the system that runs on a data directory.

    Raises: NotFound, DataDirectoryError.
    """
    data = DataDirectory.open_data(path)

    def find() -> Where:
        run = data.read_run()
        urls = {name: one.http_url for name, one in run.services.items()}
        return Where(urls, own_token() or run.api_token)

    return Client(find, actor)
