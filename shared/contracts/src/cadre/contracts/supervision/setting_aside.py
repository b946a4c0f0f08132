"""Events of Supervision that never held."""

from typing import Literal

from cadre.contracts.event import EventSetAside


class SupervisionSetAside(EventSetAside):
    """An event of a person that Supervision could not apply was set aside: it never held."""

    type: Literal["supervision.set-aside.v1"] = "supervision.set-aside.v1"
