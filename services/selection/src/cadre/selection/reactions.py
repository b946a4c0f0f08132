"""Selection does nothing by itself when others speak.

An admonition, a sanction or a promotion may be a reason to leave a pool, but leaving is decided by
people and for a reason that is recorded (M10): a member never vanishes because of an event.
Sanctions count all the same, since every entry is decided on the person's whole history.
"""

from typing import Any

from cadre.shared.deciding.reactions import Reaction

REACTIONS: tuple[Reaction[Any], ...] = ()
