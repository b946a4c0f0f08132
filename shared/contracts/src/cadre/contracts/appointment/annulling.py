"""Records of Appointment that are void."""

from typing import Literal

from cadre.contracts.event import EventAnnulled


class AppointmentAnnulled(EventAnnulled):
    """撤销 · A fact that Appointment had recorded of a person was annulled: it never held."""

    type: Literal["appointment.annulled.v1"] = "appointment.annulled.v1"
