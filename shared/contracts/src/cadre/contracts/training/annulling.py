"""Records of Training that are void."""

from typing import Literal

from cadre.contracts.event import EventAnnulled


class TrainingAnnulled(EventAnnulled):
    """撤销 · A fact that Training had recorded of a person was annulled: it never held."""

    type: Literal["training.annulled.v1"] = "training.annulled.v1"
