from datetime import date
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from cadre.contracts.event import Event, Sealed
from cadre.contracts.selection.profile import Recruited
from cadre.contracts.supervision.annulling import SupervisionAnnulled
from cadre.contracts.supervision.assessment import (
    Assessed,
    AssessmentKind,
    AssessmentRefused,
    AssessmentRequested,
    MonthClosed,
)
from cadre.contracts.supervision.influence import Disciplined, Sanction, Talked, TalkKind
from cadre.contracts.supervision.unit_year import (
    ExcellentAllotted,
    ExcellentReleased,
    UnitYearOpened,
)
from cadre.contracts.vocabulary import Channel, Education, Grade, Political, RoutineGrade, Sex
from cadre.shared.deciding.annulling import Annul
from cadre.shared.deciding.decider import Fold
from cadre.shared.deciding.messages import Command, Recorded
from cadre.shared.deciding.person import PERSON
from cadre.shared.deciding.testing import Given, Specification, event_id, recorded
from cadre.supervision.app import SERVICE
from cadre.supervision.deciding.assessment import Assess, CorrectAssessment, RequestAssessment
from cadre.supervision.deciding.unit_year import UNIT_YEAR, ceiling, holders_of

given = Specification(SERVICE.handlers)
ANNA, BO = "c-aaaaaaaaaa", "c-bbbbbbbbbb"
DECIDED_ON = date(2026, 1, 20)


def recruited(cadre_id: str) -> Recruited:
    return Recruited(
        cadre_id=cadre_id,
        full_name="安",
        id_number="110101199001011237",
        birth_date=date(1990, 1, 1),
        birth_month="1990-01",
        sex=Sex.FEMALE,
        ethnicity="汉族",
        political=Political.PARTY_MEMBER,
        education=Education.BACHELOR,
        channel=Channel.CIVIL_SERVICE,
        unit_id="u-town",
        unit_name="东镇",
        effective_on=date(2015, 9, 1),
    )


def opened(headcount: int, unit_id: str = "u-town") -> UnitYearOpened:
    return UnitYearOpened(
        unit_year_id=f"{unit_id}-2025",
        unit_id=unit_id,
        unit_name="东镇",
        year=2025,
        headcount=headcount,
        excellent_share=0.20,
        effective_on=date(2025, 1, 1),
    )


def graded(grade: Grade, cadre_id: str = ANNA, **more: object) -> Assessed:
    fields: dict[str, object] = {
        "cadre_id": cadre_id,
        "kind": AssessmentKind.YEAR,
        "period": "2025",
        "grade": grade,
        "unit_id": "u-town",
        "unit_name": "东镇",
        "reviewer": "区委组织部",
        "effective_on": DECIDED_ON,
    }
    return Assessed.model_validate(fields | more)


def assess(event: Assessed) -> Assess:
    return Assess.model_validate(event.model_dump(exclude={"type", "supersedes", "late"}))


def correct(wrong: UUID, event: Assessed) -> CorrectAssessment:
    wish = event.model_dump(exclude={"type", "supersedes", "late"})
    return CorrectAssessment.model_validate(wish | {"supersedes": wrong})


def allotted(cadre_id: str = ANNA, unit_id: str = "u-town") -> ExcellentAllotted:
    return ExcellentAllotted(
        unit_year_id=f"{unit_id}-2025", cadre_id=cadre_id, effective_on=DECIDED_ON
    )


def released(cadre_id: str = ANNA, unit_id: str = "u-town") -> ExcellentReleased:
    return ExcellentReleased(
        unit_year_id=f"{unit_id}-2025", cadre_id=cadre_id, effective_on=DECIDED_ON
    )


def admonished(on: date, kind: TalkKind = TalkKind.ADMONITION) -> Talked:
    return Talked(
        cadre_id=ANNA,
        kind=kind,
        talkers=("王", "李"),
        reason="迟报",
        record="谈话记录",
        blocked_until=date(2027, 1, 1) if kind is TalkKind.ADMONITION else None,
        effective_on=on,
    )


def sanctioned(sanction: Sanction, on: date, until: date) -> Disciplined:
    return Disciplined(
        cadre_id=ANNA,
        sanction=sanction,
        decided_by="区监委",
        document="区监〔2025〕3号",
        blocked_until=until,
        rule="SUP-05",
        effective_on=on,
    )


