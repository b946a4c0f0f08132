"""Events of Selection that never held."""

from typing import Literal

from cadre.contracts.event import EventSetAside


class SelectionSetAside(EventSetAside):
    """An event of a person that Selection could not apply was set aside: it never held."""

    type: Literal["selection.set-aside.v1"] = "selection.set-aside.v1"
