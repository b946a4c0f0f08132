"""The histories that decisions rest on: what this process knows by itself, and what the log says.

A *known* history comes from memory or from the journal and may be behind the log. It is enough for
a decision whose append it guards: the server refuses the append when anybody wrote meanwhile.
A *fresh* history was completed from the log, which everything else needs.
"""

import contextlib
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from cadre.contracts.event import Event
from cadre.shared.database.together import Together
from cadre.shared.deciding import protection
from cadre.shared.deciding.decider import Scope
from cadre.shared.deciding.errors import ParkedPerson
from cadre.shared.deciding.messages import Recorded
from cadre.shared.deciding.person import PERSON, Person
from cadre.shared.deciding.protection import UNPROTECTED, Protection
from cadre.shared.log.codec import Codec, Outgoing
from cadre.shared.log.signed import Message, digest
from cadre.shared.log.stream import Log
from cadre.shared.projecting.journal import Journal
from cadre.shared.projecting.projector import Projector
from cadre.shared.projecting.setting_aside import held, named_by

HISTORIES_CACHED_MAX = 10_000
"""As many as one request may name; each takes some kilobytes."""
TAIL_EVENTS_NEAR = 5_000
"""How far behind the journal a history may be and still be completed from the log alone."""


@dataclass(slots=True)
class History:
    """A scope's history, folded so far. One that is in memory is never changed, only replaced."""

    state: Any
    position: int = 0
    complete_to: int = 0
    """No event of the scope up to here is missing."""
    heads: dict[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])
    """Version and digest of the last event, by aggregate."""
    commands: dict[UUID, list[int]] = field(default_factory=dict[UUID, list[int]])
    """Positions of the events each command caused."""
    protection: Protection = UNPROTECTED
    unfolded: tuple[Message, ...] = ()
    """Events this process appended since: many a history is never asked for again."""

    def branch(self) -> "History":
        return replace(self, heads=dict(self.heads), commands=dict(self.commands))


