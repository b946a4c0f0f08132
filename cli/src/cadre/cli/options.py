"""Options that several commands share."""

import os
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_DATA = Path(".cadre")

Data = Annotated[
    Path,
    typer.Option(
        "--data",
        envvar="CADRE_DATA",
        help="The data directory of the system.",
        file_okay=False,
    ),
]


def account() -> str:
    """The account that acts when none is named."""
    return f"cli:{os.environ.get('USER', 'operator')}"
