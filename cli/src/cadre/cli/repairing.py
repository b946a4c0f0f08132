"""``cadre audit repair``: gives a log back what the journals still hold."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.markup import escape

from cadre.audit.blocks import BlockWriter
from cadre.audit.cosignature import Policy
from cadre.audit.counted import Counting
from cadre.audit.differences import Difference, Kind
from cadre.audit.examination import Database, Examination
from cadre.audit.journals import NOT_READABLE, JournalCopy, snapshot
from cadre.audit.note import Verifier, verifier_of
from cadre.audit.public_keys import PublicKeys
from cadre.audit.repair import Plan, Repair, Writer
from cadre.audit.repairs import ProvenBy, RepairRecord, add_repair
from cadre.audit.stored import Extent, extent_of
from cadre.audit.tiles import Tiles
from cadre.cli import witnessing
from cadre.cli.auditing import ORDERS, READ_MODELS
from cadre.cli.installation.log_server import serving
from cadre.cli.installation.mending_places import MendingPlace, mending_place
from cadre.cli.installation.standing_log import StandingLog, copied
from cadre.cli.options import DEFAULT_DATA, Data, Settings, account
from cadre.cli.output import CONSOLE, DIFFERENT, WRONG_INPUT, AsJson, fail, print_json, table
from cadre.shared.deciding.errors import CadreError, Malformed, NotFound
from cadre.shared.log.provision import provision
from cadre.shared.log.stream import STREAM, Log

STREAM_FOLDER = Path("jetstream/CADRE/streams") / STREAM
MENDED = frozenset(
    {
        Kind.MISSING,
        Kind.UNREADABLE,
        Kind.ALTERED,
        Kind.SWAPPED,
        Kind.FORGED,
        Kind.ROLLED_BACK,
        Kind.TREE_MISMATCH,
    }
)
"""What a mended log must not show, but for the positions that were left."""
EVENTS_SHOWN = 20


class NotRepaired(CadreError):
    """Nothing was changed."""

    status = 409
    code = "not-repaired"
    title = "事件日志未修复 · The log was not repaired"


@dataclass(slots=True)
class Outcome:
    """What was found and what was done."""

    plan: Plan
    notices: list[str]
    kept: str | None = None
    """Where the log as it was is now; None while nothing was applied."""
    differences: list[Difference] = field(default_factory=list[Difference])
    """What the repaired log was found to have, before it took the other's place."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants a repair, and why."""

    by: str
    reason: str
    partial: bool


def repair(
    apply: Annotated[
        bool, typer.Option("--apply", help="Do it. Otherwise it is only shown what would be done.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why; goes on record with --apply.")] = "",
    by: Annotated[str, typer.Option(help="Who does it; goes on record.")] = "",
    partial: Annotated[
        bool,
        typer.Option("--partial", help="Repair what can be proven even if something is left."),
    ] = False,
    key: Annotated[
        list[str] | None, typer.Option(help="Only checkpoints by this verifier key count.")
    ] = None,
    kept: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", help="A checkpoint you kept yourself.", dir_okay=False),
    ] = None,
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """以各服务日志副本修复主日志。 Give the log back what the journals still hold.

    For a log that was damaged, or lost its end and got nothing new since. One that went on without
    what the journals hold is another branch: see `cadre log`.

    Exit codes: 0 nothing is to be repaired, or it is and nothing differs; 1 something is to be
    repaired, or was left, or the repair was refused; 2 it could not be done.
    """
    try:
        if apply and not reason.strip():
            raise Malformed("修复须写明理由 · a repair needs a reason", where="--reason")
        wish = Wish(by or account(), reason.strip(), partial) if apply else None
        work = Work(mending_place(data, settings), key or [], kept or [])
        outcome = asyncio.run(work.run(wish))
    except NotRepaired as error:
        fail(error, as_json=as_json)
        raise typer.Exit(DIFFERENT) from error
    except CadreError as error:
        fail(error, as_json=as_json)
        raise typer.Exit(WRONG_INPUT) from error
    if as_json:
        print_json(_as_json(outcome))
    else:
        _print(outcome)
    pending = bool(outcome.plan.restored) and outcome.kept is None
    pending |= outcome.plan.other_branch is not None
    if pending or outcome.plan.left or not outcome.plan.proven or outcome.differences:
        raise typer.Exit(DIFFERENT)


