import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.middleware.base import RequestResponseEndpoint

from cadre.contracts.event import Event, Forgotten, RuleFinding, Sealed
from cadre.contracts.selection.identification import (
    Observed,
    Occasion,
    PoliticalQuality,
    PoliticalQualityAssessed,
    PoliticalVetoLifted,
)
from cadre.contracts.selection.intake import IntakePlanned, PlanLine
from cadre.contracts.selection.membership import (
    ExitReason,
    PoolCompared,
    PoolEntered,
    PoolEntryRefused,
    PoolExited,
    PoolNominated,
)
from cadre.contracts.selection.pool import PoolClass, PoolDefined
from cadre.contracts.selection.profile import Baselined, ProfileCorrected, Recruited, Standing
from cadre.contracts.vocabulary import Channel, Education, Political, Sex
from cadre.selection.app import SERVICE
from cadre.selection.showing import coverage, intake, pools, profiles
from cadre.shared.deciding.errors import Malformed, NotFound
from cadre.shared.deciding.testing import event_id, recorded
from cadre.shared.projecting.read_models_sql import apply
from cadre.shared.showing.read_models import Put
from cadre.shared.showing.reader import Reader

READ_MODELS = SERVICE.read_models


class InClear:
    """Opens what was never sealed."""

    async def open_token(self, text: str) -> str | Forgotten:
        return text


@dataclass(frozen=True)
class Tables:
    """The tables as one history fills them."""

    history: Sequence[Event]

    def ask[T](self, query: Callable[[Reader], Awaitable[T]]) -> T:
        return asyncio.run(self._answer(query))

    def get(self, path: str, **query: object) -> Any:
        """What a route answers, as JSON."""

        async def asked(reader: Reader) -> Any:
            app = FastAPI()
            for routes in SERVICE.routes:
                app.include_router(routes.router)

            @app.middleware("http")
            async def read(request: Request, call_next: RequestResponseEndpoint) -> Response:
                request.state.reader = reader
                return await call_next(request)

            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://it") as client:
                params = {name: str(value) for name, value in query.items()}
                return (await client.get(path, params=params)).raise_for_status().json()

        return self.ask(asked)

    async def _answer[T](self, query: Callable[[Reader], Awaitable[T]]) -> T:
        engine = create_async_engine("sqlite+aiosqlite:///:memory:")
        try:
            async with engine.connect() as connection:
                await connection.run_sync(READ_MODELS.metadata.create_all)
                for position, event in enumerate(self.history, start=1):
                    changes = READ_MODELS.changes(recorded(position, event))
                    await apply(connection, READ_MODELS.metadata, changes)
                return await query(Reader(connection, len(self.history), InClear()))
        finally:
            await engine.dispose()


WANG, LI, ZHAO = "c-aaaaaaaaaa", "c-bbbbbbbbbb", "c-cccccccccc"
YEAR_END = date(2026, 12, 31)


def recruited(cadre_id: str, on: date, name: str = "王芳", **fields: Any) -> Recruited:
    return Recruited.model_validate(
        {
            "cadre_id": cadre_id,
            "full_name": name,
            "id_number": "11010519491231002X",
            "birth_date": date(1995, 5, 20),
            "birth_month": "1995-05",
            "sex": Sex.FEMALE,
            "ethnicity": "汉族",
            "political": Political.MASSES,
            "education": Education.BACHELOR,
            "channel": Channel.CIVIL_SERVICE,
            "unit_id": "u-water",
            "unit_name": "水利局",
            "effective_on": on,
        }
        | fields
    )


def corrected(on: date, **fields: Any) -> ProfileCorrected:
    said = {"cadre_id": WANG, "reason": "更正", "basis": "档案", "effective_on": on}
    return ProfileCorrected.model_validate(said | fields)


def observed(cadre_id: str, on: date, **fields: Any) -> Observed:
    said = {
        "cadre_id": cadre_id,
        "occasion": Occasion.PROJECT,
        "indication": "positive",
        "observer": "县委组织部",
        "note": "推进有力",
        "effective_on": on,
    }
    return Observed.model_validate(said | fields)


def assessed(cadre_id: str, on: date, **fields: Any) -> PoliticalQualityAssessed:
    said = {
        "cadre_id": cadre_id,
        "conclusion": PoliticalQuality.GOOD,
        "occasion": "年度考察",
        "assessors": ("张三", "李四"),
        "note": "立场坚定",
        "veto": False,
        "effective_on": on,
    }
    return PoliticalQualityAssessed.model_validate(said | fields)


