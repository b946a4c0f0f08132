"""The service: its name and its capabilities."""

from cadre.shared.showing.service import service_of
from cadre.training.capabilities import CAPABILITIES

SERVICE = service_of("training", "育 Training", 1, CAPABILITIES)
