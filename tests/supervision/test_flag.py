from datetime import date

from cadre.contracts.event import Sealed
from cadre.contracts.selection.profile import Baselined, Standing
from cadre.contracts.supervision.flag import FlagClosed, Flagged, FlagKind
from cadre.contracts.vocabulary import Education, Political, Sex
from cadre.shared.deciding.testing import Specification, event_id
from cadre.supervision.app import SERVICE
from cadre.supervision.deciding.flag import CloseFlag, Flag

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
COMPLAINED = Flagged(
    cadre_id=ANNA,
    kind=FlagKind.COMPLAINT,
    source="信访局",
    reference="信〔2026〕12号",
    detail="反映作风",
    effective_on=date(2026, 3, 1),
)
COMPLAIN = Flag.model_validate(COMPLAINED.model_dump(exclude={"type", "supersedes"}))
DISMISS = CloseFlag(
    cadre_id=ANNA,
    flag_event=event_id(2),
    outcome="dismissed",
    reason="查无实据",
    effective_on=date(2026, 3, 20),
)
DISMISSED = FlagClosed.model_validate(DISMISS.model_dump())


def test_a_sign_is_raised() -> None:
    given(IMPORTED).when(COMPLAIN).then(COMPLAINED)


def test_a_sign_of_a_stranger() -> None:
    given().when(COMPLAIN).then_refused(f"no cadre {ANNA} is known here")


def test_a_sign_that_history_holds_sealed_is_known() -> None:
    sealed = COMPLAINED.model_copy(update={"detail": Sealed(sealed="v1.token")})
    given(IMPORTED, sealed).when(COMPLAIN).then_nothing()


def test_two_letters_of_one_day_are_two_signs() -> None:
    second = COMPLAINED.model_copy(update={"reference": "信〔2026〕13号"})
    wish = COMPLAIN.model_copy(update={"reference": "信〔2026〕13号"})
    given(IMPORTED, COMPLAINED).when(wish).then(second)


def test_a_sign_is_closed_with_a_reason() -> None:
    given(IMPORTED, COMPLAINED).when(DISMISS).then(DISMISSED)


def test_a_sign_is_closed_once() -> None:
    act = DISMISS.model_copy(update={"outcome": "acted"})
    given(IMPORTED, COMPLAINED, DISMISSED).when(act).then_refused("it ended on 2026-03-20")


def test_a_sign_is_not_closed_before_it_was_raised() -> None:
    early = DISMISS.model_copy(update={"effective_on": date(2026, 2, 28)})
    given(IMPORTED, COMPLAINED).when(early).then_refused("it began on 2026-03-01")
    same_day = {"effective_on": COMPLAINED.effective_on}
    given(IMPORTED, COMPLAINED).when(DISMISS.model_copy(update=same_day)).then(
        DISMISSED.model_copy(update=same_day)
    )


def test_no_such_sign() -> None:
    given(IMPORTED).when(DISMISS).then_refused("has no flag")
