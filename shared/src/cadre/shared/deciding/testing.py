"""Given, when, then: a decision specified in the words of the domain."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from cadre.contracts.event import Event
from cadre.shared.deciding.decider import Handler, Scope, World
from cadre.shared.deciding.errors import CadreError
from cadre.shared.deciding.messages import Command, Envelope, Recorded

NAMESPACE = UUID("6f1c9a52-0000-5000-8000-000000000000")
NEW_YEAR_2026_NS = 1_767_225_600 * 10**9


def event_id(position: int) -> UUID:
    """The id that the event given at ``position`` (from 1) gets in a specification."""
    return uuid5(NAMESPACE, str(position))


def recorded(position: int, event: Event) -> Recorded[Event]:
    """An event as if the log had recorded it at ``position``."""
    return Recorded(
        event=event,
        envelope=Envelope(
            event_id=event_id(position),
            version=position,
            command_id=event_id(position),
            command_hash="",
            actor="spec",
            source_time=datetime(2026, 1, 1, tzinfo=UTC),
            previous_hash="",
        ),
        position=position,
        recorded_ns=NEW_YEAR_2026_NS,
    )


def world[C: Command](handler: Handler[C], command: C, history: Sequence[Recorded[Event]]) -> World:
    """The states a handler would have loaded for a command from this history."""
    loaded = World()
    while missing := [s for s in handler.scopes(command, loaded) if s not in loaded.states]:
        for scope in missing:
            loaded.states[scope] = _state(scope, history)
    return loaded


def _state(scope: Scope[Any], history: Sequence[Recorded[Event]]) -> Any:
    return scope.fold.fold(r for r in history if scope.covers(r.event))


@dataclass(frozen=True, slots=True)
class Specification:
    """``given = Specification(HANDLERS)``; ``given(*events).when(command).then(*events)``."""

    handlers: Sequence[Handler[Any]]

    def __call__(self, *history: Event) -> "Given":
        return Given(self.handlers, tuple(recorded(i, e) for i, e in enumerate(history, start=1)))


@dataclass(frozen=True, slots=True)
class Given:
    handlers: Sequence[Handler[Any]]
    history: tuple[Recorded[Event], ...]

    def when(self, command: Command) -> "When":
        handler = next(h for h in self.handlers if h.command is type(command))
        return When(handler, self.history, command)


@dataclass(frozen=True, slots=True)
class When:
    handler: Handler[Any]
    history: tuple[Recorded[Event], ...]
    command: Command

    def then(self, *expected: Event) -> None:
        """Expect these events, and that the same command a second time causes none."""
        decided = self._decide(self.history)
        assert decided == expected, f"\ndecided  {decided}\nexpected {expected}"
        assert self.again(*decided) == (), "the same command again must cause nothing"

    def then_nothing(self) -> None:
        assert self._decide(self.history) == ()

    def then_refused(self, because: str) -> None:
        """Expect a CadreError whose message contains ``because``, and no event."""
        try:
            decided = self._decide(self.history)
        except CadreError as error:
            assert because in str(error), f"refused, but because {error}"  # noqa: PT017
        else:
            raise AssertionError(f"expected a refusal, got {decided}")

    def events(self) -> tuple[Event, ...]:
        """The decided events, after checking that the same command again causes none."""
        decided = self._decide(self.history)
        assert self.again(*decided) == (), "the same command again must cause nothing"
        return decided

    def again(self, *decided: Event) -> tuple[Event, ...]:
        start = len(self.history) + 1
        more = tuple(recorded(i, event) for i, event in enumerate(decided, start=start))
        return self._decide((*self.history, *more))

    def _decide(self, history: Sequence[Recorded[Event]]) -> tuple[Event, ...]:
        loaded = world(self.handler, self.command, history)
        decided = tuple(self.handler.decide(self.command, loaded))
        for event in decided:
            assert any(s.covers(event) for s in loaded.states), f"{event.aggregate} is not loaded"
        return decided
