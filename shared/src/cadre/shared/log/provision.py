"""The streams HISTORY and READINGS, set up once by the operator; services only use them."""

import json
from typing import Any

from cadre.shared.deciding.errors import CadreError
from cadre.shared.log.connection import Connection
from cadre.shared.log.readings import STREAM as READINGS
from cadre.shared.log.stream import STREAM, Log

DUPLICATE_WINDOW_S = 120
READINGS_KEPT_DAYS = 3 * 366
"""Records of processing are kept for three years at least (个人信息保护法 art. 56)."""


def stream_config(replicas: int = 1) -> dict[str, Any]:
    """The stream's settings: nothing expires, nothing is deleted, a full log refuses."""
    return {
        "name": STREAM,
        "description": "Every fact Cadre records, in one order",
        # Exactly service, entity, id and name: nothing else can be taken for history.
        "subjects": ["history.*.*.*.*"],
        "retention": "limits",
        "storage": "file",
        "discard": "new",
        "max_msgs": -1,
        "max_bytes": -1,
        "max_age": 0,
        "max_msgs_per_subject": -1,
        "max_msg_size": -1,
        "max_consumers": -1,
        "num_replicas": replicas,
        "duplicate_window": int(DUPLICATE_WINDOW_S * 1_000_000_000),
        "deny_delete": True,
        "deny_purge": True,
        "allow_direct": True,
        "allow_atomic": True,
        "compression": "none",
    }


def readings_config(replicas: int = 1) -> dict[str, Any]:
    """The settings of the log of readings: as hard to change as history, but it expires."""
    return stream_config(replicas) | {
        "name": READINGS,
        "description": "Who was shown whose supervision material",
        "subjects": ["readings.*.*"],
        "max_age": READINGS_KEPT_DAYS * 86_400 * 1_000_000_000,
    }


async def provision(client: Connection, replicas: int = 1) -> bool:
    """Create the streams where they are missing; True when one was created.

    Raises: CadreError when a stream of that name exists with other settings; nothing is changed.
    """
    configs = (stream_config(replicas), readings_config(replicas))
    return any([await _provision(client, wanted) for wanted in configs])


async def _provision(client: Connection, wanted: dict[str, Any]) -> bool:
    log = Log(client)
    name = wanted["name"]
    found = await log.api(f"STREAM.INFO.{name}", {})
    if "error" not in found:
        differing = {
            name: found["config"].get(name)
            for name, value in wanted.items()
            if found["config"].get(name, _absent(value)) != value
        }
        if differing:
            raise CadreError(
                "事件流已存在，但设置不同 · "
                f"the stream {name} exists with other settings: {json.dumps(differing)}",
                hint="请对照后手工修正 · compare with `cadre provision --show` and mend it by hand",
            )
        return False
    answer = await log.api(f"STREAM.CREATE.{name}", wanted)
    if "error" in answer:
        raise CadreError(
            "无法建立事件流 · "
            f"the stream could not be created: {answer['error'].get('description')}"
        )
    return True


def _absent(value: object) -> object:
    """What a setting reads as when the server leaves it out."""
    return type(value)() if value is not None else None
