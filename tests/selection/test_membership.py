from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from cadre.contracts.event import Event
from cadre.contracts.selection.identification import (
    PoliticalQuality,
    PoliticalQualityAssessed,
    PoliticalVetoLifted,
)
from cadre.contracts.selection.membership import (
    ExitReason,
    PoolAssessed,
    PoolCompared,
    PoolEntered,
    PoolEntryRefused,
    PoolExited,
    PoolNominated,
)
from cadre.contracts.selection.pool import PoolClass, PoolDefined, PoolSeatReleased, PoolSeatTaken
from cadre.contracts.selection.profile import Baselined, ProfileCorrected, Recruited, Standing
from cadre.contracts.supervision.influence import (
    Disciplined,
    RectificationChecked,
    Sanction,
    Talked,
    TalkKind,
)
from cadre.contracts.vocabulary import Channel, Education, Political, Sex
from cadre.selection.app import SERVICE
from cadre.selection.deciding.membership import EnterPool, ExitPool
from cadre.selection.deciding.steps import AssessForPool, CompareForPool, NominateForPool
from cadre.shared.deciding.testing import Specification, event_id

given = Specification(SERVICE.handlers)
CADRE = "c-aaaaaaaaaa"
YOUNG = "young-2026"
OTHERS = "non-party"
RECRUITED = Recruited(
    cadre_id=CADRE,
    full_name="王芳",
    id_number="11010519491231002X",
    birth_date=date(1995, 5, 20),
    birth_month="1995-05",
    sex=Sex.FEMALE,
    ethnicity="汉族",
    political=Political.PARTY_MEMBER,
    education=Education.BACHELOR,
    channel=Channel.CIVIL_SERVICE,
    unit_id="u-water",
    unit_name="水利局",
    effective_on=date(2020, 7, 1),
)
DEFINED = PoolDefined(
    pool_id=YOUNG,
    pool_class=PoolClass.YOUNG,
    title="优秀年轻干部库",
    seats=1,
    effective_on=date(2020, 1, 1),
)
NON_PARTY_POOL = DEFINED.model_copy(update={"pool_id": OTHERS, "pool_class": PoolClass.NON_PARTY})


def about(on: date, pool_id: str = YOUNG) -> dict[str, Any]:
    return {"cadre_id": CADRE, "pool_id": pool_id, "effective_on": on}


def nominated(on: date = date(2026, 3, 1), pool_id: str = YOUNG) -> PoolNominated:
    return PoolNominated(**about(on, pool_id), by_unit="水利局", reason="实绩突出")


def assessed(
    on: date = date(2026, 3, 15), pool_id: str = YOUNG, *, fit: bool = True
) -> PoolAssessed:
    return PoolAssessed(**about(on, pool_id), fit=fit, assessors=("张三", "李四"), note="表现稳定")


def compared(on: date = date(2026, 4, 1), pool_id: str = YOUNG) -> PoolCompared:
    return PoolCompared(**about(on, pool_id), place=1, compared_count=3)


KNOWN = (DEFINED, NON_PARTY_POOL, RECRUITED)
PROPOSED = (*KNOWN, nominated(), assessed(), compared())
ENTER = EnterPool(**about(date(2026, 5, 1)), decided_by="区委组织部")
EXIT = ExitPool(**about(date(2026, 9, 1)), reason=ExitReason.USED)
SEAT_TAKEN = PoolSeatTaken(**about(date(2026, 5, 1)))
SEAT_RELEASED = PoolSeatReleased(**about(date(2026, 9, 1)))
ENTERED = PoolEntered(**about(date(2026, 5, 1)), decided_by="区委组织部", findings=())
MEMBER = (*PROPOSED, ENTERED, SEAT_TAKEN)
EXITED = PoolExited(**about(date(2026, 9, 1)), entry_event=event_id(7), reason=ExitReason.USED)
LEFT = (*MEMBER, EXITED, SEAT_RELEASED)