def test_personal_fields_are_stored_as_their_tokens() -> None:
    sealed = {
        "full_name": Sealed(sealed="sealed:name"),
        "id_number": Sealed(sealed="sealed:number"),
        "birth_date": Sealed(sealed="sealed:date"),
    }
    changes = READ_MODELS.changes(recorded(1, recruited(WANG, YEAR_END).model_copy(update=sealed)))
    (put,) = (one for one in changes if isinstance(one, Put) and one.table == "cadres")
    stored = {put.values[name] for name in sealed}
    assert stored == {"sealed:name", "sealed:number", "sealed:date"}


def test_a_profile_as_of_a_day() -> None:
    history = Tables(
        [
            recruited(WANG, date(2020, 7, 1)),
            corrected(date(2026, 5, 1), political=Political.PARTY_MEMBER),
            corrected(date(2025, 5, 1), political=Political.PROBATIONARY_MEMBER),
            corrected(date(2026, 3, 1), major="法学"),
            corrected(date(2026, 1, 1), major="农学", supersedes=event_id(4)),
        ]
    )
    views = {
        day: history.ask(lambda reader, day=day: profiles.cadre(reader, WANG, day))
        for day in (date(2025, 4, 30), date(2025, 5, 1), date(2026, 5, 1))
    }
    assert [(v.political, v.major) for v in views.values()] == [
        ("13", None),
        ("02", None),
        ("01", "农学"),
    ]
    assert views[date(2026, 5, 1)].full_name == "王芳"
    with pytest.raises(NotFound):
        history.ask(lambda reader: profiles.cadre(reader, LI, YEAR_END))


def baselined(on: date, **fields: Any) -> Baselined:
    profile = recruited(WANG, on).model_dump(
        exclude={"type", "channel", "unit_id", "unit_name", "plan_id"}
    )
    source = {"source_file": "名册.xlsx", "source_sha256": "a" * 64, "career": ()}
    standing = Standing(unit_id="u-water", unit_name="水利局")
    return Baselined.model_validate(profile | source | {"standing": standing} | fields)


def test_of_two_corrections_of_one_day_the_later_recorded_holds() -> None:
    """Whatever their ids: of ten persons some order against the log."""
    ten = [f"c-{letter * 10}" for letter in "abcdefghij"]
    day = date(2026, 3, 1)
    corrected = [
        ProfileCorrected(cadre_id=one, effective_on=day, major=major, reason="误", basis="档案")
        for major in ("法学", "农学")
        for one in ten
    ]
    tables = Tables([*(recruited(one, date(2026, 1, 1)) for one in ten), *corrected])
    found = [tables.ask(lambda reader, one=one: profiles.cadre(reader, one, day)) for one in ten]
    assert {one.major for one in found} == {"农学"}


def test_a_second_import_replaces_the_facts_but_not_the_day_of_entry() -> None:
    history = Tables(
        [
            baselined(date(2026, 1, 1)),
            baselined(date(2026, 6, 1), major="水利工程", supersedes=event_id(1)),
        ]
    )
    view = history.ask(lambda reader: profiles.cadre(reader, WANG, YEAR_END))
    assert (view.major, view.entered_on, view.channel) == ("水利工程", date(2026, 1, 1), None)


def test_a_view_tells_vetoes_and_refusals() -> None:
    finding = RuleFinding(
        rule="POL-01",
        instrument="本地规定",
        article="（政治素质考察）",
        version=date(2019, 3, 3),
        confidence="K",
        kind="hard",
        passed=False,
        inputs={},
        reason="否决尚未解除",
    )
    history = Tables(
        [
            recruited(WANG, date(2020, 7, 1)),
            assessed(WANG, date(2026, 1, 1), conclusion=PoliticalQuality.POOR, veto=True),
            PoliticalVetoLifted(
                cadre_id=WANG,
                assessment_event=event_id(2),
                decided_by="县委",
                reason="复查",
                effective_on=date(2026, 6, 1),
            ),
            PoolEntryRefused(
                cadre_id=WANG, pool_id="young", findings=(finding,), effective_on=date(2026, 3, 1)
            ),
        ]
    )
    view = history.ask(lambda reader: profiles.cadre(reader, WANG, date(2026, 5, 31)))
    assert [(a.veto, a.ended) for a in view.political_assessments] == [(True, None)]
    assert [r.findings for r in view.refusals] == [(finding,)]
    later = history.ask(lambda reader: profiles.cadre(reader, WANG, date(2026, 6, 1)))
    assert later.political_assessments[0].ended.effective_on == date(2026, 6, 1)


