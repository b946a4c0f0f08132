"""One pass over a log, everything that must hold beside it, and what does not."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from cadre.shared.audit.checkpoint import Checkpoint
from cadre.shared.audit.differences import Difference, Kind
from cadre.shared.audit.events import Events
from cadre.shared.audit.evidence import Evidence
from cadre.shared.audit.journals import NOT_READABLE, JournalCopy, snapshot
from cadre.shared.audit.leaf import hash_of
from cadre.shared.audit.ledger import Ledger
from cadre.shared.audit.note import NoteError, Verifier, open_note
from cadre.shared.audit.projections import Projection
from cadre.shared.audit.public_keys import PublicKeys
from cadre.shared.audit.published import PublishedLeaves
from cadre.shared.audit.signatures import Signatures
from cadre.shared.audit.stored import Extent, everything, extent_of
from cadre.shared.audit.tiles import Tiles
from cadre.shared.audit.verdicts import Seen, judge
from cadre.shared.codec import Message
from cadre.shared.log import Log
from cadre.shared.read_models import ReadModels

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
    journal_rows: dict[str, int] = field(default_factory=dict[str, int])
    table_rows: dict[str, int] = field(default_factory=dict[str, int])
    notices: list[str] = field(default_factory=list[str])
    """What could not be examined, and why."""
    differences: list[Difference] = field(default_factory=list[Difference])

    def add(self, kind: Kind, position: int | None, subject: str | None, detail: str) -> None:
        self.differences.append(Difference(kind, position, subject, detail))


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
    report: Report = field(default_factory=Report)
    _journals: list[JournalCopy] = field(default_factory=list[JournalCopy])
    _projections: list[Projection] = field(default_factory=list[Projection])

    async def run(self) -> Report:
        """Examine everything.

        Raises: NotFound, Unavailable, Malformed: it could not be done.
        """
        checkpoints = self._checkpoints()
        async with contextlib.AsyncExitStack() as stack:
            for database in self.databases:
                await self._open(database, stack)
            extent = await extent_of(self.log)
            published = self._published(checkpoints)
            ledger = Ledger.at(checkpoint.tree.size for checkpoint in checkpoints)
            seen = Seen({key.key_id: key for key in self.keys.services}, Events())
            with Signatures(seen.keys, extent.last) as signatures:
                async for messages in everything(self.log, extent.last):
                    await signatures.add(messages)
                    for message in messages:
                        await self._look(message, extent, seen, ledger, published)
                self._skip(extent.last + 1, extent, seen, ledger, published)
                seen.bad = await signatures.finish()
            await self._end_journals(extent, seen)
            self._compare_roots(checkpoints, extent, ledger)
            self._compare_tiles(extent, ledger, seen, published)
            self.report.differences += judge(seen)
            await self._compare_tables(seen)
        self.report.differences.sort(key=lambda d: (d.position or 0, d.kind, d.detail))
        return self.report

    def _checkpoints(self) -> list[Checkpoint]:
        found: list[Checkpoint] = []
        for note in [*self.evidence.notes(), *self.kept]:
            try:
                checkpoint = Checkpoint.parse(open_note(note, self.verifiers).text)
            except NoteError as error:
                line = note.split("\n", 2)[1] if note.count("\n") > 1 else "?"
                detail = f"the checkpoint of size {line}: {error}"
                self.report.add(Kind.FORGED_CHECKPOINT, None, None, detail)
                continue
            if checkpoint.origin != self.keys.origin:
                detail = f"a checkpoint of another log, {checkpoint.origin}"
                self.report.add(Kind.FORGED_CHECKPOINT, None, None, detail)
                continue
            if self.keys.root(checkpoint.keys.size) != checkpoint.keys:
                detail = f"not the keys of the checkpoint of {checkpoint.dated}"
                self.report.add(Kind.KEYS_DIFFER, None, None, detail)
            found.append(checkpoint)
        self.report.checkpoints = len(found)
        self.report.covered = max((one.tree.size for one in found), default=0)
        if not found:
            self.report.notices.append(
                "there is no checkpoint: whoever holds the services' keys could rewrite everything"
            )
        return sorted(found, key=lambda one: one.tree.size)

    async def _open(self, database: Database, stack: contextlib.AsyncExitStack) -> None:
        name = database.models.service
        try:
            connection = await stack.enter_async_context(snapshot(database.url))
            journal = JournalCopy(name, connection)
            await journal.start()
            self._journals.append(journal)
            projection = Projection(database.models, connection)
            stack.push_async_callback(projection.close)
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

    async def _look(
        self,
        message: Message,
        extent: Extent,
        seen: Seen,
        ledger: Ledger,
        published: PublishedLeaves | None,
    ) -> None:
        self._skip(message.position, extent, seen, ledger, published)
        leaf = hash_of(message)
        before = ledger.add(message, leaf)
        self.report.events += 1
        if published:
            published.see(message.position, leaf, message)
        recorded = seen.events.see(message, before)
        for journal in tuple(self._journals):
            try:
                await journal.compare(message)
            except NOT_READABLE as error:
                self._lost(journal.service, error)
                self._journals.remove(journal)
        if recorded is not None:
            for projection in self._projections:
                await projection.add(recorded)

    def _skip(
        self,
        position: int,
        extent: Extent,
        seen: Seen,
        ledger: Ledger,
        published: PublishedLeaves | None,
    ) -> None:
        """Note the positions before ``position`` that the log did not give."""
        for missing in range(self.report.events + len(seen.missing) + 1, position):
            seen.missing[missing] = extent.counts(missing)
            ledger.skip()
            if published:
                published.see(missing, None, None)

    async def _end_journals(self, extent: Extent, seen: Seen) -> None:
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

    def _compare_roots(
        self, checkpoints: Sequence[Checkpoint], extent: Extent, ledger: Ledger
    ) -> None:
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

    def _compare_tiles(
        self, extent: Extent, ledger: Ledger, seen: Seen, published: PublishedLeaves | None
    ) -> None:
        if published is None:
            return
        signed = published.signed(extent.last)
        root = ledger.roots.get(published.checkpoint.tree.size)
        if root is None or root[0] != published.checkpoint.tree:
            if signed:
                seen.replaced = published.differing
            else:
                detail = "nor do the tiles give the root of the newest checkpoint"
                self.report.add(Kind.TILE_DIFFERS, None, published.damaged or None, detail)
            return
        for path in published.wrong_tiles():
            detail = "the log gives the signed root, this tile does not"
            self.report.add(Kind.TILE_DIFFERS, None, path, detail)

    async def _compare_tables(self, seen: Seen) -> None:
        if seen.at_fault or any(found.kind in OF_THE_LOG for found in self.report.differences):
            self.report.notices.append("tables are not compared: the log itself is not right")
            return
        for projection in self._projections:
            self.report.differences += await projection.compare()
            self.report.table_rows[projection.models.service] = projection.rows
