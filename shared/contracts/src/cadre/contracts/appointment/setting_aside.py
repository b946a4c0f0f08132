"""Events of Appointment that never held."""

from typing import Literal

from cadre.contracts.event import EventSetAside


class AppointmentSetAside(EventSetAside):
    """An event of a person that Appointment could not apply was set aside: it never held."""

    type: Literal["appointment.set-aside.v1"] = "appointment.set-aside.v1"
