from datetime import date

from cadre.contracts.event import Sealed
from cadre.contracts.selection.profile import Baselined, ProfileCorrected, Recruited, Standing
from cadre.contracts.vocabulary import Channel, Education, Political, Sex
from cadre.selection.app import SERVICE
from cadre.selection.deciding.profile import (
    CorrectProfile,
    RecordBaseline,
    Recruit,
    profile_on,
    require_entry,
)
from cadre.shared.deciding.annulling import Annul
from cadre.shared.deciding.person import PERSON as HISTORY
from cadre.shared.deciding.testing import Specification, event_id, recorded

given = Specification(SERVICE.handlers)
CADRE = "c-aaaaaaaaaa"
PERSON = {
    "cadre_id": CADRE,
    "full_name": "王芳",
    "id_number": "11010519491231002X",
    "birth_date": date(1949, 12, 31),
    "birth_month": "1949-12",
    "sex": Sex.FEMALE,
    "ethnicity": "汉族",
    "political": Political.MASSES,
    "education": Education.BACHELOR,
    "major": "农学",
}
HIRING = PERSON | {
    "channel": Channel.CIVIL_SERVICE,
    "unit_id": "u-water",
    "unit_name": "水利局",
    "plan_id": "plan-2026",
    "effective_on": date(2026, 7, 1),
}
RECRUIT = Recruit.model_validate(HIRING)
RECRUITED = Recruited.model_validate(HIRING)
CAREER = PERSON | {
    "standing": Standing(unit_id="u-water", unit_name="水利局", post_title="科员"),
    "career": (),
    "source_file": "名册.xlsx",
    "source_sha256": "a" * 64,
    "source_row": 7,
    "effective_on": date(2026, 1, 1),
}
RECORD_BASELINE = RecordBaseline.model_validate(CAREER)
BASELINED = Baselined.model_validate(CAREER)
CORRECT_POLITICAL = CorrectProfile(
    cadre_id=CADRE,
    political=Political.PROBATIONARY_MEMBER,
    reason="入党",
    basis="支部大会决议",
    effective_on=date(2026, 9, 1),
)
POLITICAL_CORRECTED = ProfileCorrected(**dict(CORRECT_POLITICAL))


def test_recruiting_a_stranger() -> None:
    given().when(RECRUIT).then(RECRUITED)


def test_recruitment_waits_for_its_cadre_id() -> None:
    unassigned = RECRUIT.model_copy(update={"cadre_id": None})
    given().when(unassigned).then_refused("no cadre id was assigned")


def test_recruiting_again_with_what_the_log_shows_sealed() -> None:
    sealed = {
        name: Sealed(sealed=f"token of {name}") for name in ("full_name", "id_number", "birth_date")
    }
    given(RECRUITED.model_copy(update=sealed)).when(RECRUIT).then_nothing()


def test_nobody_is_recruited_twice() -> None:
    elsewhere = RECRUIT.model_copy(update={"unit_name": "农业局"})
    given(RECRUITED).when(elsewhere).then_refused("was recruited on 2026-07-01 already")


def test_nobody_is_recruited_after_a_baseline() -> None:
    given(BASELINED).when(RECRUIT).then_refused("taken over from a file on 2026-01-01")


def test_baseline_of_a_stranger() -> None:
    given().when(RECORD_BASELINE).then(BASELINED)


def test_the_same_row_of_the_same_file_changes_nothing() -> None:
    better_read = RECORD_BASELINE.model_copy(update={"major": "水利工程"})
    given(BASELINED).when(better_read).then_nothing()


def test_another_file_supersedes_the_first() -> None:
    newer = RECORD_BASELINE.model_copy(update={"source_sha256": "b" * 64, "major": "水利工程"})
    fields = CAREER | {"source_sha256": "b" * 64, "major": "水利工程", "supersedes": event_id(1)}
    given(BASELINED).when(newer).then(Baselined.model_validate(fields))


def test_an_old_file_does_not_undo_a_newer_one() -> None:
    newer = BASELINED.model_copy(update={"source_sha256": "b" * 64, "supersedes": event_id(1)})
    given(BASELINED, newer).when(RECORD_BASELINE).then_nothing()


