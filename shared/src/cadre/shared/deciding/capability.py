"""One mechanism, as a service has it: what it declares, and what is written by hand beside that."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from cadre.contracts.event import CadreEvent
from cadre.shared.deciding.annulling import Annullable
from cadre.shared.deciding.decider import Handler
from cadre.shared.deciding.facts import Facts
from cadre.shared.deciding.judgement import Judgement
from cadre.shared.deciding.order import Order
from cadre.shared.deciding.places import Places
from cadre.shared.deciding.reactions import Reaction
from cadre.shared.deciding.versions import Versions


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Capability:
    """A service is a list of these, and of the views that show more than follows from them."""

    mechanism: str
    """What it is called where mechanisms are numbered, e.g. ``M63``; several with a space."""
    facts: Sequence[Facts[Any]] = ()
    versions: Sequence[Versions[Any]] = ()
    places: Sequence[Places[Any, Any]] = ()
    handlers: Sequence[Handler[Any]] = ()
    """Of the commands that no shape declares."""
    annullable: Sequence[Annullable] = ()
    """What can be annulled besides its facts, or of these settles more."""
    orders: Sequence[Order] = ()
    judgements: Sequence[Judgement[Any]] = ()
    reactions: Sequence[Reaction[Any]] = ()
    reads: Collection[type[CadreEvent]] = ()
    """What it asks of a person's history that other services record."""

    def every_handler(self) -> list[Handler[Any]]:
        shapes = chain(self.facts, self.versions)
        return [*self.handlers, *chain.from_iterable(shape.handlers() for shape in shapes)]

    def every_order(self) -> list[Order]:
        shapes = chain(self.facts, self.versions, self.places)
        return [*self.orders, *chain.from_iterable(shape.orders() for shape in shapes)]

    def every_annullable(self) -> list[Annullable]:
        return [*(facts.annullable for facts in self.facts), *self.annullable]
