"""What HTTP and NATS callers send alike: a command's headers, and how its faults are told."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from cadre.shared.errors import Malformed
from cadre.shared.messages import Command, Meta

ACTOR_LENGTH_MAX = 100
PROBLEM = "application/problem+json"
"""The media type of an error (RFC 9457)."""


def from_validation(errors: Iterable[Mapping[str, Any]]) -> Malformed:
    """What pydantic found wrong, without the values: they may be personal."""
    found = [
        (".".join(str(part) for part in item["loc"] if part != "body"), str(item["msg"]))
        for item in errors
    ]
    return Malformed(
        "; ".join(f"{where or 'body'}: {message}" for where, message in found),
        where=", ".join(where for where, _ in found) or None,
        hint="compare with the schema of the command in /openapi.json",
    )


def command_from(
    kind: type[Command], body: bytes, headers: Mapping[str, str]
) -> tuple[Command, Meta]:
    """A command and its meta data as they were sent, over HTTP or NATS.

    Raises: Malformed.
    """
    try:
        command = kind.model_validate_json(body)
    except ValidationError as error:
        raise from_validation(error.errors(include_url=False, include_input=False)) from error
    return command, meta_from(headers)


def meta_from(headers: Mapping[str, str], command_id: UUID | None = None) -> Meta:
    """A command's meta data from its headers, HTTP or NATS; its id too, if it is not given.

    Raises: Malformed.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    key = str(command_id) if command_id else lower.get("idempotency-key")
    if not key:
        raise Malformed(
            "the header Idempotency-Key is missing",
            hint="send a new UUID for each new command, the same one for a repeat",
        )
    actor = lower.get("cadre-actor", "")
    if not actor or len(actor) > ACTOR_LENGTH_MAX or not actor.isascii():
        raise Malformed(
            f"the header Cadre-Actor must name an account (ASCII, at most {ACTOR_LENGTH_MAX})",
            where="Cadre-Actor",
        )
    expected = lower.get("cadre-expected-position")
    try:
        return Meta(
            command_id=UUID(key),
            actor=actor,
            correlation_id=_uuid(lower.get("cadre-correlation-id")),
            traceparent=lower.get("traceparent"),
            expected_position=None if expected is None else int(expected),
        )
    except ValueError as error:
        raise Malformed(
            f"a header cannot be read: {error}",
            where="Idempotency-Key, Cadre-Correlation-Id or Cadre-Expected-Position",
        ) from error


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None
