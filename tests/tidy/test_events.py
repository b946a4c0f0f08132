"""What holds for every event in the catalogue."""

import json

import pytest

from cadre.contracts import CATALOGUE, CadreEvent, Event
from cadre.contracts.catalogue import Body
from cadre.contracts.examples import example

EVENTS = list(CATALOGUE.events.values())
SEALED: dict[str, object] = {"sealed": "an-opaque-token"}
FORGOTTEN: dict[str, object] = {"forgotten": True}
ONE_OF_THEM_IS_NEEDED = {"selection.profile-corrected.v1": "ethnicity"}

every_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.tag())


def _without_optional_fields(event: type[Event]) -> Body:
    required = {*event.model_json_schema()["required"], "type"}
    required |= {ONE_OF_THEM_IS_NEEDED.get(event.tag(), "type")}
    return {name: value for name, value in example(event).items() if name in required}


@every_event
def test_it_says_what_happened_in_the_world(event: type[Event]) -> None:
    docstring = (event.__doc__ or "").strip()

    assert docstring
    assert docstring != (event.__mro__[1].__doc__ or "").strip()
    assert docstring.splitlines()[0].endswith((".", ")", ";"))


@every_event
@pytest.mark.parametrize(
    "personal", [None, SEALED, FORGOTTEN], ids=["clear", "sealed", "forgotten"]
)
def test_it_tells_one_line_whatever_can_be_read(
    event: type[Event], personal: dict[str, object] | None
) -> None:
    told = CATALOGUE.read(example(event, personal=personal)).say()

    assert told.strip()
    assert "\n" not in told
    for internal in ("an-opaque-token", "sealed=", "forgotten=", "None", "datetime"):
        assert internal not in told


@every_event
def test_it_tells_one_line_without_its_optional_fields(event: type[Event]) -> None:
    told = CATALOGUE.read(_without_optional_fields(event)).say()

    assert told.strip()
    assert "None" not in told


@every_event
def test_only_events_of_a_person_hold_personal_fields(event: type[Event]) -> None:
    personal = "Sealed" in json.dumps(event.model_json_schema())

    assert not personal or issubclass(event, CadreEvent)


@every_event
def test_its_type_names_its_service_and_version(event: type[Event]) -> None:
    service, name, version = event.tag().split(".")

    assert event.__module__.startswith(f"cadre.contracts.{service}.")
    assert name == name.lower()
    assert version[0] == "v"
    assert version[1:].isdigit()


@every_event
def test_it_belongs_to_one_aggregate(event: type[Event]) -> None:
    read = CATALOGUE.read(example(event))

    assert read.aggregate.service == event.service()
    assert read.aggregate.id
    assert "." not in read.aggregate.id


@every_event
def test_the_persons_it_names_are_in_its_envelope(event: type[Event]) -> None:
    body = example(event)
    named = {
        value
        for name, value in body.items()
        if isinstance(value, str) and name in {"cadre_id", "mentor_id", "apprentice_id"}
    }

    assert named <= set(CATALOGUE.read(body).persons)
