"""Races between services and between instances, on a real log: limits and evidence hold."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from cadre.appointment.app import SERVICE as APPOINTMENT
from cadre.appointment.cadre import PromoteRank
from cadre.appointment.post import POST, AssumePost, EstablishPost
from cadre.contracts.event import Event
from cadre.contracts.selection.profile import Baselined, Standing
from cadre.contracts.vocabulary import Grade, PostLevel, Rank
from cadre.selection.app import SERVICE as SELECTION
from cadre.shared.deciding.errors import CadreError
from cadre.shared.deciding.messages import Command, Envelope, Meta
from cadre.shared.handling.outcomes import Outcome
from cadre.shared.running.runtime import Runtime, running
from cadre.shared.upkeep.settings import Settings
from cadre.supervision.app import SERVICE as SUPERVISION
from cadre.supervision.assessment import Assess
from cadre.supervision.influence import Talk
from cadre.supervision.unit_year import UNIT_YEAR, OpenUnitYear
from support.environment import Environment
from support.mini import cadre_id

UNIT = {"unit_id": "u-land", "unit_name": "自然资源局"}


def settings(environment: Environment, service: str, instance: str = "one") -> Settings:
    name = f"{service}-{instance}"
    return environment.settings(name, nats_user=service, nats_password=f"p{service}")


async def send(runtime: Runtime, command: Command) -> Outcome:
    return await runtime.handling.handle(command, Meta(command_id=uuid4(), actor="clerk"))


async def record(runtime: Runtime, event: Event) -> None:
    """Record an event of the runtime's service without deciding."""
    keys = await runtime.codec.keys_for([event])
    envelope = Envelope(
        event_id=uuid4(),
        version=1,
        command_id=uuid4(),
        command_hash="",
        actor="given",
        source_time=event_time(),
        previous_hash="",
    )
    await runtime.log.append([(runtime.codec.encode(event, envelope, keys), None)])


def event_time() -> datetime:
    return datetime.now(UTC)


def officer(number: int) -> Baselined:
    """Somebody who may become 三级主任科员 in 2026."""
    return Baselined(
        cadre_id=cadre_id(number),
        effective_on=date(2024, 1, 1),
        full_name="某某",
        id_number="990101199001010010",
        birth_date=date(1990, 1, 1),
        birth_month="1990-01",
        sex="male",  # type: ignore[arg-type]
        ethnicity="汉族",
        political="01",  # type: ignore[arg-type]
        education="bachelor",  # type: ignore[arg-type]
        standing=Standing(
            unit_id="u-land",
            unit_name="自然资源局",
            rank=Rank.OFFICER_4,
            rank_since="2022-01",
            work_since="2013-07",
        ),
        career=(),
        source_file="名册.xlsx",
        source_sha256="0" * 64,
    )


def promote(number: int) -> PromoteRank:
    return PromoteRank(
        cadre_id=cadre_id(number),
        effective_on=date(2026, 6, 30),
        rank=Rank.OFFICER_3,
        notice_published_on=date(2026, 6, 15),
        notice_closed_on=date(2026, 6, 26),
    )


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
        allowed = await send(appointment, promote(people.stop - 1))
        assert allowed.outcome == "recorded", "undisturbed, the promotion passes"
        for number in people[:-1]:
            wishes = [send(appointment, promote(number)), send(supervision, admonish(number))]
            promoted, talked = await asyncio.gather(*(wishes if number % 2 else wishes[::-1]))
            if number % 2 == 0:
                promoted, talked = talked, promoted
            assert (promoted.outcome == "refused") == (promoted.position > talked.position)
        after = people.stop + 1
        await record(selection, officer(after))
        await send(supervision, admonish(after))
        refused = await send(appointment, promote(after))
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
        opened = OpenUnitYear.model_validate(
            UNIT | {"year": 2025, "headcount": 10, "effective_on": "2025-12-01"}
        )
        await send(one, opened)
        wishes = [
            Assess.model_validate(
                UNIT
                | {
                    "cadre_id": cadre_id(number),
                    "kind": "year",
                    "period": "2025",
                    "grade": Grade.EXCELLENT,
                    "reviewer": "局党组",
                    "effective_on": "2026-01-20",
                }
            )
            for number in range(10)
        ]
        outcomes = await together(*(send((one, two)[n % 2], wish) for n, wish in enumerate(wishes)))
        assert sum(outcome.outcome == "recorded" for outcome in outcomes) == 2
        unit_year = await one.handling.messages(UNIT_YEAR.of("u-land-2025"))
        assert [m.headers["ce-type"] for m in unit_year].count(
            "supervision.excellent-allotted.v1"
        ) == 2


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
        post = {
            "post_id": "land-deputy",
            "title": "副局长",
            "seats": 3,
            "effective_on": "2024-01-01",
        }
        established = EstablishPost.model_validate(
            UNIT | post | {"level": PostLevel.SECTION_DEPUTY, "effective_on": "2024-01-01"}
        )
        await send(one, established)
        assumed = [
            AssumePost(
                cadre_id=cadre_id(number),
                post_id="land-deputy",
                basis="任职文件",
                effective_on=date(2024, 2, 1),
            )
            for number in range(8)
        ]
        outcomes = await together(
            *(send((one, two)[n % 2], wish) for n, wish in enumerate(assumed))
        )
        assert len(outcomes) == 3
        messages = await one.handling.messages(POST.of("land-deputy"))
        assert [m.headers["ce-type"] for m in messages].count("appointment.post-filled.v1") == 3
