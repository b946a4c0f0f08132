"""Declared mechanisms on running services: HTTP and NATS, two times, who has none, reports."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest

from support.environment import Environment
from support.nats_server import NatsServer, nats_server
from support.real_service import TOKEN, service_process
from system.asked import Services
from system.test_one_answer import taken_over

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

NAMES = ("selection", "supervision")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    with nats_server(tmp_path_factory.mktemp("declared") / "nats") as server:
        server.provision()
        yield server


@pytest.fixture(scope="module")
def services(server: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with ExitStack() as stack:
        environment = Environment(server, tmp_path_factory.mktemp("services"))
        services = Services(
            {name: stack.enter_context(service_process(name, environment)) for name in NAMES}
        )
        yield services
        services.client.close()


def over_nats(server: NatsServer, service: str, command: str, body: dict[str, Any]) -> Any:
    async def asked() -> Any:
        client = await server.connect("client")
        headers = {
            "Authorization": f"Bearer {TOKEN}",
            "Idempotency-Key": str(uuid4()),
            "Cadre-Actor": "clerk",
        }
        try:
            subject, data = f"commands.{service}.{command}", json.dumps(body).encode()
            reply = await client.request(subject, data, timeout=30, headers=headers)
        finally:
            await client.close()
        return json.loads(reply.data)

    return asyncio.run(asked())


def person(services: Services, number: int) -> str:
    told = services.send("selection", "record-baseline", taken_over(number))
    cadre_id: str = told["events"][0]["data"]["cadre_id"]
    return cadre_id


def figures(services: Services, service: str, report: str, **asked: str) -> dict[str, int]:
    told = services.get(service, f"/reports/{report}", **asked)["figures"]
    return {figure["key"]: figure["entries"] for figure in told}


def test_m08_close_contact(services: Services, server: NatsServer) -> None:
    met, other = person(services, 901), person(services, 902)
    contact = {
        "cadre_id": met,
        "effective_on": "2025-03-04",
        "method": "visit",
        "participants": ["干部科", "县纪委"],
        "note": "在项目现场",
        "conduct": "务实",
    }
    first = services.send("selection", "log-contact", contact)
    assert first["outcome"] == "recorded", first
    right = contact | {"note": "在防汛现场", "supersedes": first["events"][0]["event_id"]}
    second = over_nats(server, "selection", "log-contact", right)
    assert second["outcome"] == "recorded", second
    services.position = second["position"]
    again = over_nats(server, "selection", "log-contact", contact | {"note": "再记"})
    assert again["status"] == 422, again
    path = f"/cadres/{met}/contacts"
    (now,) = services.get("selection", path, on="2025-03-04")["contacts"]
    assert (now["note"], now["conduct"], now["moral"]) == ("在防汛现场", "务实", None)
    assert services.get("selection", path, on="2025-03-03")["contacts"] == []
    (then,) = services.get("selection", path, on="2025-03-04", known_at=first["position"])[
        "contacts"
    ]
    assert then["note"] == "在项目现场"
    missing = services.get("selection", "/contacts/missing", unit_id="u-finance", on="2025-12-31")
    assert other in missing["missing"]
    assert met not in missing["missing"]
    told = figures(services, "selection", "contacts", on="2025-12-31")
    assert (told["contacts"], told["contacts:visit"]) == (1, 1)


def test_m63_honours(services: Services, server: NatsServer) -> None:
    who = person(services, 903)
    items = [{"code": "award", "title": "市级表彰", "family": "commendation", "points": 8}]
    scheme = {"effective_on": "2024-01-01", "scheme_id": "merit", "version": 1, "items": items}
    assert services.send("supervision", "publish-point-scheme", scheme)["outcome"] == "recorded"
    honour = {
        "cadre_id": who,
        "effective_on": "2025-01-10",
        "honour": "先进工作者",
        "level": "municipal",
        "conferred_by": "市委市政府",
    }
    bare = over_nats(server, "supervision", "confer-honour", honour)
    assert bare["outcome"] == "recorded", bare
    event = bare["events"][0]["event_id"]
    points = {
        "cadre_id": who,
        "effective_on": "2025-02-01",
        "scheme_id": "merit",
        "item": "award",
        "evidence": "市委〔2025〕1号",
        "approved_by": "县委组织部",
        "honour_event": event,
    }
    assert services.send("supervision", "post-merit", points)["http"] == 422
    right = honour | {"document": "市委〔2025〕1号", "supersedes": event}
    assert services.send("supervision", "confer-honour", right)["outcome"] == "recorded"
    assert services.send("supervision", "post-merit", points)["outcome"] == "recorded"
    before = services.position
    revoke = {
        "cadre_id": who,
        "effective_on": "2025-06-01",
        "honour_event": event,
        "reason": "弄虚作假",
        "document": "市委〔2025〕9号",
    }
    told = over_nats(server, "supervision", "revoke-honour", revoke)
    assert [one["type"] for one in told["events"]] == [
        "supervision.honour-revoked.v1",
        "supervision.merit-reversed.v1",
    ]
    services.position = told["position"]
    path, merit = f"/cadres/{who}/honours", f"/cadres/{who}/merit"
    (held,) = services.get("supervision", path, on="2025-05-31")["honours"]
    (gone,) = services.get("supervision", path, on="2025-06-01")["honours"]
    assert (held["document"], held["ended"]) == ("市委〔2025〕1号", None)
    assert gone["ended"]["reason"] == "弄虚作假"
    assert services.get("supervision", merit, on="2025-05-31")["balance"] == 8
    assert services.get("supervision", merit, on="2025-06-01")["balance"] == 0
    known = services.get("supervision", merit, on="2025-06-01", known_at=before)
    assert known["balance"] == 8
    counted = figures(services, "supervision", "honours", on="2025-12-31")
    assert counted["honours:municipal"] == counted["ended"] == 1
    assert counted["lasting"] == 0
