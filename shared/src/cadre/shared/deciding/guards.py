"""What guards an append: the one filter that every writer of a history names, with the same text.

On one server any filter would do: an append that is refused or stored is over when the next comes.
On several replicas it is not. The leader compares a guard with what is *stored*; of what it has
accepted and the replicas have not yet confirmed it knows the guards alone, by their text. Another
filter over the same subjects, or an append without a guard, goes unseen, and both writers win.

So a history has one filter, made here, and every decision that writes to it bears it. The first
event is enough: a decision of several is one atomic batch, and nobody reads in its middle.
"""

PERSON = "cadre"
"""The entity of which all services write the history."""


def filter_of(service: str, entity: str, entity_id: str) -> str:
    """All events of a history: a person's from all services, else those of the one that has it."""
    writers = "*" if entity == PERSON else service
    return f"history.{writers}.{entity}.{entity_id}.>"


def guard_of(subject: str) -> str:
    """The filter of the history that an event is written to.

    Raises: ValueError for a subject that is none of history.
    """
    _, service, entity, entity_id, _ = subject.split(".")
    return filter_of(service, entity, entity_id)