@dataclass(slots=True)
class Histories:
    """A service's histories, one instance per process."""

    service: str
    log: Log
    journal: Journal
    codec: Codec
    projector: Projector
    reads: frozenset[type[Event]] | None = None
    """The kinds of events that decisions ask of a person's history; None: all."""
    _memory: OrderedDict[Scope[Any], History] = field(
        default_factory=OrderedDict[Scope[Any], History]
    )
    _stored: Together[Scope[Any], list[Message]] = field(init=False)

    def __post_init__(self) -> None:
        self._stored = Together(self.journal.read_many)

    def forget(self) -> None:
        """Forget what memory holds; the journal and the log have it all."""
        self._memory.clear()

    async def known[S](self, scope: Scope[S]) -> History:
        """What this process knows of a history: from memory, else from the journal."""
        found = self._memory.get(scope)
        if found is not None and any(map(named_by, found.unfolded)):
            found = None
        if found is None:
            seen = self.projector.journal_position
            stored = await self._stored.find([scope])
            return self._remember(
                scope, self._extended(scope, self._empty(scope), stored[scope], seen)
            )
        if found.unfolded:
            found = self._folded(scope, found, found.unfolded)
        return self._remember(scope, found)

    async def fresh[S](self, scope: Scope[S]) -> History:
        """A history as the log holds it now."""
        try:
            return await self._completed(scope)
        except ParkedPerson:
            # What cannot be read was perhaps set aside, further on than the journal has come.
            return await self._anew(scope)

    async def _completed(self, scope: Scope[Any]) -> History:
        history = await self.known(scope)
        seen = self.projector.journal_position
        if seen - history.complete_to > TAIL_EVENTS_NEAR:
            stored = await self.journal.read(scope, history.position)
            if any(map(named_by, stored)):
                return await self._anew(scope)
            history = self._extended(scope, history, stored, seen)
        latest = await self.log.tail(scope.subjects, history.complete_to)
        if history.position and any(map(named_by, latest)):
            # Something that was folded never held.
            return await self._anew(scope)
        return self._remember(scope, self._extended(scope, history, latest))

    async def _anew(self, scope: Scope[Any]) -> History:
        """A history folded from its first event, forgetting what is in memory."""
        seen = self.projector.journal_position
        whole = await self.messages(scope)
        return self._remember(scope, self._extended(scope, self._empty(scope), whole, seen))

    async def recall(self, scopes: Iterable[Scope[Any]]) -> None:
        """Take what the journal holds of many histories into memory, in few queries."""
        missing = [scope for scope in dict.fromkeys(scopes) if scope not in self._memory]
        seen = self.projector.journal_position
        stored = await self.journal.read_many(missing)
        for scope in missing:
            with contextlib.suppress(ParkedPerson):  # told to those who ask for it
                self._remember(
                    scope, self._extended(scope, self._empty(scope), stored[scope], seen)
                )

    async def messages(self, scope: Scope[Any]) -> list[Message]:
        """A scope's raw events: journal, then the tail from the log."""
        seen = self.projector.journal_position
        stored = await self.journal.read(scope)
        after = max(seen, stored[-1].position if stored else 0)
        return stored + await self.log.tail(scope.subjects, after)

    def decode(self, message: Message) -> Recorded[Event]:
        """The event of a message, personal fields still sealed.

        Raises: ParkedPerson when this version cannot read it.
        """
        try:
            recorded = self.codec.decode(message)
            if message.aggregate[0] == self.service:
                _ = recorded.envelope.command_id  # asked for below
        except (LookupError, ValueError) as error:
            raise ParkedPerson(
                "该位置的事件无法读取 · "
                f"the event at position {message.position} cannot be read: {error}",
                where=".".join(message.aggregate),
                hint="请升级服务，或声明该事件自始未生效；读不懂的历史不作决定依据 · "
                "update the service, or set it aside with `cadre projections set-aside`;"
                " nothing is decided on a history it cannot read",
            ) from error
        return recorded

    def appended(
        self,
        guarded: Mapping[Scope[Any], History],
        sent: Sequence[Outgoing],
        positions: Sequence[int],
    ) -> None:
        """Remember what was appended behind histories that guarded the append.

        The guard has proved that each of them was complete, so with these events it is again.
        """
        # The server's time stamp is not in its answer; no fold may rest on it (see `Fold`).
        now = time.time_ns()
        messages = [
            Message(event.subject, event.headers, event.body, position, now)
            for event, position in zip(sent, positions, strict=True)
        ]
        for scope, history in guarded.items():
            new: list[Message] = []
            heads = dict(history.heads)
            for message, event in zip(messages, sent, strict=True):
                if scope.takes(message.aggregate):
                    new.append(message)
                    heads[".".join(message.aggregate)] = (_version(message, 0), event.digest)
            self._remember(
                scope,
                replace(history, unfolded=tuple(new), heads=heads, complete_to=new[-1].position),
            )

    def _extended(
        self, scope: Scope[Any], history: History, messages: Sequence[Message], seen: int = 0
    ) -> History:
        """A history with later events, complete up to ``seen`` at least."""
        if not messages:
            return replace(history, complete_to=max(history.complete_to, seen))
        longer = self._folded(scope, history, messages)
        newest = {message.aggregate: message for message in messages}
        for aggregate, message in newest.items():
            if aggregate[0] == self.service:
                hashed = digest(message.subject, message.headers, message.body)
                before, _ = history.heads.get(".".join(aggregate), (0, ""))
                counted = before + sum(one.aggregate == aggregate for one in messages)
                longer.heads[".".join(aggregate)] = (_version(message, counted), hashed)
        longer.complete_to = max(longer.complete_to, seen)
        return longer

    def _folded(self, scope: Scope[Any], history: History, messages: Sequence[Message]) -> History:
        """A history with later events in all but its heads."""
        longer = history.branch()
        longer.unfolded = ()
        for message in held(messages):
            try:
                recorded = self.decode(message)
            except ParkedPerson:
                if not scope.fold.bears_unreadable:
                    raise
                longer.position = message.position
                continue
            longer.state = scope.fold.evolve(longer.state, recorded)
            longer.protection = protection.evolve(longer.protection, recorded.event)
            longer.position = message.position
            if message.aggregate[0] == self.service:
                command_id = recorded.envelope.command_id
                before = longer.commands.get(command_id, [])
                longer.commands[command_id] = [*before, message.position]
        longer.complete_to = max(longer.complete_to, longer.position)
        return longer

    def _empty(self, scope: Scope[Any]) -> History:
        if scope.fold is PERSON:
            return History(Person(reads=self.reads))
        return History(scope.fold.initial)

    def _remember(self, scope: Scope[Any], history: History) -> History:
        """Keep a history unless a longer one came meanwhile; the one given."""
        held = self._memory.get(scope)
        if held is None or held.complete_to <= history.complete_to:
            self._memory[scope] = history
        self._memory.move_to_end(scope)
        while len(self._memory) > HISTORIES_CACHED_MAX:
            self._memory.popitem(last=False)
        return history


def _version(message: Message, counted: int) -> int:
    """The version that an event bears; one that bears none is the ``counted``-th."""
    try:
        return int(message.headers["ce-aggregateversion"])
    except (KeyError, ValueError):
        return counted