RECRUITED = recruited(ANNA)
EXCELLENT = graded(Grade.EXCELLENT)
COMPETENT = graded(Grade.COMPETENT)
JULY = Assessed(
    cadre_id=ANNA,
    kind=AssessmentKind.MONTH,
    period="2025-07",
    grade=RoutineGrade.GOOD,
    unit_id="u-town",
    unit_name="东镇",
    reviewer="东镇党委",
    comment="完成防汛",
    effective_on=date(2025, 8, 2),
)
JULY_CLOSED = MonthClosed(
    unit_year_id="u-town-2025", month="2025-07", effective_on=date(2025, 8, 5)
)
FULL = (RECRUITED, opened(5), recruited(BO), graded(Grade.EXCELLENT, BO), allotted(BO))


def failed(event: Event) -> list[str]:
    assert isinstance(event, AssessmentRefused)
    return [finding.rule for finding in event.findings if not finding.passed]


# Routine assessments


def test_a_month_is_recorded() -> None:
    given(RECRUITED, opened(5)).when(assess(JULY)).then(JULY)


def test_a_month_filed_after_closing_is_late_whatever_day_it_claims() -> None:
    closed = (RECRUITED, opened(5), JULY_CLOSED)
    late = JULY.model_copy(update={"late": True})
    given(*closed).when(assess(JULY)).then(late)
    claimed = late.model_copy(update={"effective_on": date(2025, 9, 1)})
    given(*closed).when(assess(claimed)).then(claimed)


def test_only_the_direct_superior_files_months_where_one_is_named() -> None:
    ranked = opened(5).model_copy(update={"superior": "区委办"})
    given(RECRUITED, ranked).when(assess(JULY)).then_refused("not the direct superior")
    by_superior = JULY.model_copy(update={"reviewer": "区委办"})
    given(RECRUITED, ranked).when(assess(by_superior)).then(by_superior)
    yearly = COMPETENT.model_copy(update={"reviewer": "考核委员会"})
    given(RECRUITED, ranked).when(assess(yearly)).then(yearly)


def test_a_month_filed_in_time_stays_in_time_when_sent_again_after_closing() -> None:
    given(RECRUITED, opened(5), JULY, JULY_CLOSED).when(assess(JULY)).then_nothing()


def test_a_repeat_is_known_although_history_holds_the_comment_sealed() -> None:
    sealed = JULY.model_copy(update={"comment": Sealed(sealed="v1.token")})
    given(RECRUITED, sealed).when(assess(JULY)).then_nothing()


def test_a_period_is_assessed_once() -> None:
    other = JULY.model_copy(update={"grade": RoutineGrade.POOR})
    given(RECRUITED, JULY).when(assess(other)).then_refused("correct that assessment instead")


def test_a_second_assessment_is_pointed_to_the_one_that_stands() -> None:
    fixed = COMPETENT.model_copy(update={"supersedes": event_id(2)})
    other = graded(Grade.INCOMPETENT)
    given(RECRUITED, EXCELLENT, fixed).when(assess(other)).then_refused(str(event_id(3)))


def test_special_assessments_of_one_period_differ_by_day() -> None:
    special = JULY.model_copy(update={"kind": AssessmentKind.SPECIAL, "period": "2025"})
    later = special.model_copy(update={"effective_on": date(2025, 11, 2)})
    given(RECRUITED, special).when(assess(later)).then(later)
    again = special.model_copy(update={"grade": RoutineGrade.POOR})
    given(RECRUITED, special).when(assess(again)).then_refused("is recorded already")


@pytest.mark.parametrize(
    ("period", "first_day"),
    [("2025", date(2025, 1, 1)), ("2025-Q3", date(2025, 7, 1)), ("2025-08", date(2025, 8, 1))],
)
def test_a_period_is_not_assessed_before_it_begins(period: str, first_day: date) -> None:
    special = {"kind": AssessmentKind.SPECIAL, "period": period, "effective_on": first_day}
    begun = JULY.model_copy(update=special)
    given(RECRUITED).when(assess(begun)).then(begun)
    eve = begun.model_copy(update={"effective_on": date.fromordinal(first_day.toordinal() - 1)})
    given(RECRUITED).when(assess(eve)).then_refused("has not begun")