def test_coverage_is_assessed_of_managed() -> None:
    history = Tables(
        [
            recruited(WANG, date(2020, 7, 1)),
            recruited(LI, date(2021, 7, 1), "李强"),
            recruited(ZHAO, date(2026, 7, 1), "赵敏"),
            assessed(WANG, date(2024, 1, 1)),
            assessed(LI, date(2024, 1, 1)),
            assessed(LI, date(2026, 10, 1), supersedes=event_id(5)),
            assessed(ZHAO, date(2026, 8, 1)),
        ]
    )

    def covered(on: date, since: date | None = None) -> coverage.Coverage:
        return history.ask(lambda reader: coverage.coverage(reader, on, since))

    in_june = covered(date(2026, 6, 30))
    assert (in_june.managed, in_june.assessed, in_june.share) == (2, 1, 0.5)
    assert [line.full_name for line in in_june.unassessed] == ["李强"]
    at_year_end = covered(YEAR_END)
    assert (at_year_end.managed, at_year_end.assessed) == (3, 3)
    this_year = covered(YEAR_END, since=date(2026, 1, 1))
    assert [line.cadre_id for line in this_year.unassessed] == [WANG]
    assert covered(date(2019, 1, 1)).share is None


def test_blind_spots_are_who_was_not_seen_in_the_window() -> None:
    history = Tables(
        [
            recruited(WANG, date(2020, 7, 1)),
            recruited(LI, date(2020, 7, 1), "李强"),
            recruited(ZHAO, date(2020, 7, 1), "赵敏"),
            observed(WANG, date(2025, 11, 21)),
            observed(LI, date(2025, 11, 20)),
            observed(ZHAO, date(2026, 5, 1)),
            observed(ZHAO, date(2024, 5, 1), supersedes=event_id(6)),
        ]
    )

    def unobserved(months: int | None) -> list[str]:
        found = history.ask(lambda reader: coverage.blind_spots(reader, date(2026, 11, 20), months))
        assert (found.managed, found.months) == (3, months or 12)
        return [line.cadre_id for line in found.unobserved]

    assert unobserved(None) == [LI, ZHAO]
    assert unobserved(36) == []
    assert unobserved(6) == [WANG, LI, ZHAO]


def test_observations_in_order_of_their_day() -> None:
    history = Tables(
        [
            recruited(WANG, date(2020, 7, 1)),
            observed(WANG, date(2026, 5, 1)),
            observed(WANG, date(2026, 3, 1), note="更早"),
        ]
    )
    told = history.get(f"/cadres/{WANG}/observations", on=YEAR_END)
    assert [line["note"] for line in told["observations"]] == ["更早", "推进有力"]


def defined(pool_id: str, on: date = date(2020, 1, 1), **fields: Any) -> PoolDefined:
    said = {"pool_id": pool_id, "pool_class": PoolClass.YOUNG, "title": "库", "seats": 50}
    return PoolDefined.model_validate(said | {"effective_on": on} | fields)


def entered(cadre_id: str, on: date, pool_id: str = "young") -> PoolEntered:
    return PoolEntered(
        cadre_id=cadre_id, pool_id=pool_id, decided_by="部务会", findings=(), effective_on=on
    )


def exited(cadre_id: str, on: date, entry: int, pool_id: str = "young") -> PoolExited:
    return PoolExited(
        cadre_id=cadre_id,
        pool_id=pool_id,
        entry_event=event_id(entry),
        reason=ExitReason.USED,
        effective_on=on,
    )


PEOPLE = tuple(recruited(c, date(2020, 7, 1), n) for c, n in ((WANG, "王芳"), (LI, "李强")))


def test_entries_are_not_heads() -> None:
    history = Tables(
        [
            *PEOPLE,
            defined("young"),
            defined("expert", pool_class=PoolClass.SPECIALIST),
            defined("later", on=date(2027, 1, 1)),
            entered(WANG, date(2026, 1, 1)),
            entered(WANG, date(2026, 1, 1), "expert"),
            entered(LI, date(2026, 1, 1)),
        ]
    )
    found = history.ask(lambda reader: pools.pools(reader, YEAR_END))
    assert (found.entries, found.heads) == (3, 2)
    assert [(p.pool_id, p.members) for p in found.pools] == [("expert", 1), ("young", 2)]


