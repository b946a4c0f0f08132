from datetime import date

import pytest

from cadre.contracts.event import Sealed
from cadre.contracts.selection.profile import Baselined, Standing
from cadre.contracts.supervision.flag import Flagged, FlagKind
from cadre.contracts.supervision.influence import (
    Disciplined,
    RectificationChecked,
    Sanction,
    Talked,
    TalkKind,
)
from cadre.contracts.vocabulary import Education, Political, Sex
from cadre.shared.deciding.barring import Influence
from cadre.shared.deciding.testing import Specification, event_id
from cadre.supervision.app import SERVICE
from cadre.supervision.deciding.influence import CheckRectification, Discipline, Talk, influence_on

given = Specification(SERVICE.handlers)
ANNA = "c-aaaaaaaaaa"
IMPORTED = Baselined(
    cadre_id=ANNA,
    full_name="安",
    id_number="110101199001011237",
    birth_date=date(1990, 1, 1),
    birth_month="1990-01",
    sex=Sex.FEMALE,
    ethnicity="汉族",
    political=Political.PARTY_MEMBER,
    education=Education.BACHELOR,
    standing=Standing(unit_id="u-town", unit_name="东镇"),
    career=(),
    source_file="任免表.lrmx",
    source_sha256="0" * 64,
    effective_on=date(2024, 1, 1),
)
FLAGGED = Flagged(
    cadre_id=ANNA,
    kind=FlagKind.CONDUCT,
    source="巡察组",
    detail="工作拖沓",
    effective_on=date(2026, 1, 10),
)
ADMONISH = Talk(
    cadre_id=ANNA,
    kind=TalkKind.ADMONITION,
    talkers=("王", "李"),
    reason="工作拖沓",
    record="本人表态整改",
    effective_on=date(2026, 1, 15),
)
ADMONISHED = Talked(**ADMONISH.model_dump(), blocked_until=date(2026, 7, 15), rule="SUP-03")
CHECK = CheckRectification(
    cadre_id=ANNA,
    talk_event=event_id(2),
    passed=True,
    note="已整改",
    effective_on=date(2026, 7, 15),
)
CHECKED = RectificationChecked.model_validate(CHECK.model_dump())


# Talks


def test_an_admonition_blocks_for_six_months() -> None:
    given(IMPORTED).when(ADMONISH).then(ADMONISHED)


def test_six_months_from_the_end_of_august_end_with_february() -> None:
    august = ADMONISH.model_copy(update={"effective_on": date(2025, 8, 31)})
    (talked,) = given(IMPORTED).when(august).events()
    assert isinstance(talked, Talked)
    assert talked.blocked_until == date(2026, 2, 28)


@pytest.mark.parametrize("kind", [TalkKind.CARE, TalkKind.REMINDER])
def test_care_and_reminder_block_nothing_and_need_one_talker(kind: TalkKind) -> None:
    wish = ADMONISH.model_copy(update={"kind": kind, "talkers": ("王",)})
    given(IMPORTED).when(wish).then(Talked.model_validate(wish.model_dump()))


@pytest.mark.parametrize("talkers", [("王",), ("王", "王")])
def test_an_admonition_needs_two_talkers(talkers: tuple[str, ...]) -> None:
    wish = ADMONISH.model_copy(update={"talkers": talkers})
    given(IMPORTED).when(wish).then_refused("needs 2 talkers (SUP-03)")


def test_a_talk_may_follow_a_flag_and_leaves_it_open() -> None:
    wish = ADMONISH.model_copy(update={"flag_event": event_id(2)})
    talked = ADMONISHED.model_copy(update={"flag_event": event_id(2)})
    given(IMPORTED, FLAGGED).when(wish).then(talked)
    given(IMPORTED).when(wish).then_refused("has no flag")


def test_a_talk_on_record_is_known_although_its_text_is_sealed() -> None:
    sealed = ADMONISHED.model_copy(update={"record": Sealed(sealed="v1.token")})
    given(IMPORTED, sealed).when(ADMONISH).then_nothing()


def test_a_talk_recorded_wrongly_is_corrected_once() -> None:
    fix = {"supersedes": event_id(2), "effective_on": date(2026, 1, 12)}
    right = ADMONISHED.model_copy(update=fix | {"blocked_until": date(2026, 7, 12)})
    given(IMPORTED, ADMONISHED).when(ADMONISH.model_copy(update=fix)).then(right)
    other = ADMONISH.model_copy(update=fix | {"effective_on": date(2026, 1, 13)})
    given(IMPORTED, ADMONISHED, right).when(other).then_refused("was corrected already")


def test_a_talk_with_a_stranger() -> None:
    given().when(ADMONISH).then_refused(f"no cadre {ANNA} is known here")


# Checks


