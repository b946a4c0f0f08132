"""A file of settings, ``NAME=value`` on each line, as compose reads it."""

from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from cadre.audit.witness_state import write
from cadre.shared.deciding.errors import NotFound


def read(path: Path) -> dict[str, str]:
    """The settings that have a value. Raises: NotFound."""
    if not path.is_file():
        raise NotFound("没有此设置文件 · there are no such settings", where=str(path))
    given = dotenv_values(path, interpolate=False)
    return {name: value for name, value in given.items() if value}


def replace(path: Path, values: Mapping[str, str]) -> None:
    """Give some settings other values, in one step; every other line stays as it is."""
    left = dict(values)
    lines: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        name = line.partition("=")[0].strip()
        if name not in values:
            lines.append(line)
        elif name in left:
            lines.append(f"{name}={left.pop(name)}")
    lines += [f"{name}={value}" for name, value in left.items()]
    write(path, "".join(f"{line}\n" for line in lines))
