"""The one place that checks rights: commands over HTTP and NATS, and every route.

Whoever comes from outside comes through a `Gate`. What a service does by itself, on a reaction or
because a day asks for it, goes to `Handling` directly: it acts as the service itself.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from cadre.shared.asking.wire import command_from
from cadre.shared.deciding.errors import CadreError, NotFound
from cadre.shared.deciding.messages import Command, Meta
from cadre.shared.deciding.person import Person
from cadre.shared.deciding.rights import About, Caller, Named, Right, fields_of
from cadre.shared.handling.bulk import handle_many
from cadre.shared.handling.handling import Handling
from cadre.shared.handling.outcomes import Outcome
from cadre.shared.log.signed import Message
from cadre.shared.running.units import SERVING, moved_by, unit_on

PERSONS_KEPT_MAX = 10_000


@dataclass(slots=True, repr=False)
class Gate:
    """Lets callers in to what they may do; one instance per process."""

    handling: Handling
    _rights: dict[type[Command], Right] = field(init=False)
    _serving: OrderedDict[str, Person] = field(default_factory=OrderedDict[str, Person])
    _moves: int = 0

    def __post_init__(self) -> None:
        self._rights = {one.command: one.right for one in self.handling.service.handlers}

    async def handle(
        self, caller: Caller, kind: type[Command], body: bytes, headers: Mapping[str, str]
    ) -> Outcome:
        """Have a command of a caller decided, as it was sent.

        Raises: Forbidden, NotFound, and what `command_from` and `Handling.handle` do.
        """
        # Before the command is read: who may not send it learns nothing from it.
        caller.require(self._rights[kind].role, kind.name)
        command, meta = command_from(kind, body, headers)
        await self._admit(caller, command)
        return await self.handling.handle(command, meta)

    async def handle_many(
        self, caller: Caller, commands: Sequence[tuple[Command, Meta]]
    ) -> list[Outcome | CadreError]:
        """What became of each, in their order; one that may not is refused in its place."""
        refused = [await self._refusal(caller, command) for command, _ in commands]
        admitted = [one for one, why in zip(commands, refused, strict=True) if why is None]
        told = iter(await handle_many(self.handling, admitted))
        return [next(told) if why is None else why for why in refused]

    async def admit(
        self, caller: Caller, right: Right, named: Named, day: date, where: str
    ) -> None:
        """Return if a caller may do what speaks of these persons and units on a day.

        Raises: Forbidden; NotFound for a person who does not serve in the caller's units, and
        likewise for one whom nobody knows.
        """
        caller.require(right.role, where)
        if caller.units is None or right.about in {About.NOBODY, About.ASKED}:
            return
        if right.about is About.EVERYBODY or not any(named):
            caller.require_everybody(where)
        if not named.units <= caller.units:
            raise caller.beyond("这涉及其他单位", "this speaks of another unit", where)
        for person in sorted(named.persons):
            if not await self._in_scope(caller.units, person, day):
                raise NotFound(
                    f"令牌的单位内查无此人 · no cadre {person} is known in the token's units",
                    where=person,
                    hint="请核对编号与日期 · look whether the id and the day are right",
                )

    async def within(self, caller: Caller, persons: Iterable[str], day: date) -> list[str]:
        """Those of some persons about whom a caller may ask, in their order."""
        if caller.units is None:
            return list(persons)
        return [one for one in persons if await self._in_scope(caller.units, one, day)]

    def saw(self, messages: Iterable[Message]) -> None:
        """Forget where persons served whom these events moved."""
        for message in messages:
            if (person := moved_by(message)) is not None:
                self._moves += 1
                self._serving.pop(person, None)

    def forget(self) -> None:
        """Forget where everybody served; the log has it."""
        self._moves += 1
        self._serving.clear()

    async def _admit(self, caller: Caller, command: Command) -> None:
        right = self._rights[type(command)]
        named = Named() if caller.units is None else fields_of(type(command)).of(command)
        await self.admit(caller, right, named, command.effective_on, command.name)

    async def _refusal(self, caller: Caller, command: Command) -> CadreError | None:
        try:
            await self._admit(caller, command)
        except CadreError as error:
            return error
        return None

    async def _in_scope(self, units: frozenset[str], person: str, day: date) -> bool:
        """Whether a person serves in one of the units on a day: the one test of scope."""
        known = self._serving.get(person)
        if known is not None and unit_on(known, day) in units:
            self._serving.move_to_end(person)
            return True
        # The runner may be behind: nobody is refused but by what the log says.
        return unit_on(await self._asked(person), day) in units

    async def _asked(self, person: str) -> Person:
        moves = self._moves
        found = await self.handling.fold(SERVING.of(person))
        if moves == self._moves:
            self._serving[person] = found
            while len(self._serving) > PERSONS_KEPT_MAX:
                self._serving.popitem(last=False)
        return found
