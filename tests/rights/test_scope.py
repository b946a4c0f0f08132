"""A caller who is limited to units, over HTTP and NATS; and where a person serves on a day."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.selection.profile import ProfileCorrected, Recruited
from cadre.selection.app import SERVICE as SELECTION
from cadre.shared.deciding.calendar import today_in_china
from cadre.shared.deciding.idnumber import check_character
from cadre.shared.deciding.testing import recorded
from cadre.shared.running.units import SERVING, unit_on
from cadre.supervision.app import SERVICE as SUPERVISION
from rights.callers import ALL, Served, entry, served, token_of
from support.mini import cadre_id
from support.nats_server import NatsServer

UNKNOWN = cadre_id(9)
ROLES = ["reader", "recorder", "decider", "inspector"]
ONE = token_of("one")
"""All that may be read and written, of one unit."""
DAY = "2026-03-02"


def numbered(place: int) -> str:
    """An ID number of somebody of this age and sex."""
    begin = f"11010119900101{2 * place + 1:03}"
    return begin + check_character(begin)


def recruit(name: str, number: str, unit: str, day: str = "2020-07-01") -> dict[str, Any]:
    return {
        "full_name": name,
        "id_number": number,
        "birth_date": "1990-01-01",
        "birth_month": "1990-01",
        "sex": "male",
        "ethnicity": "汉族",
        "political": "13",
        "education": "bachelor",
        "channel": "civil-service",
        "unit_id": unit,
        "unit_name": unit,
        "effective_on": day,
    }


def observed(person: str, day: str = DAY) -> dict[str, Any]:
    return {
        "cadre_id": person,
        "effective_on": day,
        "occasion": "project",
        "indication": "positive",
        "observer": "x",
        "note": "在场",
    }


@pytest.fixture
async def it(server: NatsServer, tmp_path: Path) -> AsyncIterator[Served]:
    entries = [entry("one", ROLES, units=["u-1"]), entry("both", ROLES, units=["u-1", "u-2"])]
    async with served(SELECTION, server, tmp_path, *entries) as one:
        yield one


async def enter(it: Served, name: str, number: str, unit: str, day: str = "2020-07-01") -> str:
    """The id of somebody who was recruited."""
    answer = await it.ask(ALL, "POST", "/commands/recruit", json=recruit(name, number, unit, day))
    told = answer.json()
    assert told.get("outcome") == "recorded", told
    after, sought = {"after": told["position"]}, {"id_number": number}
    found = await it.ask(ALL, "POST", "/cadres/find", json=sought, params=after)
    return str(found.json()["cadres"][0]["cadre_id"])


async def test_a_person_of_another_unit_is_as_unknown_as_nobody(it: Served) -> None:
    mine = await enter(it, "张三", numbered(1), "u-1")
    other = await enter(it, "李四", numbered(2), "u-2")
    for path in ("/cadres/{}", "/cadres/{}/observations", "/cadres/{}/kin", "/histories/cadre/{}"):
        assert (await it.ask(ONE, "GET", path.format(mine))).status_code == 200
        there = await it.ask(ONE, "GET", path.format(other))
        nowhere = await it.ask(ONE, "GET", path.format(UNKNOWN))
        assert (there.status_code, there.json()["status"]) == (404, 404)
        assert there.text.replace(other, "x") == nowhere.text.replace(UNKNOWN, "x")
        assert there.headers.keys() == nowhere.headers.keys()
        assert (await it.ask(ALL, "GET", path.format(other))).status_code == 200
        assert (await it.ask(token_of("both"), "GET", path.format(other))).status_code == 200
    for told in await it.command(ONE, "observe", observed(mine)):
        assert told["outcome"] == "recorded"
    unknown = await it.command(ONE, "observe", observed(UNKNOWN))
    for told, nobody in zip(
        await it.command(ONE, "observe", observed(other)), unknown, strict=True
    ):
        assert told["status"] == nobody["status"] == 404
        assert str(told).replace(other, "x") == str(nobody).replace(UNKNOWN, "x")
    # One of two is enough.
    kin = {"cadre_id": mine, "kin_id": other, "relation": "spouse", "effective_on": DAY}
    for told in await it.command(ONE, "declare-kin", kin):
        assert (told["status"], told["where"]) == (404, other)


async def test_somebody_whose_data_are_restricted_is_no_more_than_unknown_elsewhere(
    it: Served,
) -> None:
    other = await enter(it, "李四", numbered(2), "u-2")
    wish = {"cadre_id": other, "effective_on": DAY, "retained_until": "2031-12-31", "basis": "x"}
    told = (await it.ask(ALL, "POST", "/commands/restrict", json=wish)).json()
    after = {"after": told["position"]}
    assert (await it.ask(ALL, "GET", f"/cadres/{other}", params=after)).status_code == 451
    assert (await it.ask(ONE, "GET", f"/cadres/{other}")).status_code == 404
    assert (await it.ask(token_of("both"), "GET", f"/cadres/{other}")).status_code == 451


async def test_lists_are_refused_and_a_search_says_to_what_it_is_limited(it: Served) -> None:
    mine = await enter(it, "王五", numbered(1), "u-1")
    other = await enter(it, "王五", numbered(2), "u-2")
    everybody = await it.ask(ALL, "POST", "/cadres/find", json={"name": "王五"})
    assert {one["cadre_id"] for one in everybody.json()["cadres"]} == {mine, other}
    assert "Cadre-Scope" not in everybody.headers
    limited = await it.ask(ONE, "POST", "/cadres/find", json={"name": "王五"})
    assert [one["cadre_id"] for one in limited.json()["cadres"]] == [mine]
    assert limited.headers["Cadre-Scope"] == "u-1"
    by_number = {"id_number": numbered(2)}
    assert (await it.ask(ONE, "POST", "/cadres/find", json=by_number)).json()["cadres"] == []
    for path in (
        "/coverage",
        "/pools",
        "/restrictions",
        "/reports/pools",
        "/observations/blind-spots",
    ):
        refused = await it.ask(ONE, "GET", path)
        assert refused.status_code == 403, path
        assert "u-1" in refused.json()["detail"]
        assert (await it.ask(ALL, "GET", path)).status_code == 200
    for told in await it.command(ONE, "recruit", recruit("赵六", numbered(3), "u-1")):
        assert told["status"] == 403
    full = await it.ask(ONE, "GET", "/projections/dump", params={"full": "true"})
    assert full.status_code == 403
    assert (await it.ask(ONE, "GET", "/histories/pool/p-1")).status_code == 403


async def test_the_day_decides_and_a_later_move_is_seen_by_every_service(
    server: NatsServer, tmp_path: Path
) -> None:
    one = [entry("one", ROLES, units=["u-1"]), entry("two", ROLES, units=["u-2"])]
    selection, supervision = tmp_path / "selection", tmp_path / "supervision"
    selection.mkdir()
    supervision.mkdir()
    async with (
        served(SELECTION, server, selection, *one) as at_entry,
        served(SUPERVISION, server, supervision, *one) as it,
    ):
        early = (today_in_china() - timedelta(days=30)).isoformat()
        late = (today_in_china() + timedelta(days=30)).isoformat()
        person = await enter(at_entry, "张三", numbered(1), "u-1", early)
        # Selection alone has decided so far: what this service's runner has not seen is asked for.
        answers = await it.command(ONE, "request-assessment", _asked(person, early))
        assert all("outcome" in told for told in answers), answers
        before = _asked(person, "2019-01-01")
        for told in await it.command(ONE, "request-assessment", before):
            assert told["status"] == 404
        for told in await it.command(token_of("two"), "request-assessment", _asked(person, early)):
            assert told["status"] == 404
        path = f"/cadres/{person}/assessments"
        assert (await it.ask(ONE, "GET", path, params={"on": late})).status_code == 200
        # A day before the person came; and a day in a form that only some readers take.
        for day in ("2019-01-01", "1546300800"):
            gone = await it.ask(ONE, "GET", path, params={"on": day})
            assert gone.status_code in {400, 404}, day
        twice = f"{path}?on={early}&on=2019-01-01"
        assert (await it.ask(ONE, "GET", twice)).status_code == 404
        ranking = "/merit/ranking"
        assert (await it.ask(ONE, "GET", ranking)).status_code == 403
        for query, status in (
            ("unit_id=u-1", 200),
            ("unit_id=u-2", 403),
            ("unit_id=u-2&unit_id=u-1", 403),
            ("unit_id=u-1&unit_id=u-2", 403),
            ("unit_id=", 403),
        ):
            assert (await it.ask(ONE, "GET", f"{ranking}?{query}")).status_code == status, query


def _asked(person: str, day: str) -> dict[str, Any]:
    return {
        "cadre_id": person,
        "reason": "probation-concluded",
        "effective_on": day,
        "due_on": day,
        "request_id": "00000000-0000-4000-8000-000000000001",
    }


def test_where_a_person_serves_is_the_unit_of_the_latest_fact_up_to_the_day() -> None:
    came = Recruited(cadre_id=cadre_id(1), **recruit("张", numbered(1), "u-1"))
    moved = Promoted(
        cadre_id=cadre_id(1),
        effective_on=date(2024, 5, 1),
        kind="post",
        unit_id="u-2",
        trained=True,
        findings=(),
    )
    ranked = moved.model_copy(update={"unit_id": None, "kind": "rank"})
    facts = [recorded(1, came), recorded(2, moved), recorded(3, ranked)]
    state = SERVING.fold(facts)
    days = {
        date(2020, 6, 30): None,
        date(2020, 7, 1): "u-1",
        date(2024, 4, 30): "u-1",
        date(2024, 5, 1): "u-2",
        date(2199, 1, 1): "u-2",
    }
    assert {day: unit_on(state, day) for day in days} == days
    undone = moved.model_copy(update={"supersedes": facts[1].event_id, "unit_id": "u-3"})
    corrected = SERVING.fold([recorded(4, undone)], state)
    assert unit_on(corrected, date(2024, 5, 1)) == "u-3"
    day = date(2024, 6, 1)
    said = {"reason": "误", "basis": "文件", "unit_id": "u-4", "unit_name": "水利局"}
    mended = ProfileCorrected(cadre_id=cadre_id(1), effective_on=day, **said)
    assert unit_on(SERVING.fold([recorded(5, mended)], corrected), day) == "u-4"
    # Learnt in another order, the day decides all the same.
    assert unit_on(SERVING.fold(facts[::-1]), date(2024, 5, 1)) == "u-2"
