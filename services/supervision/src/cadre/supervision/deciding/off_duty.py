"""Visits outside working hours (八小时外, M54): lawful, minimal, never counted, gone on their day.

Only the fact of a visit stays. No grade, no point and no bar reads it: its event is imported here
and where notes lapse, and a rule of imports keeps it so.
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
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.dossier import Fact
from cadre.shared.deciding.errors import NotFound, NotPossible
from cadre.shared.deciding.facts import Ending, Facts, Recorder
from cadre.shared.deciding.person import FactCommand, Person, PersonCommand
from cadre.shared.deciding.rights import EVERYBODY, NAMED, Right, Role
from cadre.shared.deciding.rulebook import rulebook


class RecordOffDutyVisit(FactCommand, OffDutyVisit):
    """记录八小时外走访 · Record a visit outside working hours, with a note that lapses."""


class ExpireOffDutyNote(PersonCommand, LapsedNote):
    """销毁到期走访记录 · Destroy a note whose day has come; the calendar sends this."""

    uses_data = False
    irreversible = True


def record_visit(command: RecordOffDutyVisit, cadre: Person) -> Sequence[Event]:
    cadre.require_known(command.cadre_id)
    if not (recorded := VISITS.recorded(command, cadre)):
        return []
    if _visit_of(command.note_id, cadre) is not None:
        raise NotPossible(
            f"该走访记录已存在 · note {command.note_id} was written already",
            where="note_id",
            hint="每份走访记录请单独编号 · give every note an id of its own",
        )
    rule = rulebook().on("SUP-20", command.effective_on)
    latest = add_months(command.effective_on, rule.whole("months_max"))
    if not command.effective_on < command.keep_until <= latest:
        raise NotPossible(
            "走访记录超过最长保存期限 · "
            f"a note of {command.effective_on} is kept until {latest} at the latest ({rule.id})",
            where="keep_until",
            hint="保存期限以实现目的所必需的最短时间为限 · "
            "keep it no longer than its purpose needs",
        )
    return recorded


def expire_note(command: ExpireOffDutyNote, cadre: Person) -> Sequence[Event]:
    cadre.require_known(command.cadre_id)
    found = _visit_of(command.note_id, cadre)
    if found is None:
        raise NotFound(
            f"该干部名下没有此走访记录 · {command.cadre_id} has no note {command.note_id}",
            where="note_id",
        )
    if any(lapsed.event.note_id == command.note_id for lapsed in cadre.every(OffDutyNoteExpired)):
        return []
    if command.effective_on < found.event.keep_until:
        raise NotPossible(
            f"走访记录尚未到保存期限 · the note is kept until {found.event.keep_until}",
            where="effective_on",
            hint="到期自动销毁 · it lapses by itself on that day",
        )
    return [OffDutyNoteExpired(**command.model_dump(), visit_event=found.id)]


def _visit_of(note_id: UUID, cadre: Person) -> Fact[OffDutyVisitMade] | None:
    """The visit that a note tells of."""
    visits = cadre.every(OffDutyVisitMade)
    return next((visit for visit in visits if visit.event.note_id == note_id), None)


VISITS = Facts(
    event=OffDutyVisitMade,
    by=Recorder(RecordOffDutyVisit, Right(Role.RECORDER, NAMED), record_visit),
    besides={"note"},
    ended_by=Ending(
        event=OffDutyNoteExpired,
        by=Recorder(ExpireOffDutyNote, Right(Role.DECIDER, EVERYBODY), expire_note),
        final=True,
    ),
    name="off-duty-visits",
    title="八小时外走访 · Visits outside working hours",
    seen_by=Role.INSPECTOR,
)
CAPABILITY = Capability(mechanism="M54", facts=[VISITS])
