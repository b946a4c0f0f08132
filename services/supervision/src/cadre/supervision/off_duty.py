"""Visits outside working hours (八小时外, M54): lawful, minimal, never counted, gone on their day.

Only the fact of a visit stays. No grade, no point and no bar reads it: `Cadre.visits` is used here
and nowhere else.
"""

from collections.abc import Sequence
from uuid import UUID

from cadre.contracts.event import Event
from cadre.contracts.supervision.off_duty import (
    LapsedNote,
    OffDutyNoteExpired,
    OffDutyVisit,
    OffDutyVisitMade,
)
from cadre.shared.deciding.calendar import add_months
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.rulebook import rulebook
from cadre.supervision.cadre import Cadre, CadreCommand, on_record, require_known


class RecordOffDutyVisit(CadreCommand, OffDutyVisit):
    """Record a visit outside working hours, with a note that lapses."""


class ExpireOffDutyNote(CadreCommand, LapsedNote):
    """Destroy a note whose day has come; the calendar sends this."""

    uses_data = False
    irreversible = True


def record_visit(command: RecordOffDutyVisit, cadre: Cadre) -> Sequence[Event]:
    require_known(cadre, command.cadre_id)
    made = OffDutyVisitMade.model_validate(command.model_dump())
    if on_record(made, cadre.visits.values(), beside={"note"}):
        return []
    if _visit_of(command.note_id, cadre) is not None:
        raise NotPossible(
            f"note {command.note_id} was written already",
            where="note_id",
            hint="give every note an id of its own",
        )
    rule = rulebook().on("SUP-20", command.effective_on)
    latest = add_months(command.effective_on, rule.whole("months_max"))
    if not command.effective_on < command.keep_until <= latest:
        raise NotPossible(
            f"a note of {command.effective_on} is kept until {latest} at the latest ({rule.id})",
            where="keep_until",
            hint="keep it no longer than its purpose needs",
        )
    return [made]


def expire_note(command: ExpireOffDutyNote, cadre: Cadre) -> Sequence[Event]:
    require_known(cadre, command.cadre_id)
    found = _visit_of(command.note_id, cadre)
    if found is None:
        raise NotFound(f"{command.cadre_id} has no note {command.note_id}", where="note_id")
    if command.note_id in cadre.lapsed:
        return []
    visit_event, visit = found
    if command.effective_on < visit.keep_until:
        raise NotPossible(
            f"the note is kept until {visit.keep_until}",
            where="effective_on",
            hint="it lapses by itself on that day",
        )
    return [OffDutyNoteExpired(**command.model_dump(), visit_event=visit_event)]


def _visit_of(note_id: UUID, cadre: Cadre) -> tuple[UUID, OffDutyVisitMade] | None:
    """The visit that a note tells of, with the id of its event."""
    return next((found for found in cadre.visits.items() if found[1].note_id == note_id), None)