VETO = PoliticalQualityAssessed(
    cadre_id=CADRE,
    conclusion=PoliticalQuality.POOR,
    occasion="年度考察",
    assessors=("张三", "李四"),
    note="…",
    veto=True,
    effective_on=date(2026, 2, 1),
)
ADMONISHED = Talked(
    cadre_id=CADRE,
    kind=TalkKind.ADMONITION,
    talkers=("张三", "李四"),
    reason="履职不力",
    record="…",
    blocked_until=date(2026, 8, 10),
    rule="SUP-03",
    effective_on=date(2026, 2, 10),
)
DEMERIT = Disciplined(
    cadre_id=CADRE,
    sanction=Sanction.DEMERIT,
    decided_by="区监委",
    document="政务处分决定书",
    blocked_until=date(2027, 3, 1),
    rule="SUP-05",
    effective_on=date(2026, 3, 1),
)


def checked(talk: UUID, *, passed: bool, on: date = date(2026, 8, 10)) -> RectificationChecked:
    return RectificationChecked(
        cadre_id=CADRE, talk_event=talk, passed=passed, note="…", effective_on=on
    )


def entry(*history: Event, enter: EnterPool = ENTER) -> PoolEntered | PoolEntryRefused:
    decided = given(*history).when(enter).events()
    first = decided[0]
    assert isinstance(first, PoolEntered | PoolEntryRefused)
    assert len(decided) == (2 if isinstance(first, PoolEntered) else 1)
    return first


def refused_rules(*history: Event, enter: EnterPool = ENTER) -> list[str]:
    refused = entry(*history, enter=enter)
    assert isinstance(refused, PoolEntryRefused)
    assert not any(finding.passed for finding in refused.findings)
    return [finding.rule for finding in refused.findings]


def on(day: date) -> EnterPool:
    return ENTER.model_copy(update={"effective_on": day})


def test_steps_towards_a_pool() -> None:
    nominate = NominateForPool(**about(date(2026, 3, 1)), by_unit="水利局", reason="实绩突出")
    given(*KNOWN).when(nominate).then(nominated())
    assess = AssessForPool(
        **about(date(2026, 3, 15)), fit=True, assessors=("张三", "李四"), note="表现稳定"
    )
    given(*KNOWN).when(assess).then(assessed())
    compare = CompareForPool(**about(date(2026, 4, 1)), place=1, compared_count=3)
    given(*KNOWN).when(compare).then(compared())
    corrected = compare.model_copy(update={"place": 2, "supersedes": event_id(6)})
    given(*PROPOSED).when(corrected).then(PoolCompared(**dict(corrected)))


def test_a_place_beyond_the_compared_cannot_be_said() -> None:
    with pytest.raises(ValueError, match="place 4 lies beyond the 3 compared"):
        CompareForPool(**about(date(2026, 4, 1)), place=4, compared_count=3)


def test_steps_need_a_person_and_a_pool() -> None:
    given(DEFINED).when(ENTER).then_refused("no cadre c-aaaaaaaaaa is known here")
    given(RECRUITED).when(ENTER).then_refused("no pool young-2026 is known here")
    early = on(date(2019, 12, 31))
    given(*PROPOSED).when(early).then_refused("exists from 2020-01-01 only")


def test_entry_takes_a_seat_and_tells_the_rules_it_passed() -> None:
    entered, seat = given(*PROPOSED).when(ENTER).events()
    assert isinstance(entered, PoolEntered)
    assert seat == SEAT_TAKEN
    assert [(f.rule, f.passed) for f in entered.findings] == [
        (rule, True)
        for rule in ("POOL-01", "POOL-02", "POOL-03", "POL-01", "POOL-04", "POOL-07", "POOL-08")
    ]


def test_a_member_is_in_already() -> None:
    given(*MEMBER).when(ENTER).then_nothing()
    given(*MEMBER).when(on(date(2026, 7, 1))).then_nothing()


