"""How a recorded decision is judged again, long after: by the same rules, on a given world.

A command is not kept, so an event is judged again from what it says itself and from the histories
it rests on. Everything here is pure.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from cadre.contracts.event import Event, Refusal, RuleFinding
from cadre.shared.deciding.decider import Scope, World


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a wish was granted, and what the rules said of it."""

    granted: bool
    findings: tuple[RuleFinding, ...]


def unless_refused(event: Event) -> bool:
    """Granted is what is not recorded as a refusal."""
    return not isinstance(event, Refusal)


@dataclass(frozen=True, slots=True)
class Judgement[E: Event]:
    """One type of event that records a decision by rules.

    ``scopes`` names the histories its findings rest on; none: this one was not decided by rules.
    ``judge`` raises NotFound where the log does not hold an input, and NotPossible where the
    decision could not have been made.
    """

    event: type[E]
    scopes: Callable[[E], Iterable[Scope[Any]]]
    judge: Callable[[E, World], Answer]
    granted: Callable[[E], bool] = unless_refused

    def recorded(self, event: E) -> Answer:
        """The answer that the event itself tells."""
        return Answer(self.granted(event), getattr(event, "findings", ()))

    @property
    def traced(self) -> bool:
        """Whether such an event records its findings, and not the outcome alone."""
        return "findings" in self.event.model_fields
