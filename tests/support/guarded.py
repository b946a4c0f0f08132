"""Whether what is stored was appended under the guard of its history."""

from collections.abc import Iterable

from cadre.shared.deciding.guards import guard_of
from cadre.shared.log.signed import Message

GUARD = "Nats-Expected-Last-Subject-Sequence-Subject"
POSITION = "Nats-Expected-Last-Subject-Sequence"


def unguarded(events: Iterable[Message]) -> list[str]:
    """What was appended to a history with another filter than its own, or with none.

    The server keeps the guard with the event. Of a decision the first event on each history bears
    it; the position it names is that of the last event there before.
    """
    found: list[str] = []
    decided: set[tuple[str, str]] = set()
    ends: dict[str, int] = {}
    for event in events:
        history = guard_of(event.subject)
        decision = (event.headers["ce-commandid"], history)
        guard = (event.headers.get(GUARD), event.headers.get(POSITION))
        wanted = (history, str(ends.get(history, 0)))
        if guard != wanted and not (decision in decided and guard == (None, None)):
            found.append(f"{event.position} {event.subject}: {guard}, not {wanted}")
        decided.add(decision)
        ends[history] = event.position
    return found
