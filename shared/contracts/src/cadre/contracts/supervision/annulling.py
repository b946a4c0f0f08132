"""Records of Supervision that are void."""

from typing import Literal

from cadre.contracts.event import EventAnnulled


class SupervisionAnnulled(EventAnnulled):
    """撤销 · A fact that Supervision had recorded of a person was annulled: it never held."""

    type: Literal["supervision.annulled.v1"] = "supervision.annulled.v1"
