"""The clear texts of sealed fields, each with the hash of the sealed token it stands for.

A data key is not given away: it would open whatever else was sealed with it, today and later, and
forgetting the person would forget nothing. So the clear text is the exporter's word, under its
signature; the token that it stands for is proven.
"""

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from cadre.contracts.event import Forgotten
from cadre.shared.keys.keyring import Keyring
from cadre.shared.log.signed import Message


async def disclosed(events: Sequence[Message], keyring: Keyring) -> list[dict[str, object]]:
    """Every sealed field of the events in clear; ``forgotten`` where its key is gone.

    Raises: Malformed for a token that was altered.
    """
    found: list[dict[str, object]] = []
    for message in events:
        for field, token in sealed_fields(json.loads(message.body)):
            value = await keyring.open_value(token)
            what = {"forgotten": True} if isinstance(value, Forgotten) else {"clear": value}
            named = {"position": message.position, "field": field}
            found.append(named | {"sealed_sha256": sha256(token.encode()).hexdigest()} | what)
    return found


def sealed_fields(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Path and token of each sealed field of a body."""
    match value:
        case {"sealed": str(token), **others} if not others:
            yield path, token
        case dict():
            fields: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
            for name, inner in fields.items():
                yield from sealed_fields(inner, f"{path}/{name}" if path else name)
        case list():
            items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
            for index, inner in enumerate(items):
                yield from sealed_fields(inner, f"{path}/{index}")
        case _:
            pass
