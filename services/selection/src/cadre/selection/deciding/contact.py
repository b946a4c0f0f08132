"""Close contact (近距离接触, M08): four methods, each counted once a day."""

from collections.abc import Sequence

from cadre.contracts.event import Event
from cadre.contracts.selection.contact import CloseContactLogged, Contact
from cadre.shared.deciding.capability import Capability
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.facts import Facts, Recorder
from cadre.shared.deciding.person import FactCommand, Person
from cadre.shared.deciding.rights import NAMED, Right, Role


class LogContact(FactCommand, Contact):
    """记录近距离接触 · Record that somebody was met at work."""


def log_contact(command: LogContact, person: Person) -> Sequence[Event]:
    recorded = CONTACTS.recorded(command, person)
    for fact in person.standing(CloseContactLogged) if recorded else ():
        same = fact.event.effective_on, fact.event.method
        if same == (command.effective_on, command.method) and fact.id != command.supersedes:
            raise NotPossible(
                f"当日已记录{command.method.zh} · a {command.method} of that day is on record",
                where=str(fact.id),
                hint="更正请在 supersedes 中写明该事件 · name that event in supersedes",
            )
    return recorded


CONTACTS = Facts(
    event=CloseContactLogged,
    by=Recorder(LogContact, Right(Role.RECORDER, NAMED), log_contact),
    name="contacts",
    title="近距离接触 · Close contact",
    seen_by=Role.READER,
    counted_by="method",
    expected=True,
)
CAPABILITY = Capability(mechanism="M08", facts=[CONTACTS])