def test_no_entry_before_a_later_one() -> None:
    given(*MEMBER).when(on(date(2026, 4, 30))).then_refused("entered pool young-2026 on 2026-05-01")


def test_no_entry_before_recruitment_unless_the_career_was_imported() -> None:
    enter = on(date(2020, 6, 30))
    given(*PROPOSED).when(enter).then_refused("was recruited on 2020-07-01 only")
    profile = RECRUITED.model_dump(exclude={"type", "channel", "unit_id", "unit_name", "plan_id"})
    imported = Baselined(
        **profile,
        standing=Standing(unit_id="u-water", unit_name="水利局"),
        career=(),
        source_file="名册.xlsx",
        source_sha256="a" * 64,
    )
    steps = (nominated(date(2020, 3, 1)), assessed(date(2020, 4, 1)), compared(date(2020, 5, 1)))
    assert isinstance(entry(DEFINED, imported, *steps, enter=enter), PoolEntered)


@pytest.mark.parametrize(
    ("steps", "missing"),
    [
        ((), ["POOL-01", "POOL-02", "POOL-03"]),
        ((assessed(), compared()), ["POOL-01"]),
        ((nominated(), compared()), ["POOL-02"]),
        ((nominated(), assessed()), ["POOL-03"]),
        ((nominated(), assessed(fit=False), compared()), ["POOL-02"]),
        ((nominated(), assessed(date(2026, 2, 28)), compared()), ["POOL-02"]),
        ((nominated(), assessed(), compared(date(2026, 3, 14))), ["POOL-03"]),
        ((nominated(), assessed(), compared(date(2026, 5, 2))), ["POOL-03"]),
        ((nominated(pool_id=OTHERS), assessed(), compared()), ["POOL-01"]),
    ],
)
def test_every_missing_step_is_told(steps: tuple[Event, ...], missing: list[str]) -> None:
    assert refused_rules(*KNOWN, *steps) == missing


def test_the_last_assessment_counts_whenever_it_was_recorded() -> None:
    late_doubt = assessed(date(2026, 4, 10), fit=False)
    assert refused_rules(*PROPOSED, late_doubt) == ["POOL-02"]
    older_doubt = assessed(date(2026, 3, 10), fit=False)
    assert isinstance(entry(*PROPOSED, older_doubt), PoolEntered)


def test_a_superseded_step_does_not_count() -> None:
    corrected = assessed(fit=False).model_copy(update={"supersedes": event_id(5)})
    assert refused_rules(*PROPOSED, corrected) == ["POOL-02"]


def test_an_open_veto_refuses_and_is_named() -> None:
    refused = entry(*PROPOSED, VETO)
    assert isinstance(refused, PoolEntryRefused)
    assert [f.rule for f in refused.findings] == ["POL-01"]
    assert refused.findings[0].inputs == {"assessment_event": str(event_id(7))}
    assert refused.earliest is None


def test_a_veto_lifted_by_the_day_does_not_refuse() -> None:
    lifted = PoliticalVetoLifted(
        cadre_id=CADRE,
        assessment_event=event_id(7),
        decided_by="区委",
        reason="复查",
        effective_on=date(2026, 5, 1),
    )
    assert isinstance(entry(*PROPOSED, VETO, lifted), PoolEntered)
    assert refused_rules(*PROPOSED, VETO, lifted, enter=on(date(2026, 4, 30))) == ["POL-01"]


def test_influence_periods_refuse_until_the_latest_ends() -> None:
    refused = entry(*PROPOSED, ADMONISHED, DEMERIT)
    assert isinstance(refused, PoolEntryRefused)
    assert [(f.rule, f.earliest) for f in refused.findings] == [
        ("POOL-04", date(2026, 8, 10)),
        ("POOL-04", date(2027, 3, 1)),
    ]
    assert refused.earliest == date(2027, 3, 1)
    assert [f.inputs["rule"] for f in refused.findings] == ["SUP-03", "SUP-05"]


