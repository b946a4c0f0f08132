"""What is restricted is shown to nobody without a ground; what is shown on one is recorded."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from cadre.selection.app import SERVICE
from cadre.shared.serving.web import create_app
from cadre.shared.showing.reader import RESTRICTED
from privacy.persons import BAILI, DAY, OUYANG, Somebody
from support.environment import Environment

HEADERS = {"Authorization": "Bearer token", "Cadre-Actor": "clerk"}
GROUND = HEADERS | {"Cadre-Legal-Ground": "supervision-law-25", "Cadre-Purpose": "inquiry"}
BASIS = "档案法第十四条"


class Selection:
    """Selection over HTTP, as callers see it."""

    def __init__(self, http: httpx.AsyncClient, runtime: Any) -> None:
        self.http = http
        self.runtime = runtime

    async def command(self, name: str, body: dict[str, Any], status: int = 200) -> Any:
        headers = HEADERS | {"Idempotency-Key": str(uuid4())}
        wish = {"effective_on": DAY} | body
        answer = await self.http.post(f"/commands/{name}", json=wish, headers=headers)
        assert answer.status_code == status, answer.text
        if status == 200:
            await self.runtime.projector.wait(answer.json()["position"], 20)
        return answer.json()

    async def recruit(self, who: Somebody) -> str:
        body = {
            "full_name": who.full_name,
            "id_number": who.id_number,
            "birth_date": who.birth_date,
            "birth_month": who.birth_date[:7],
            "sex": who.sex,
            "ethnicity": "汉族",
            "political": "13",
            "education": "bachelor",
            "channel": "civil-service",
            "unit_id": "u-1",
            "unit_name": "县委办",
        }
        outcome = await self.command("recruit", body)
        return str(outcome["events"][0]["data"]["cadre_id"])

    async def observe(self, cadre_id: str, status: int = 200) -> Any:
        seen = {"occasion": "project", "indication": "positive", "observer": "组", "note": "勤勉"}
        return await self.command("observe", seen | {"cadre_id": cadre_id}, status)

    async def restrict(self, cadre_id: str) -> None:
        wish = {"cadre_id": cadre_id, "retained_until": "2031-12-31", "basis": BASIS}
        await self.command("restrict", wish)


@pytest.fixture
async def selection(environment: Environment) -> AsyncIterator[Selection]:
    app = create_app(SERVICE, environment.settings())
    transport = httpx.ASGITransport(app)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        http = httpx.AsyncClient(transport=transport, base_url="http://selection", headers=HEADERS)
        yield Selection(await stack.enter_async_context(http), app.state.runtime)


async def test_what_is_restricted_is_stored_and_nothing_else(selection: Selection) -> None:
    who, other = await selection.recruit(OUYANG), await selection.recruit(BAILI)
    await selection.observe(who)
    await selection.restrict(who)
    http = selection.http

    for path in (f"/cadres/{who}", f"/cadres/{who}/observations", f"/histories/cadre/{who}"):
        answer = await http.get(path)
        assert (answer.status_code, answer.json()["where"]) == (451, who), path
    search = await http.post("/cadres/find", json={"name": OUYANG.full_name})
    assert search.json() == {"cadres": []}
    listed = (await http.get("/coverage", params={"on": DAY})).json()
    assert listed["managed"] == 2, "statistics go on"
    names = {one["cadre_id"]: one["full_name"] for one in listed["unassessed"]}
    assert names == {who: RESTRICTED, other: BAILI.full_name}
    for fresh in (False, True):
        dump = (await http.get("/projections/dump", params={"full": True, "fresh": fresh})).json()
        assert [row["cadre_id"] for row in dump["tables"]["cadres"]] == [other]
        assert dump["tables"]["observations"] == []
    refused = await selection.observe(who, status=451)
    assert refused["type"] == "urn:cadre:problem:restricted"
    (line,) = (await http.get("/restrictions", params={"on": "2032-01-01"})).json()["restrictions"]
    assert (line["cadre_id"], line["ended"]) == (who, True)

    await selection.command("lift-restriction", {"cadre_id": who, "basis": BASIS})
    assert (await http.get(f"/cadres/{who}")).json()["full_name"] == OUYANG.full_name
    await selection.observe(who)


async def test_a_ground_opens_what_is_restricted_and_is_recorded(
    selection: Selection, environment: Environment
) -> None:
    who = await selection.recruit(OUYANG)
    await selection.restrict(who)
    http = selection.http
    view = await http.get(f"/cadres/{who}", headers=GROUND)
    assert view.json()["full_name"] == OUYANG.full_name
    assert (await http.get(f"/histories/cadre/{who}", headers=GROUND)).status_code == 200
    found = await http.post("/cadres/find", json={"name": OUYANG.full_name}, headers=GROUND)
    assert [one["cadre_id"] for one in found.json()["cadres"]] == [who]
    nameless = GROUND | {"Cadre-Actor": ""}
    assert (await http.get(f"/cadres/{who}", headers=nameless)).status_code == 400
    chatty = GROUND | {"Cadre-Legal-Ground": "because I say so"}
    assert (await http.get(f"/cadres/{who}", headers=chatty)).status_code == 400

    operator = await environment.server.connect("operator")
    stored = (await operator.jetstream().stream_info("READINGS")).state.messages
    await operator.close()
    assert stored == 3


async def test_a_name_does_not_get_onto_the_log_as_a_reason(selection: Selection) -> None:
    who = await selection.recruit(OUYANG)
    wish = {"cadre_id": who, "retained_until": "2031-12-31"}
    for basis in (f"应 {OUYANG.full_name} 申请", "应欧阳　若璎申请"):
        refused = await selection.command("restrict", wish | {"basis": basis}, status=400)
        assert OUYANG.full_name not in str(refused)
    reason = {"cadre_id": who, "basis": BASIS, "reason": "period-expired"}
    grounded = reason | {"ground": f"{OUYANG.full_name}案"}
    await selection.command("forget", grounded, status=400)


async def test_nobody_is_forgotten_ahead_of_time(selection: Selection) -> None:
    who = await selection.recruit(OUYANG)
    await selection.restrict(who)
    wish = {"cadre_id": who, "basis": BASIS, "reason": "period-expired"}
    await selection.command("forget", wish, status=422)
    later = await selection.command("forget", wish | {"effective_on": "2190-01-01"}, status=422)
    assert "not come yet" in later["detail"]
    cheating = wish | {"keys_destroyed": 1}
    await selection.command("forget", cheating, status=422)
    view = await selection.http.get(f"/cadres/{who}", headers=GROUND)
    assert view.json()["full_name"] == OUYANG.full_name


async def test_an_old_import_does_not_bring_somebody_back(selection: Selection) -> None:
    headers = HEADERS | {"Idempotency-Key": str(UUID(int=9))}
    body = {
        "full_name": OUYANG.full_name,
        "id_number": OUYANG.id_number,
        "birth_date": OUYANG.birth_date,
        "birth_month": OUYANG.birth_date[:7],
        "sex": OUYANG.sex,
        "ethnicity": "汉族",
        "political": "13",
        "education": "bachelor",
        "standing": {"unit_id": "u-1", "unit_name": "县委办"},
        "career": [],
        "source_file": "名册.xlsx",
        "source_sha256": "0" * 64,
        "effective_on": DAY,
    }
    first = await selection.http.post("/commands/record-baseline", json=body, headers=headers)
    who = first.json()["events"][0]["data"]["cadre_id"]
    wish = {"cadre_id": who, "basis": BASIS, "reason": "unlawful"}
    await selection.command("forget", wish)

    again = await selection.http.post("/commands/record-baseline", json=body, headers=headers)
    assert (again.status_code, again.json()["type"]) == (409, "urn:cadre:problem:command-reused")
    found = await selection.http.post("/cadres/find", json={"id_number": OUYANG.id_number})
    assert found.json() == {"cadres": []}
    renamed = {"cadre_id": who, "full_name": "欧阳复", "reason": "更名", "basis": "户口簿"}
    await selection.command("correct-profile", renamed, status=410)
    assert await selection.recruit(OUYANG) != who
