"""Races between services and between instances, on a real log: limits and evidence hold."""

import asyncio
from typing import Any
from uuid import uuid4

from cadre.appointment.app import SERVICE as APPOINTMENT
from cadre.appointment.deciding.post import POST
from cadre.selection.app import SERVICE as SELECTION
from cadre.shared.deciding.errors import CadreError
from cadre.shared.deciding.messages import Command, Meta
from cadre.shared.handling.outcomes import Outcome
from cadre.shared.running.runtime import Runtime, running
from cadre.shared.upkeep.settings import Settings
from cadre.supervision.app import SERVICE as SUPERVISION
from cadre.supervision.deciding.influence import Talk
from cadre.supervision.deciding.unit_year import UNIT_YEAR
from support import races
from support.environment import Environment
from support.mini import cadre_id
from support.races import assumption, excellence, officer, promotion, record


def settings(environment: Environment, service: str, instance: str = "one") -> Settings:
    name = f"{service}-{instance}"
    return environment.settings(name, nats_user=service, nats_password=f"p{service}")


async def send(runtime: Runtime, command: Command) -> Outcome:
    return await runtime.handling.handle(command, Meta(command_id=uuid4(), actor="clerk"))


def admonish(number: int) -> Talk:
    return Talk.model_validate(
        {
            "cadre_id": cadre_id(number),
            "effective_on": "2026-06-20",
            "kind": "admonition",
            "talkers": ("组织部长", "纪委书记"),
            "reason": "履职不力",
            "record": "谈话记录",
        }
    )


async def test_an_admonition_between_evidence_and_promotion_is_always_seen(
    environment: Environment,
) -> None:
    """Whoever is promoted was promoted before the admonition was on the log."""
    people = range(12)
    async with (
        running(SELECTION, settings(environment, "selection")) as selection,
        running(SUPERVISION, settings(environment, "supervision")) as supervision,
        running(APPOINTMENT, settings(environment, "appointment")) as appointment,
    ):
        for number in people:
            await record(selection, officer(number))
        allowed = await send(appointment, promotion(people.stop - 1))
        assert allowed.outcome == "recorded", "undisturbed, the promotion passes"
        for number in people[:-1]:
            wishes = [send(appointment, promotion(number)), send(supervision, admonish(number))]
            promoted, talked = await asyncio.gather(*(wishes if number % 2 else wishes[::-1]))
            if number % 2 == 0:
                promoted, talked = talked, promoted
            assert (promoted.outcome == "refused") == (promoted.position > talked.position)
        after = people.stop + 1
        await record(selection, officer(after))
        await send(supervision, admonish(after))
        refused = await send(appointment, promotion(after))
        assert refused.outcome == "refused"
        found = refused.events[0].data["findings"]
        assert [f["rule"] for f in found if not f["passed"]] == ["RNK-13"]


async def together(*wishes: Any) -> list[Outcome]:
    """The outcomes of wishes sent at the same time; refused errors are left out."""
    results = await asyncio.gather(*wishes, return_exceptions=True)
    for result in results:
        assert isinstance(result, Outcome | CadreError), result
    return [result for result in results if isinstance(result, Outcome)]


async def test_clerks_of_two_instances_never_exceed_the_share_of_excellent(
    environment: Environment,
) -> None:
    async with (
        running(SELECTION, settings(environment, "selection")) as selection,
        running(SUPERVISION, settings(environment, "supervision", "one")) as one,
        running(SUPERVISION, settings(environment, "supervision", "two")) as two,
    ):
        for number in range(10):
            await record(selection, officer(number))
        await send(one, races.unit_year())
        wishes = [excellence(number) for number in range(10)]
        outcomes = await together(*(send((one, two)[n % 2], wish) for n, wish in enumerate(wishes)))
        assert sum(outcome.outcome == "recorded" for outcome in outcomes) == races.EXCELLENT_MAX
        unit_year = await one.handling.messages(UNIT_YEAR.of(races.UNIT_YEAR))
        assert [m.headers["ce-type"] for m in unit_year].count(
            "supervision.excellent-allotted.v1"
        ) == races.EXCELLENT_MAX


async def test_clerks_of_two_instances_never_exceed_the_seats_of_a_post(
    environment: Environment,
) -> None:
    async with (
        running(SELECTION, settings(environment, "selection")) as selection,
        running(APPOINTMENT, settings(environment, "appointment", "one")) as one,
        running(APPOINTMENT, settings(environment, "appointment", "two")) as two,
    ):
        for number in range(8):
            await record(selection, officer(number))
        await send(one, races.post())
        assumed = [assumption(number) for number in range(8)]
        outcomes = await together(
            *(send((one, two)[n % 2], wish) for n, wish in enumerate(assumed))
        )
        assert len(outcomes) == races.SEATS
        messages = await one.handling.messages(POST.of(races.POST))
        assert [m.headers["ce-type"] for m in messages].count(
            "appointment.post-filled.v1"
        ) == races.SEATS
