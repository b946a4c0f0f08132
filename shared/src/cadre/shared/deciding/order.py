"""In which order the events of an aggregate may stand, as data.

What a decision refuses it refuses before anything is recorded; these are the few rules that a
recorded history shows by itself, so that whoever reads the log can hold it to them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cadre.contracts.event import Event

type Kinds = frozenset[type[Event]]
_NONE: Kinds = frozenset()


@dataclass(frozen=True, slots=True)
class Order:
    """Rules for one kind of aggregate. Those of entity ``cadre`` see a person's whole history."""

    entity: str
    opens: Kinds = _NONE
    """A history begins with one of these."""
    after: Mapping[type[Event], Kinds] = field(default_factory=dict[type[Event], Kinds])
    """What may come only once one of these has."""
    undoes: Mapping[type[Event], Kinds] = field(default_factory=dict[type[Event], Kinds])
    """What takes these back, so that what comes after them must wait for them again."""
    once: Kinds = _NONE
    """What comes once at most."""
    ends: Kinds = _NONE
    """After these nothing comes."""
    alike: tuple[Kinds, ...] = ()
    """Kinds that may correct each other; otherwise an event corrects one of its own kind."""
