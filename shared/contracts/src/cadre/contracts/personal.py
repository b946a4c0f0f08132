"""Where the personal fields of a model are, and their values in a body."""

from collections.abc import Iterator, Mapping
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from cadre.contracts.event import Personal

type Shape = Mapping[str, "Shape | None"]
"""Which fields of a model are personal (None) or hold models that have such fields."""


@cache
def personal_shape(model: type[BaseModel]) -> Shape:
    """The personal fields of a model, found in its annotations."""
    shape: dict[str, Shape | None] = {}
    for name, info in model.model_fields.items():
        for part in _parts(info.annotation):
            if get_origin(part) is Personal:
                shape[name] = None
            elif isinstance(part, type) and issubclass(part, BaseModel):
                inner = personal_shape(part)
                if inner:
                    shape[name] = inner
    return shape


def _parts(annotation: Any) -> Iterator[Any]:
    origin = get_origin(annotation)
    if origin in {Union, UnionType, tuple}:
        for part in get_args(annotation):
            yield from _parts(part)
    else:
        yield annotation


def personal_values(
    body: dict[str, Any], shape: Shape, path: str = ""
) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Each personal value of a body: its holder, its field and its path."""
    for name, inner in shape.items():
        value = body.get(name)
        if value is None:
            continue
        if inner is None:
            yield body, name, f"{path}{name}"
        elif isinstance(value, list):
            items: list[dict[str, Any]] = value  # pyright: ignore[reportUnknownVariableType]
            for index, item in enumerate(items):
                yield from personal_values(item, inner, f"{path}{name}/{index}/")
        else:
            yield from personal_values(value, inner, f"{path}{name}/")
