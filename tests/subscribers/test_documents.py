"""What the services publish about themselves: complete, valid, and true of what they record."""

import asyncio
import importlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft7Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator

from cadre.contracts.catalogue import CATALOGUE
from cadre.contracts.event import Event
from cadre.contracts.examples import example
from cadre.contracts.personal import personal_shape
from cadre.shared.log.signed import SIGNATURE, SIGNED
from cadre.shared.serving.asyncapi import document
from cadre.shared.serving.web import create_app
from cadre.shared.showing.service import Service
from subscribers.actors import ENDS_S_MAX, EXAMPLES, Scribe
from support import mini
from support.nats_server import NatsServer

type Value = dict[str, Value] | list[Value] | str | float | bool | None

SERVICES = ("selection", "training", "supervision", "appointment")
FORMATS = FormatChecker(formats=["date", "uuid"])


def service_of(name: str) -> Service:
    service: Service = importlib.import_module(f"cadre.{name}.app").SERVICE
    return service


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> Service:
    return service_of(request.param)


@pytest.fixture(scope="module")
def documents() -> dict[str, Any]:
    return {name: document(service_of(name)) for name in SERVICES}


def resolved(document: dict[str, Any], ref: dict[str, str]) -> Any:
    found: Any = document
    for part in ref["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def faults(document: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    """What the document's schema says against a value; its references lead into the document."""
    validator: Any = Draft7Validator(
        {"allOf": [schema], "components": document["components"]}, format_checker=FORMATS
    )
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def received_as(documents: dict[str, Any], subject: str, tag: str) -> Iterator[tuple[Any, Any]]:
    """Each document and message that describe an event, found as a stranger would find them."""
    for described in documents.values():
        for operation in described["operations"].values():
            channel = resolved(described, operation["channel"])
            pattern = re.sub(r"\\{.*?\\}", "[^.]+", re.escape(channel["address"] or ""))
            if operation["action"] == "send" and re.fullmatch(pattern, subject):
                for ref in channel["messages"].values():
                    message = resolved(described, ref)
                    if message["name"] == tag:
                        yield described, message


def test_the_official_parser_finds_no_fault(
    documents: dict[str, Any],
    faults_of: Callable[[list[Path]], dict[str, list[str]]],
    tmp_path: Path,
) -> None:
    broken = json.loads(json.dumps(documents["training"]))
    del broken["channels"]["cadre.trained"]
    paths = {tmp_path / f"{name}.json": given for name, given in documents.items()}
    wrong = tmp_path / "broken.json"
    for path, given in (paths | {wrong: broken}).items():
        path.write_text(json.dumps(given))
    found = faults_of([*paths, wrong])
    assert {path: found[str(path)] for path in paths} == {path: [] for path in paths}
    assert found[str(wrong)]


def test_every_command_is_received_and_answered(service: Service) -> None:
    described = document(service)
    received = {
        key: operation
        for key, operation in described["operations"].items()
        if operation["action"] == "receive"
    }
    assert set(received) == {handler.command.name for handler in service.handlers}
    for handler in service.handlers:
        name = handler.command.name
        channel = resolved(described, received[name]["channel"])
        assert channel["address"] == f"commands.{service.name}.{name}"
        message = resolved(described, channel["messages"][name])
        assert resolved(described, message["headers"])["required"] == [
            "Authorization",
            "Idempotency-Key",
        ]
        assert received[name]["x-right"] == handler.right.document()
        (security,) = received[name]["security"]
        assert resolved(described, security)["scheme"] == "bearer"
        replies = resolved(described, received[name]["reply"]["channel"])["messages"]
        assert {resolved(described, reply)["name"] for reply in replies.values()} == {
            "outcome",
            "problem",
        }


def inlined(document: dict[str, Any], schema: Value) -> Value:
    """A schema with its references written out, and without the Chinese terms."""
    match schema:
        case list():
            return [inlined(document, item) for item in schema]
        case {"$ref": str(ref)}:
            return inlined(document, resolved(document, {"$ref": ref}))
        case dict():
            parts = {name: part for name, part in schema.items() if name not in {"x-zh", "$defs"}}
            return {name: inlined(document, part) for name, part in parts.items()}
        case _:
            return schema


def test_a_command_is_described_as_its_type_accepts_it(service: Service) -> None:
    described = document(service)
    for handler in service.handlers:
        accepted = handler.command.model_json_schema()
        message = described["components"]["messages"][handler.command.name]
        assert inlined(described, message["payload"]) == inlined(accepted, accepted)


def test_every_event_of_the_catalogue_is_described_once(documents: dict[str, Any]) -> None:
    for tag, event in CATALOGUE.events.items():
        subject = f"history.{event.service()}.{event.entity}.an-id.{event.name()}"
        ((described, message),) = received_as(documents, subject, tag)
        for shown in message["examples"]:
            assert faults(described, message["payload"], shown["payload"]) == [], tag


def test_the_document_is_the_same_each_time(service: Service) -> None:
    assert json.dumps(document(service)) == json.dumps(document(service))


def test_headers_are_documented_one_by_one(documents: dict[str, Any]) -> None:
    headers = documents["selection"]["components"]["schemas"]["EventHeaders"]
    assert set(headers["properties"]) == {*SIGNED, SIGNATURE}
    for name in (SIGNATURE, "ce-previoushash"):
        assert ", ".join(SIGNED) in headers["properties"][name]["description"]


def test_the_guide_lists_the_signed_headers_in_their_order() -> None:
    guide = (EXAMPLES.parent / "subscribers.md").read_text()
    third = guide[guide.index("\n3. ") : guide.index("\n4. ")]
    assert tuple(re.findall(r"`(.+?)`", third)) == SIGNED
    for name in re.findall(r"\]\((.+?)\)", guide):
        assert (EXAMPLES.parent / name).exists(), name


async def test_what_is_recorded_fits_the_document_alone(
    scribe: Scribe, server: NatsServer, documents: dict[str, Any]
) -> None:
    for event in CATALOGUE.events.values():
        await scribe.record(event.model_validate(example(event)))
    subscriber = await server.connect("subscriber")
    events = await subscriber.jetstream().pull_subscribe(  # pyright: ignore[reportUnknownMemberType]
        "history.>", stream="HISTORY"
    )
    for _ in CATALOGUE.events:
        (message,) = await events.fetch(1, timeout=ENDS_S_MAX)
        headers = message.headers or {}
        ((described, expected),) = received_as(documents, message.subject, headers["ce-type"])
        assert faults(described, expected["payload"], json.loads(message.data)) == []
        assert faults(described, expected["headers"], headers) == []
    await subscriber.close()


def _personal() -> list[type[Event]]:
    return [event for event in CATALOGUE.events.values() if personal_shape(event)]


@pytest.mark.parametrize("event", _personal(), ids=Event.tag.__func__)
def test_a_document_admits_no_personal_value_in_clear(
    documents: dict[str, Any], event: type[Event]
) -> None:
    described = documents[event.service()]
    payload = described["components"]["messages"][event.tag()]["payload"]
    for recorded in ({"sealed": "sealed:v1…"}, {"forgotten": True}):
        assert faults(described, payload, example(event, personal=recorded)) == []
    for never in ("张三", {}, {"sealed": 1}, {"forgotten": False}):
        assert faults(described, payload, example(event) | dict.fromkeys(_first(event), never))


def _first(event: type[Event]) -> list[str]:
    return list(personal_shape(event))[:1]


def test_an_event_of_another_kind_does_not_fit(documents: dict[str, Any]) -> None:
    described = documents["appointment"]
    payload = described["components"]["messages"]["appointment.promoted.v1"]["payload"]
    promoted = example(CATALOGUE.events["appointment.promoted.v1"])
    assert faults(described, payload, promoted) == []
    assert faults(described, payload, promoted | {"type": "appointment.relieved.v1"})
    assert faults(described, payload, {k: v for k, v in promoted.items() if k != "type"})
    assert faults(described, payload, promoted | {"effective_on": "2026-02-30"})


async def test_the_documents_are_served_to_anyone(service: Service, tmp_path: Path) -> None:
    app = create_app(service, mini.settings("nats://127.0.0.1:1", tmp_path))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as anyone:
        asyncapi, openapi = await asyncio.gather(
            anyone.get("/asyncapi.json"), anyone.get("/openapi.json")
        )
    assert asyncapi.json() == document(service)
    assert list(OpenAPIV31SpecValidator(openapi.json()).iter_errors()) == []
    commands = {f"/commands/{handler.command.name}" for handler in service.handlers}
    assert commands <= set(openapi.json()["paths"])
