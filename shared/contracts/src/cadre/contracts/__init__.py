"""The published language of Cadre: every event of the four services, in every version.

Needs nothing but pydantic. Start with `CATALOGUE.read(json_body)`.
"""

from cadre.contracts.catalogue import CATALOGUE, Catalogue, UnknownEvent, UnreadableEvent
from cadre.contracts.event import (
    Aggregate,
    CadreEvent,
    Event,
    Forgotten,
    Personal,
    Refusal,
    RuleFinding,
    Sealed,
)

__all__ = [
    "CATALOGUE",
    "Aggregate",
    "CadreEvent",
    "Catalogue",
    "Event",
    "Forgotten",
    "Personal",
    "Refusal",
    "RuleFinding",
    "Sealed",
    "UnknownEvent",
    "UnreadableEvent",
]
