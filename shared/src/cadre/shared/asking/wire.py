"""What HTTP and NATS callers send alike: a command and its headers."""

import re
from collections.abc import Iterable, Mapping
from uuid import UUID

from pydantic import ValidationError

from cadre.shared.asking.parameters import POSITION_MAX
from cadre.shared.deciding.errors import Malformed, from_validation
from cadre.shared.deciding.messages import Command, Meta

ACTOR_LENGTH_MAX = 100
PROBLEM = "application/problem+json"
"""The media type of an error (RFC 9457)."""

_ONCE = ("authorization", "idempotency-key", "traceparent", "cadre-")
"""How the names of headers begin that say one thing or nothing."""
_POSITION = re.compile(r"[0-9]{1,19}")
_TRACE = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


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


def headers_from(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by their names in small letters; of other names than ours the first value.

    Raises: Malformed where one of ours stands twice and says two things.
    """
    found: dict[str, str] = {}
    for name, value in pairs:
        known = name.strip().lower()
        if found.setdefault(known, value) != value and known.startswith(_ONCE):
            raise Malformed(
                "同一标头出现两次且内容不一致 · the header stands twice and says two things",
                where=known,
                hint="请只发送一次 · send it once",
            )
    return found


def is_account(text: str) -> bool:
    """Whether a text names somebody: what every protocol, log and screen takes as it is."""
    return 0 < len(text) <= ACTOR_LENGTH_MAX and text.isascii() and text.isprintable()


def meta_from(headers: Mapping[str, str], command_id: UUID | None = None) -> Meta:
    """A command's meta data from what `headers_from` gives; its id too, if it is not given.

    Raises: Malformed.
    """
    key = str(command_id) if command_id else headers.get("idempotency-key")
    if not key:
        raise Malformed(
            "缺少标头 · the header Idempotency-Key is missing",
            hint="新命令用新的 UUID，重发用原来的 · "
            "send a new UUID for each new command, the same one for a repeat",
        )
    actor = headers.get("cadre-actor", "")
    if not is_account(actor):
        raise Malformed(
            "标头须写明经办账号 · "
            "the header Cadre-Actor must name an account"
            f" (ASCII that can be printed, at most {ACTOR_LENGTH_MAX})",
            where="Cadre-Actor",
        )
    correlation = headers.get("cadre-correlation-id")
    return Meta(
        command_id=_uuid("Idempotency-Key", key),
        actor=actor,
        correlation_id=_uuid("Cadre-Correlation-Id", correlation) if correlation else None,
        traceparent=_trace(headers.get("traceparent", "")),
        expected_position=_position(headers.get("cadre-expected-position")),
    )


def _trace(given: str) -> str | None:
    """The context of a trace as W3C writes it; a wrong one is dropped, as it says."""
    found = _TRACE.match(given)
    if found is None:
        return None
    more = given[found.end() :]
    # A later version may say more, behind a dash, which is not kept.
    return found[0] if not more or (more[0] == "-" and given[:2] != "00") else None


def _position(given: str | None) -> int | None:
    if given is None:
        return None
    if not _POSITION.fullmatch(given) or int(given) > POSITION_MAX:
        raise Malformed(
            "位置须为数字 · a position is a number of digits", where="Cadre-Expected-Position"
        )
    return int(given)


def _uuid(where: str, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Malformed("不是 UUID · this is no UUID", where=where) from error
