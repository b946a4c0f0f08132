"""Training attended and classes held, with usual values."""

from datetime import date

from cadre.contracts.event import Event
from cadre.contracts.training.record import Trained
from cadre.contracts.training.training_class import ClassHeld, ClassKind, ClassPlanned, Mode


def trained(cadre_id: str, ends_on: date, **changes: object) -> Trained:
    fields: dict[str, object] = {
        "cadre_id": cadre_id,
        "effective_on": ends_on,
        "title": "基层治理专题班",
        "kind": ClassKind.THEMATIC,
        "mode": Mode.CENTRALISED,
        "hours": 80,
        "days": 10,
        "starts_on": ends_on,
        "ends_on": ends_on,
    }
    return Trained.model_validate(fields | changes)


def planned(class_id: str, ends_on: date, **changes: object) -> ClassPlanned:
    fields: dict[str, object] = {
        "effective_on": ends_on,
        "class_id": class_id,
        "title": "专题班",
        "kind": ClassKind.THEMATIC,
        "mode": Mode.CENTRALISED,
        "hours": 21,
        "days": 3,
        "starts_on": ends_on,
        "ends_on": ends_on,
        "seats": 100,
    }
    return ClassPlanned.model_validate(fields | changes)


def held(plan: ClassPlanned, *attendees: str, short: bool = False) -> list[Event]:
    return [
        ClassHeld(
            effective_on=plan.ends_on, class_id=plan.class_id, attendees=attendees, short=short
        ),
        *(
            trained(c, plan.ends_on, class_id=plan.class_id, title=plan.title, hours=21, days=3)
            for c in attendees
        ),
    ]
