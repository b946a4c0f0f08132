"""``cadre audit``: checkpoint, verify."""

import asyncio
import sys
from collections import Counter
from concurrent.futures import Executor
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from cadre.appointment.app import SERVICE as APPOINTMENT
from cadre.audit.checkpoint import Checkpoint
from cadre.audit.checkpointing import NotSigned, Signed, make_checkpoint
from cadre.audit.consistency import Extension
from cadre.audit.cosignature import Policy
from cadre.audit.evidence import CHECKPOINTS, Evidence, read_bytes
from cadre.audit.examination import Database, Examination, Report
from cadre.audit.note import Ed25519Signer, NoteError, Verifier, open_note, verifier_of
from cadre.audit.public_keys import PublicKeys
from cadre.audit.surveyors import forked
from cadre.audit.tiles import Tiles
from cadre.cli import witnessing
from cadre.cli.installation.chosen import Installation, checkpoint_signer, installation
from cadre.cli.options import DEFAULT_DATA, Data, Settings
from cadre.cli.output import (
    CONSOLE,
    DIFFERENT,
    WRONG_INPUT,
    AsJson,
    fail,
    not_usable,
    print_json,
    table,
)
from cadre.selection.app import SERVICE as SELECTION
from cadre.shared.deciding.errors import CadreError
from cadre.shared.upkeep.memory import collect_rarely
from cadre.supervision.app import SERVICE as SUPERVISION
from cadre.training.app import SERVICE as TRAINING

READ_MODELS = [one.read_models for one in (SELECTION, TRAINING, SUPERVISION, APPOINTMENT)]
ORDERS = [order for one in (SELECTION, TRAINING, SUPERVISION, APPOINTMENT) for order in one.orders]
DIFFERENCES_SHOWN = 20


