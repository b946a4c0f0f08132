"""What a service does when another speaks, or a day asks for it: commands of its own.

Reactions are pure functions from an event to commands. They run in the order of the log with a
cursor of their own and are never fired by a rebuild. The id of a command is made from the event's
id and the reaction's name, so a repeat changes nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID, uuid5

from cadre.contracts.event import CadreEvent
from cadre.shared.deciding.messages import Command, Meta, Recorded


@dataclass(frozen=True, slots=True)
class Reaction[E: CadreEvent]:
    """``react`` is called for every recorded event of the given kind.

    Persons' events only: those every service has in its journal, from which reactions are run.
    """

    name: str
    event: type[E]
    react: Callable[[Recorded[E]], Iterable[Command]]

    def commands(self, recorded: Recorded[E], service: str) -> list[tuple[Command, Meta]]:
        """The commands this event causes, each with its deterministic id."""
        return [
            (
                command,
                Meta(
                    command_id=reaction_id(recorded.event_id, self.name, index),
                    actor=f"reaction:{service}.{self.name}",
                    causation_id=recorded.event_id,
                    correlation_id=recorded.envelope.correlation_id or recorded.envelope.command_id,
                    traceparent=recorded.envelope.traceparent,
                ),
            )
            for index, command in enumerate(self.react(recorded))
        ]


def reaction_id(event_id: UUID, name: str, index: int = 0) -> UUID:
    """The id of the command that a reaction sends for an event."""
    return uuid5(event_id, f"{name}/{index}")


class Due(NamedTuple):
    """A command that a day asks for. Its id is the same each time, so a repeat does nothing."""

    command: Command
    meta: Meta

    @classmethod
    def since(cls, cause: UUID, command: Command, service: str) -> "Due":
        """Due because of an event."""
        actor = f"calendar:{service}"
        command_id = reaction_id(cause, command.name)
        return cls(command, Meta(command_id=command_id, actor=actor, causation_id=cause))
