"""Notes that lapse by themselves, forgettings that broke off, and readings that are recorded."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx
import nats.errors
import pytest
from nats.aio.client import Client
from sqlalchemy import select

from cadre.contracts.supervision.off_duty import OffDutyNoteExpired, OffDutyVisitMade, note_purpose
from cadre.selection.app import SERVICE as SELECTION
from cadre.selection.deciding.privacy import Forget
from cadre.selection.deciding.profile import Recruit
from cadre.shared.deciding.errors import NotPossible, Unavailable
from cadre.shared.deciding.messages import Command, Meta
from cadre.shared.keys.key_store import DATA_KEYS, keys_by_purpose
from cadre.shared.log.codec import Codec
from cadre.shared.log.readings import Readings, reader_from
from cadre.shared.log.stream import Log
from cadre.shared.running.runtime import Runtime, running
from cadre.shared.serving.web import create_app
from cadre.shared.showing.service import Service
from cadre.supervision.app import SERVICE as SUPERVISION
from cadre.supervision.deciding.off_duty import ExpireOffDutyNote, RecordOffDutyVisit
from privacy.persons import DAY, NOTE_ID, OUYANG
from support.environment import Environment
from support.nats_server import USERS, NatsServer

TODAY, ITS_DAY = date(2026, 3, 2), date(2026, 9, 1)
HEADERS = {"authorization": "Bearer token", "cadre-actor": "clerk"}
RECRUIT = Recruit.model_validate(
    {
        "full_name": OUYANG.full_name,
        "id_number": OUYANG.id_number,
        "birth_date": OUYANG.birth_date,
        "birth_month": OUYANG.birth_date[:7],
        "sex": OUYANG.sex,
        "ethnicity": "汉族",
        "political": "13",
        "education": "bachelor",
        "channel": "civil-service",
        "unit_id": "u-1",
        "unit_name": "县委办",
        "effective_on": DAY,
    }
)


def visit(cadre_id: str, **changes: Any) -> RecordOffDutyVisit:
    wish = {
        "cadre_id": cadre_id,
        "effective_on": TODAY,
        "note_id": NOTE_ID,
        "kind": "home",
        "visitors": ("组织部",),
        "lawful_purpose": "了解八小时外表现",
        "note": OUYANG.visited,
        "keep_until": ITS_DAY,
    }
    return RecordOffDutyVisit.model_validate(wish | changes)


async def send(runtime: Runtime, command: Command, number: int | None = None) -> Any:
    command_id = uuid4() if number is None else UUID(int=number)
    outcome = await runtime.handling.handle(command, Meta(command_id=command_id, actor="clerk"))
    await runtime.projector.wait(outcome.position, 20)
    return outcome


@asynccontextmanager
async def service(
    environment: Environment, of: Service, today: date = TODAY
) -> AsyncGenerator[Runtime]:
    name = of.name
    more = {"nats_user": name, "nats_password": f"p{name}"}
    async with running(of, environment.settings(name, **more), lambda: today) as runtime:
        yield runtime


async def recruit(environment: Environment) -> str:
    async with service(environment, SELECTION) as runtime:
        outcome = await send(runtime, RECRUIT)
        return str(outcome.events[0].data["cadre_id"])


async def until_expired(runtime: Runtime) -> OffDutyNoteExpired:
    subjects = "history.supervision.cadre.*.off-duty-note-expired"
    async with asyncio.timeout(30):
        while not (found := await runtime.log.tail(subjects, 0)):
            await asyncio.sleep(0.05)
    event = runtime.codec.decode(found[0]).event
    assert isinstance(event, OffDutyNoteExpired)
    assert len(found) == 1
    return event


async def test_a_note_lapses_by_itself_also_after_nothing_ran(environment: Environment) -> None:
    who = await recruit(environment)
    async with service(environment, SUPERVISION) as runtime:
        made = await send(runtime, visit(who))
        assert (await send(runtime, visit(who))).outcome == "unchanged"
        await send(runtime, visit(who, note_id=UUID(int=8), note="另一次", keep_until="2026-10-01"))
        kept = await keys_by_purpose(runtime.context.store.engine, who)
        assert kept[note_purpose(NOTE_ID)] == kept[note_purpose(UUID(int=8))] == 1
        early = ExpireOffDutyNote(cadre_id=who, note_id=NOTE_ID, effective_on=ITS_DAY)
        with pytest.raises(NotPossible, match="not come yet"):
            await send(runtime, early)
        message = await runtime.log.get(made.events[0].position)

    async with service(environment, SUPERVISION, date(2026, 9, 3)) as runtime:
        expired = await until_expired(runtime)
        assert (expired.note_id, expired.effective_on) == (NOTE_ID, ITS_DAY)
        assert note_purpose(NOTE_ID) not in await keys_by_purpose(runtime.context.store.engine, who)
        assert note_purpose(UUID(int=8)) in await keys_by_purpose(runtime.context.store.engine, who)
        assert await _note(runtime.codec, message) == "forgotten=True"


async def _note(codec: Codec, message: Any) -> str:
    event = (await codec.open(codec.decode(message))).event
    assert isinstance(event, OffDutyVisitMade)
    return str(event.note)


async def test_a_note_is_kept_no_longer_than_the_rule_says(environment: Environment) -> None:
    who = await recruit(environment)
    async with service(environment, SUPERVISION) as runtime:
        for day in ("2026-03-02", "2027-03-03"):
            with pytest.raises(NotPossible, match="SUP-20"):
                await send(runtime, visit(who, keep_until=day))
        await send(runtime, visit(who, keep_until="2027-03-02"))
        with pytest.raises(NotPossible, match="written already"):
            await send(runtime, visit(who, keep_until="2026-12-31"))


class Died(Exception):
    """What ends a process between destroying the keys and telling the log."""


@pytest.mark.parametrize("resumed_by", ["the service", "the caller"])
async def test_a_forgetting_that_broke_off_is_finished(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, resumed_by: str
) -> None:
    who = await recruit(environment)
    wish = Forget(cadre_id=who, basis="依据", reason="unlawful", effective_on=TODAY)  # type: ignore[arg-type]
    async with service(environment, SELECTION) as runtime:
        with monkeypatch.context() as patch:

            async def dies(*_: object) -> list[int]:
                raise Died

            patch.setattr(Log, "append", dies)
            with pytest.raises(Died):
                await send(runtime, wish, 77)
        assert await _keys(runtime, who) == []
        if resumed_by == "the caller":
            assert (await send(runtime, wish, 77)).events[0].data["keys_destroyed"] == 1

    async with service(environment, SELECTION) as runtime:
        subjects = f"history.selection.cadre.{who}.cadre-forgotten"
        async with asyncio.timeout(30):
            while not (told := await runtime.log.tail(subjects, 0)):
                await asyncio.sleep(0.05)
        assert (await send(runtime, wish, 77)).repeated
        assert len(await runtime.log.tail(subjects, 0)) == 1
        assert told[0].headers["ce-actor"] == "clerk"
        assert told[0].headers["ce-commandid"] == str(UUID(int=77))
        assert b'"keys_destroyed":1' in told[0].body


async def _keys(runtime: Runtime, person: str) -> list[bytes]:
    query = select(DATA_KEYS.c.wrapped).where(DATA_KEYS.c.person == person)
    async with runtime.context.store.engine.connect() as connection:
        return [bytes(one) for one in await connection.scalars(query)]


async def test_every_service_drops_the_key_from_memory(environment: Environment) -> None:
    who = await recruit(environment)
    async with service(environment, SUPERVISION) as other:
        talked = await send(other, visit(who, note_id=UUID(int=3)))
        message = await other.log.get(talked.events[0].position)
        assert await _note(other.codec, message) == OUYANG.visited
        async with service(environment, SELECTION) as runtime:
            wish = Forget(cadre_id=who, basis="依据", reason="unlawful", effective_on=TODAY)  # type: ignore[arg-type]
            position = (await send(runtime, wish)).position
        await other.projector.wait(position, 20)
        assert await _note(other.codec, message) == "forgotten=True"


async def test_what_cannot_be_recorded_is_not_shown(environment: Environment) -> None:
    who = await recruit(environment)
    more = {"nats_user": "supervision", "nats_password": "psupervision"}
    app = create_app(SUPERVISION, environment.settings("supervision", **more))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://s", headers=HEADERS) as http,
    ):
        runtime: Runtime = app.state.runtime
        await send(runtime, visit(who))
        path = f"/cadres/{who}/off-duty-visits"
        nobody = await http.get(path, headers={"cadre-actor": ""})
        assert nobody.status_code == 400
        shown = await http.get(path, headers={"cadre-purpose": "annual-check"})
        assert shown.json()["off_duty_visits"][0]["note"] == OUYANG.visited
        (read,) = (await http.get(f"/readings/{who}")).json()["readings"]
        assert (read["route"], read["cadres"]) == ("/cadres/{cadre_id}/off-duty-visits", [who])
        assert read["reader"] == {
            "actor": "clerk",
            "purpose": "annual-check",
            "legal_ground": None,
        }
        assert len((await http.get(f"/readings/{who}")).json()["readings"]) == 2, "also who looked"
        later = {"since": "2190-01-01T00:00:00Z"}
        assert (await http.get(f"/readings/{who}", params=later)).json()["readings"] == []

        operator = await environment.server.connect("operator")
        await operator.jetstream().delete_stream("READINGS")
        await operator.close()
        unrecorded = await http.get(path)
        assert unrecorded.status_code == 503
        assert OUYANG.visited not in unrecorded.text


async def denied(client: Client, api: str) -> bool:
    try:
        await client.request(f"$JS.API.{api}.READINGS", b'{"seq": 1}', timeout=0.5)
    except (nats.errors.Error, TimeoutError):
        return True
    return False


async def may_only_add(server: NatsServer, user: str) -> None:
    """A service adds readings; nobody changes them, and Supervision alone reads them."""
    client = await server.connect(user)
    forbidden = ["STREAM.PURGE", "STREAM.DELETE", "STREAM.UPDATE", "STREAM.MSG.DELETE"]
    if user != "supervision":
        forbidden += ["STREAM.MSG.GET", "DIRECT.GET", "CONSUMER.CREATE"]
    assert all(await asyncio.gather(*(denied(client, api) for api in forbidden))), user
    adding = Readings(client, user).add(
        "/x", reader_from({"cadre-actor": "clerk"}), ["c-aaaaaaaaaa"]
    )
    if user in {"selection", "training", "supervision", "appointment"}:
        await adding
    else:
        with pytest.raises(Unavailable):
            await adding
    await client.close()


async def test_services_add_readings_and_change_none(environment: Environment) -> None:
    server, reader = environment.server, reader_from({"cadre-actor": "clerk"})
    await asyncio.gather(*(may_only_add(server, user) for user in {*USERS} - {"operator"}))
    client = await server.connect("supervision")
    found = await Readings(client, "supervision").of_cadre("c-aaaaaaaaaa")
    assert {one.service for one in found} == {
        "selection",
        "training",
        "supervision",
        "appointment",
    }
    with pytest.raises(Unavailable):
        await Readings(client, "selection").add("/x", reader, ["c-aaaaaaaaaa"])
    await client.close()