@dataclass(slots=True)
class Work:
    """One repair of a stopped installation."""

    place: MendingPlace
    verifiers: Sequence[str]
    kept: Sequence[Path]
    _keys: PublicKeys = field(init=False)
    _notes: list[str] = field(init=False)
    _claim: int | None = None
    """What a server on the new store holds: nobody takes the directory while it lives."""
    _notices: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        keys = self.place.evidence.keys() or PublicKeys(origin="")
        self._keys = keys.with_services(self.place.holders, datetime.now(UTC))
        self._notes = [witnessing.read(path) for path in self.kept]

    async def run(self, wish: Wish | None) -> Outcome:
        """Look what can be repaired; with a wish, do it.

        Raises: NotRepaired, nothing having been changed; Unavailable, DataDirectoryError.
        """
        with self.place.hold() as claim, TemporaryDirectory(prefix="cadre-repair-") as folder:
            self._claim = claim
            copy = Path(folder)
            self.place.copy(copy)
            try:
                async with copied(copy) as found:
                    plan = await self._plan(found, copy, writing=wish is not None)
                if wish is None or not plan.restored:
                    return Outcome(plan, self._notices)
                _must_be_sound(plan, wish)
                differences = await self._examine(plan, copy)
                return Outcome(plan, self._notices, self._swap(plan, wish), differences)
            finally:
                shutil.rmtree(self.place.mended, ignore_errors=True)

    async def _plan(self, found: StandingLog, copy: Path, *, writing: bool) -> Plan:
        whole = True
        try:
            extent = await extent_of(found.log)
        except NotFound:
            extent, whole = Extent(0, frozenset()), False
        evidence = self.place.evidence
        counting = Counting(self._keys, self._verifiers(), Policy())
        counting.see(evidence.everything_signed(self._notes))
        self._notices += counting.conclude()
        self._notices += [one.detail for one in counting.differences]
        newest = counting.checkpoints[-1] if counting.checkpoints else None
        tiles = Tiles(evidence.folder, newest.tree.size) if newest else None
        keys = {key.key_id: key for key in self._keys.services}
        async with contextlib.AsyncExitStack() as stack:
            journals = [one async for one in self._journals(copy, stack)]
            work = Repair(found.log, extent, journals, counting.checkpoints, tiles, keys)
            writer: Writer | None = None
            if writing:
                await self._prepare(copy, whole=whole)
                writer = stack.enter_context(
                    BlockWriter(self.place.mended / STREAM_FOLDER / "msgs", STREAM)
                )
            return await work.run(writer)

    def _verifiers(self) -> Sequence[Verifier]:
        return [verifier_of(text) for text in self.verifiers] or self._keys.verifiers_parsed

    async def _journals(
        self, copy: Path, stack: contextlib.AsyncExitStack
    ) -> AsyncGenerator[JournalCopy]:
        for models in READ_MODELS:
            try:
                connection = await stack.enter_async_context(
                    snapshot(self.place.database_url(models.service, copy))
                )
                journal = JournalCopy(models.service, connection)
                await journal.start()
            except NOT_READABLE as error:
                self._notices.append(f"the journal of {models.service} cannot be read: {error}")
            else:
                yield journal

    async def _prepare(self, copy: Path, *, whole: bool) -> None:
        """Everything of a store but the events; the stream's settings anew where they are lost."""
        left_out = STREAM_FOLDER / "msgs" if whole else STREAM_FOLDER
        store = self.place.store
        shutil.rmtree(self.place.mended, ignore_errors=True)

        def ignored(folder: str, names: list[str]) -> list[str]:
            at = Path(folder).relative_to(store)
            others = [n for n in names if at == Path() and not self.place.is_log(n)]
            return [*others, *(name for name in names if at / name == left_out)]

        shutil.copytree(store, self.place.mended, ignore=ignored)
        if not whole:
            output = copy / "provision.log"
            async with serving(self.place.mended, output, "operator", self._claim) as client:
                await provision(client)
            shutil.rmtree(self.place.mended / STREAM_FOLDER / "msgs")

    async def _examine(self, plan: Plan, copy: Path) -> list[Difference]:
        """What the repaired log differs in; refused when it still shows what was to be mended."""
        databases = [
            Database(models, self.place.database_url(models.service, copy))
            for models in READ_MODELS
        ]
        output = copy / "repaired.log"
        async with serving(self.place.mended, output, claim=self._claim) as client:
            examination = Examination(
                Log(client),
                self.place.evidence,
                self._keys,
                self._verifiers(),
                databases,
                self._notes,
                orders=ORDERS,
            )
            differences = (await examination.run()).differences
        left = {one.position for one in plan.left}
        wrong = [d for d in differences if d.kind in MENDED and d.position not in left]
        if wrong and not (left and {d.kind for d in wrong} <= {Kind.TREE_MISMATCH}):
            raise NotRepaired(
                f"修复后的日志无法通过核验 · the repaired log would not verify: {wrong[0].detail}"
            )
        return differences

    def _swap(self, plan: Plan, wish: Wish) -> str:
        """Put the repaired store in the other's place; where that one is kept.

        The record comes first: a repair that is not on record would be a silent one.
        """
        now = datetime.now(UTC)
        kept = self.place.kept(f"{now:%Y%m%dT%H%M%SZ}")
        newest = plan.checkpoint
        proven = newest and ProvenBy(
            size=newest.tree.size, root=newest.tree.hash.hex(), dated=newest.dated
        )
        os.sync()
        add_repair(
            self.place.evidence.folder,
            RepairRecord(
                repaired_at=now,
                by=wish.by,
                reason=wish.reason,
                checkpoint=proven,
                end=plan.end,
                restored=tuple(plan.restored),
                left=tuple(plan.left),
                kept=kept,
            ),
        )
        self.place.swap(kept)
        os.sync()
        return kept


