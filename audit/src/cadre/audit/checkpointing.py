"""Signing a checkpoint: only of a log that still gives every root that was signed before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cadre.audit.checkpoint import Checkpoint
from cadre.audit.differences import Difference, Kind
from cadre.audit.evidence import KEYS, Evidence
from cadre.audit.leaf import hash_of
from cadre.audit.ledger import Ledger
from cadre.audit.note import NoteError, Signer, Verifier, open_note, sign
from cadre.audit.own_evidence import OwnEvidence, earlier_root
from cadre.audit.public_keys import PublicKeys
from cadre.audit.readings import since_signed
from cadre.audit.repairs import repairs
from cadre.audit.stored import everything, extent_of
from cadre.audit.tiles import TileDiffers, TileWriter
from cadre.shared.deciding.errors import CadreError
from cadre.shared.log.signed import KeyHolder
from cadre.shared.log.stream import Log


class NotSigned(CadreError):
    """The log is not the one that was signed before; run `cadre audit verify`."""

    status = 409
    code = "not-signed"
    title = "未签署检查点 · No checkpoint was signed"

    def __init__(self, difference: Difference) -> None:
        super().__init__(
            f"日志与已签署的不符 · {difference.kind}: {difference.detail}",
            where=difference.subject
            if difference.position is None
            else f"position {difference.position}",
            hint=difference.hint or "请进行核验 · run `cadre audit verify`",
        )
        self.difference = difference


@dataclass(frozen=True, slots=True)
class Signed:
    """The newest checkpoint; ``fresh`` unless nothing had happened since it was signed."""

    checkpoint: Checkpoint
    note: str
    keys: PublicKeys
    fresh: bool


async def make_checkpoint(
    log: Log,
    evidence: Evidence,
    signer: Signer,
    services: Sequence[KeyHolder],
    now: datetime,
    *,
    leaving: Sequence[Signer] = (),
    readings: Log | None = None,
) -> Signed:
    """Extend the tiles to the log's present end and sign it, with a key that is given up as well.

    Keys that were used before and are not now are retired at the log's present end. Of the log of
    readings, where it can be read, what came since the checkpoint before is signed as well.

    Raises: NotSigned, nothing having been signed; RetiredKey, NotFound, Unavailable.
    """
    keys = evidence.keys() or PublicKeys(origin=signer.name)
    _must_be_whole(evidence, [*keys.verifiers_parsed, signer.verifier])
    keys = keys.with_verifier(signer.verifier, now).with_services(services, now)
    earlier = _earlier(evidence, keys)
    ledger = await _add_up(log, evidence, [checkpoint for checkpoint, _ in earlier])
    tree, heads = ledger.present
    keys = keys.without_others(services, signer.verifier, now, tree.size)
    repaired = repairs(evidence.folder).root()
    shown = await since_signed(readings, [one for one, _ in earlier]) if readings else None
    checkpoint = Checkpoint(
        keys.origin,
        tree,
        now,
        heads,
        keys.root(),
        earlier_root([note for _, note in earlier]),
        repaired if repaired.size else None,
        shown,
    )
    if earlier:
        newest, note = earlier[-1]
        if shown is None and newest.news == checkpoint.news:
            evidence.publish()
            return Signed(newest, note, keys, fresh=False)
    note = sign(checkpoint.text, signer, *leaving)
    # The keys first: a checkpoint must never name keys that are not on record.
    evidence.write_keys(keys)
    evidence.add(note)
    return Signed(checkpoint, note, keys, fresh=True)


def _must_be_whole(evidence: Evidence, verifiers: Sequence[Verifier]) -> None:
    own = OwnEvidence(evidence, verifiers, repairs(evidence.folder))
    if (found := next(own.signed(), None)) is not None:
        raise NotSigned(found)


def _earlier(evidence: Evidence, keys: PublicKeys) -> list[tuple[Checkpoint, str]]:
    found: list[tuple[Checkpoint, str]] = []
    for note in evidence.notes():
        try:
            opened = open_note(note, keys.verifiers_parsed)
            checkpoint = Checkpoint.parse(opened.text)
        except NoteError as error:
            raise NotSigned(Difference(Kind.FORGED_CHECKPOINT, None, None, error.detail)) from error
        if keys.root(checkpoint.keys.size) != checkpoint.keys:
            detail = f"not the keys of the checkpoint of {checkpoint.dated}"
            raise NotSigned(Difference(Kind.KEYS_DIFFER, None, KEYS, detail))
        found.append((checkpoint, note))
    return found


async def _add_up(log: Log, evidence: Evidence, earlier: Sequence[Checkpoint]) -> Ledger:
    extent = await extent_of(log)
    signed = {one.tree.size for one in earlier}
    if signed and max(signed) > extent.last:
        detail = f"the log ends at {extent.last}, {max(signed)} were signed"
        raise NotSigned(Difference(Kind.ROLLED_BACK, extent.last, None, detail))
    ledger = Ledger.at(signed)
    tiles = TileWriter(evidence.folder)
    try:
        async for messages in everything(log, extent.last):
            for message in messages:
                expected = ledger.tree.size + 1
                if message.position != expected:
                    raise NotSigned(_missing(expected))
                leaf = hash_of(message)
                ledger.add(message, leaf)
                if expected in signed:
                    _must_fit(ledger, [one for one in earlier if one.tree.size == expected])
                # Only after the roots: a tile of a rewritten log must not be published.
                tiles.append(leaf)
        if ledger.tree.size != extent.last:
            raise NotSigned(_missing(ledger.tree.size + 1))
        tiles.publish()
    except TileDiffers as error:
        raise NotSigned(Difference(Kind.TILE_DIFFERS, None, error.path, str(error))) from error
    return ledger


def _must_fit(ledger: Ledger, signed: Sequence[Checkpoint]) -> None:
    for one in signed:
        if ledger.present != (one.tree, one.heads):
            size = one.tree.size
            detail = f"the first {size} events are not those signed on {one.dated}"
            raise NotSigned(Difference(Kind.TREE_MISMATCH, size, None, detail))


def _missing(position: int) -> Difference:
    return Difference(Kind.MISSING, position, None, "the log does not give this event")
