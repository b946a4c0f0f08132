"""A fact that takes the place of a wrong one is judged as if the wrong one had never been."""

from typing import Any

from cadre.contracts.appointment.annulling import AppointmentAnnulled
from cadre.contracts.event import CadreEvent
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.person import Person


def corrected_by[E: CadreEvent](person: Person, event: E) -> Fact[E] | None:
    """The fact that an event corrects, if it corrects one. Raises: NotFound, NotPossible."""
    if event.supersedes is None:
        return None
    return person.correctable(type(event), event.supersedes)


def changes(event: CadreEvent, wrong: Fact[Any]) -> bool:
    """Whether a correction says anything else than what it corrects."""
    told: CadreEvent = wrong.event
    return event.model_copy(update={"supersedes": told.supersedes}) != told


def annulment(fact: Fact[Any], basis: str) -> AppointmentAnnulled:
    """What takes a fact back because another one, on which it rested, was taken back."""
    event: CadreEvent = fact.event
    return AppointmentAnnulled(
        effective_on=event.effective_on,
        cadre_id=event.cadre_id,
        supersedes=fact.id,
        annuls=event.tag(),
        reason="所依据的记录已更正或撤销",
        basis=basis,
    )


def without(person: Person, *wrong: Fact[Any] | None) -> Person:
    """The person as if these facts had never held."""
    return person.expecting(*(annulment(fact, "—") for fact in wrong if fact is not None))