def _must_be_sound(plan: Plan, wish: Wish) -> None:
    if plan.other_branch is not None:
        raise NotRepaired(
            "事件日志已在缺少副本事件的情况下继续，两边都有真实事件 · "
            "the log went on without what the journals hold: there are true events of both",
            where=f"position {plan.other_branch}",
            hint="请放回较新的日志，或采用现有日志 · "
            "put the newer log back, or go on with this one: `cadre log adopt`",
        )
    if not plan.proven:
        raise NotRepaired(
            "缺少哈希块，副本不足以证明哪些事件是签署过的 · "
            f"without the tiles the journals do not give the {plan.not_given[0]} events that were "
            "signed: nothing says which of them are true",
            hint="请用副本恢复 · bring back the folder audit/tile from a copy",
        )
    if plan.left and not wish.partial:
        first = plan.left[0]
        raise NotRepaired(
            "有位置无法修复 · "
            f"{len(plan.left)} positions cannot be repaired, the first: {first.why}",
            where=f"position {first.position}",
            hint="可只修复其余部分 · --partial repairs the others and leaves these as they are",
        )


def _as_json(outcome: Outcome) -> dict[str, object]:
    plan = outcome.plan
    return {
        "applied": outcome.kept is not None,
        "kept": outcome.kept,
        "end": plan.end,
        "checkpoint": plan.checkpoint.tree.size if plan.checkpoint else None,
        "proven": plan.proven,
        "other_branch": plan.other_branch,
        "restored": [asdict(one) for one in plan.restored],
        "left": [asdict(one) for one in plan.left],
        "notices": outcome.notices,
        "differences": [one.as_json() for one in outcome.differences],
    }


def _print(outcome: Outcome) -> None:
    plan = outcome.plan
    for notice in outcome.notices:
        CONSOLE.print(f"[yellow]![/yellow] {escape(notice)}", highlight=False)
    if plan.other_branch is not None:
        CONSOLE.print(
            f"[red]日志为另一分支 The log is another branch[/red] from position {plan.other_branch}"
            " on and will not be repaired: cadre log compare",
            soft_wrap=True,
        )
    if plan.restored:
        rows = [
            (one.position, one.was, one.subject, ", ".join(one.journals), one.proof)
            for one in plan.restored[:EVENTS_SHOWN]
        ]
        columns = ("position", "was", "subject", "journals", "proof")
        CONSOLE.print(table("可修复 From the journals", columns, rows))
    if plan.left:
        lost = [(one.position, one.was, one.subject or "", one.why) for one in plan.left]
        columns = ("position", "was", "subject", "why")
        CONSOLE.print(table("不可修复 Left", columns, lost[:EVENTS_SHOWN]))
    CONSOLE.print(f"{len(plan.restored)} 可修复 from journals, {len(plan.left)} 不可修复 left")
    for one in outcome.differences:
        CONSOLE.print(
            f"[red]{one.kind}[/red] {one.position or ''} {escape(one.detail)}", highlight=False
        )
    if outcome.kept:
        CONSOLE.print(f"[green]已修复 Repaired.[/green] 原日志 The log as it was: {outcome.kept}")
    elif plan.restored:
        CONSOLE.print("未作改动 Nothing was changed; --apply --reason TEXT does it.")
    elif not plan.left:
        CONSOLE.print("[green]无需修复 Nothing is to be repaired.[/green]")
