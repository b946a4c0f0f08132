from datetime import date

import pytest

from cadre.contracts.selection.identification import (
    Observed,
    Occasion,
    PoliticalQuality,
    PoliticalQualityAssessed,
    PoliticalVetoLifted,
)
from cadre.contracts.selection.kin import KinDeclared, Kinship
from cadre.contracts.selection.profile import Recruited
from cadre.contracts.vocabulary import Channel, Education, Political, Sex
from cadre.selection.app import SERVICE
from cadre.selection.deciding.kin import DeclareKin
from cadre.selection.deciding.observation import Observe
from cadre.selection.deciding.political import AssessPoliticalQuality, LiftPoliticalVeto
from cadre.shared.deciding.barring import open_vetoes
from cadre.shared.deciding.person import PERSON as HISTORY
from cadre.shared.deciding.testing import Specification, event_id, recorded

given = Specification(SERVICE.handlers)
CADRE = "c-aaaaaaaaaa"
RECRUITED = Recruited(
    cadre_id=CADRE,
    full_name="王芳",
    id_number="11010519491231002X",
    birth_date=date(1949, 12, 31),
    birth_month="1949-12",
    sex=Sex.FEMALE,
    ethnicity="汉族",
    political=Political.MASSES,
    education=Education.BACHELOR,
    channel=Channel.CIVIL_SERVICE,
    unit_id="u-water",
    unit_name="水利局",
    effective_on=date(2024, 7, 1),
)
OBSERVE = Observe(
    cadre_id=CADRE,
    occasion=Occasion.GRASSROOTS,
    indication="positive",
    observer="县委组织部",
    note="防汛一线连续值守",
    effective_on=date(2026, 6, 1),
)
ASSESS_POOR = AssessPoliticalQuality(
    cadre_id=CADRE,
    conclusion=PoliticalQuality.POOR,
    occasion="年度政治素质考察",
    assessors=("张三", "李四"),
    note="重大问题上立场不清",
    effective_on=date(2026, 3, 1),
)
ASSESSED_POOR = PoliticalQualityAssessed(**dict(ASSESS_POOR), veto=True)
LIFT = LiftPoliticalVeto(
    cadre_id=CADRE,
    assessment_event=event_id(2),
    decided_by="县委",
    reason="复查结论已改变",
    effective_on=date(2026, 5, 1),
)
LIFTED = PoliticalVetoLifted(**dict(LIFT))


def test_kin_are_declared_once_and_never_of_oneself() -> None:
    declare = DeclareKin(
        cadre_id=CADRE,
        kin_id="c-kkkkkkkkkk",
        relation=Kinship.SPOUSE,
        effective_on=date(2026, 1, 5),
    )
    given(RECRUITED).when(declare).then(KinDeclared(**dict(declare)))
    oneself = declare.model_copy(update={"kin_id": CADRE})
    given(RECRUITED).when(oneself).then_refused("own kin")


def test_an_observation() -> None:
    given(RECRUITED).when(OBSERVE).then(Observed(**dict(OBSERVE)))


def test_an_observation_of_a_stranger() -> None:
    given().when(OBSERVE).then_refused("no cadre c-aaaaaaaaaa is known here")


def test_two_observations_of_one_day_may_differ_in_words_alone() -> None:
    other = OBSERVE.model_copy(update={"note": "主动化解纠纷"})
    given(RECRUITED, Observed(**dict(OBSERVE))).when(other).then(Observed(**dict(other)))


def test_an_observation_is_corrected_by_naming_it() -> None:
    right = OBSERVE.model_copy(update={"indication": "neutral", "supersedes": event_id(2)})
    given(RECRUITED, Observed(**dict(OBSERVE))).when(right).then(Observed(**dict(right)))


@pytest.mark.parametrize("conclusion", sorted(set(PoliticalQuality) - {PoliticalQuality.POOR}))
def test_other_conclusions_veto_nothing(conclusion: PoliticalQuality) -> None:
    assess = ASSESS_POOR.model_copy(update={"conclusion": conclusion})
    assessed = PoliticalQualityAssessed(**dict(assess), veto=False)
    given(RECRUITED).when(assess).then(assessed)


def test_the_worst_conclusion_vetoes() -> None:
    given(RECRUITED).when(ASSESS_POOR).then(ASSESSED_POOR)


