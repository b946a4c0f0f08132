"""One pass over a log, everything that must hold beside it, and what does not."""

import contextlib
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cadre.audit.checkpoint import Checkpoint
from cadre.audit.cosignature import Policy
from cadre.audit.counted import Counting
from cadre.audit.data_keys import RESTORE, DataKeys
from cadre.audit.data_keys import WHERE as KEY_STORE
from cadre.audit.differences import Difference, Kind
from cadre.audit.events import Events
from cadre.audit.evidence import Evidence
from cadre.audit.heads import Head, aggregate_of
from cadre.audit.journals import NOT_READABLE, JournalCopy, row_of, snapshot
from cadre.audit.ledger import Ledger
from cadre.audit.note import Verifier
from cadre.audit.order_check import OrderCheck
from cadre.audit.own_evidence import OwnEvidence
from cadre.audit.places import Places
from cadre.audit.projections import Projection
from cadre.audit.public_keys import PublicKeys
from cadre.audit.published import PublishedLeaves
from cadre.audit.readings import ReadingsLog
from cadre.audit.repairs import RepairRecord, repairs
from cadre.audit.signatures import SignatureVerdict
from cadre.audit.stored import Extent, everything, extent_of
from cadre.audit.survey import Particulars, Survey
from cadre.audit.surveyors import Surveyed, Surveyors
from cadre.audit.tiles import Tiles
from cadre.audit.verdicts import Seen, judge
from cadre.shared.deciding.order import Order
from cadre.shared.log.codec import decoded
from cadre.shared.log.signed import Message
from cadre.shared.log.stream import Log
from cadre.shared.showing.read_models import ReadModels

OF_THE_LOG = frozenset(
    {Kind.TREE_MISMATCH, Kind.ROLLED_BACK, Kind.BROKEN_CHAIN, Kind.REPEATED_ID, Kind.MISSING}
)
"""With any of these a fold of the log says nothing about the tables."""


@dataclass(frozen=True, slots=True)
class Database:
    """Where a service keeps its journal and its tables."""

    models: ReadModels
    url: str


@dataclass(slots=True)
class Report:
    """What was examined, what was not, and what differs."""

    events: int = 0
    checkpoints: int = 0
    covered: int = 0
    """Events under the newest checkpoint."""
    cosigned: dict[int, list[str]] = field(default_factory=dict[int, list[str]])
    """Which witnesses cosigned the checkpoint of a size."""
    journal_rows: dict[str, int] = field(default_factory=dict[str, int])
    table_rows: dict[str, int] = field(default_factory=dict[str, int])
    readings: int | None = None
    """Records of the log of readings; None where it was not examined."""
    data_keys: int | None = None
    """Keys of persons that open what the log holds under them; None where none was tried."""
    repairs: list[RepairRecord] = field(default_factory=list[RepairRecord])
    """What was ever given back to this log from the journals."""
    notices: list[str] = field(default_factory=list[str])
    """What could not be examined, and why."""
    differences: list[Difference] = field(default_factory=list[Difference])

    def add(self, kind: Kind, position: int | None, subject: str | None, detail: str) -> None:
        self.differences.append(Difference(kind, position, subject, detail))


@dataclass(slots=True)
class _Beside:
    """What the events of a log are held to, one after the other."""

    extent: Extent
    seen: Seen
    ledger: Ledger
    published: PublishedLeaves | None