def test_a_stranger_is_not_assessed() -> None:
    given(recruited(BO)).when(assess(JULY)).then_refused(f"no cadre {ANNA} is known here")


# The 优秀 of a year


def test_excellent_takes_a_place_of_the_unit() -> None:
    given(RECRUITED, opened(5)).when(assess(EXCELLENT)).then(EXCELLENT, allotted())


def test_excellent_needs_an_open_year() -> None:
    given(RECRUITED).when(assess(EXCELLENT)).then_refused("no assessment year u-town-2025 is open")


def test_other_grades_need_no_open_year() -> None:
    given(RECRUITED).when(assess(COMPETENT)).then(COMPETENT)


def test_a_full_ceiling_refuses_the_next() -> None:
    (refused,) = given(*FULL).when(assess(EXCELLENT)).events()
    assert failed(refused) == ["ASM-03"]
    assert isinstance(refused, AssessmentRefused)
    assert refused.findings[0].inputs["ceiling"] == 1
    assert refused.findings[0].inputs["used"] == 1


def test_a_refusal_names_everything_that_stands_against_the_grade() -> None:
    history = (
        *FULL,
        admonished(date(2025, 3, 1)),
        sanctioned(Sanction.WARNING, date(2025, 5, 1), date(2025, 11, 1)),
        sanctioned(Sanction.DEMERIT, date(2025, 6, 1), date(2026, 6, 1)),
    )
    (refused,) = given(*history).when(assess(EXCELLENT)).events()
    assert failed(refused) == ["ASM-03", "SUP-03", "ASM-09", "ASM-08"]


def test_the_same_refusal_is_recorded_once_and_another_again() -> None:
    (refused,) = given(*FULL).when(assess(EXCELLENT)).events()
    given(*FULL, refused).when(assess(EXCELLENT)).then_nothing()
    admonition = admonished(date(2025, 3, 1))
    (other,) = given(*FULL, refused, admonition).when(assess(EXCELLENT)).events()
    assert failed(other) == ["ASM-03", "SUP-03"]


@pytest.mark.parametrize(
    ("talk", "loses"),
    [
        (admonished(date(2025, 1, 1)), True),
        (admonished(date(2025, 12, 31)), True),
        (admonished(date(2024, 12, 31)), False),
        (admonished(date(2026, 1, 1)), False),
        (admonished(date(2025, 6, 1), TalkKind.REMINDER), False),
    ],
)
def test_an_admonition_loses_the_excellent_of_its_own_year(talk: Talked, loses: bool) -> None:
    decided = given(RECRUITED, opened(5), talk).when(assess(EXCELLENT)).events()
    assert isinstance(decided[0], AssessmentRefused) is loses


def test_an_admonition_recorded_wrongly_and_corrected_away_loses_nothing() -> None:
    wrong = admonished(date(2025, 3, 1))
    right = admonished(date(2024, 3, 1)).model_copy(update={"supersedes": event_id(3)})
    history = (RECRUITED, opened(5), wrong, right)
    given(*history).when(assess(EXCELLENT)).then(EXCELLENT, allotted())


def test_a_warning_leaves_every_grade_but_excellent() -> None:
    warned = (
        RECRUITED,
        opened(5),
        sanctioned(Sanction.PARTY_WARNING, date(2025, 5, 1), date(2026, 5, 1)),
    )
    (refused,) = given(*warned).when(assess(EXCELLENT)).events()
    assert failed(refused) == ["ASM-09"]
    given(*warned).when(assess(COMPETENT)).then(COMPETENT)


def test_a_demerit_in_force_at_the_end_of_the_year_leaves_no_grade() -> None:
    demerit = sanctioned(Sanction.DEMERIT, date(2025, 1, 1), date(2026, 1, 1))
    (refused,) = given(RECRUITED, demerit).when(assess(COMPETENT)).events()
    assert failed(refused) == ["ASM-08"]
    ungraded = graded(Grade.UNGRADED)
    given(RECRUITED, demerit).when(assess(ungraded)).then(ungraded)


