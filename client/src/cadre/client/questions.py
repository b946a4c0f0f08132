"""What is asked of services so often that it has a name."""

from typing import Any

from cadre.client.services import Client, path
from cadre.contracts.vocabulary import SERVICES
from cadre.shared.deciding.errors import Malformed


def history_of(
    client: Client,
    cadre: str,
    *,
    on: str | None = None,
    known_at: int | None = None,
    known_at_time: str | None = None,
    raw: bool = False,
) -> dict[str, Any]:
    """A history as Selection's journal and the log's tail hold it.

    ``on`` is a day (ISO 8601); what was known is told by a position or by a time (ISO 8601).
    """
    answer: dict[str, Any] = client.get(
        "selection",
        path("histories", "cadre", cadre),
        on=on,
        known_at=known_at,
        known_at_time=known_at_time,
        raw=raw or None,
    )
    return answer


def compare(client: Client, service: str) -> dict[str, Any]:
    """A service's tables beside a fresh replay up to the same position."""
    status = client.get(service, "/projections")
    if service not in SERVICES:
        raise Malformed(f"没有此服务 · there is no service {service}")
    while True:
        held = client.get(service, "/projections/dump")
        fresh = client.get(service, "/projections/dump", fresh=True)
        if held["position"] == fresh["position"]:
            break
    differing = [
        name for name, digest in held["digests"].items() if fresh["digests"].get(name) != digest
    ]
    return {
        "service": service,
        "position": held["position"],
        "log_position": status["log_position"],
        "rows": sum(held["rows"].values()),
        "tables": len(held["rows"]),
        "sha256": held["sha256"],
        "equal": held["sha256"] == fresh["sha256"],
        "differing": differing,
    }
