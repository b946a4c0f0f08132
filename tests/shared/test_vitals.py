import asyncio

import pytest

from cadre.shared.deciding.errors import NotPossible, Unavailable
from cadre.shared.upkeep import vitals
from cadre.shared.upkeep.vitals import Check, Stops, Vitals


async def _well() -> None: ...


def _failing(error: Exception) -> vitals.Look:
    async def look() -> None:
        raise error

    return look


async def test_a_fault_that_stops_keeps_from_serving_until_it_has_passed():
    ours = Vitals()
    ours.require(Stops.COMMANDS)
    await ours.look(Check("disk", _failing(NotPossible("it is full", hint="make room"))))
    with pytest.raises(Unavailable) as told:
        ours.require(Stops.COMMANDS)
    assert (told.value.detail, told.value.where, told.value.hint) == (
        "it is full",
        "disk",
        "make room",
    )
    await ours.look(Check("disk", _well))
    ours.require(Stops.COMMANDS)
    assert not ours.faults


async def test_tables_answer_while_only_commands_are_stopped():
    ours = Vitals()
    ours.found("log", "away", stops=Stops.COMMANDS)
    ours.require(Stops.EVERYTHING)
    assert not ours.ready
    ours.found("log", "another branch", stops=Stops.EVERYTHING)
    with pytest.raises(Unavailable, match="another branch"):
        ours.require(Stops.EVERYTHING)


async def test_a_fault_that_does_not_stop_is_only_told():
    ours = Vitals()
    ours.found("lag", "far behind", stops=Stops.NOTHING)
    ours.require(Stops.COMMANDS)
    assert [fault.name for fault in ours.faults] == ["lag"]
    assert ours.ready


async def test_a_fault_keeps_its_age_however_often_it_is_found():
    ours = Vitals()
    ours.found("disk", "full", stops=Stops.NOTHING)
    (first,) = ours.faults
    await asyncio.sleep(0.01)
    ours.found("disk", "still full", stops=Stops.NOTHING)
    (again,) = ours.faults
    assert (again.since, again.detail) == (first.since, "still full")


async def test_what_is_not_of_ours_is_a_fault_as_well():
    ours = Vitals()
    await ours.look(Check("database", _failing(OSError())))
    assert [fault.detail for fault in ours.faults] == ["OSError"]


async def test_a_look_that_hangs_has_found_a_fault_and_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(vitals, "LOOK_S_MAX", 0.05)
    monkeypatch.setattr(vitals, "LOOK_EVERY_S", 0.01)
    looked: list[int] = []

    async def hang() -> None:
        await asyncio.Event().wait()

    async def look() -> None:
        looked.append(1)

    ours = Vitals()
    watching = asyncio.create_task(ours.watch([Check("log", hang), Check("disk", look)]))
    async with asyncio.timeout(5):
        while not ours.faults or len(looked) < 3:
            await asyncio.sleep(0.01)
    watching.cancel()
    assert [fault.name for fault in ours.faults] == ["log"]
