"""A script: phases of steps, each step one command with an id of its own.

Nothing here talks to a system. The same seed and the same people give the same script, the ids of
commands and of the events they will cause included: a later step can name what an earlier one did.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID, uuid5

from cadre.appointment.app import SERVICE as APPOINTMENT
from cadre.selection.app import SERVICE as SELECTION
from cadre.shared.deciding.decider import Handler, World
from cadre.shared.deciding.messages import Command
from cadre.shared.log.event_ids import event_id
from cadre.supervision.app import SERVICE as SUPERVISION
from cadre.training.app import SERVICE as TRAINING

COMMAND_IDS = UUID("b7a5c7f2-3f0e-5d5b-8a54-6f0d1c9e2b71")

type Expected = Literal["recorded", "refused", "impossible"]
"""What a step must come to: events; a refusal that is an event; an error that says why not."""

SERVICES = (SELECTION, TRAINING, SUPERVISION, APPOINTMENT)
HANDLERS: dict[str, Sequence[Handler[Any]]] = {one.name: one.handlers for one in SERVICES}
_OWNERS = {
    handler.command: (service, handler)
    for service, handlers in HANDLERS.items()
    for handler in handlers
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command, who takes it, and what it must come to."""

    path: str
    """Names the step in the script; its command id is made from it."""
    service: str
    command: Command
    command_id: UUID
    expected: Expected
    touches: frozenset[str]
    """The histories it reads or writes: steps that share one keep their order."""

    def caused(self, entity: str, entity_id: str, index: int = 0) -> UUID:
        """The id of the ``index``-th event this step causes, one of that aggregate."""
        return event_id(f"{self.service}.{entity}.{entity_id}", self.command_id, index)

    def caused_of(self, cadre_id: str, index: int = 0) -> UUID:
        """The id of the ``index``-th event this step causes, one about that cadre."""
        return self.caused("cadre", cadre_id, index)


@dataclass(frozen=True, slots=True)
class Phase:
    """Steps between two moments at which everything has settled."""

    key: str
    title: str
    steps: list[Step] = field(default_factory=list[Step])


@dataclass(slots=True)
class Script:
    """Phases in their order; written front to back."""

    seed: int
    phases: list[Phase] = field(default_factory=list[Phase])

    @property
    def steps(self) -> list[Step]:
        return [step for phase in self.phases for step in phase.steps]

    def phase(self, key: str, title: str) -> None:
        """Begin a phase: what follows is added to it."""
        self.phases.append(Phase(key, title))

    def command_id(self, path: str) -> UUID:
        """The id of the command at a path of the present phase."""
        return uuid5(COMMAND_IDS, f"{self.seed}/{self.phases[-1].key}/{path}")

    def add(
        self,
        path: str,
        command: Command,
        *,
        expected: Expected = "recorded",
        also: tuple[str, ...] = (),
    ) -> Step:
        """Add a step to the present phase.

        Args:
            path: Unique within the phase.
            command: What is wished for.
            expected: What must come of it; anything else is a defect.
            also: Histories that a state leads to and the command does not name, as entity/id.

        """
        service, handler = _OWNERS[type(command)]
        named = {f"{s.fold.entity}/{s.id}" for s in handler.scopes(command, World())}
        step = Step(
            path=f"{self.phases[-1].key}/{path}",
            service=service,
            command=command,
            command_id=self.command_id(path),
            expected=expected,
            touches=frozenset({*named, *also}),
        )
        self.phases[-1].steps.append(step)
        return step


def lanes(steps: list[Step]) -> list[list[Step]]:
    """Steps that share a history, directly or through others, in one lane and in their order.

    Lanes have nothing in common, so they can be sent side by side with the same result.
    """
    lane_of: dict[str, int] = {}
    found: dict[int, list[int]] = {}
    for number, step in enumerate(steps):
        joined = sorted({lane_of[name] for name in step.touches if name in lane_of})
        members = sorted([n for lane in joined for n in found.pop(lane)] + [number])
        found[members[0]] = members
        for member in members:
            lane_of.update(dict.fromkeys(steps[member].touches, members[0]))
    return [[steps[number] for number in members] for members in found.values()]
