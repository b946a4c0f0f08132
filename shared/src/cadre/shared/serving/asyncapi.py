"""The AsyncAPI 3.0 document of a service: the commands it takes and the events it publishes.

Subjects and queues of commands come from FastStream. It describes neither replies nor headers nor
the parameters of a subject, and where two commands share a type it keeps the schema of either; so
these, and the events, are generated here.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from inspect import getdoc
from typing import Any

from faststream.nats import NatsBroker
from faststream.specification import AsyncAPI
from pydantic import BaseModel
from pydantic.json_schema import (
    GenerateJsonSchema,
    JsonSchemaMode,
    JsonSchemaValue,
    models_json_schema,
)
from pydantic_core import core_schema

from cadre.contracts.catalogue import CATALOGUE, Catalogue
from cadre.contracts.event import Event
from cadre.contracts.examples import example
from cadre.contracts.vocabulary import Term
from cadre.shared.deciding.messages import Command
from cadre.shared.handling.outcomes import Outcome
from cadre.shared.log.stream import STREAM
from cadre.shared.serving.health import version_of
from cadre.shared.serving.nats_commands import subject_of
from cadre.shared.serving.wire_schemas import COMMAND_HEADERS, EVENT_HEADERS, PROBLEM_SCHEMA, Json
from cadre.shared.showing.service import Service

type Models = Sequence[tuple[type[BaseModel], JsonSchemaMode]]

COMMAND_SCHEMAS = "#/components/schemas/{model}"
EVENT_SCHEMAS = "#/components/schemas/event.{model}"
"""Events have names of their own: a field that a command takes in clear is sealed in its event."""

SEALED = {"$ref": EVENT_SCHEMAS.format(model="Sealed")}
FORGOTTEN = {"$ref": EVENT_SCHEMAS.format(model="Forgotten")}
AS_RECORDED = [SEALED, FORGOTTEN, {"type": "null"}]

DESCRIPTION = f"""\
What this service decides it publishes as events to the JetStream stream `{STREAM}`, in one order
with the events of all services. Read them with a consumer on that stream, from any position;
subscribing to the subjects directly is not permitted. Commands are NATS requests: the reply is an
outcome or a problem (RFC 9457)."""

SERVER: Json = {
    "host": "{address}",
    "protocol": "nats",
    "description": f"The log. Its stream {STREAM} holds every event since the beginning.",
    "variables": {"address": {"default": "127.0.0.1:4222", "description": "Host and port"}},
    "security": [{"$ref": "#/components/securitySchemes/user"}],
}
SECURITY: Json = {
    "type": "userPassword",
    "description": (
        "`subscriber` may read events, `client` may send commands. Every user has an inbox of its "
        "own and must set the inbox prefix `_INBOX_<user>`."
    ),
}


TOKEN: Json = {
    "type": "http",
    "scheme": "bearer",
    "description": (
        "The header `Authorization: Bearer <token>` of a command, over NATS as over HTTP. Without "
        "a valid one the reply is a problem with status 401, without the right with 403."
    ),
}


def document(service: Service, catalogue: Catalogue = CATALOGUE) -> Json:
    """The document, as JSON. It is the same wherever the service runs."""
    commands = _commands(service)
    events = _events([e for e in catalogue.events.values() if e.service() == service.name])
    components = commands["components"], events["components"]
    return {
        "asyncapi": "3.0.0",
        "id": f"urn:cadre:{service.name}",
        "info": {
            "title": f"Cadre · {service.title}",
            "version": version_of(service),
            "description": DESCRIPTION,
        },
        "defaultContentType": "application/json",
        "servers": {"log": SERVER},
        "channels": commands["channels"] | events["channels"],
        "operations": commands["operations"] | events["operations"],
        "components": {kind: components[0][kind] | components[1][kind] for kind in components[0]}
        | {"securitySchemes": {"user": SECURITY, "token": TOKEN}},
    }


def _broker(service: Service) -> NatsBroker:
    """A broker with every command of the service, for its document: it is never connected."""
    broker = NatsBroker(logger=None)
    for handler in service.handlers:
        subscribe = broker.subscriber(
            subject_of(service, handler.command),
            queue=service.name,
            title=handler.command.name,
            description=getdoc(handler.command) or handler.command.name,
        )
        subscribe(_described(handler.command))
    return broker


def _described(kind: type[Command]) -> Callable[..., Awaitable[Outcome]]:
    async def endpoint(command: Command) -> Outcome:  # noqa: ARG001
        raise AssertionError("this broker only documents")

    endpoint.__annotations__["command"] = kind
    endpoint.__name__ = kind.__name__
    return endpoint


def _commands(service: Service) -> Json:
    known = AsyncAPI(_broker(service), schema_version="3.0.0").to_specification().to_jsonable()
    models: Models = [(handler.command, "validation") for handler in service.handlers]
    payloads, schemas = _schemas_of([*models, (Outcome, "serialization")], COMMAND_SCHEMAS)
    channels: Json = {"replies": _REPLIES}
    operations: Json = {}
    messages: Json = {"outcome": _OUTCOME | {"payload": payloads[Outcome]}, "problem": _PROBLEM}
    for handler in service.handlers:
        name = handler.command.name
        taken = known["channels"][name]
        channels[name] = {
            "address": taken["address"],
            "messages": {name: _ref("messages", name)},
        }
        messages[name] = {
            "name": name,
            "title": handler.command.__name__,
            "summary": taken["description"],
            "headers": _ref("schemas", "CommandHeaders"),
            "payload": payloads[handler.command],
        }
        queue = taken["bindings"]["nats"]["queue"]
        operations[name] = _operation("receive", name) | {
            "reply": {"channel": {"$ref": "#/channels/replies"}},
            "security": [{"$ref": "#/components/securitySchemes/token"}],
            "x-right": handler.right.document(),
            "bindings": {"nats": {"queue": queue, "bindingVersion": "0.1.0"}},
        }
    schemas |= {"CommandHeaders": COMMAND_HEADERS, "Problem": PROBLEM_SCHEMA}
    return {
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }


def _events(events: Sequence[type[Event]]) -> Json:
    payloads, schemas = _schemas_of([(event, "validation") for event in events], EVENT_SCHEMAS)
    channels: Json = {}
    operations: Json = {}
    messages: Json = {}
    for event in events:
        key, tag = f"{event.entity}.{event.name()}", event.tag()
        channels.setdefault(key, _channel(event))["messages"][tag] = _ref("messages", tag)
        operations[key] = _operation("send", key)
        messages[tag] = {
            "name": tag,
            "title": event.__name__,
            "summary": " ".join((getdoc(event) or event.__name__).split()),
            "headers": _ref("schemas", "EventHeaders"),
            "correlationId": {"location": "$message.header#/ce-correlationid"},
            "payload": payloads[event],
            "examples": [{"payload": example(event, personal=_sealed(event))}],
        }
    recorded: Json = _as_recorded(schemas)
    return {
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages,
            "schemas": recorded | {"EventHeaders": EVENT_HEADERS},
        },
    }


def _ref(kind: str, name: str) -> Json:
    return {"$ref": f"#/components/{kind}/{name}"}


_REPLIES: Json = {
    "address": None,
    "description": "The inbox that a request names as its reply subject",
    "messages": {"outcome": _ref("messages", "outcome"), "problem": _ref("messages", "problem")},
}
_OUTCOME: Json = {
    "name": "outcome",
    "summary": "What became of the command; a problem has `status` instead of `outcome`",
}
_PROBLEM: Json = {
    "name": "problem",
    "summary": "Why nothing was recorded; only status 504 leaves that open",
    "payload": _ref("schemas", "Problem"),
}


def _operation(action: str, channel: str) -> Json:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}


def _channel(event: type[Event]) -> Json:
    key = event.key
    return {
        "address": f"history.{event.service()}.{event.entity}.{{{key}}}.{event.name()}",
        "description": f"Stored in the stream {STREAM}, for ever",
        "parameters": {
            key: {
                "description": f"The id of the {event.entity}",
                "location": f"$message.payload#/{key}",
            }
        },
        "messages": {},
    }


def _sealed(event: type[Event]) -> Json:
    """What stands for a personal value in an example."""
    return {"sealed": f"sealed:v1.c-7f3kq2mz4a.{event.service()}.1.<event id>.<field>.<base64url>"}


class _Schemas(GenerateJsonSchema):
    """JSON Schema in which every code stands with its Chinese term."""

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        generated = super().enum_schema(schema)
        if issubclass(schema["cls"], Term):
            generated["x-zh"] = {term.value: term.zh for term in schema["cls"]}
        return generated


def _schemas_of(models: Models, place: str) -> tuple[Mapping[Any, Json], Json]:
    """References to the models' schemas, and all definitions by their name in the components."""
    references, generated = models_json_schema(
        models, ref_template=place, schema_generator=_Schemas
    )
    name = place.removeprefix("#/components/schemas/")
    definitions: Json = generated.get("$defs", {})
    return (
        {model: reference for (model, _), reference in references.items()},
        {name.format(model=key): definition for key, definition in definitions.items()},
    )


def _as_recorded(schema: Any) -> Any:
    """The schema of what the log holds: personal values never clear, tags always written."""
    if isinstance(schema, list):
        items: list[Any] = schema  # pyright: ignore[reportUnknownVariableType]
        return [_as_recorded(item) for item in items]
    if not isinstance(schema, dict):
        return schema
    found: Json = {name: _as_recorded(value) for name, value in schema.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    choices: list[Json] = found.get("anyOf", [])
    if SEALED in choices:
        found["anyOf"] = [choice for choice in choices if choice in AS_RECORDED]
        found["description"] = "Personal: sealed with a key of its person, or forgotten"
        found["x-clear"] = [choice for choice in choices if choice not in AS_RECORDED]
    tags = [name for name, field in found.get("properties", {}).items() if "const" in field]
    if tags:
        found["required"] = sorted({*found.get("required", ()), *tags})
    return found
