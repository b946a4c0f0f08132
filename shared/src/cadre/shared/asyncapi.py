"""The AsyncAPI 3.0 document of a service: the commands it takes and the events it publishes.

Subjects, queues and payloads of commands come from FastStream, read off the broker that takes them.
FastStream describes neither replies nor headers nor the parameters of a subject, so these and the
events are added here, from the types in `cadre.contracts`.
"""

from collections.abc import Iterable, Mapping
from inspect import getdoc
from typing import Any

from faststream.specification import AsyncAPI
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from cadre.contracts.catalogue import CATALOGUE, Catalogue
from cadre.contracts.event import Event
from cadre.contracts.examples import example
from cadre.contracts.vocabulary import Term
from cadre.shared.handling import Outcome
from cadre.shared.health import version_of
from cadre.shared.log import STREAM
from cadre.shared.nats_commands import broker_of
from cadre.shared.service import Service
from cadre.shared.wire_schemas import COMMAND_HEADERS, EVENT_HEADERS, PROBLEM_SCHEMA

type Json = dict[str, Any]

EVENT_SCHEMAS = "#/components/schemas/event.{model}"
"""Events have names of their own: a field that a command takes in clear is sealed in its event."""

SEALED = {"$ref": EVENT_SCHEMAS.format(model="Sealed")}
FORGOTTEN = {"$ref": EVENT_SCHEMAS.format(model="Forgotten")}
AS_RECORDED = [SEALED, FORGOTTEN, {"type": "null"}]
SEALED_EXAMPLE = "sealed:v1.c-7f3kq2mz4a.{service}.1.<event id>.<field>.<base64url>"

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


def document(service: Service, catalogue: Catalogue = CATALOGUE) -> Json:
    """The document, as JSON. It is the same wherever the service runs."""
    events = [event for event in catalogue.events.values() if event.service() == service.name]
    commands = _commands(service)
    channels: Json = {}
    operations: Json = {}
    for event in events:
        key = f"{event.entity}.{event.name()}"
        channel = channels.setdefault(key, _event_channel(event))
        channel["messages"][event.tag()] = _ref("messages", event.tag())
        operations[key] = _operation("send", key)
    messages = {event.tag(): _event_message(event) for event in events}
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
        "channels": commands["channels"] | channels,
        "operations": commands["operations"] | operations,
        "components": {
            "messages": commands["messages"] | messages,
            "schemas": dict(sorted((commands["schemas"] | _event_schemas(events)).items())),
            "securitySchemes": {"user": SECURITY},
        },
    }


def _commands(service: Service) -> Mapping[str, Json]:
    """What FastStream knows of the commands, with their headers and replies."""
    known = AsyncAPI(broker_of(service), schema_version="3.0.0").to_specification().to_jsonable()
    channels: Json = {"replies": _REPLIES}
    operations: Json = {}
    messages: Json = {"outcome": _OUTCOME, "problem": _PROBLEM}
    for handler in service.handlers:
        name = handler.command.name
        taken = known["channels"][name]
        (described,) = taken["messages"].values()
        payload = known["components"]["messages"][described["$ref"].split("/")[-1]]["payload"]
        channels[name] = {
            "address": taken["address"],
            "messages": {name: _ref("messages", name)},
        }
        messages[name] = {
            "name": name,
            "title": handler.command.__name__,
            "summary": taken["description"],
            "headers": _ref("schemas", "CommandHeaders"),
            "payload": payload,
        }
        operations[name] = _operation("receive", name) | {
            "reply": {"channel": {"$ref": "#/channels/replies"}},
            "bindings": {
                "nats": {
                    "queue": taken["bindings"]["nats"]["queue"],
                    "bindingVersion": "0.1.0",
                }
            },
        }
    schemas = {"CommandHeaders": COMMAND_HEADERS, "Problem": PROBLEM_SCHEMA} | _outcome_schemas()
    return {
        "channels": channels,
        "operations": operations,
        "messages": messages,
        "schemas": known["components"]["schemas"] | schemas,
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
    "payload": _ref("schemas", "Outcome"),
}
_PROBLEM: Json = {
    "name": "problem",
    "summary": "Why nothing was recorded; only status 504 leaves that open",
    "payload": _ref("schemas", "Problem"),
}


def _operation(action: str, channel: str) -> Json:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}


def _event_channel(event: type[Event]) -> Json:
    key = event.key
    return {
        "address": f"history.{event.service()}.{event.entity}.{{{key}}}.{event.name()}",
        "title": f"{event.entity} {event.name()}",
        "description": f"Stored in the stream {STREAM}, for ever",
        "parameters": {
            key: {
                "description": f"The id of the {event.entity}",
                "location": f"$message.payload#/{key}",
            }
        },
        "messages": {},
    }


def _event_message(event: type[Event]) -> Json:
    sealed = {"sealed": SEALED_EXAMPLE.format(service=event.service())}
    return {
        "name": event.tag(),
        "title": event.__name__,
        "summary": " ".join((getdoc(event) or event.__name__).split()),
        "headers": _ref("schemas", "EventHeaders"),
        "correlationId": {"location": "$message.header#/ce-correlationid"},
        "payload": {"$ref": EVENT_SCHEMAS.format(model=event.__name__)},
        "examples": [{"payload": example(event, personal=sealed)}],
    }


class _Schemas(GenerateJsonSchema):
    """JSON Schema in which every code stands with its Chinese term."""

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        generated = super().enum_schema(schema)
        if issubclass(schema["cls"], Term):
            generated["x-zh"] = {term.value: term.zh for term in schema["cls"]}
        return generated


def _event_schemas(events: Iterable[type[Event]]) -> Json:
    _, generated = models_json_schema(
        [(event, "validation") for event in events],
        ref_template=EVENT_SCHEMAS,
        schema_generator=_Schemas,
    )
    definitions: Json = _as_recorded(generated.get("$defs", {}))
    return {"EventHeaders": EVENT_HEADERS} | {
        f"event.{name}": schema for name, schema in definitions.items()
    }


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


def _outcome_schemas() -> Json:
    schema = Outcome.model_json_schema(
        mode="serialization", ref_template="#/components/schemas/{model}"
    )
    return {**schema.pop("$defs", {}), "Outcome": schema}
