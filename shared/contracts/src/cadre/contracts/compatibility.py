"""Whether every event written under one JSON Schema can still be read under another.

Compares the schemas that pydantic generates for the events. What it does not know it calls a
break, so that a new kind of constraint is looked at by a human once.
"""

from collections.abc import Iterator, Mapping
from typing import Any

type Schema = Mapping[str, Any]

SILENT = {"title", "description", "examples", "$defs", "deprecated", "discriminator"}
"""Keywords that say nothing about which bodies are accepted."""

LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
NUMBERS = {"integer", "number"}
STRUCTURE = {"properties", "required", "items", "additionalProperties", "anyOf", "oneOf", "type"}
VALUES = {"enum", "const"}


def breaks(old: Schema, new: Schema) -> list[str]:
    """Every way in which a body that ``old`` accepts may be refused, or read otherwise, by ``new``.

    Each is a sentence that begins with the path of the field. Empty when the change is compatible.
    """
    return list(_Comparison(old, new).breaks(old, new, "$", frozenset()))


class _Comparison:
    def __init__(self, old: Schema, new: Schema) -> None:
        self._old_definitions: Schema = old.get("$defs", {})
        self._new_definitions: Schema = new.get("$defs", {})

    def breaks(
        self, old: Schema, new: Schema, path: str, visited: frozenset[tuple[str, str]]
    ) -> Iterator[str]:
        pair = (str(old.get("$ref", "")), str(new.get("$ref", "")))
        if all(pair):
            if pair in visited:
                return
            visited |= {pair}
        yield from _default_breaks(old, new, path)
        old, new = _resolved(old, self._old_definitions), _resolved(new, self._new_definitions)
        old_choices, new_choices = _choices(old), _choices(new)
        if len(old_choices) == len(new_choices) == 1:
            yield from self._breaks_of_one(old_choices[0], new_choices[0], path, visited)
            return
        for choice in old_choices:
            found = [
                (_name(other) == _name(choice), list(self.breaks(choice, other, path, visited)))
                for other in new_choices
            ]
            if all(sentences for _, sentences in found):
                gone = [f"{path}: {_name(choice)} is no longer accepted"]
                yield from next((sentences for same, sentences in found if same), gone)

    def _breaks_of_one(
        self, old: Schema, new: Schema, path: str, visited: frozenset[tuple[str, str]]
    ) -> Iterator[str]:
        if "$ref" in old or "$ref" in new:
            yield from self.breaks(old, new, path, visited)
            return
        yield from _type_breaks(old, new, path)
        yield from _value_breaks(old, new, path)
        yield from _bound_breaks(old, new, path)
        yield from _unknown_breaks(old, new, path)
        yield from self._field_breaks(old, new, path, visited)
        for keyword in ("items", "additionalProperties"):
            before: Schema | bool = old.get(keyword, True)
            after: Schema | bool = new.get(keyword, True)
            if after is True or before is False:
                continue
            if before is True or after is False:
                yield f"{path}: {keyword} is narrower than before"
            else:
                yield from self.breaks(before, after, f"{path}[]", visited)

    def _field_breaks(
        self, old: Schema, new: Schema, path: str, visited: frozenset[tuple[str, str]]
    ) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name in sorted(before.keys() - after.keys()):
            yield f"{path}.{name}: the field was removed; events that hold it become unreadable"
        for name in sorted({*new.get("required", ())} - {*old.get("required", ())}):
            kind = "became required" if name in before else "is new and required"
            yield f"{path}.{name}: the field {kind}; events without it become unreadable"
        for name in sorted(before.keys() & after.keys()):
            yield from self.breaks(before[name], after[name], f"{path}.{name}", visited)


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    while "$ref" in schema:
        schema = definitions[str(schema["$ref"]).removeprefix("#/$defs/")]
    return schema


def _choices(schema: Schema) -> list[Schema]:
    return list(schema.get("anyOf") or schema.get("oneOf") or [schema])


def _name(schema: Schema) -> str:
    what = schema.get("$ref") or schema.get("format") or schema.get("const") or schema.get("type")
    return str(what).removeprefix("#/$defs/")


def _default_breaks(old: Schema, new: Schema, path: str) -> Iterator[str]:
    if "default" in old and "default" in new and old["default"] != new["default"]:
        yield (
            f"{path}: the default changed from {old['default']!r} to {new['default']!r}; "
            "events that leave the field out would change their meaning"
        )


def _types(schema: Schema) -> set[str]:
    kind = schema.get("type")
    if kind is None:
        return set()
    kinds = {kind} if isinstance(kind, str) else set(kind)
    return kinds | {"integer"} if "number" in kinds else kinds


def _type_breaks(old: Schema, new: Schema, path: str) -> Iterator[str]:
    before, after = _types(old), _types(new)
    if after and not (before and before <= after):
        yield f"{path}: the type changed from {_shown(before)} to {_shown(after)}"
    for keyword in ("format", "pattern"):
        if keyword in new and new[keyword] != old.get(keyword):
            told = f"{old.get(keyword)!r} to {new[keyword]!r}"
            yield f"{path}: the {keyword} changed from {told}"


def _shown(kinds: set[str]) -> str:
    return "/".join(sorted(kinds)) or "anything"


def _values(schema: Schema) -> list[object] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _value_breaks(old: Schema, new: Schema, path: str) -> Iterator[str]:
    before, after = _values(old), _values(new)
    if after is None:
        return
    if before is None:
        yield f"{path}: only {after} are accepted now"
        return
    for value in before:
        if value not in after:
            yield f"{path}: the value {value!r} was removed"


def _bound_breaks(old: Schema, new: Schema, path: str) -> Iterator[str]:
    for keyword in LOWER_BOUNDS:
        if keyword in new and new[keyword] > old.get(keyword, float("-inf")):
            yield f"{path}: {keyword} rose from {old.get(keyword)} to {new[keyword]}"
    for keyword in UPPER_BOUNDS:
        if keyword in new and new[keyword] < old.get(keyword, float("inf")):
            yield f"{path}: {keyword} fell from {old.get(keyword)} to {new[keyword]}"


def _unknown_breaks(old: Schema, new: Schema, path: str) -> Iterator[str]:
    known = SILENT | STRUCTURE | VALUES | {"default", "format", "pattern"}
    known |= {*LOWER_BOUNDS, *UPPER_BOUNDS}
    for keyword in sorted((old.keys() | new.keys()) - known):
        if old.get(keyword) != new.get(keyword):
            yield f"{path}: {keyword} changed from {old.get(keyword)!r} to {new.get(keyword)!r}"