def test_a_sanction_frees_on_its_first_free_day() -> None:
    assert refused_rules(*PROPOSED, DEMERIT, enter=on(date(2027, 2, 28))) == ["POOL-04"]
    assert isinstance(entry(*PROPOSED, DEMERIT, enter=on(date(2027, 3, 1))), PoolEntered)


def test_a_sanction_recorded_late_counts_from_its_own_day() -> None:
    later = DEMERIT.model_copy(update={"effective_on": date(2026, 5, 2)})
    assert isinstance(entry(*PROPOSED, later), PoolEntered)


def test_a_corrected_sanction_counts_as_corrected() -> None:
    shorter = DEMERIT.model_copy(
        update={"blocked_until": date(2026, 5, 1), "supersedes": event_id(7)}
    )
    assert isinstance(entry(*PROPOSED, DEMERIT, shorter), PoolEntered)


def test_after_an_admonition_the_check_must_pass() -> None:
    enter = on(date(2026, 8, 10))
    talk = event_id(7)
    history = (*PROPOSED, ADMONISHED)
    assert refused_rules(*history, enter=enter) == ["POOL-05"]
    assert refused_rules(*history, checked(talk, passed=False), enter=enter) == ["POOL-05"]
    assert isinstance(entry(*history, checked(talk, passed=True), enter=enter), PoolEntered)
    mended = (checked(talk, passed=False, on=date(2026, 8, 1)), checked(talk, passed=True))
    assert isinstance(entry(*history, *mended, enter=enter), PoolEntered)
    late = checked(talk, passed=True, on=date(2026, 8, 11))
    assert refused_rules(*history, late, enter=enter) == ["POOL-05"]
    assert refused_rules(*history, checked(event_id(99), passed=True), enter=enter) == ["POOL-05"]


def test_a_reminder_has_no_influence() -> None:
    reminder = ADMONISHED.model_copy(update={"kind": TalkKind.REMINDER, "blocked_until": None})
    assert isinstance(entry(*PROPOSED, reminder), PoolEntered)


@pytest.mark.parametrize("political", list(Political))
def test_the_non_party_pool_refuses_party_members_alone(political: Political) -> None:
    person = RECRUITED.model_copy(update={"political": political})
    steps = (nominated(pool_id=OTHERS), assessed(pool_id=OTHERS), compared(pool_id=OTHERS))
    enter = EnterPool(**about(date(2026, 5, 1), OTHERS), decided_by="区委组织部")
    history = (NON_PARTY_POOL, person, *steps)
    if political.value in {"01", "02"}:
        assert refused_rules(*history, enter=enter) == ["POOL-06"]
    else:
        assert isinstance(entry(*history, enter=enter), PoolEntered)


def test_political_status_is_that_of_the_day() -> None:
    masses = RECRUITED.model_copy(update={"political": Political.MASSES})
    joined = ProfileCorrected(
        cadre_id=CADRE,
        political=Political.PROBATIONARY_MEMBER,
        reason="入党",
        basis="支部决议",
        effective_on=date(2026, 5, 1),
    )
    steps = (nominated(pool_id=OTHERS), assessed(pool_id=OTHERS), compared(pool_id=OTHERS))
    history = (NON_PARTY_POOL, masses, joined, *steps)
    enter = EnterPool(**about(date(2026, 5, 1), OTHERS), decided_by="区委组织部")
    assert refused_rules(*history, enter=enter) == ["POOL-06"]
    day_before = enter.model_copy(update={"effective_on": date(2026, 4, 30)})
    assert isinstance(entry(*history, enter=day_before), PoolEntered)


@pytest.mark.parametrize(("birth_month", "enters"), [("1990-06", True), ("1990-05", False)])
def test_thirty_five_is_young_thirty_six_is_not(birth_month: str, enters: bool) -> None:
    person = RECRUITED.model_copy(update={"birth_month": birth_month})
    decided = entry(DEFINED, person, nominated(), assessed(), compared())
    assert isinstance(decided, PoolEntered) == enters
    assert enters or [f.rule for f in decided.findings] == ["POOL-07"]


