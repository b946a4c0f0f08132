"""What the log's server says instead of a position, and what that means for whoever appends.

A refusal is known to have stored nothing, or it is not; nothing else matters to a decision. What
passes by itself within moments is asked again, byte for byte: an event is stored once, by its id.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

from cadre.shared.deciding.errors import CadreError, TooLarge, Unavailable


class Conflict(Exception):
    """Somebody appended to a history after it was read, or the same event before."""


class Duplicate(Conflict):
    """The log holds an event that the same command caused; ``position`` is where."""

    def __init__(self, position: int) -> None:
        super().__init__(f"an event of this command is stored at position {position}")
        self.position = position


class NoAnswer(Exception):
    """The log did not answer in time: the events may or may not be stored."""


class _Means(Enum):
    """What a refusal means; all but `UNKNOWN` say that nothing was stored by this request."""

    CONFLICT = auto()
    IN_FLIGHT = auto()
    """The same event was sent before and is neither stored nor refused yet."""
    BUSY = auto()
    """It would be taken a moment later."""
    TOO_LARGE = auto()
    UNKNOWN = auto()
    """One of several replicas could not store it; others may have."""


_MEANS = {
    10070: _Means.CONFLICT,  # wrong last message id
    10071: _Means.CONFLICT,  # wrong last sequence
    10164: _Means.CONFLICT,  # the same, while another writer with this filter is under way
    10201: _Means.CONFLICT,  # an id of the batch is stored
    10158: _Means.IN_FLIGHT,  # several replicas: the id is on its way
    10009: _Means.BUSY,  # this server does not lead the stream any more
    10176: _Means.BUSY,  # a batch of which another leader has heard the beginning
    10210: _Means.BUSY,  # as many batches under way as the server keeps
    10054: _Means.TOO_LARGE,
    10097: _Means.TOO_LARGE,  # the headers
    10199: _Means.TOO_LARGE,  # the batch
    10077: _Means.UNKNOWN,  # storing failed
}
"""By the server's ``err_code``. Whatever is not here was refused before anything was stored: there
is no leader (10008), no room (10002, 10023, 10047), or the stream has other settings than it was
made with (10060, 10109, 10174)."""


def passes(error: Mapping[str, Any]) -> bool:
    """Whether the same request should be sent again in a moment."""
    return _MEANS.get(error.get("err_code", 0)) in {_Means.IN_FLIGHT, _Means.BUSY}


def refusal(error: Mapping[str, Any], where: str) -> Conflict | NoAnswer | CadreError:
    """What to raise for a refusal that stands."""
    told = str(error.get("description", ""))
    match _MEANS.get(error.get("err_code", 0)):
        case _Means.CONFLICT:
            return Conflict(told)
        case _Means.IN_FLIGHT | _Means.UNKNOWN:
            return NoAnswer(told)
        case _Means.TOO_LARGE:
            return TooLarge(f"事件日志拒绝写入 · the log refused an event: {told}", where=where)
        case _:
            return Unavailable(
                f"事件日志拒绝写入 · the log refused an event: {told}",
                where=where,
                hint="请用原编号重试 · "
                "try again with the same id; if it stays so, see `cadre provision --show`",
            )
