"""Many commands at once, for imports: decided one by one, recorded in large atomic batches.

A batch holds at most one decision on each history, so every event's evidence is a position that
the log has given. Commands that name the same person or thing are carried out in their order. What
a batch cannot hold (a repeat, a lost race, an error) goes the way of a single command, so the
outcomes are those that single commands would have had.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cadre.shared.deciding.decider import Scope, World
from cadre.shared.deciding.errors import CadreError, ParkedPerson
from cadre.shared.deciding.messages import Command, Meta
from cadre.shared.handling.decisions import Decision, Wish
from cadre.shared.handling.handling import Handling
from cadre.shared.handling.outcomes import Outcome
from cadre.shared.log.signed import Message
from cadre.shared.log.stream import BATCH_EVENTS_MAX, Conflict, NoAnswer

COMMANDS_MAX = 10_000
SINGLE_AT_ONCE = 32
DECISIONS_AT_A_STRETCH = 20
"""After so many the event loop may serve others."""


async def handle_many(
    handling: Handling, commands: Sequence[tuple[Command, Meta]]
) -> list[Outcome | CadreError]:
    """What became of each command, in their order."""
    bulk = _Bulk(handling)
    for index, accepted in enumerate(await handling.accept_many(commands)):
        if isinstance(accepted, CadreError):
            bulk.told[index] = accepted
        else:
            scopes = tuple(accepted.handler.scopes(accepted.command, World()))
            bulk.waiting[index] = (accepted, scopes)
    await handling.histories.recall(scope for _, s in bulk.waiting.values() for scope in s)
    await bulk.tell_repeats()
    while bulk.waiting:
        await bulk.carry_out_some()
    return [bulk.told[index] for index in range(len(commands))]


@dataclass(slots=True)
class _Bulk:
    handling: Handling
    waiting: dict[int, tuple[Wish, tuple[Scope[Any], ...]]] = field(
        default_factory=dict[int, tuple[Wish, tuple[Scope[Any], ...]]]
    )
    """Commands by their place, with the histories they name themselves."""
    told: dict[int, Outcome | CadreError] = field(default_factory=dict[int, Outcome | CadreError])

    async def tell_repeats(self) -> None:
        """Answer commands that the journal holds, so that an import begun again costs little.

        A command's events follow each other. So if the journal goes on behind the last one it
        holds, it holds all. What is in doubt is left to the single way, which asks the log.
        """
        known = [index for index in self.waiting if await self._knows(index)]
        scopes = dict.fromkeys(scope for index in known for scope in self.waiting[index][1])
        end = self.handling.projector.journal_position
        stored = await self.handling.histories.journal.read_many(list(scopes))
        for index in known:
            wish, named = self.waiting[index]
            caused = [m for scope in named for m in stored[scope] if self._caused(m, wish)]
            if caused and max(message.position for message in caused) < end:
                self.told[index] = _repeated(wish, caused)
                del self.waiting[index]

    async def _knows(self, index: int) -> bool:
        """Whether a command is known to have been recorded, and on none but named histories."""
        wish, named = self.waiting[index]
        try:
            found = {scope: await self.handling.histories.known(scope) for scope in named}
        except ParkedPerson:
            return False
        if not wish.recorded_at(found):
            return False
        world = World({scope: history.state for scope, history in found.items()})
        return found.keys() >= set(wish.handler.scopes(wish.command, world))

    def _caused(self, message: Message, wish: Wish) -> bool:
        """Whether a command caused an event, as it is sent now."""
        return (
            message.aggregate[0] == self.handling.service.name
            and message.headers.get("ce-commandid") == str(wish.meta.command_id)
            and message.headers.get("ce-commandhash") == wish.hash
        )

    async def carry_out_some(self) -> None:
        """Carry out waiting commands, of each history the first."""
        decisions, singly = await self._decided()
        if not await self._recorded(decisions):
            singly |= {index: decision.wish for index, decision in decisions.items()}
        await self._singly(singly)
        for index in (*decisions, *singly):
            self.waiting.pop(index, None)

    async def _decided(self) -> tuple[dict[int, Decision], dict[int, Wish]]:
        """Decisions for one batch, and commands to be carried out singly after it."""
        decisions: dict[int, Decision] = {}
        singly: dict[int, Wish] = {}
        touched: set[Scope[Any]] = set()
        ids: set[UUID] = set()
        room = BATCH_EVENTS_MAX
        for index, (wish, named) in self.waiting.items():
            if touched.isdisjoint(named) and wish.meta.command_id not in ids:
                decision = await self.handling.on_known(wish)
                if decision is None or len(decision.events) > BATCH_EVENTS_MAX:
                    singly[index] = wish
                elif touched.isdisjoint(decision.histories):
                    if len(decision.events) > room:
                        break
                    decisions[index] = decision
                    room -= len(decision.events)
                    touched.update(decision.histories)
                    ids.add(wish.meta.command_id)
                if len(decisions) % DECISIONS_AT_A_STRETCH == 0:
                    await asyncio.sleep(0)
            touched.update(named)
        return decisions, singly

    async def _recorded(self, decisions: dict[int, Decision]) -> bool:
        """Whether the decisions could be recorded in one batch."""
        if not decisions:
            return True
        try:
            outcomes = await self.handling.append_many(list(decisions.values()))
        except (Conflict, NoAnswer, CadreError):
            # Nothing was written, or it is not known: the single way finds out for each.
            return False
        self.told |= dict(zip(decisions, outcomes, strict=True))
        return True

    async def _singly(self, wishes: dict[int, Wish]) -> None:
        queue = iter(wishes.items())
        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(SINGLE_AT_ONCE, len(wishes))):
                tasks.create_task(self._carry_out(queue))

    async def _carry_out(self, queue: Iterable[tuple[int, Wish]]) -> None:
        for index, wish in queue:
            try:
                self.told[index] = await self.handling.carry_out(wish)
            except CadreError as error:
                self.told[index] = error


def _repeated(wish: Wish, caused: Iterable[Message]) -> Outcome:
    by_position = {message.position: message for message in caused}
    positions = sorted(by_position)
    found = [by_position[position] for position in positions]
    outcome = Outcome.of(wish.meta.command_id, found, positions)
    return outcome.model_copy(update={"repeated": True})