def test_a_demerit_released_within_the_year_no_longer_counts() -> None:
    demerit = sanctioned(Sanction.DEMERIT, date(2024, 12, 31), date(2025, 12, 31))
    given(RECRUITED, demerit).when(assess(COMPETENT)).then(COMPETENT)


# Corrections


def test_a_correction_from_excellent_gives_the_place_back() -> None:
    history = (RECRUITED, opened(5), EXCELLENT, allotted())
    fixed = COMPETENT.model_copy(update={"supersedes": event_id(3)})
    given(*history).when(correct(event_id(3), COMPETENT)).then(fixed, released())


def test_a_correction_to_excellent_takes_a_place() -> None:
    fixed = EXCELLENT.model_copy(update={"supersedes": event_id(3)})
    given(RECRUITED, opened(5), COMPETENT).when(correct(event_id(3), EXCELLENT)).then(
        fixed, allotted()
    )


def test_a_correction_to_excellent_needs_a_free_place() -> None:
    (refused,) = given(*FULL, COMPETENT).when(correct(event_id(6), EXCELLENT)).events()
    assert failed(refused) == ["ASM-03"]
    assert refused.supersedes is None


def test_a_correction_of_the_score_alone_moves_no_place() -> None:
    scored = graded(Grade.EXCELLENT, BO, score=96.5)
    fixed = scored.model_copy(update={"supersedes": event_id(4)})
    given(*FULL).when(correct(event_id(4), scored)).then(fixed)


def test_a_correction_of_the_unit_moves_the_place() -> None:
    history = (RECRUITED, opened(5), opened(5, "u-west"), EXCELLENT, allotted())
    moved = graded(Grade.EXCELLENT, unit_id="u-west", unit_name="西镇")
    fixed = moved.model_copy(update={"supersedes": event_id(4)})
    given(*history).when(correct(event_id(4), moved)).then(
        fixed, released(), allotted(unit_id="u-west")
    )


def test_a_correction_of_a_late_month_stays_late() -> None:
    late = JULY.model_copy(update={"late": True})
    better = JULY.model_copy(update={"grade": RoutineGrade.FAIR})
    fixed = better.model_copy(update={"late": True, "supersedes": event_id(2)})
    given(RECRUITED, late).when(correct(event_id(2), better)).then(fixed)


def test_what_was_corrected_is_not_corrected_again() -> None:
    fixed = COMPETENT.model_copy(update={"supersedes": event_id(2)})
    other = graded(Grade.BASICALLY_COMPETENT)
    given(RECRUITED, EXCELLENT, fixed).when(correct(event_id(2), other)).then_refused(
        "name the correction instead"
    )


def test_a_correction_keeps_its_kind_and_period() -> None:
    other = COMPETENT.model_copy(update={"period": "2024"})
    given(RECRUITED, COMPETENT).when(correct(event_id(2), other)).then_refused(
        "cannot change the kind or the period"
    )


def test_a_correction_does_not_hold_before_what_it_corrects() -> None:
    earlier = EXCELLENT.model_copy(update={"effective_on": date(2026, 1, 19)})
    given(RECRUITED, opened(5), COMPETENT).when(correct(event_id(3), earlier)).then_refused(
        "cannot hold before 2026-01-20"
    )


def test_nothing_recorded_is_nothing_to_correct() -> None:
    given(RECRUITED).when(correct(event_id(9), COMPETENT)).then_refused("no assessed of id")


# Requests


def test_an_assessment_is_asked_for_once() -> None:
    wish = RequestAssessment(
        cadre_id=ANNA,
        request_id=event_id(77),
        reason="试用期满考核",
        due_on=date(2026, 2, 20),
        effective_on=DECIDED_ON,
    )
    asked = AssessmentRequested.model_validate(wish.model_dump())
    given(RECRUITED).when(wish).then(asked)
    given().when(wish).then_refused(f"no cadre {ANNA} is known here")
    later = wish.model_copy(update={"due_on": date(2026, 3, 20)})
    again = AssessmentRequested.model_validate(later.model_dump())
    given(RECRUITED, asked).when(later).then(again)


# Properties

PEOPLE = tuple(f"c-{letter * 10}" for letter in "abcdef")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE),
        st.sampled_from([Grade.EXCELLENT, Grade.COMPETENT]),
        st.sampled_from(["u-town", "u-west"]),
    ),
    max_size=20,
)


