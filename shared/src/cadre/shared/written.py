"""What became of the writes to a stream, for whoever tries whether it stores."""

from dataclasses import dataclass


@dataclass(slots=True)
class Written:
    """What became of the writes to one stream."""

    unanswered_since: float | None = None
    """When the first of them was sent, of `time.monotonic`; None while the last was answered."""
    answers: int = 0

    def unanswered(self, sent_at: float) -> None:
        """A write was left without an answer."""
        if self.unanswered_since is None:
            self.unanswered_since = sent_at

    def answered(self) -> None:
        """A write was stored."""
        self.answers += 1
        self.unanswered_since = None
