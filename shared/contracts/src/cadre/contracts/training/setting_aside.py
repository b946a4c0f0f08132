"""Events of Training that never held."""

from typing import Literal

from cadre.contracts.event import EventSetAside


class TrainingSetAside(EventSetAside):
    """An event of a person that Training could not apply was set aside: it never held."""

    type: Literal["training.set-aside.v1"] = "training.set-aside.v1"