def decide(history: list[Recorded[Event]], command: Command) -> None:
    for event in Given(SERVICE.handlers, tuple(history)).when(command).events():
        history.append(recorded(len(history) + 1, event))


def fold[S](fold: Fold[S], aggregate_id: str, history: list[Recorded[Event]]) -> S:
    scope = fold.of(aggregate_id)
    return fold.fold(fact for fact in history if scope.covers(fact.event))


@settings(max_examples=60, deadline=None)
@for_all(STEPS, st.integers(1, 20))
def test_places_are_the_excellent_that_stand_and_never_more_than_the_ceiling(
    steps: list[tuple[str, Grade, str]], headcount: int
) -> None:
    start: list[Event] = [opened(headcount), opened(headcount, "u-west"), *map(recruited, PEOPLE)]
    history = [recorded(i, event) for i, event in enumerate(start, start=1)]
    for person, grade, unit_id in steps:
        wanted = graded(grade, person, unit_id=unit_id)
        cadre = fold(PERSON, person, history)
        standing = next((fact.id for fact in cadre.standing(Assessed)), None)
        decide(history, assess(wanted) if standing is None else correct(standing, wanted))
    for unit_id in ("u-town", "u-west"):
        state = fold(UNIT_YEAR, f"{unit_id}-2025", history)
        assert len(holders_of(state)) <= ceiling(headcount, 0.20, "floor")
        assert holders_of(state) == {
            person
            for person in PEOPLE
            for grade in _standing(history, person)
            if grade.grade is Grade.EXCELLENT and grade.unit_id == unit_id
        }


def _standing(history: list[Recorded[Event]], person: str) -> list[Assessed]:
    cadre = fold(PERSON, person, history)
    return [fact.event for fact in cadre.standing(Assessed)]


CHAIN = (
    RECRUITED,
    COMPETENT,
    EXCELLENT.model_copy(update={"supersedes": event_id(2)}),
    COMPETENT.model_copy(update={"supersedes": event_id(3), "score": 80.0}),
    JULY,
    admonished(date(2025, 3, 1)),
)


@for_all(st.permutations([recorded(i, event) for i, event in enumerate(CHAIN, start=1)]))
def test_the_grade_that_stands_does_not_depend_on_the_order_of_arrival(
    facts: list[Recorded[Event]],
) -> None:
    cadre = PERSON.fold(facts)
    assert cadre == PERSON.fold(recorded(i, event) for i, event in enumerate(CHAIN, start=1))
    assert {fact.id for fact in cadre.standing(Assessed)} == {event_id(4), event_id(5)}


def annul(position: int, day: date) -> Annul:
    return Annul(
        cadre_id=ANNA,
        effective_on=day,
        supersedes=event_id(position),
        reason="误记",
        basis="组〔2026〕7号",
    )


def test_an_annulled_grade_gives_its_place_back_and_counts_until_that_day() -> None:
    history = (RECRUITED, opened(5), graded(Grade.EXCELLENT), allotted())
    day = date(2026, 3, 1)
    wish = annul(3, day)
    annulled = SupervisionAnnulled.model_validate(wish.model_dump() | {"annuls": Assessed.tag()})
    released = ExcellentReleased(effective_on=day, unit_year_id="u-town-2025", cadre_id=ANNA)
    given(*history).when(wish).then(annulled, released)
    person = fold(PERSON, ANNA, [recorded(i, e) for i, e in enumerate((*history, annulled), 1)])
    assert [fact.id for fact in person.standing(Assessed, by=date(2026, 2, 28))] == [event_id(3)]
    assert person.standing(Assessed, by=day) == []


def test_a_refusal_and_a_request_are_annulled_and_can_be_recorded_anew() -> None:
    wanted = graded(Grade.EXCELLENT)
    (refused,) = given(RECRUITED, opened(1)).when(assess(wanted)).events()
    day = date(2026, 3, 1)
    wish = annul(3, day)
    annulled = SupervisionAnnulled.model_validate(
        wish.model_dump() | {"annuls": AssessmentRefused.tag()}
    )
    given(RECRUITED, opened(1), refused).when(wish).then(annulled)
    given(RECRUITED, opened(1), refused, annulled).when(assess(wanted)).then(refused)
