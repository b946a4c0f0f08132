"""What several clerks do to the same people, posts and places at once."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from cadre.appointment.deciding.post import EstablishPost
from cadre.appointment.deciding.ranks import PromoteRank
from cadre.appointment.deciding.seats import AssumePost
from cadre.contracts.event import Event
from cadre.contracts.selection.profile import Baselined, Standing
from cadre.contracts.vocabulary import Grade, PostLevel, Rank
from cadre.shared.deciding.guards import guard_of
from cadre.shared.deciding.messages import Envelope
from cadre.shared.log.stream import Expectation
from cadre.shared.running.runtime import Runtime
from cadre.supervision.deciding.assessment import Assess
from cadre.supervision.deciding.unit_year import OpenUnitYear
from support.mini import cadre_id

POST = "land-deputy"
SEATS = 3
UNIT = {"unit_id": "u-land", "unit_name": "自然资源局"}
UNIT_YEAR = "u-land-2025"
EXCELLENT_MAX = 2
"""Of the ten people whom `unit_year` counts."""


async def record(runtime: Runtime, event: Event) -> None:
    """Record the first event of a history without deciding."""
    keys = await runtime.codec.keys_for([event])
    envelope = Envelope(
        event_id=uuid4(),
        version=1,
        command_id=uuid4(),
        command_hash="",
        actor="given",
        source_time=datetime.now(UTC),
        previous_hash="",
    )
    outgoing = runtime.codec.encode(event, envelope, keys)
    await runtime.log.append([(outgoing, Expectation(guard_of(outgoing.subject), 0))])


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


def promotion(number: int) -> PromoteRank:
    return PromoteRank(
        cadre_id=cadre_id(number),
        effective_on=date(2026, 6, 30),
        rank=Rank.OFFICER_3,
        notice_published_on=date(2026, 6, 15),
        notice_closed_on=date(2026, 6, 26),
    )


def unit_year() -> OpenUnitYear:
    """A year of ten people."""
    told: dict[str, Any] = {"year": 2025, "headcount": 10, "effective_on": "2025-12-01"}
    return OpenUnitYear.model_validate(UNIT | told)


def excellence(number: int) -> Assess:
    told = {
        "cadre_id": cadre_id(number),
        "kind": "year",
        "period": "2025",
        "grade": Grade.EXCELLENT,
        "reviewer": "局党组",
        "effective_on": "2026-01-20",
    }
    return Assess.model_validate(UNIT | told)


def post() -> EstablishPost:
    """A post with `SEATS` seats."""
    told: dict[str, Any] = {"post_id": POST, "title": "副局长", "seats": SEATS}
    level = {"level": PostLevel.SECTION_DEPUTY, "effective_on": "2024-01-01"}
    return EstablishPost.model_validate(UNIT | told | level)


def assumption(number: int) -> AssumePost:
    return AssumePost(
        cadre_id=cadre_id(number),
        post_id=POST,
        basis="任职文件",
        effective_on=date(2024, 2, 1),
    )