def test_a_full_pool_refuses_until_a_seat_is_free() -> None:
    others = PoolSeatTaken(pool_id=YOUNG, cadre_id="c-bbbbbbbbbb", effective_on=date(2026, 1, 1))
    assert refused_rules(*PROPOSED, others) == ["POOL-08"]
    leaving = PoolSeatReleased(
        pool_id=YOUNG, cadre_id="c-bbbbbbbbbb", effective_on=date(2026, 7, 1)
    )
    refused = entry(*PROPOSED, others, leaving)
    assert isinstance(refused, PoolEntryRefused)
    assert refused.earliest == date(2026, 7, 1)
    assert isinstance(entry(*PROPOSED, others, leaving, enter=on(date(2026, 7, 1))), PoolEntered)


def test_a_refusal_tells_all_reasons_at_once() -> None:
    assert refused_rules(*KNOWN, VETO, DEMERIT) == [
        "POOL-01",
        "POOL-02",
        "POOL-03",
        "POL-01",
        "POOL-04",
    ]


def test_a_refusal_is_recorded_anew_when_its_reasons_change() -> None:
    refused = entry(*PROPOSED, VETO)
    again = given(*PROPOSED, VETO, refused, DEMERIT).when(ENTER).events()
    assert len(again) == 1
    given(*PROPOSED, VETO, refused).when(ENTER).then_nothing()


def test_exit_releases_the_seat() -> None:
    given(*MEMBER).when(EXIT).then(EXITED, SEAT_RELEASED)


def test_only_a_member_can_leave() -> None:
    given(*PROPOSED).when(EXIT).then_refused("was no member of pool young-2026")
    early = EXIT.model_copy(update={"effective_on": date(2026, 4, 30)})
    given(*MEMBER).when(early).then_refused("was no member of pool young-2026 before 2026-05-01")
    other_reason = EXIT.model_copy(update={"reason": ExitReason.AGE})
    given(*LEFT).when(other_reason).then_refused("left pool young-2026 on 2026-09-01 already")


def test_coming_back_needs_new_steps() -> None:
    back = on(date(2027, 1, 1))
    assert refused_rules(*LEFT, enter=back) == ["POOL-01", "POOL-02", "POOL-03"]
    again = (
        nominated(date(2026, 10, 1)),
        assessed(date(2026, 10, 15)),
        compared(date(2026, 11, 1)),
    )
    assert isinstance(entry(*LEFT, *again, enter=back), PoolEntered)


def test_the_day_of_the_exit_is_no_day_in_the_pool() -> None:
    steps_missing = ["POOL-01", "POOL-02", "POOL-03"]
    assert refused_rules(*LEFT, enter=on(date(2026, 9, 1))) == steps_missing
    given(*LEFT).when(on(date(2026, 8, 31))).then_nothing()


def test_all_steps_may_fall_on_the_day_of_entry() -> None:
    day = date(2026, 5, 1)
    assert isinstance(entry(*KNOWN, nominated(day), assessed(day), compared(day)), PoolEntered)


FACTS = (nominated(), assessed(), compared(), VETO, ADMONISHED, DEMERIT, RECRUITED)


@for_all(st.permutations(FACTS), st.integers(0, 500).map(lambda n: timedelta(days=n)))
def test_the_order_of_arrival_does_not_matter(facts: list[Event], later: timedelta) -> None:
    enter = on(date(2026, 3, 1) + later)
    expected = entry(DEFINED, *FACTS, enter=enter)
    found = entry(DEFINED, *facts, enter=enter)
    assert [(f.rule, f.passed, f.earliest, f.reason) for f in found.findings] == [
        (f.rule, f.passed, f.earliest, f.reason) for f in expected.findings
    ]
