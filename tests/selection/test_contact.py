"""Close contact (M08): four methods, each counted once a day of a person; four facets, if any."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from cadre.contracts.selection.annulling import SelectionAnnulled
from cadre.contracts.selection.contact import CloseContactLogged, ContactMethod
from cadre.selection.deciding.contact import LogContact
from cadre.shared.deciding.annulling import Annul
from cadre.shared.deciding.testing import event_id
from selection.test_identification import CADRE, RECRUITED, given
from selection.test_queries import LI, WANG, Tables, recruited

DAY = date(2026, 5, 6)


def met(**more: Any) -> CloseContactLogged:
    told: dict[str, Any] = {
        "cadre_id": CADRE,
        "effective_on": DAY,
        "method": ContactMethod.TALK,
        "participants": ("干部科",),
        "note": "谈履职情况",
    }
    return CloseContactLogged.model_validate(told | more)


def log(event: CloseContactLogged) -> LogContact:
    return LogContact.model_validate(event.model_dump(exclude={"type"}))


def test_m08_a_method_counts_once_a_day() -> None:
    given(RECRUITED).when(log(met())).then(met())
    again = log(met(note="另一次谈话"))
    given(RECRUITED, met()).when(again).then_refused("a talk of that day is on record")
    for other in (met(method=ContactMethod.VISIT), met(effective_on=date(2026, 5, 7))):
        given(RECRUITED, met()).when(log(other)).then(other)


def test_a_contact_is_corrected_and_annulled_by_name() -> None:
    right = met(note="谈思想状况", supersedes=event_id(2))
    given(RECRUITED, met()).when(log(right)).then(right)
    wish = Annul(
        cadre_id=CADRE, effective_on=DAY, supersedes=event_id(2), reason="误记", basis="干部科"
    )
    annulled = SelectionAnnulled.model_validate(
        wish.model_dump() | {"annuls": CloseContactLogged.tag()}
    )
    given(RECRUITED, met()).when(wish).then(annulled)
    given(RECRUITED, met(), annulled).when(log(met())).then(met())


def test_m08_facets_are_four_and_none_is_asked() -> None:
    facets = dict.fromkeys(("political", "moral", "professional", "conduct"), "印象")
    given(RECRUITED).when(log(met(**facets))).then(met(**facets))
    with pytest.raises(ValidationError):
        met(appearance="印象")
    with pytest.raises(ValidationError):
        met(method="letter")


def test_contacts_are_told_as_of_a_day_and_who_had_none_is_asked() -> None:
    corrected = met(cadre_id=WANG, note="更正", supersedes=event_id(3))
    history = (
        recruited(WANG, date(2020, 1, 1)),
        recruited(LI, date(2020, 1, 1)),
        met(cadre_id=WANG),
        corrected,
        met(cadre_id=WANG, method=ContactMethod.OPINION, effective_on=date(2026, 6, 1)),
    )
    tables = Tables(history)
    path = f"/cadres/{WANG}/contacts"
    assert tables.get(path, on="2026-05-05")["contacts"] == []
    (line,) = tables.get(path, on="2026-05-31")["contacts"]
    assert (line["method"], line["participants"], line["note"]) == ("talk", ["干部科"], "更正")
    assert line["political"] is None
    assert len(tables.get(path, on="2026-06-01")["contacts"]) == 2
    asked = {"on": "2026-05-31", "months": 12}
    told = tables.get("/contacts/missing", **asked)
    assert (told["members"], told["missing"]) == (2, [LI])
    # A year later the contact of May lies before the time that is looked at.
    later = tables.get("/contacts/missing", on="2027-05-06", months=12)
    assert later["missing"] == [LI]
    assert tables.get("/contacts/missing", on="2027-06-01", months=12)["missing"] == [WANG, LI]
    assert tables.get("/contacts/missing", unit_id="u-nowhere", **asked)["members"] == 0
