"""Who may be restricted, released and forgotten, and when."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from cadre.contracts.appointment.annulling import AppointmentAnnulled
from cadre.contracts.appointment.service import PostAssumed, ProbationConcluded, Relieved
from cadre.contracts.event import CadreEvent, Event
from cadre.contracts.examples import example
from cadre.contracts.selection.privacy import (
    CadreForgotten,
    DataRestricted,
    ErasureReason,
    RestrictionLifted,
)
from cadre.contracts.selection.profile import Recruited
from cadre.contracts.vocabulary import PostLevel
from cadre.selection.app import SERVICE
from cadre.selection.deciding.privacy import Forget, LiftRestriction, Restrict
from cadre.shared.deciding.testing import Specification, event_id

given = Specification(SERVICE.handlers)
WHO = "c-7f3kq2mz4a"
BASIS = "会计档案管理办法第十四条"
DAY = date(2026, 3, 2)
PERSON = Recruited.model_validate(example(Recruited))
UNTIL = date(2027, 12, 31)


def restrict(**changes: Any) -> Restrict:
    wish = {"cadre_id": WHO, "retained_until": UNTIL, "basis": BASIS, "effective_on": DAY}
    return Restrict.model_validate(wish | changes)


def lift() -> LiftRestriction:
    return LiftRestriction(cadre_id=WHO, basis=BASIS, effective_on=DAY)


def forget(**changes: Any) -> Forget:
    wish = {
        "cadre_id": WHO,
        "basis": BASIS,
        "reason": ErasureReason.PERIOD_EXPIRED,
        "effective_on": DAY,
    }
    return Forget.model_validate(wish | changes)


RESTRICTED = DataRestricted(cadre_id=WHO, retained_until=UNTIL, basis=BASIS, effective_on=DAY)
LIFTED = RestrictionLifted(cadre_id=WHO, basis=BASIS, effective_on=DAY)
FORGOTTEN = CadreForgotten(
    cadre_id=WHO,
    basis=BASIS,
    reason=ErasureReason.PERIOD_EXPIRED,
    keys_destroyed=0,
    effective_on=DAY,
)
IN_OFFICE = PostAssumed(
    cadre_id=WHO,
    post_id="head",
    level=PostLevel.SECTION_HEAD,
    basis="任免文件",
    effective_on=DAY,
)
RELIEVED = Relieved(cadre_id=WHO, post_id="head", reason="退休", effective_on=DAY)


def test_data_are_restricted_and_released() -> None:
    given(PERSON).when(restrict()).then(RESTRICTED)
    given(PERSON, RESTRICTED).when(lift()).then(LIFTED)
    given(PERSON).when(lift()).then_nothing()
    longer = restrict(retained_until="2030-12-31")
    given(PERSON, RESTRICTED).when(longer).then(
        RESTRICTED.model_copy(update={"retained_until": date(2030, 12, 31)})
    )
    given(PERSON, RESTRICTED, LIFTED).when(restrict()).then(RESTRICTED)


def test_what_cannot_be_restricted() -> None:
    given().when(restrict()).then_refused("no cadre")
    given(PERSON, FORGOTTEN).when(restrict()).then_refused("destroyed")
    given(PERSON).when(restrict(retained_until="2026-03-01")).then_refused("restricts nothing")


def test_somebody_out_of_office_is_forgotten() -> None:
    given(PERSON).when(forget()).then(FORGOTTEN)
    given(PERSON, IN_OFFICE, RELIEVED).when(forget()).then(FORGOTTEN)
    given(PERSON, FORGOTTEN).when(forget(basis="另一依据")).then_nothing()
    given().when(forget()).then_refused("no cadre")


@pytest.mark.parametrize("ground", [None, "法院判决书"])
def test_no_ground_overcomes_a_retention_period(ground: str | None) -> None:
    given(PERSON, RESTRICTED).when(forget(ground=ground)).then_refused("until 2027-12-31")
    last = forget(ground=ground, effective_on=UNTIL)
    given(PERSON, RESTRICTED).when(last).then_refused("until 2027-12-31")
    after = forget(ground=ground, effective_on="2028-01-01")
    assert len(given(PERSON, RESTRICTED).when(after).events()) == 1
    assert len(given(PERSON, RESTRICTED, LIFTED).when(forget(ground=ground)).events()) == 1


def _ended_probation(*, passed: bool) -> Event:
    return ProbationConcluded(
        cadre_id=WHO,
        promotion_event=event_id(2),
        passed=passed,
        assessed_by="组织部",
        note="…",
        post_id="head",
        effective_on=DAY,
    )


def test_an_office_stands_against_it_unless_a_ground_is_named() -> None:
    given(PERSON, IN_OFFICE).when(forget()).then_refused("holds the post head")
    given(PERSON, IN_OFFICE, _ended_probation(passed=True)).when(forget()).then_refused("head")
    given(PERSON, IN_OFFICE, _ended_probation(passed=False)).when(forget()).then(FORGOTTEN)
    candidate = forget().model_copy(update={"open_motions": ("motion-1",)})
    given(PERSON).when(candidate).then_refused("a candidate in motion-1")
    grounded = forget(ground="法院判决书")
    (event,) = given(PERSON, IN_OFFICE).when(grounded).events()
    assert isinstance(event, CadreForgotten)
    assert event.ground == "法院判决书"


def test_an_office_is_held_as_corrected() -> None:
    """A coming that never was is none, and a relief that never was ended nothing."""

    def void(kind: type[CadreEvent], position: int) -> Event:
        return AppointmentAnnulled(
            cadre_id=WHO,
            effective_on=DAY,
            supersedes=event_id(position),
            annuls=kind.tag(),
            reason="误录",
            basis="批复",
        )

    given(PERSON, IN_OFFICE, void(PostAssumed, 2)).when(forget()).then(FORGOTTEN)
    back = (PERSON, IN_OFFICE, RELIEVED, void(Relieved, 3))
    given(*back).when(forget()).then_refused("holds the post head")
    elsewhere = RELIEVED.model_copy(update={"post_id": "deputy", "supersedes": event_id(3)})
    given(PERSON, IN_OFFICE, RELIEVED, elsewhere).when(forget()).then_refused("the post head")


def test_once_the_keys_are_gone_nothing_stands_against_telling_it() -> None:
    gone = forget().model_copy(update={"keys_destroyed": 4})
    (event,) = given(PERSON, IN_OFFICE, RESTRICTED).when(gone).events()
    assert isinstance(event, CadreForgotten)
    assert event.keys_destroyed == 4


def test_no_number_of_a_person_gets_onto_the_log() -> None:
    for field in ("basis", "ground"):
        with pytest.raises(ValidationError, match="no number of a person"):
            forget(**{field: "身份证号 990101199506150025 本人申请"})


def test_nobody_asks_a_caller_what_only_the_service_knows() -> None:
    asked = Forget.model_json_schema()["properties"]
    assert {"open_motions", "keys_destroyed"} & asked.keys() == set()
    assert "keys_destroyed" not in forget().model_dump()