def test_members_on_a_past_day() -> None:
    history = Tables(
        [
            *PEOPLE,
            defined("young"),
            defined("young", on=date(2026, 6, 1), seats=60),
            entered(WANG, date(2026, 1, 1)),
            entered(LI, date(2026, 3, 1)),
            exited(WANG, date(2026, 7, 1), entry=5),
        ]
    )

    def view(on: date) -> tuple[int, list[str | None]]:
        found = history.ask(lambda reader: pools.pool(reader, "young", on))
        assert all(member.ended is None for member in found.members)
        return found.seats, [member.full_name for member in found.members]

    assert view(date(2026, 2, 28)) == (50, ["王芳"])
    assert view(date(2026, 6, 30)) == (60, ["王芳", "李强"])
    assert view(date(2026, 7, 1)) == (60, ["李强"])
    with pytest.raises(NotFound):
        history.ask(lambda reader: pools.pool(reader, "young", date(2019, 1, 1)))


def test_the_way_of_somebody_through_the_pools() -> None:
    history = Tables(
        [
            *PEOPLE,
            defined("young"),
            PoolNominated(
                cadre_id=WANG,
                pool_id="young",
                by_unit="水利局",
                reason="…",
                effective_on=date(2026, 1, 1),
            ),
            PoolCompared(
                cadre_id=WANG,
                pool_id="young",
                place=2,
                compared_count=3,
                effective_on=date(2026, 2, 1),
            ),
            PoolCompared(
                cadre_id=WANG,
                pool_id="young",
                place=1,
                compared_count=3,
                effective_on=date(2026, 2, 1),
                supersedes=event_id(5),
            ),
            entered(WANG, date(2026, 3, 1)),
            exited(WANG, date(2026, 8, 1), entry=7),
        ]
    )
    found = history.ask(lambda reader: pools.pools_of_cadre(reader, WANG, YEAR_END))
    assert [(s.step, s.by_unit, s.place) for s in found.steps] == [
        ("nomination", "水利局", None),
        ("comparison", None, 1),
    ]
    (stay,) = found.stays
    assert stay.ended is not None
    assert (stay.effective_on, stay.ended.effective_on, stay.ended.reason) == (
        date(2026, 3, 1),
        date(2026, 8, 1),
        "used",
    )
    before = history.ask(lambda reader: pools.pools_of_cadre(reader, WANG, date(2026, 7, 31)))
    assert [s.ended for s in before.stays] == [None]


FIRST = date(2026, 1, 1)
OFFSETS = st.integers(0, 30)
STAYS = st.lists(st.tuples(OFFSETS, st.none() | OFFSETS), max_size=8)


@settings(max_examples=40, deadline=None)
@for_all(STAYS, OFFSETS, OFFSETS)
def test_the_stock_equation_holds_for_every_period(
    stays: list[tuple[int, int | None]], begin: int, length: int
) -> None:
    history: list[Event] = [*PEOPLE, defined("young"), defined("other")]
    for begins, stay in stays:
        on = FIRST + timedelta(days=begins)
        history.append(entered(WANG, on))
        if stay is not None:
            history.append(exited(WANG, on + timedelta(days=stay), entry=len(history)))
        history.append(entered(LI, on, "other"))
    first, last = FIRST + timedelta(days=begin), FIRST + timedelta(days=begin + length)
    found = Tables(history).ask(lambda reader: pools.stock(reader, "young", first, last))
    assert found.opening + len(found.entered) - len(found.exited) == found.closing
    within = [
        FIRST + timedelta(days=b) <= last and (s is None or last < FIRST + timedelta(days=b + s))
        for b, s in stays
    ]
    assert found.closing == sum(within)
    assert all(first <= line.effective_on <= last for line in found.entered)


def test_who_leaves_on_the_first_day_was_there_before() -> None:
    history = Tables(
        [
            *PEOPLE,
            defined("young"),
            entered(WANG, date(2025, 1, 1)),
            exited(WANG, date(2026, 1, 1), entry=4),
            entered(LI, date(2026, 12, 31)),
        ]
    )
    found = history.ask(lambda reader: pools.stock(reader, "young", FIRST, YEAR_END))
    assert [line.full_name for line in found.entered] == ["李强"]
    assert [line.full_name for line in found.exited] == ["王芳"]
    assert (found.opening, found.closing) == (1, 1)


