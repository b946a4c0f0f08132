"""The one path a command takes: load, fold, decide, append.

A command is decided on what the process knows, and on the log itself where that does not do; see
`Handling.on_known`. A lost race is decided again on the new history. A time-out means unknown: the
log is asked for the command's own id before anything is decided again. The same command id gives
the same outcome for ever; with other content it is refused.
"""

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cadre.shared.deciding import texts
from cadre.shared.deciding.decider import Handler, Scope, World
from cadre.shared.deciding.errors import (
    CadreError,
    CommandReused,
    LostRace,
    Malformed,
    OutcomeUnknown,
    ParkedPerson,
    Unavailable,
    malformed,
)
from cadre.shared.deciding.messages import Command, Meta
from cadre.shared.handling.appends import Appends
from cadre.shared.handling.command_ids import CommandIds
from cadre.shared.handling.decisions import Decision, Wish, fingerprint
from cadre.shared.handling.histories import Histories, History
from cadre.shared.handling.outcomes import Outcome
from cadre.shared.keys.context import Context
from cadre.shared.log.codec import Codec
from cadre.shared.log.signed import Message
from cadre.shared.log.stream import Conflict, Duplicate, Log, NoAnswer
from cadre.shared.projecting import setting_aside
from cadre.shared.projecting.applying import AggregateKey
from cadre.shared.projecting.projector import Projector
from cadre.shared.projecting.setting_aside import SetAside
from cadre.shared.showing.service import Service
from cadre.shared.upkeep.vitals import Stops, Vitals

ATTEMPTS_MAX = 20
BACKOFF_S_MAX = 0.05
STARTING_MAX = 8
"""So many commands start in one pass of the event loop."""

type Load = Callable[[Scope[Any]], Awaitable[History]]