def test_the_note_does_not_make_it_another_assessment() -> None:
    again = ASSESS_POOR.model_copy(update={"note": "同一结论，另一种写法"})
    given(RECRUITED, ASSESSED_POOR).when(again).then_nothing()


def test_lifting_a_veto() -> None:
    given(RECRUITED, ASSESSED_POOR).when(LIFT).then(LIFTED)


def test_lifting_a_veto_before_it_was_there() -> None:
    early = LIFT.model_copy(update={"effective_on": date(2026, 2, 28)})
    given(RECRUITED, ASSESSED_POOR).when(early).then_refused("it began on 2026-03-01")


def test_a_veto_may_be_lifted_on_its_own_day() -> None:
    same_day = LIFT.model_copy(update={"effective_on": date(2026, 3, 1)})
    lifted = PoliticalVetoLifted(**dict(same_day))
    given(RECRUITED, ASSESSED_POOR).when(same_day).then(lifted)


def test_lifting_what_is_no_veto() -> None:
    harmless = ASSESSED_POOR.model_copy(update={"veto": False})
    given(RECRUITED, harmless).when(LIFT).then_refused("is no standing political veto")
    unknown = LIFT.model_copy(update={"assessment_event": event_id(99)})
    given(RECRUITED, ASSESSED_POOR).when(unknown).then_refused("has no political-quality-assessed")


def vetoes(day: date, *events: PoliticalQualityAssessed | PoliticalVetoLifted) -> int:
    history = [recorded(i, event) for i, event in enumerate((RECRUITED, *events), start=1)]
    return len(open_vetoes(HISTORY.fold(history), day))


def test_a_veto_is_open_from_its_day_to_its_lifting() -> None:
    answers = {
        day: vetoes(day, ASSESSED_POOR, LIFTED)
        for day in (date(2026, 2, 28), date(2026, 3, 1), date(2026, 4, 30), date(2026, 5, 1))
    }
    assert list(answers.values()) == [0, 1, 1, 0]


def test_a_corrected_assessment_no_longer_vetoes() -> None:
    corrected = ASSESSED_POOR.model_copy(
        update={"conclusion": PoliticalQuality.FAIR, "veto": False, "supersedes": event_id(2)}
    )
    assert vetoes(date(2026, 4, 1), ASSESSED_POOR, corrected) == 0


def test_the_lifting_of_an_assessment_lifts_what_corrects_it() -> None:
    corrected = ASSESSED_POOR.model_copy(update={"supersedes": event_id(2)})
    assert vetoes(date(2026, 6, 1), ASSESSED_POOR, LIFTED, corrected) == 0
    again = corrected.model_copy(update={"supersedes": event_id(4)})
    assert vetoes(date(2026, 6, 1), ASSESSED_POOR, LIFTED, corrected, again) == 0


def test_a_lifting_from_before_the_veto_as_corrected_has_fallen() -> None:
    later = {"supersedes": event_id(2), "effective_on": date(2026, 5, 2)}
    corrected = ASSESSED_POOR.model_copy(update=later)
    assert vetoes(date(2026, 6, 1), ASSESSED_POOR, LIFTED, corrected) == 1
    again = LIFT.model_copy(
        update={"assessment_event": event_id(4), "effective_on": date(2026, 6, 2)}
    )
    lifted = PoliticalVetoLifted(**dict(again))
    given(RECRUITED, ASSESSED_POOR, LIFTED, corrected).when(again).then(lifted)


def test_a_lifting_is_corrected_by_naming_it() -> None:
    later = LIFT.model_copy(update={"supersedes": event_id(3), "effective_on": date(2026, 6, 1)})
    history = (RECRUITED, ASSESSED_POOR, LIFTED)
    given(*history).when(later).then(PoliticalVetoLifted(**dict(later)))
    early = later.model_copy(update={"effective_on": date(2026, 2, 28)})
    given(*history).when(early).then_refused("it began on 2026-03-01")
    another = later.model_copy(update={"supersedes": event_id(2)})
    given(*history).when(another).then_refused("no political-veto-lifted of id")
    assert [
        vetoes(day, ASSESSED_POOR, LIFTED, PoliticalVetoLifted(**dict(later)))
        for day in (date(2026, 5, 31), date(2026, 6, 1))
    ] == [1, 0]
