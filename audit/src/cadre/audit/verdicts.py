"""From what was seen at a position to one difference that names what was done there.

Log and journals vouch for each other: a copy whose signature holds shows which of two is the
original, a leaf under a signed root shows it even where both are signed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cadre.audit.differences import Difference, Kind
from cadre.audit.events import Events
from cadre.audit.journals import Copy
from cadre.audit.signatures import Bad, Keys, SignatureVerdict, verdict_on


@dataclass(slots=True)
class Seen:
    """Everything a pass noticed about single events."""

    keys: Keys
    events: Events
    missing: dict[int, bool] = field(default_factory=dict[int, bool])
    """Positions the log does not give; True where the server counts an event."""
    replaced: dict[int, str] = field(default_factory=dict[int, str])
    """The subjects of events whose leaf is not the one under a signed root."""
    bad: Bad = field(default_factory=dict[int, tuple[SignatureVerdict, str]])
    copies: list[Copy] = field(default_factory=list[Copy])

    @property
    def at_fault(self) -> set[int]:
        """Where the log itself is wrong."""
        return {*self.missing, *self.replaced, *self.bad, *self.events.unreadable}


def judge(seen: Seen) -> list[Difference]:
    """One difference for each event of the log that is wrong, or for each copy where it is not."""
    copies: dict[int, list[Copy]] = defaultdict(list)
    for copy in seen.copies:
        copies[copy.position].append(copy)
    others = _exchanged(seen.copies)
    found: list[Difference] = []
    for position in sorted(seen.at_fault | copies.keys()):
        found += _at(position, seen, copies.get(position, []), others)
    for one in seen.events.breaks:
        # What follows an event that is wrong cannot fit: only the event itself is told.
        if one.before not in seen.at_fault and one.position not in seen.replaced | seen.bad:
            found.append(Difference(Kind.BROKEN_CHAIN, one.position, one.subject, one.detail))
    for position, (subject, first) in seen.events.repeated.items():
        detail = f"the id was used at position {first}"
        found.append(Difference(Kind.REPEATED_ID, position, subject, detail))
    if not seen.at_fault:
        # Where an event is wrong or lacking, what comes after it seems out of order.
        found += [
            Difference(Kind.OUT_OF_ORDER, one.position, one.subject, one.detail)
            for one in seen.events.order.found
        ]
    return found


def _at(
    position: int, seen: Seen, copies: list[Copy], others: dict[tuple[str, int], int]
) -> Iterator[Difference]:
    other = next(
        (others[c.service, position] for c in copies if (c.service, position) in others), 0
    )
    if position in seen.missing:
        yield _missing(position, copies, counted=seen.missing[position])
    elif position in seen.replaced:
        kind = Kind.SWAPPED if other else Kind.ALTERED
        detail = "a signed checkpoint covers another event here"
        if other:
            detail = f"the log has the event of position {other} here; a signed checkpoint shows it"
        yield Difference(kind, position, seen.replaced[position], detail)
    elif position in seen.bad:
        yield _unsigned(position, seen, copies, other)
    elif position in seen.events.unreadable:
        yield Difference(Kind.UNREADABLE, position, *seen.events.unreadable[position])
    else:
        for copy in copies:
            yield _copy(copy, others.get((copy.service, position), 0), seen.keys)


def _missing(position: int, copies: Iterable[Copy], *, counted: bool) -> Difference:
    held = [copy for copy in copies if copy.held]
    kept = f"; kept in the journal of {_names(held)}" if held else ""
    subject = held[0].held.subject if held and held[0].held else None
    if counted:
        detail = f"the server counts this event and cannot give it: its record is damaged{kept}"
        return Difference(Kind.UNREADABLE, position, subject, detail)
    return Difference(Kind.MISSING, position, subject, f"the log has no event here{kept}")


def _unsigned(position: int, seen: Seen, copies: Iterable[Copy], other: int) -> Difference:
    verdict, subject = seen.bad[position]
    originals = [
        c for c in copies if c.held and verdict_on(c.held, seen.keys) is SignatureVerdict.HOLDS
    ]
    if verdict is SignatureVerdict.DOES_NOT_HOLD and originals:
        if other:
            detail = f"the log has the body of position {other} here"
            return Difference(Kind.SWAPPED, position, subject, detail)
        detail = f"{verdict}; the signed original is in the journal of {_names(originals)}"
        return Difference(Kind.ALTERED, position, subject, detail)
    return Difference(Kind.FORGED, position, subject, str(verdict))


def _copy(copy: Copy, other: int, keys: Keys) -> Difference:
    either = copy.found or copy.held
    subject = either.subject if either else None
    if other:
        detail = f"the journal of {copy.service} has the body of position {other} here"
        return Difference(Kind.SWAPPED, copy.position, subject, detail)
    detail = f"the journal of {copy.service} {copy.says}"
    if copy.held and copy.found and verdict_on(copy.held, keys) is SignatureVerdict.HOLDS:
        detail += "; both are signed"
    return Difference(Kind.JOURNAL_DIFFERS, copy.position, subject, detail)


def _exchanged(copies: Iterable[Copy]) -> dict[tuple[str, int], int]:
    """Where a journal has the body of another position, which has this one's: the other."""
    both = {
        (c.service, c.position): (c.held.body, c.found.body) for c in copies if c.held and c.found
    }
    places = {(service, found): position for (service, position), (_, found) in both.items()}
    others: dict[tuple[str, int], int] = {}
    for (service, position), (held, found) in both.items():
        other = places.get((service, held))
        if other and other != position and both[service, other][0] == found:
            others[service, position] = other
    return others


def _names(copies: Iterable[Copy]) -> str:
    return ", ".join(copy.service for copy in copies)