@dataclass(slots=True)
class Handling:
    """Handles a service's commands; one instance per process."""

    service: Service
    log: Log
    histories: Histories
    codec: Codec
    projector: Projector
    command_ids: CommandIds
    context: Context
    code_version: str
    vitals: Vitals = field(default_factory=Vitals)
    appends: Appends = field(init=False)
    _handlers: dict[type[Command], Handler[Any]] = field(init=False)
    _starting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(STARTING_MAX))

    def __post_init__(self) -> None:
        handlers = [*self.service.handlers, setting_aside.handler(self.service.name)]
        self._handlers = {handler.command: handler for handler in handlers}
        self.appends = Appends(self.log)

    async def handle(self, command: Command, meta: Meta) -> Outcome:
        """Decide a command and record what it causes.

        Raises: any CadreError; only OutcomeUnknown leaves open whether something was written.
        """
        self.vitals.require(Stops.COMMANDS)
        async with self._starting:
            # A burst must not be decided as a whole before the first of it is sent.
            await asyncio.sleep(0)
        wish = self._wish(command, meta)
        prepared = await self.service.prepare(self.context, command, meta)
        return await self.carry_out(
            wish if prepared is command else replace(wish, command=prepared)
        )

    async def carry_out(self, wish: Wish) -> Outcome:
        """Decide a command that was made ready, and record what it causes."""
        decision = await self.on_known(wish)
        if decision is not None:
            try:
                return await self._append(decision)
            except Conflict:
                # What was known was behind; nothing was written.
                wish = await self._prepared_again(wish)
        for attempt in range(ATTEMPTS_MAX):
            try:
                return await self._on_log(wish)
            except Conflict:
                await asyncio.sleep(random.uniform(0, BACKOFF_S_MAX) * min(attempt, 4))  # noqa: S311
                wish = await self._prepared_again(wish)
        raise LostRace(
            "多次被其他写入抢先 · "
            f"{wish.command.name} lost {ATTEMPTS_MAX} races against other writers",
            hint="请用原命令编号重试 · try again with the same command id",
        )

    async def fold[S](self, scope: Scope[S], known_at: int | None = None) -> S:
        """The state of a history now, or as known at a position."""
        if known_at is None:
            state: S = (await self.histories.fresh(scope)).state
            return state
        messages = [m for m in await self.messages(scope) if m.position <= known_at]
        held = setting_aside.held(messages)
        return scope.fold.fold(self.histories.decode(message) for message in held)

    async def messages(self, scope: Scope[Any]) -> list[Message]:
        """A scope's raw events as the log holds them now."""
        return await self.histories.messages(scope)

    async def accept_many(
        self, commands: Sequence[tuple[Command, Meta]]
    ) -> list[Wish | CadreError]:
        """Commands made ready, or why not: fingerprinted, and whom they mean is known.

        Raises: Unavailable for all of them while the service may not serve.
        """
        self.vitals.require(Stops.COMMANDS)
        accepted: list[Wish | CadreError] = []
        for command, meta in commands:
            try:
                accepted.append(self._wish(command, meta))
            except CadreError as error:
                accepted.append(error)
        wishes = [wish for wish in accepted if isinstance(wish, Wish)]
        prepared = iter(await self._prepared([(wish.command, wish.meta) for wish in wishes]))
        return [
            _with(wish, next(prepared)) if isinstance(wish, Wish) else wish for wish in accepted
        ]

    async def _prepared(
        self, commands: Sequence[tuple[Command, Meta]]
    ) -> list[Command | CadreError]:
        if self.service.prepare_many is not None:
            return await self.service.prepare_many(self.context, commands)
        prepared: list[Command | CadreError] = []
        for command, meta in commands:
            try:
                prepared.append(await self.service.prepare(self.context, command, meta))
            except CadreError as error:
                prepared.append(error)
        return prepared

    async def on_known(self, wish: Wish) -> Decision | None:
        """Decide on what this process knows; None when only the log can tell.

        What is known may be behind the log. If the append is guarded by every history that was
        read, the server proves that none of them was, and the decision is as good as any. Nothing
        else proves it. So all that ends without such an append is left to the log: an error, a
        wish already fulfilled, a command handled before, a history that is only read. So is what
        cannot be undone, since it is done before the append.
        """
        if wish.command.irreversible:
            return None
        try:
            histories = await self._load(wish, self.histories.known)
            if self._parked(histories):
                return None
            decision = wish.decide(histories)
        except Exception:  # noqa: BLE001  # whatever it is, the log has the last word
            return None
        if wish.recorded_at(histories) or decision.guarded.keys() != histories.keys():
            return None
        if await self.command_ids.earlier(wish.meta.command_id) is not None:
            return None
        return decision

    async def _on_log(self, wish: Wish) -> Outcome:
        histories = await self._load(wish, self.histories.fresh)
        repeated = await self._repeated(wish, histories)
        if repeated is not None:
            return repeated
        if wish.command.irreversible:
            # What is done for it before the append cannot wait for the server to know the id.
            await self.command_ids.reach_end()
        if (earlier := await self.command_ids.earlier(wish.meta.command_id)) is not None:
            raise _came_since(earlier, wish, histories)
        await self._must_not_be_parked(wish, histories)
        decision = wish.decide(histories)
        if not decision.events:
            position = max((history.position for history in histories.values()), default=0)
            return Outcome(outcome="unchanged", command_id=wish.meta.command_id, position=position)
        try:
            return await self._append(decision)
        except Duplicate as error:
            raise _came_since(await self.log.get(error.position), wish, histories) from error

    async def _append(self, decision: Decision) -> Outcome:
        """Record a decision. Raises: Conflict."""
        decision = await self._enacted(decision)
        try:
            (outcome,) = await self.append_many([decision])
        except NoAnswer as error:
            return await self._look_again(decision.wish, error)
        return outcome

    async def append_many(self, decisions: Sequence[Decision]) -> list[Outcome]:
        """Record decisions on different histories: all of them or none.

        Raises: Conflict, NoAnswer.
        """
        keys = await self.codec.keys_for([event for d in decisions for event in d.events])
        batches = [decision.batch(self.codec, keys, self.code_version) for decision in decisions]
        positions = iter(await self.appends.append([item for batch in batches for item in batch]))
        outcomes: list[Outcome] = []
        for decision, batch in zip(decisions, batches, strict=True):
            sent = [event for event, _ in batch]
            own = list(itertools.islice(positions, len(sent)))
            self.histories.appended(decision.guarded, sent, own)
            outcomes.append(Outcome.of(decision.wish.meta.command_id, sent, own))
        return outcomes

    async def _enacted(self, decision: Decision) -> Decision:
        """The decision once what it demands was done in the world."""
        wish = decision.wish
        command = await self.service.enact(self.context, wish.command, wish.meta)
        if command is wish.command:
            return decision
        return replace(wish, command=command).decide(decision.histories)

    async def _prepared_again(self, wish: Wish) -> Wish:
        """The wish after a lost race: what was enacted for it is known now."""
        return replace(
            wish, command=await self.service.prepare(self.context, wish.command, wish.meta)
        )

    def _wish(self, command: Command, meta: Meta) -> Wish:
        """A command as it was sent. Raises: Malformed."""
        handler = self._handlers.get(type(command))
        if handler is None:
            raise Malformed(
                f"该服务没有此命令 · {self.service.name} does not know the command {command.name}"
            )
        if unfit := list(texts.faults(command)):
            raise malformed(unfit)
        return Wish(command, meta, handler, fingerprint(command, self.context.fingerprint_key))

    async def _load(self, wish: Wish, load: Load) -> dict[Scope[Any], History]:
        world = World()
        histories: dict[Scope[Any], History] = {}
        while missing := [
            s for s in wish.handler.scopes(wish.command, world) if s not in histories
        ]:
            for scope in missing:
                histories[scope] = await load(scope)
                world.states[scope] = histories[scope].state
        return histories

    def _parked(self, scopes: Iterable[Scope[Any]]) -> list[AggregateKey]:
        """What of these histories is parked."""
        parked = self.projector.parked
        return [key for key in parked if any(scope.takes(key) for scope in scopes)]

    async def _must_not_be_parked(self, wish: Wish, scopes: Iterable[Scope[Any]]) -> None:
        """Raises ParkedPerson, unless the command is about the event that is parked."""
        parked = self._parked(scopes)
        if not parked or isinstance(wish.command, SetAside):
            return
        stuck = await self.projector.stuck(parked)
        corrects = str(getattr(wish.command, "supersedes", None))
        if any(corrects == message.headers.get("ce-id") for message in stuck.values()):
            return
        raise _is_parked(parked[0])

    async def _repeated(
        self, wish: Wish, histories: Mapping[Scope[Any], History]
    ) -> Outcome | None:
        positions = wish.recorded_at(histories)
        if not positions:
            return None
        messages = [await self.log.get(position) for position in positions]
        if any(message.headers.get("ce-commandhash") != wish.hash for message in messages):
            raise _reused(wish, "for a command of other content")
        outcome = Outcome.of(wish.meta.command_id, messages, positions)
        return outcome.model_copy(update={"repeated": True})

    async def _look_again(self, wish: Wish, error: NoAnswer) -> Outcome:
        """After a time-out, ask whether it was stored after all."""
        try:
            found = await self._repeated(wish, await self._load(wish, self.histories.fresh))
        except Unavailable:
            found = None
        if found is not None:
            return found.model_copy(update={"repeated": False})
        raise OutcomeUnknown(
            "事件日志未及时应答 · the log did not answer in time",
            where=str(wish.meta.command_id),
            hint="请用原命令编号重发，命令不会重复执行 · "
            "send the same command with the same id again: it is never carried out twice",
        ) from error


def _came_since(
    message: Message, wish: Wish, histories: Mapping[Scope[Any], History]
) -> Conflict | CommandReused:
    """What an event of this command means that none of the histories held when they were read."""
    if any(
        scope.takes(message.aggregate) and message.position > history.complete_to
        for scope, history in histories.items()
    ):
        return Conflict("the same command was recorded after its histories were read")
    return _reused(wish, "for another history")


def _reused(wish: Wish, what: str) -> CommandReused:
    return CommandReused(
        f"该命令编号已用于其他命令 · this command id was used {what}",
        where=str(wish.meta.command_id),
        hint="新命令请用新编号 · use a new id for a new command",
    )


def _with(wish: Wish, command: Command | CadreError) -> Wish | CadreError:
    return command if isinstance(command, CadreError) else replace(wish, command=command)


def _is_parked(aggregate: AggregateKey) -> ParkedPerson:
    return ParkedPerson(
        "此历史有事件被搁置 · an event of this history is parked",
        where=".".join(aggregate),
        hint="请以命令更正该事件，或修复后重试，或声明其自始未生效 · "
        "correct it by a command that names it, or mend it and run"
        " `cadre projections retry`, or set it aside with `cadre projections set-aside`",
    )
