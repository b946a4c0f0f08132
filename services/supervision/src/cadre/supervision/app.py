"""The service: its name, its capabilities, and what it does beyond them."""

from cadre.shared.showing.service import service_of
from cadre.supervision.capabilities import CAPABILITIES
from cadre.supervision.working import lapsing

SERVICE = service_of(
    "supervision",
    "管 Supervision",
    1,
    CAPABILITIES,
    prepare=lapsing.prepare,
    enact=lapsing.enact,
    due=lapsing.due,
    confidential=True,
)
