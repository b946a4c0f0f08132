"""The service: its name and its capabilities."""

from cadre.appointment.capabilities import CAPABILITIES
from cadre.shared.showing.service import service_of

SERVICE = service_of("appointment", "用 Appointment", 1, CAPABILITIES)
