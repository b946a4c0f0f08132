"""The services of a system that runs on a data directory, found again after a restart."""

from pathlib import Path

from cadre.cli.client import Client, Where
from cadre.cli.data_directory import DataDirectory


def client_of(path: Path, actor: str = "cli") -> Client:
    """A client of the system that runs on a data directory.

    Raises: NotFound, DataDirectoryError.
    """
    data = DataDirectory.open_data(path)

    def find() -> Where:
        run = data.read_run()
        urls = {name: one.http_url for name, one in run.services.items()}
        return Where(urls, run.api_token)

    return Client(find, actor)
