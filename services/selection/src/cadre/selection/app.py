"""The service: its name, its capabilities, and what it does beyond them."""

from cadre.selection.capabilities import CAPABILITIES
from cadre.selection.working import forgetting, registration
from cadre.shared.showing.service import service_of

SERVICE = service_of(
    "selection",
    "选 Selection",
    1,
    CAPABILITIES,
    prepare=registration.prepare,
    prepare_many=registration.prepare_many,
    start=registration.start,
    enact=forgetting.enact,
    due=forgetting.due,
)