def test_a_corrected_definition_of_a_pool_is_out() -> None:
    wrong = defined("young", on=date(2026, 2, 1), seats=99)
    right = defined("young", on=date(2026, 1, 1), seats=70, supersedes=event_id(1))
    found = Tables([wrong, right]).ask(lambda reader: pools.pools(reader, YEAR_END))
    assert [pool.seats for pool in found.pools] == [70]


def test_a_period_ends_after_it_begins() -> None:
    with pytest.raises(Malformed, match="2026-01-01 lies before 2026-12-31"):
        Tables([defined("young")]).ask(lambda reader: pools.stock(reader, "young", YEAR_END, FIRST))


def planned(*lines: PlanLine, year: int = 2026, **fields: Any) -> IntakePlanned:
    said = {"plan_id": f"plan-{year}", "year": year, "lines": lines, "effective_on": FIRST}
    return IntakePlanned.model_validate(said | fields)


def line(channel: Channel, count: int, major: str | None = None) -> PlanLine:
    return PlanLine(channel=channel, count=count, major=major)


def cadre_ids() -> Callable[[], str]:
    letters = "abcdefghijklmnopqrstuvwxyz"
    counter = iter(range(26**3))

    def next_id() -> str:
        n = next(counter)
        return f"c-{letters[n // 676]}{letters[n // 26 % 26]}{letters[n % 26]}aaaaaaa"

    return next_id


def test_plan_and_hires_by_channel() -> None:
    next_id = cadre_ids()
    civil, village = Channel.CIVIL_SERVICE, Channel.VILLAGE_GRADUATE
    hires = [recruited(next_id(), date(2026, 7, 1), channel=civil) for _ in range(118)]
    hires += [recruited(next_id(), date(2026, 8, 1), channel=village) for _ in range(328)]
    stray = recruited(next_id(), date(2026, 9, 1), "钱进", channel=Channel.TALENT)
    history = Tables([planned(line(civil, 120), line(village, 300)), *hires, stray])
    found = history.ask(lambda reader: intake.intake(reader, 2026))
    assert [(c.channel, c.planned, c.hired) for c in found.channels] == [
        ("civil-service", 120, 118),
        ("talent", 0, 1),
        ("village-graduate", 300, 328),
    ]
    assert [(u.full_name, u.channel) for u in found.unplanned] == [("钱进", "talent")]


def test_shortage_majors_have_lines_of_their_own() -> None:
    next_id = cadre_ids()
    civil = Channel.CIVIL_SERVICE
    majors = ["农学", "农学", "规划", None]
    hires = [recruited(next_id(), date(2026, 7, 1), major=major) for major in majors]
    replanned = planned(line(civil, 3, "农学"), line(civil, 5), supersedes=event_id(1))
    old = planned(line(civil, 9, "规划"), line(civil, 1), line(Channel.TALENT, 1))
    found = Tables([old, replanned, *hires]).ask(lambda reader: intake.intake(reader, 2026))
    assert [(row.major, row.planned, row.hired) for row in found.lines] == [
        (None, 5, 2),
        ("农学", 3, 2),
    ]
    assert found.unplanned == []


def test_a_hire_counts_for_the_year_of_its_plan() -> None:
    history = Tables(
        [
            planned(line(Channel.CIVIL_SERVICE, 2), year=2025),
            planned(line(Channel.TRANSFER, 2), year=2026),
            recruited(WANG, date(2026, 1, 15), plan_id="plan-2025"),
            recruited(LI, date(2026, 1, 15), "李强", plan_id="plan-2026"),
            recruited(ZHAO, date(2026, 1, 15), "赵敏", plan_id="never-planned"),
        ]
    )
    by_year = {
        year: history.ask(lambda reader, year=year: intake.intake(reader, year))
        for year in (2025, 2026)
    }
    hired = {year: Counter({c.channel: c.hired for c in i.channels}) for year, i in by_year.items()}
    assert hired[2025] == Counter({"civil-service": 1})
    assert hired[2026] == Counter({"civil-service": 2, "transfer": 0})
    assert by_year[2025].unplanned == []
    assert [u.full_name for u in by_year[2026].unplanned] == ["李强", "赵敏"]
