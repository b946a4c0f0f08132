"""Records of Selection that are void."""

from typing import Literal

from cadre.contracts.event import EventAnnulled


class SelectionAnnulled(EventAnnulled):
    """撤销 · A fact that Selection had recorded of a person was annulled: it never held."""

    type: Literal["selection.annulled.v1"] = "selection.annulled.v1"