def checkpoint(
    origin: Annotated[
        str | None, typer.Option(help="The log's name, for the first checkpoint: a URL of yours.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="A size, or a file with an older checkpoint: print what a witness asks for, the "
            "checkpoint with the proof that it extends that one."
        ),
    ] = None,
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """签发检查点。 Sign the log as it is now; refused when it is not what was signed before."""
    audited = installation(data, settings)
    try:
        signed = asyncio.run(_checkpoint(audited, origin))
        extension = _extension(audited.evidence, signed, since) if since else None
    except (NotSigned, NotExtended) as error:
        fail(error, as_json=as_json)
        raise typer.Exit(DIFFERENT) from error
    if extension and not as_json:
        sys.stdout.write(str(extension))
        return
    if as_json:
        print_json(
            {
                "checkpoint": signed.note,
                "size": signed.checkpoint.tree.size,
                "dated": signed.checkpoint.dated.isoformat(),
                "fresh": signed.fresh,
                "verifiers": signed.keys.verifiers,
                "folder": str(audited.evidence.folder),
            }
            | ({"request": str(extension)} if extension else {})
        )
        return
    CONSOLE.print("已签发 Signed." if signed.fresh else "无新事件 Nothing new since.")
    CONSOLE.print(signed.note, markup=False, highlight=False, soft_wrap=True)
    for verifier in signed.keys.verifiers:
        CONSOLE.print(f"verifier key: {verifier}", markup=False, highlight=False, soft_wrap=True)


async def _checkpoint(audited: Installation, origin: str | None) -> Signed:
    known = audited.evidence.keys()
    signer = checkpoint_signer(audited, known.origin if known else origin)
    async with audited.reading() as found:
        return await make_checkpoint(
            found.log,
            audited.evidence,
            signer,
            audited.holders,
            datetime.now(UTC),
            readings=found.readings,
        )


class NotExtended(CadreError):
    status = 409
    code = "not-extended"
    title = "日志不是该检查点的延续 · The log does not extend that checkpoint"


def _extension(evidence: Evidence, signed: Signed, since: str) -> Extension:
    tiles = Tiles(evidence.folder, signed.checkpoint.tree.size)
    if since.isdecimal():
        return Extension.of(tiles, int(since), signed.note)
    note = witnessing.read(Path(since))
    older = Checkpoint.parse(open_note(note, signed.keys.verifiers_parsed).text)
    if older.tree.size <= tiles.size:
        extension = Extension.of(tiles, older.tree.size, signed.note)
        if extension.proves(older.tree):
            return extension
    detail = (
        "日志不是所签事件的延续 · "
        f"the log does not extend the {older.tree.size} events signed on {older.dated}"
    )
    raise NotExtended(
        detail, where=since, hint="请以该检查点核验 · run `cadre audit verify --checkpoint FILE`"
    )


def verify(
    key: Annotated[
        list[str] | None,
        typer.Option(help="Only checkpoints by this verifier key count (name+id+base64)."),
    ] = None,
    kept: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", help="A checkpoint you kept yourself.", dir_okay=False),
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(help="Only checkpoints with this witness's cosignature count (its key)."),
    ] = None,
    witnesses_min: Annotated[
        int | None, typer.Option(help="How many of the witnesses named suffice; else all.", min=1)
    ] = None,
    signatures: Annotated[
        bool,
        typer.Option(
            "--signatures/--no-signatures",
            help="Without them it is quicker, and forged events after the newest checkpoint pass.",
        ),
    ] = True,
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """核验全部记录是否被改动。 Look whether anything was altered.

    Exit codes: 0 nothing differs, 1 something does, 2 it could not be examined.
    """
    collect_rarely()
    try:
        asked = witnessing.policy(witness or [], witnesses_min)
        audited = installation(data, settings)
        with forked() as processes:
            verified = _verify(
                audited, key or [], kept or [], asked, processes, signatures=signatures
            )
            report = asyncio.run(verified)
    except (CadreError, OSError) as error:
        # 3 would say that trying again may help; an auditor must not take that for an answer.
        fail(not_usable(error) if isinstance(error, OSError) else error, as_json=as_json)
        raise typer.Exit(WRONG_INPUT) from error
    if as_json:
        print_json(_as_json(report))
    else:
        _print(report)
    if report.differences:
        raise typer.Exit(DIFFERENT)


async def _verify(
    audited: Installation,
    keys: list[str],
    kept: list[Path],
    asked: Policy,
    processes: Executor | None,
    *,
    signatures: bool,
) -> Report:
    evidence = audited.evidence
    known = evidence.keys() or PublicKeys(origin="")
    # Keys that came after the newest checkpoint; a copy for an auditor knows of none.
    known = known.with_services(audited.holders, datetime.now(UTC))
    verifiers = [verifier_of(text) for text in keys] or known.verifiers_parsed
    verifiers = verifiers or _own_verifiers(audited)
    notes = [witnessing.read(path) for path in kept]
    async with audited.reading() as found:
        urls = {models: found.database_url(models.service) for models in READ_MODELS}
        databases = [Database(models, url) for models, url in urls.items() if url]
        examination = Examination(
            found.log,
            evidence,
            known,
            verifiers,
            databases,
            notes,
            orders=ORDERS,
            signatures=signatures,
            policy=asked,
            key_made=audited.audit_seed is not None,
            readings=found.readings,
            data_keys=audited.data_keys(found),
            processes=processes,
        )
        notices = examination.report.notices
        if found.copied:
            notices.append("the system is stopped: a copy was examined")
        if not databases:
            notices.append("no database is named: the log alone was examined")
        if found.readings is None:
            notices.append("nothing here may read the log of readings: it was not examined")
        if examination.data_keys is None:
            notices.append("the keys of persons were not examined: the master key is not here")
        return await examination.run()


def _own_verifiers(audited: Installation) -> list[Verifier]:
    """The key that signs here, where the list of public keys is gone: the log keeps its name."""
    seed, evidence = audited.audit_seed, audited.evidence
    memory = read_bytes(evidence.memory) if evidence.memory else None
    notes = [*evidence.lines(CHECKPOINTS).notes, (memory or b"").decode(errors="replace")]
    origin = notes[0].partition("\n")[0]
    if seed is None or not origin:
        return []
    try:
        return [Ed25519Signer.from_seed(origin, seed).verifier]
    except NoteError:
        return []


def _as_json(report: Report) -> dict[str, object]:
    return {
        "intact": not report.differences,
        "events": report.events,
        "checkpoints": report.checkpoints,
        "covered": report.covered,
        "cosigned": report.cosigned,
        "journal_rows": report.journal_rows,
        "table_rows": report.table_rows,
        "readings": report.readings,
        "data_keys": report.data_keys,
        "repairs": [one.model_dump(mode="json") for one in report.repairs],
        "notices": report.notices,
        "differences": [one.as_json() for one in report.differences],
    }


def _cosigned(report: Report) -> list[str]:
    return [f"{size} by {', '.join(names)}" for size, names in report.cosigned.items()]


def _print(report: Report) -> None:
    rows = [
        ("events", report.events),
        ("of these under a checkpoint", report.covered),
        ("checkpoints that count", report.checkpoints),
        ("of these cosigned", "; ".join(_cosigned(report)) or "-"),
        ("journal rows", sum(report.journal_rows.values())),
        ("table rows", sum(report.table_rows.values())),
        ("records of readings", "-" if report.readings is None else report.readings),
        ("keys of persons", "-" if report.data_keys is None else report.data_keys),
    ]
    CONSOLE.print(table("审计 Audit", ("examined", ""), rows))
    for notice in report.notices:
        CONSOLE.print(f"[yellow]![/yellow] {escape(notice)}", highlight=False)
    for one in report.repairs:
        said = f"{one.repaired_at:%Y-%m-%d %H:%M} {one.by}: {one.reason}"
        counts = f"{len(one.restored)} events from the journals, {len(one.left)} positions left"
        CONSOLE.print(f"曾修复 Repaired {said} ({counts})", markup=False, highlight=False)
    if not report.differences:
        CONSOLE.print("[green]未发现改动 Nothing differs.[/green]")
        return
    shown: Counter[str] = Counter()
    found: list[tuple[object, ...]] = []
    for one in report.differences:
        shown[one.kind] += 1
        if shown[one.kind] <= DIFFERENCES_SHOWN:
            where = one.subject or ""
            found.append((one.kind, one.position or "", where, one.detail, one.hint))
    CONSOLE.print(table("", ("kind", "position", "subject", "detail", "do"), found))
    for kind, count in shown.items():
        CONSOLE.print(f"[red]{kind}: {count}[/red]")
