"""What an examination can find, each kind for one thing that was done or has happened."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Kinds of differences, the log's own first."""

    MISSING = "missing-event"
    """A position within the log is empty."""
    UNREADABLE = "unreadable"
    """The log counts the event but cannot give it, or it is no event of the catalogue."""
    ALTERED = "altered-event"
    """The event is not the one that a checkpoint covers or a signed copy shows."""
    FORGED = "forged-event"
    """No service signed the event."""
    SWAPPED = "swapped"
    """Two events stand in each other's place."""
    BROKEN_CHAIN = "broken-chain"
    """Version or previous hash do not follow from the aggregate's event before."""
    OUT_OF_ORDER = "out-of-order"
    """The event is signed and follows, and yet cannot stand here by the rules of its history."""
    REPEATED_ID = "repeated-id"
    """An event's id was used before."""
    ROLLED_BACK = "rolled-back"
    """The log ends before a checkpoint or a journal does."""
    TREE_MISMATCH = "tree-mismatch"
    """The log does not give the roots of a checkpoint."""
    FORGED_CHECKPOINT = "forged-checkpoint"
    """A checkpoint bears no signature by a known key, or is of another log."""
    NOT_WITNESSED = "not-witnessed"
    """No checkpoint bears the cosignatures that were asked for."""
    TILE_DIFFERS = "tile-differs"
    """The log gives the roots of the checkpoints, a tile beside it does not."""
    KEYS_DIFFER = "keys-differ"
    """The public keys are not those a checkpoint was signed with."""
    EVIDENCE_GONE = "evidence-gone"
    """A checkpoint or a file of the audit's own was there and is not any more."""
    EVIDENCE_DIFFERS = "evidence-differs"
    """A file of the audit's own is not as it was written."""
    READINGS_DIFFER = "readings-differ"
    """Records of who was shown what are gone before their time, or altered."""
    DATA_KEYS_DIFFER = "data-keys-differ"
    """Persons' keys are gone with no forgetting on record, are others, or are back."""
    JOURNAL_DIFFERS = "journal-differs"
    """A service's copy of an event is not the event of the log."""
    PROJECTION_DIFFERS = "projection-differs"
    """A row is not what folding the log gives."""


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One thing that is not as it should be."""

    kind: Kind
    position: int | None
    subject: str | None
    """Where: of the log the event's subject, else a file, a stream or a table."""
    detail: str
    hint: str = ""
    """What to do, where it depends on what was found."""

    def as_json(self) -> dict[str, object]:
        return asdict(self)