@dataclass(slots=True)
class Examination:
    """Compares a log with its checkpoints, keys, journals and tables. Changes nothing."""

    log: Log
    evidence: Evidence
    keys: PublicKeys
    verifiers: Sequence[Verifier]
    """Whose checkpoints count."""
    databases: Sequence[Database] = ()
    kept: Sequence[str] = ()
    """Checkpoints that the auditor brings along."""
    orders: Iterable[Order] = ()
    """The rules that histories are held to."""
    signatures: bool = True
    """Whether the events' signatures are checked."""
    policy: Policy = field(default_factory=Policy)
    """Whose cosignatures are asked for."""
    key_made: bool = False
    """Whether a key that signs checkpoints is at hand: then one was signed, or tried to be."""
    readings: Log | None = None
    """The log of readings, where it can be read."""
    data_keys: DataKeys | None = None
    """The keys of persons, where they can be opened."""
    processes: Executor | None = None
    """Who lends a hand with a long log; else processes are started for it."""
    report: Report = field(default_factory=Report)
    _journals: list[JournalCopy] = field(default_factory=list[JournalCopy])
    _projections: list[Projection] = field(default_factory=list[Projection])

    async def run(self) -> Report:
        """Examine everything.

        Raises: NotFound, Unavailable, Malformed: it could not be done.
        """
        checkpoints = self._checkpoints()
        await self._start_keys()
        if not self.signatures:
            self.report.notices.append(
                "signatures are not checked: a forged event shows only under a checkpoint"
            )
        async with contextlib.AsyncExitStack() as stack:
            for database in self.databases:
                await self._open(database, stack)
            reached = max((journal.position for journal in self._journals), default=0)
            extent = await extent_of(self.log, reached)
            keys = {key.key_id: key for key in self.keys.services}
            beside = _Beside(
                extent,
                Seen(keys, Events(Places(extent.last), OrderCheck(self.orders))),
                Ledger.at(checkpoint.tree.size for checkpoint in checkpoints),
                self._published(checkpoints),
            )
            survey = Survey(keys if self.signatures else None)
            with Surveyors(survey, extent.last, self.processes) as surveyors:
                events = everything(self.log, extent.last, extent.removed)
                async for surveyed in surveyors.surveyed(events):
                    self._look(surveyed, beside)
                    await self._compare_journals([message for message, _ in surveyed])
            self._skip(extent.last + 1, beside)
            await self._end_journals(beside)
            self._compare_roots(checkpoints, beside)
            self._compare_tiles(beside)
            self.report.differences += judge(beside.seen)
            await self._compare_tables(beside.seen)
        await self._compare_keys(extent.last)
        await self._compare_readings(checkpoints)
        self.report.differences.sort(key=lambda d: (d.position or 0, d.kind, d.detail))
        return self.report

    def _checkpoints(self) -> list[Checkpoint]:
        counting = Counting(self.keys, self.verifiers, self.policy)
        counting.see(self.evidence.everything_signed(self._own_evidence()))
        self.report.notices += counting.conclude()
        self.report.differences += counting.differences
        self.report.checkpoints = len(counting.found)
        self.report.covered = max(
            (one.checkpoint.tree.size for one in counting.cosigned), default=0
        )
        self.report.cosigned = {
            one.checkpoint.tree.size: list(one.cosigners) for one in counting.found if one.cosigners
        }
        return counting.checkpoints

    def _own_evidence(self) -> list[str]:
        """Look whether the evidence is whole; the checkpoints that are kept outside of it."""
        repaired = repairs(self.evidence.folder)
        self.report.repairs += repaired.records
        known = {str(one): one for one in (*self.verifiers, *self.keys.verifiers_parsed)}
        own = OwnEvidence(
            self.evidence, list(known.values()), repaired, self.kept, key_made=self.key_made
        )
        self.report.differences += own.differences()
        return [*self.kept, *own.remembered]

    async def _start_keys(self) -> None:
        try:
            if self.data_keys:
                await self.data_keys.start()
        except NOT_READABLE as error:
            self._lost_keys(error)

    def _lost_keys(self, error: Exception) -> None:
        self.data_keys = None
        detail = f"it cannot be read: {error}"
        lost = Difference(Kind.DATA_KEYS_DIFFER, None, KEY_STORE, detail, RESTORE)
        self.report.differences.append(lost)

    async def _compare_keys(self, last: int) -> None:
        if self.data_keys is None:
            return
        try:
            self.report.differences += await self.data_keys.differences(self.log, last)
            self.report.data_keys = self.data_keys.opened
        except NOT_READABLE as error:
            self._lost_keys(error)

    async def _compare_readings(self, checkpoints: Sequence[Checkpoint]) -> None:
        if self.readings is None:
            return
        readings = ReadingsLog(self.readings, checkpoints, datetime.now(UTC))
        self.report.differences += await readings.differences()
        self.report.readings = readings.records

    async def _open(self, database: Database, stack: contextlib.AsyncExitStack) -> None:
        name = database.models.service
        try:
            connection = await stack.enter_async_context(snapshot(database.url))
            journal = JournalCopy(name, connection)
            await journal.start()
            self._journals.append(journal)
            projection = Projection(database.models, connection)
            await projection.start()
        except NOT_READABLE as error:
            self._lost(name, error)
            return
        if projection.outdated:
            self.report.notices.append(f"tables of {name}: filled by another version, not compared")
        else:
            self._projections.append(projection)

    def _lost(self, service: str, error: Exception) -> None:
        detail = f"its database cannot be read: {error}"
        self.report.add(Kind.JOURNAL_DIFFERS, None, service, detail)

    def _published(self, checkpoints: Sequence[Checkpoint]) -> PublishedLeaves | None:
        if not checkpoints or not checkpoints[-1].tree.size:
            return None
        if not (self.evidence.folder / "tile").exists():
            self.report.notices.append("there are no tiles: altered events cannot all be located")
            return None
        newest = checkpoints[-1]
        return PublishedLeaves(Tiles(self.evidence.folder, newest.tree.size), newest)

    def _look(self, surveyed: Surveyed, beside: _Beside) -> None:
        heads = [self._put(message, facts, beside) for message, facts in surveyed]
        seen = beside.seen
        for (message, facts), before in zip(surveyed, heads, strict=True):
            if facts.verdict is not SignatureVerdict.HOLDS:
                seen.bad[message.position] = (facts.verdict, message.subject)
            seen.events.see(message.position, message.subject, facts, before)
        for message, facts in surveyed:
            if not facts.unreadable:
                self._fold(message)

    def _put(self, message: Message, facts: Particulars, beside: _Beside) -> Head | None:
        """Add an event to the trees; the head its aggregate had before."""
        position, report = message.position, self.report
        if position != report.events + len(beside.seen.missing) + 1:
            self._skip(position, beside)
        report.events += 1
        if beside.published:
            beside.published.see(position, facts.leaf, message.subject)
        aggregate = facts.aggregate or aggregate_of(message)
        return beside.ledger.put(position, aggregate, facts.leaf, facts.version, facts.digest)

    def _fold(self, message: Message) -> None:
        if self.data_keys:
            self.data_keys.see(message)
        if not self._projections:
            return
        recorded = decoded(message)
        for projection in self._projections:
            projection.add(recorded)

    async def _compare_journals(self, messages: Sequence[Message]) -> None:
        if not self._journals:
            return
        rows = [row_of(message) for message in messages]
        for journal in tuple(self._journals):
            try:
                await journal.compare(messages, rows)
            except NOT_READABLE as error:
                self._lost(journal.service, error)
                self._journals.remove(journal)

    def _skip(self, position: int, beside: _Beside) -> None:
        """Note the positions before ``position`` that the log did not give."""
        missing = beside.seen.missing
        for lost in range(self.report.events + len(missing) + 1, position):
            missing[lost] = beside.extent.counts(lost)
            beside.ledger.skip()
            if beside.published:
                beside.published.see(lost, None, "")

    async def _end_journals(self, beside: _Beside) -> None:
        extent, seen = beside.extent, beside.seen
        for journal in self._journals:
            await journal.finish(extent.last)
            seen.copies += journal.differing
            self.report.journal_rows[journal.service] = journal.rows
            if journal.position > extent.last:
                detail = (
                    f"the log ends at {extent.last}, this journal had come to {journal.position}: "
                    f"{journal.ahead} of its events are lost"
                )
                self.report.add(Kind.ROLLED_BACK, extent.last, journal.service, detail)

    def _compare_roots(self, checkpoints: Sequence[Checkpoint], beside: _Beside) -> None:
        extent, ledger = beside.extent, beside.ledger
        beyond = [one for one in checkpoints if one.tree.size > extent.last]
        if beyond:
            detail = f"the log ends at {extent.last}, {beyond[-1].tree.size} events were signed"
            self.report.add(Kind.ROLLED_BACK, extent.last, None, detail)
        wrong = [
            one
            for one in checkpoints
            if one.tree.size <= extent.last
            and ledger.roots.get(one.tree.size) != (one.tree, one.heads)
        ]
        if wrong:
            right = [one.tree.size for one in checkpoints if one.tree.size < wrong[0].tree.size]
            detail = (
                f"the first {wrong[0].tree.size} events are not those signed on {wrong[0].dated}; "
                f"the first {max(right, default=0)} are. {len(wrong)} of {len(checkpoints)} "
                "checkpoints do not fit"
            )
            self.report.add(Kind.TREE_MISMATCH, wrong[0].tree.size, None, detail)

    def _compare_tiles(self, beside: _Beside) -> None:
        published = beside.published
        if published is None:
            return
        signed = published.signed(beside.extent.last)
        root = beside.ledger.roots.get(published.checkpoint.tree.size)
        if root is None or root[0] != published.checkpoint.tree:
            if signed:
                beside.seen.replaced = published.differing
            else:
                detail = "nor do the tiles give the root of the newest checkpoint"
                self.report.add(Kind.TILE_DIFFERS, None, published.damaged or None, detail)
            return
        for path in published.wrong_tiles():
            detail = "the log gives the signed root, this tile does not"
            self.report.add(Kind.TILE_DIFFERS, None, path, detail)

    async def _compare_tables(self, seen: Seen) -> None:
        if seen.at_fault or any(found.kind in OF_THE_LOG for found in self.report.differences):
            what = "order and tables" if seen.at_fault else "tables"
            self.report.notices.append(f"{what} are not compared: the log itself is not right")
            return
        for projection in self._projections:
            self.report.differences += await projection.compare()
            self.report.table_rows[projection.models.service] = projection.rows
