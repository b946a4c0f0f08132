"""Every kind of breaking change is caught, and no compatible one is."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from cadre.contracts import CATALOGUE
from cadre.contracts.compatibility import breaks
from cadre.contracts.schemas import schema_of
from cadre.contracts.supervision.assessment import Assessed

type Schema = dict[str, Any]
type Mutate = Callable[[Schema], object]

PUBLISHED = schema_of(Assessed)


def _changed(mutate: Mutate) -> list[str]:
    schema = deepcopy(PUBLISHED)
    mutate(schema)
    return breaks(PUBLISHED, schema)


def _field(schema: Schema, name: str) -> Schema:
    return schema["properties"][name]


BREAKING: list[tuple[Mutate, str]] = [
    (lambda s: s["properties"].pop("reviewer"), "$.reviewer: the field was removed"),
    (lambda s: s["required"].append("score"), "$.score: the field became required"),
    (
        lambda s: (
            s["properties"].update(place={"type": "string"}),
            s["required"].append("place"),
        ),
        "$.place: the field is new and required",
    ),
    (lambda s: s["$defs"]["Grade"]["enum"].remove("competent"), "'competent' was removed"),
    (lambda s: s["$defs"]["AssessmentKind"]["enum"].pop(), "the value 'special' was removed"),
    (lambda s: s["$defs"]["Text"].update(maxLength=100), "maxLength fell from 2000 to 100"),
    (lambda s: s["$defs"]["Text"].update(minLength=2), "minLength rose from 1 to 2"),
    (lambda s: s["$defs"]["CadreId"].update(pattern="^c-"), "the pattern changed"),
    (lambda s: _field(s, "score")["anyOf"].pop(), "$.score: null is no longer accepted"),
    (lambda s: _field(s, "score")["anyOf"][0].update(type="integer"), "$.score"),
    (lambda s: _field(s, "score")["anyOf"][0].update(maximum=10), "maximum fell"),
    (lambda s: _field(s, "late").update(type="string"), "the type changed from boolean"),
    (lambda s: _field(s, "late").update(default=True), "the default changed from False"),
    (lambda s: _field(s, "late").update(enum=[True]), "only [True] are accepted now"),
    (lambda s: _field(s, "type").update(const="supervision.assessed.v2"), "was removed"),
    (lambda s: s.update({"x-subject": "history.training.x"}), "x-subject changed"),
    (
        lambda s: s["$defs"]["Personal_Text_"]["anyOf"].pop(1),
        "$.comment: Sealed is no longer accepted",
    ),
]


@pytest.mark.parametrize(("mutate", "sentence"), BREAKING)
def test_a_breaking_change_is_told(mutate: Mutate, sentence: str) -> None:
    told = _changed(mutate)

    assert told
    assert any(sentence in one for one in told), told


COMPATIBLE: list[Mutate] = [
    lambda s: s["properties"].update(place={"anyOf": [{"type": "string"}, {"type": "null"}]}),
    lambda s: s["required"].remove("reviewer"),
    lambda s: s["$defs"]["Grade"]["enum"].append("outstanding"),
    lambda s: s["$defs"]["Text"].update(maxLength=4000),
    lambda s: s["$defs"]["CadreId"].pop("pattern"),
    lambda s: _field(s, "late").update(type=["boolean", "string"]),
    lambda s: _field(s, "score")["anyOf"].append({"type": "string"}),
    lambda s: s.update(description="Said better."),
]


@pytest.mark.parametrize("mutate", COMPATIBLE)
def test_a_compatible_change_is_not(mutate: Mutate) -> None:
    assert _changed(mutate) == []


@pytest.mark.parametrize("tag", CATALOGUE.events)
def test_an_event_is_compatible_with_itself(tag: str) -> None:
    schema = schema_of(CATALOGUE.events[tag])

    assert breaks(schema, deepcopy(schema)) == []


@pytest.mark.parametrize("tag", CATALOGUE.events)
def test_removing_any_field_of_any_event_is_told(tag: str) -> None:
    schema = schema_of(CATALOGUE.events[tag])

    for name in schema["properties"]:
        without = deepcopy(schema)
        del without["properties"][name]
        assert any(one.startswith(f"$.{name}: ") for one in breaks(schema, without))


def test_a_recursive_schema_comes_to_an_end() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}
    schema = {"$ref": "#/$defs/Node", "$defs": {"Node": node}}

    assert breaks(schema, deepcopy(schema)) == []


def test_a_narrower_list_is_told() -> None:
    words = {"type": "array", "items": {"type": "string"}}
    days = {"type": "array", "items": {"type": "string", "format": "date"}}

    assert breaks(words, days) == ["$[]: the format changed from None to 'date'"]
    assert breaks(days, words) == []
    assert breaks({"type": "array"}, words) == ["$: items is narrower than before"]
