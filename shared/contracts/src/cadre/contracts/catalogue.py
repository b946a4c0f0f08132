"""Every published event by its type, old versions with the step that brings them up to date."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, cast

from pydantic import ValidationError

from cadre.contracts import appointment, selection, supervision, training
from cadre.contracts.event import Event, KeysDestroyed

type Body = dict[str, Any]
type Upcast = Callable[[Body], Body]


class UnknownEvent(LookupError):
    """The log holds a type of event that this version of the contracts does not know."""


class UnreadableEvent(ValueError):
    """A body does not fit the schema of its type."""


@dataclass(frozen=True)
class Catalogue:
    """Event classes by type tag, and one upcast for every tag that was replaced."""

    events: Mapping[str, type[Event]]
    upcasts: Mapping[str, Upcast] = field(default_factory=dict[str, Upcast])

    @classmethod
    def of(
        cls, events: Iterable[type[Event]], upcasts: Mapping[str, Upcast] | None = None
    ) -> "Catalogue":
        return cls({event.tag(): event for event in events}, upcasts or {})

    @cached_property
    def destroying(self) -> tuple[type[KeysDestroyed], ...]:
        """Those events that tell of destroyed keys."""
        return tuple(one for one in self.events.values() if issubclass(one, KeysDestroyed))

    def read(self, body: Body) -> Event:
        """The event a JSON body stands for, brought up to its newest version.

        Raises `UnknownEvent` for a type nobody published and `UnreadableEvent` for a body that
        does not fit its type.
        """
        seen: set[str] = set()
        while (tag := str(body.get("type"))) in self.upcasts and tag not in seen:
            seen.add(tag)
            body = self.upcasts[tag](body)
        known = self.events.get(tag)
        if known is None:
            msg = f"no event type {tag!r} is known here; update cadre-contracts"
            raise UnknownEvent(msg)
        try:
            # A reader of today must not stumble over a field that tomorrow's contracts add.
            return known.model_validate(body, extra="ignore")
        except ValidationError as error:
            raise _unreadable(tag, error) from error

    def read_json(self, tag: str, body: bytes) -> Event:
        """The event of a JSON text whose type is known beforehand; otherwise as `read`.

        The text's own ``type`` must be ``tag``. Today's types are parsed and checked in one step.
        """
        known = None if tag in self.upcasts else self.events.get(tag)
        if known is None:
            return self.read(_parsed(body))
        try:
            # What `model_validate_json` calls: a sixth of the time goes into the way there.
            return known.__pydantic_validator__.validate_json(body, extra="ignore")
        except ValidationError as error:
            raise _unreadable(tag, error) from error


def _parsed(text: bytes) -> Body:
    try:
        body = json.loads(text)
    except ValueError as error:
        msg = f"a body is no JSON: {error}"
        raise UnreadableEvent(msg) from error
    if not isinstance(body, dict):
        msg = "a body is no JSON object"
        raise UnreadableEvent(msg)
    return cast("Body", body)


def _unreadable(tag: str, error: ValidationError) -> UnreadableEvent:
    where = "; ".join(
        f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()
    )
    return UnreadableEvent(f"{tag} does not fit its schema: {where}")


def slices() -> list[ModuleType]:
    """Every module of events, by service and then by name."""
    packages = (selection, training, supervision, appointment)
    return [
        import_module(f"{package.__name__}.{found.name}")
        for package in packages
        for found in iter_modules(package.__path__)
    ]


def _events() -> Iterable[type[Event]]:
    """What the slices define and give a type: a new file is published by being there."""
    for module in slices():
        for kind in vars(module).values():
            mine = isinstance(kind, type) and kind.__module__ == module.__name__
            if mine and issubclass(kind, Event) and "type" in kind.model_fields:
                yield kind


CATALOGUE = Catalogue.of(_events())