def test_baseline_of_somebody_recruited_here() -> None:
    given(RECRUITED).when(RECORD_BASELINE).then_refused("was recruited through this system")


def test_correction_of_a_profile() -> None:
    given(RECRUITED).when(CORRECT_POLITICAL).then(POLITICAL_CORRECTED)


def test_correction_of_a_stranger() -> None:
    given().when(CORRECT_POLITICAL).then_refused("no cadre c-aaaaaaaaaa is known here")


def test_two_corrections_of_one_field_and_day_need_an_order() -> None:
    other = CORRECT_POLITICAL.model_copy(update={"political": Political.PARTY_MEMBER})
    given(RECRUITED, POLITICAL_CORRECTED).when(other).then_refused("政治面貌 was corrected")
    named = other.model_copy(update={"supersedes": event_id(2)})
    given(RECRUITED, POLITICAL_CORRECTED).when(named).then(ProfileCorrected(**dict(named)))


def test_two_fields_may_be_corrected_as_of_one_day() -> None:
    major = CorrectProfile(
        cadre_id=CADRE,
        major="法学",
        reason="录入错误",
        basis="毕业证书",
        effective_on=date(2026, 9, 1),
    )
    given(RECRUITED, POLITICAL_CORRECTED).when(major).then(ProfileCorrected(**dict(major)))


def test_a_correction_corrects_only_what_stands() -> None:
    astray = CORRECT_POLITICAL.model_copy(update={"supersedes": event_id(1)})
    given(RECRUITED).when(astray).then_refused("no profile-corrected of id")
    second = POLITICAL_CORRECTED.model_copy(update={"supersedes": event_id(2), "reason": "笔误"})
    third = CORRECT_POLITICAL.model_copy(update={"supersedes": event_id(2), "basis": "党员名册"})
    given(RECRUITED, POLITICAL_CORRECTED, second).when(third).then_refused("corrected already")


def test_a_recruitment_told_anew() -> None:
    """Day, channel and plan can be mended by nothing else."""
    anew = RECRUIT.model_copy(
        update={
            "supersedes": event_id(1),
            "channel": Channel.TALENT,
            "plan_id": None,
            "effective_on": date(2026, 6, 1),
        }
    )
    told = Recruited.model_validate(dict(anew))
    given(RECRUITED).when(anew).then(told)
    sealed = told.model_copy(update={"full_name": Sealed(sealed="token")})
    given(RECRUITED, sealed).when(anew).then_nothing()
    given(RECRUITED, told).when(anew.model_copy(update={"channel": Channel.TRANSFER})).then_refused(
        "was corrected already"
    )
    third = anew.model_copy(update={"supersedes": event_id(2), "channel": Channel.TRANSFER})
    given(RECRUITED, told).when(third).then(Recruited.model_validate(dict(third)))


def test_only_a_recruitment_is_told_anew() -> None:
    anew = RECRUIT.model_copy(update={"supersedes": event_id(1)})
    given().when(anew).then_refused("no cadre c-aaaaaaaaaa is known here")
    given(BASELINED).when(anew).then_refused("no recruited of id")


def test_a_recruitment_is_not_annulled() -> None:
    """Nobody of whom something is recorded becomes a stranger."""
    wish = Annul(
        cadre_id=CADRE,
        effective_on=date(2026, 9, 1),
        supersedes=event_id(1),
        reason="录入有误",
        basis="…",
    )
    given(RECRUITED).when(wish).then_refused("a recruited is not annulled")


def test_what_is_told_anew_replaces_the_corrections_before_it() -> None:
    """On one day the later on the log holds; a correction from a later day on still does."""
    known = HISTORY.fold(
        recorded(n, event)
        for n, event in enumerate(
            (
                RECRUITED,
                POLITICAL_CORRECTED,
                ProfileCorrected(
                    cadre_id=CADRE,
                    major="法学",
                    reason="录入错误",
                    basis="毕业证书",
                    effective_on=date(2026, 7, 1),
                ),
                RECRUITED.model_copy(update={"supersedes": event_id(1), "major": "水利工程"}),
            ),
            start=1,
        )
    )
    profile = profile_on(known, date(2026, 12, 31), require_entry(known, CADRE))
    assert (profile.major, profile.political) == ("水利工程", Political.PROBATIONARY_MEMBER)