def test_the_check_comes_after_six_months() -> None:
    given(IMPORTED, ADMONISHED).when(CHECK).then(CHECKED)
    early = CHECK.model_copy(update={"effective_on": date(2026, 7, 14)})
    given(IMPORTED, ADMONISHED).when(early).then_refused("check on 2026-07-15 or later")


def test_a_failed_check_may_be_followed_by_a_passed_one_and_that_is_the_last() -> None:
    failed = CHECKED.model_copy(update={"passed": False})
    later = {"effective_on": date(2026, 8, 15)}
    given(IMPORTED, ADMONISHED, failed).when(CHECK.model_copy(update=later)).then(
        CHECKED.model_copy(update=later)
    )
    given(IMPORTED, ADMONISHED, CHECKED).when(CHECK.model_copy(update=later)).then_refused(
        "was passed before"
    )


def test_only_an_admonition_is_checked() -> None:
    reminded = Talked.model_validate(
        ADMONISH.model_copy(update={"kind": TalkKind.REMINDER}).model_dump()
    )
    given(IMPORTED, reminded).when(CHECK).then_refused("a 提醒谈话 asks for no check")
    given(IMPORTED).when(CHECK).then_refused("has no talk")


# Sanctions


@pytest.mark.parametrize(
    ("sanction", "rule", "until"),
    [
        (Sanction.WARNING, "SUP-05", date(2026, 9, 1)),
        (Sanction.DEMERIT, "SUP-05", date(2027, 3, 1)),
        (Sanction.MAJOR_DEMERIT, "SUP-05", date(2027, 9, 1)),
        (Sanction.DEMOTION, "SUP-05", date(2028, 3, 1)),
        (Sanction.REMOVAL, "SUP-05", date(2028, 3, 1)),
        (Sanction.PARTY_WARNING, "SUP-11", date(2027, 3, 1)),
        (Sanction.PARTY_SERIOUS_WARNING, "SUP-11", date(2027, 9, 1)),
    ],
)
def test_a_sanction_blocks_for_its_period(sanction: Sanction, rule: str, until: date) -> None:
    wish = Discipline(
        cadre_id=ANNA,
        sanction=sanction,
        decided_by="区监委",
        document="区监〔2026〕3号",
        effective_on=date(2026, 3, 1),
    )
    given(IMPORTED).when(wish).then(
        Disciplined(**wish.model_dump(), blocked_until=until, rule=rule)
    )


# What bars on a day

ADMONITION = Influence(
    source="talk",
    what="诫勉谈话",
    rule="SUP-03",
    since=date(2026, 1, 15),
    until=date(2026, 7, 15),
    check_required=True,
)
DEMERIT = Influence(
    source="sanction",
    what="记过",
    rule="SUP-05",
    since=date(2026, 3, 1),
    until=date(2027, 3, 1),
)


def passed(on: date) -> Influence:
    return Influence(
        source="talk",
        what="诫勉谈话",
        rule="SUP-03",
        since=date(2026, 1, 15),
        until=date(2026, 7, 15),
        check_required=True,
        checks=((on, True),),
    )


@pytest.mark.parametrize(
    ("block", "day", "bars"),
    [
        (ADMONITION, date(2026, 1, 14), False),
        (ADMONITION, date(2026, 1, 15), True),
        (passed(date(2026, 7, 15)), date(2026, 7, 14), True),
        (passed(date(2026, 7, 15)), date(2026, 7, 15), False),
        (ADMONITION, date(2026, 7, 15), True),
        (passed(date(2026, 8, 10)), date(2026, 8, 9), True),
        (passed(date(2026, 8, 10)), date(2026, 8, 10), False),
        (DEMERIT, date(2027, 2, 28), True),
        (DEMERIT, date(2027, 3, 1), False),
    ],
)
def test_a_period_bars_from_its_first_day_until_it_is_over(
    block: Influence, day: date, bars: bool
) -> None:
    assert bool(influence_on([block], day)) is bars


def test_time_heals_a_period_and_a_missing_check_never() -> None:
    (running,) = influence_on([ADMONITION], date(2026, 7, 14))
    assert (running.rule, running.earliest) == ("SUP-03", date(2026, 7, 15))
    (overdue,) = influence_on([ADMONITION], date(2026, 7, 15))
    assert overdue.earliest is None
    assert "尚未回访合格" in overdue.reason


def test_concurrent_periods_are_kept_apart_and_bar_until_the_latest_end() -> None:
    findings = influence_on([DEMERIT, ADMONITION], date(2026, 4, 1))
    assert [(finding.rule, finding.earliest) for finding in findings] == [
        ("SUP-03", date(2026, 7, 15)),
        ("SUP-05", date(2027, 3, 1)),
        ("SUP-14", date(2027, 3, 1)),
    ]


def test_concurrent_periods_with_a_missing_check_have_no_known_end() -> None:
    findings = influence_on([DEMERIT, ADMONITION], date(2026, 8, 1))
    assert [finding.earliest for finding in findings] == [None, date(2027, 3, 1), None]
