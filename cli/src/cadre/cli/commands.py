"""A command group that imports a command only when it is asked for.

Importing all of them takes longer than most of them run.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from cadre.cli.rights import guard


def group(commands: Mapping[str, str], under: str = "") -> type[TyperGroup]:
    """A group class; ``commands`` gives for each name where it stands, as ``module:name``.

    ``under`` is the name of the group itself, where it is not the outermost. Each command asks for
    its right before it does anything, see `cadre.cli.rights`.
    """

    class Lazy(TyperGroup):
        def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
            return list(commands)

        def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | TyperGroup | None:  # noqa: ARG002
            place = commands.get(cmd_name)
            if place is None:
                return None
            loaded = _load(cmd_name, place)
            guard(f"{under} {cmd_name}".strip(), loaded)
            return loaded

    return Lazy


def _load(name: str, place: str) -> TyperCommand | TyperGroup:
    module, _, attribute = place.partition(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        loaded = get_group(found)
        loaded.name = name
        return loaded
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(name)(found)
    command = get_command(alone)
    assert isinstance(command, TyperCommand)  # noqa: S101
    return command
