"""What cannot be applied has a way out: a correction that names it, or somebody sets it aside."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from cadre.contracts.catalogue import CATALOGUE
from cadre.contracts.examples import example
from cadre.contracts.selection.privacy import CadreForgotten, DataRestricted
from cadre.contracts.training.record import Trained
from cadre.contracts.training.training_class import ClassKind, Mode
from cadre.shared.deciding import texts
from cadre.shared.deciding.calendar import today_in_china
from cadre.shared.deciding.errors import CommandReused, NotPossible, ParkedPerson, PersonForgotten
from cadre.shared.deciding.messages import Meta
from cadre.shared.running.runtime import Runtime, running
from cadre.shared.showing import timeline as history
from cadre.training.deciding.record import CorrectTraining, RecordTraining
from support import mini
from support.aside import agrees, meta, real, set_aside, settled, written
from support.environment import Environment
from support.mini import DAY, Note, Register, cadre_id

ANA, BO = cadre_id(1), cadre_id(2)


def noted(who: str = ANA) -> Note:
    return Note(cadre_id=who, note="谈吐得体", effective_on=DAY)


@asynccontextmanager
async def selection(
    environment: Environment,
    poison: str | None = None,
    version: int = 1,
    today: Callable[[], date] = today_in_china,
) -> AsyncIterator[Runtime]:
    service = mini.service(mini.read_models(version, poison))
    async with running(service, environment.settings(), today=today) as runtime:
        yield runtime


async def test_a_parked_event_of_a_person_is_set_aside_and_never_held(
    environment: Environment,
) -> None:
    async with selection(environment, poison=ANA) as runtime:
        handle, projector = runtime.handling.handle, runtime.projector
        await handle(Register(cadre_id=ANA, person_name="张三", effective_on=DAY), meta())
        await handle(Register(cadre_id=BO, person_name="李四", effective_on=DAY), meta())
        await handle(noted(), meta())
        await handle(noted(BO), meta())
        await projector.wait(4, 10)
        assert projector.parked == {("selection", "cadre", ANA)}
        with pytest.raises(ParkedPerson, match="set-aside"):
            await handle(noted(), meta())
        assert (await runtime.handling.fold(mini.CADRE.of(ANA))).notes == 1

        with pytest.raises(NotPossible):
            await set_aside(runtime, 4)
        outcome = await set_aside(runtime, 3)
        (event,) = outcome.events
        assert event.subject == f"history.selection.cadre.{ANA}.set-aside"
        assert event.data["position"] == 3
        await settled(projector, outcome.position)

        assert projector.parked == frozenset()
        assert (await runtime.handling.fold(mini.CADRE.of(ANA))).notes == 0
        assert (await runtime.handling.fold(mini.CADRE.of(ANA), known_at=4)).notes == 1
        await agrees(runtime)
        entries = await history.told(
            runtime.codec,
            await runtime.handling.messages(mini.CADRE.of(ANA)),
            None,
            None,
            raw=False,
        )
        wrong = next(entry for entry in entries if entry.position == 3)
        assert wrong.superseded_by == event.event_id
        await _goes_on(runtime)
    async with selection(environment, version=2) as again:
        await settled(again.projector, 5)
        assert (await again.handling.fold(mini.CADRE.of(ANA))).notes == 0
        await agrees(again)


async def _goes_on(runtime: Runtime) -> None:
    again = Register(cadre_id=ANA, person_name="张三", effective_on=DAY)
    assert (await runtime.handling.handle(again, meta())).outcome == "unchanged"


async def test_an_event_is_set_aside_once_and_a_repeat_is_told_as_one(
    environment: Environment,
) -> None:
    sent = meta()
    async with selection(environment, poison=ANA) as runtime:
        handle, projector = runtime.handling.handle, runtime.projector
        await handle(Register(cadre_id=ANA, person_name="张三", effective_on=DAY), meta())
        await handle(noted(), meta())
        await projector.wait(2, 10)
        # The same at once, and others of another mind: one of them is recorded.
        told = await asyncio.gather(
            *(set_aside(runtime, 2, sent) for _ in range(3)), set_aside(runtime, 2)
        )
        assert {one.position for one in told} == {3}
        await settled(projector, 3)
        winner = next(one for one in told if one.events).command_id
        sent = Meta(command_id=winner, actor="operator-wu")
    later = date(2030, 1, 1)
    async with selection(environment, poison=ANA, today=lambda: later) as runtime:
        repeat = await set_aside(runtime, 2, sent)
        assert (repeat.outcome, repeat.repeated, repeat.position) == ("recorded", True, 3)
        assert (await set_aside(runtime, 2)).outcome == "unchanged"
        with pytest.raises(CommandReused):
            await set_aside(runtime, 2, sent, "另有理由")
        with pytest.raises(NotPossible):
            await set_aside(runtime, 1)
        assert await runtime.log.last_position() == 3


async def test_an_event_that_nobody_can_read_is_set_aside_for_every_service(
    environment: Environment,
) -> None:
    async with selection(environment) as runtime:
        handle = runtime.handling.handle
        await handle(Register(cadre_id=ANA, person_name="张三", effective_on=DAY), meta())
        other = await environment.server.connect("supervision")
        headers = {"ce-id": str(uuid4()), "ce-type": "supervision.from-tomorrow.v1"}
        subject = f"history.supervision.cadre.{ANA}.from-tomorrow"
        await other.request(subject, b"{}", timeout=10, headers=headers)
        await other.close()
        await runtime.projector.wait(2, 10)
        with pytest.raises(ParkedPerson):
            await handle(noted(), meta())
        told = await history.told(
            runtime.codec, await runtime.handling.messages(mini.CADRE.of(ANA)), None, None, raw=True
        )
        assert [bool(entry.unreadable) for entry in told].count(True) == 1
        outcome = await set_aside(runtime, 2)
        await settled(runtime.projector, outcome.position)
        assert (await handle(noted(), meta())).outcome == "recorded"


async def test_of_a_person_who_was_forgotten_too(environment: Environment) -> None:
    async with selection(environment) as runtime:
        who = Register(cadre_id=ANA, person_name="张三", effective_on=DAY)
        await runtime.handling.handle(who, meta())
        for kind in (DataRestricted, CadreForgotten):
            body = json.dumps(example(kind) | {"cadre_id": ANA}).encode()
            subject = f"history.selection.cadre.{ANA}.{kind.name()}"
            by = {"ce-commandid": str(uuid4()), "ce-aggregateversion": "2"}
            await written(environment, subject, kind.tag(), body, **by)
        unknown = f"history.training.cadre.{ANA}.from-tomorrow"
        wrong = await written(environment, unknown, "training.from-tomorrow.v1")
        await runtime.projector.wait(wrong, 30)
        outcome = await set_aside(runtime, wrong)
        await settled(runtime.projector, outcome.position)
        assert runtime.projector.parked == frozenset()
        with pytest.raises(PersonForgotten):
            await runtime.handling.handle(noted(), meta())


async def test_what_names_the_event_of_somebody_else_sets_nothing_aside(
    environment: Environment,
) -> None:
    async with selection(environment) as runtime:
        handle = runtime.handling.handle
        await handle(Register(cadre_id=ANA, person_name="张三", effective_on=DAY), meta())
        other = await environment.server.connect("supervision")
        kind = CATALOGUE.events["supervision.set-aside.v1"]
        body = example(kind) | {"cadre_id": BO, "position": 1}
        headers = {"ce-id": str(uuid4()), "ce-type": kind.tag()}
        subject = f"history.supervision.cadre.{BO}.set-aside"
        await other.request(subject, json.dumps(body).encode(), timeout=10, headers=headers)
        await other.close()
        await runtime.projector.wait(2, 10)
        assert runtime.projector.set_aside == frozenset()
        assert (await runtime.handling.fold(mini.CADRE.of(ANA))).known


def trained(**more: Any) -> dict[str, Any]:
    return {
        "cadre_id": ANA,
        "title": "党校\x00培训",
        "kind": ClassKind.GENERAL,
        "mode": Mode.ONLINE,
        "hours": 8,
        "days": 1,
        "starts_on": DAY,
        "ends_on": DAY,
        "effective_on": date(2026, 3, 3),
    } | more


async def test_a_text_that_was_taken_once_is_corrected_by_a_command_that_names_it(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL cannot store the text, SQLite can: both take the correction, and go on."""
    async with selection(environment) as one, real(environment, "training") as runtime:
        handle = runtime.handling.handle
        await one.handling.handle(
            Register(cadre_id=ANA, person_name="张三", effective_on=DAY), meta()
        )
        with monkeypatch.context() as before:
            before.setattr(texts, "faults", lambda _command: ())
            wrong = (await handle(RecordTraining(**trained()), meta())).events[0]
        await handle(
            RecordTraining(**trained(title="别的", hours=4)), meta()
        ) if environment.postgres is None else None
        await runtime.projector.wait(wrong.position, 10)
        postgres = environment.postgres is not None
        assert bool(runtime.projector.parked) == postgres
        if postgres:
            with pytest.raises(ParkedPerson, match="names it"):
                await handle(RecordTraining(**trained(title="别的")), meta())
        right = CorrectTraining(**trained(title="党校培训"), supersedes=wrong.event_id)
        outcome = await handle(right, meta())
        if postgres:
            await settled(runtime.projector, outcome.position)
        await runtime.projector.wait(outcome.position, 10)
        assert runtime.projector.parked == frozenset()
        await agrees(runtime)
        after = await handle(RecordTraining(**trained(title="第三次", hours=2)), meta())
        assert after.outcome == "recorded"
        assert after.events[0].type == Trained.tag()
