"""What travels on the wire and has no type of its own, for the documents: headers and problems."""

from typing import Annotated, Any

from fastapi import Header

from cadre.shared.asking.wire import ACTOR_LENGTH_MAX
from cadre.shared.log.signed import SIGNATURE, SIGNED

type Json = dict[str, Any]

_UUID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_TRACEPARENT = "W3C trace context of the request that led to this"
_ACTOR = (
    "经办账号；有名称的令牌可不写，无名称的必须写 · "
    "The account that asks or wishes this, ASCII. A token that has a name needs none, and takes no "
    "other than that; with a token that has none it is required"
)

Actor = Annotated[str | None, Header(description=_ACTOR)]
Purpose = Annotated[
    str | None, Header(description="查阅目的（代码） · What it is read for: a code")
]
LegalGround = Annotated[
    str | None,
    Header(
        description="查阅限制处理的信息的依据（代码），查阅留有记录 · "
        "On which ground restricted data are read: a code; the reading is recorded"
    ),
]


def _text(description: str, **more: str | int) -> Json:
    return {"type": "string", "description": description} | more


def _covered() -> str:
    names = ", ".join(SIGNED)
    return (
        f"the parts `cadre-event-v1`, the subject, the values of the headers {names}"
        " (an absent header counts as empty), and the body; each part preceded by its length in"
        " bytes as four bytes, most significant first"
    )


PROBLEM_SCHEMA: Json = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "where": {"type": "string"},
        "hint": {"type": "string"},
    },
}

COMMAND_HEADERS: Json = {
    "type": "object",
    "required": ["Authorization", "Idempotency-Key"],
    "properties": {
        "Authorization": _text("`Bearer <token>`; it is checked and never stored"),
        "Idempotency-Key": _text(
            "The command's id: a new UUID for a new command, the same for a repeat", format="uuid"
        ),
        "Cadre-Actor": _text(
            _ACTOR,
            minLength=1,
            maxLength=ACTOR_LENGTH_MAX,
        ),
        "Cadre-Expected-Position": _text(
            "Refuse with 412 when the history has moved on from this position",
            pattern="^[0-9]+$",
        ),
        "Cadre-Correlation-Id": _text("What the command belongs to", format="uuid"),
        "traceparent": _text(_TRACEPARENT),
    },
}

EVENT_HEADERS: Json = {
    "type": "object",
    "description": (
        "CloudEvents 1.0 attributes in binary mode. A header without a value is left out. Headers "
        "that begin with `Nats-` belong to the transport and are not signed."
    ),
    "required": [
        "ce-specversion",
        "ce-id",
        "ce-source",
        "ce-type",
        "ce-subject",
        "ce-time",
        "ce-dataschema",
        "ce-datacontenttype",
        "ce-actor",
        "ce-commandid",
        "ce-commandhash",
        "ce-aggregateversion",
        "ce-evidence",
        "ce-keyid",
        SIGNATURE,
    ],
    "properties": {
        "ce-specversion": _text("Version of CloudEvents", const="1.0"),
        "ce-id": _text("The event's id: what duplicates are known by", pattern=_UUID),
        "ce-source": _text("`/cadre/<service>`", pattern="^/cadre/[a-z]+$"),
        "ce-type": _text("Versioned type, `<service>.<name>.v<version>`", pattern=r"\.v[0-9]+$"),
        "ce-subject": _text("`<entity>/<id>` of the aggregate"),
        "ce-time": _text("When the service published it, by the service's clock (RFC 3339)"),
        "ce-dataschema": _text("`urn:cadre:schema:<type>`"),
        "ce-datacontenttype": _text("Of the body", const="application/json"),
        "ce-actor": _text("The account that caused it"),
        "ce-persons": _text("Ids of the cadres it speaks about, by commas; at most 200"),
        "ce-commandid": _text("Id of the command that caused it", pattern=_UUID),
        "ce-commandhash": _text("Keyed hash of that command's content; opaque"),
        "ce-causationid": _text("Id of the event that caused the command", pattern=_UUID),
        "ce-correlationid": _text("What the command belongs to", pattern=_UUID),
        "ce-aggregateversion": _text(
            "Place of the event in its aggregate, from 1 without gaps", pattern="^[1-9][0-9]*$"
        ),
        "ce-previoushash": _text(
            f"Hash of the aggregate's previous event; absent in the first. SHA-256 of {_covered()}",
            pattern="^[0-9a-f]{64}$",
        ),
        "ce-evidence": _text(
            "Highest position among the histories that the decision had read", pattern="^[0-9]+$"
        ),
        "ce-codeversion": _text("Version of the service that decided"),
        "ce-keyid": _text(
            "`<service>-` and the first 8 hexadecimal digits of SHA-256 of the public key"
        ),
        SIGNATURE: _text(f"Ed25519 signature in base64, of {_covered()}"),
        "traceparent": _text(_TRACEPARENT),
    },
}
