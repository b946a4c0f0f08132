"""``cadre audit``: checkpoint, verify."""

import asyncio
from base64 import b64decode
from collections import Counter
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from cadre.appointment.app import SERVICE as APPOINTMENT
from cadre.cli.data_directory import SERVICES, DataDirectory
from cadre.cli.options import DEFAULT_DATA, Data
from cadre.cli.output import CONSOLE, DIFFERENT, WRONG_INPUT, AsJson, fail, print_json, table
from cadre.cli.standing_log import standing
from cadre.selection.app import SERVICE as SELECTION
from cadre.shared.audit.checkpointing import NotSigned, Signed, make_checkpoint
from cadre.shared.audit.evidence import Evidence
from cadre.shared.audit.examination import Database, Examination, Report
from cadre.shared.audit.note import Ed25519Signer, Ed25519Verifier
from cadre.shared.audit.public_keys import PublicKeys
from cadre.shared.codec import Signer
from cadre.shared.errors import CadreError, NotFound
from cadre.supervision.app import SERVICE as SUPERVISION
from cadre.training.app import SERVICE as TRAINING

app = typer.Typer(
    help="审计：检查点与核验。 Checkpoints, and what was altered.", no_args_is_help=True
)

READ_MODELS = [one.read_models for one in (SELECTION, TRAINING, SUPERVISION, APPOINTMENT)]
DIFFERENCES_SHOWN = 20


@app.command()
def checkpoint(
    origin: Annotated[
        str | None, typer.Option(help="The log's name, for the first checkpoint: a URL of yours.")
    ] = None,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """签发检查点。 Sign the log as it is now; refused when it is not what was signed before."""
    directory = DataDirectory.open_data(data)
    try:
        signed = asyncio.run(_checkpoint(directory, origin))
    except NotSigned as error:
        fail(error, as_json=as_json)
        raise typer.Exit(DIFFERENT) from error
    if as_json:
        print_json(
            {
                "checkpoint": signed.note,
                "size": signed.checkpoint.tree.size,
                "dated": signed.checkpoint.dated.isoformat(),
                "fresh": signed.fresh,
                "verifiers": signed.keys.verifiers,
                "folder": str(_evidence(directory).folder),
            }
        )
        return
    CONSOLE.print("已签发 Signed." if signed.fresh else "无新事件 Nothing new since.")
    CONSOLE.print(signed.note, markup=False, highlight=False, soft_wrap=True)
    for verifier in signed.keys.verifiers:
        CONSOLE.print(f"verifier key: {verifier}", markup=False, highlight=False, soft_wrap=True)


async def _checkpoint(directory: DataDirectory, origin: str | None) -> Signed:
    evidence = _evidence(directory)
    known = evidence.keys()
    signer = _signer(directory, known.origin if known else origin)
    async with standing(directory) as found:
        return await make_checkpoint(
            found.log, evidence, signer, _services(directory), datetime.now(UTC)
        )


@app.command()
def verify(
    key: Annotated[
        list[str] | None,
        typer.Option(help="Only checkpoints by this verifier key count (name+id+base64)."),
    ] = None,
    kept: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", help="A checkpoint you kept yourself.", dir_okay=False),
    ] = None,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """核验全部记录是否被改动。 Look whether anything was altered.

    Exit codes: 0 nothing differs, 1 something does, 2 it could not be examined.
    """
    try:
        report = asyncio.run(_verify(DataDirectory.open_data(data), key or [], kept or []))
    except CadreError as error:
        # 3 would say that trying again may help; an auditor must not take that for an answer.
        fail(error, as_json=as_json)
        raise typer.Exit(WRONG_INPUT) from error
    if as_json:
        print_json(_as_json(report))
    else:
        _print(report)
    if report.differences:
        raise typer.Exit(DIFFERENT)


async def _verify(directory: DataDirectory, keys: list[str], kept: list[Path]) -> Report:
    evidence = _evidence(directory)
    known = evidence.keys() or PublicKeys(origin="", verifiers=())
    if (directory.path / "secrets.json").exists():
        # Keys that came after the newest checkpoint; a copy for an auditor holds no secrets.
        known = known.with_services(_services(directory), datetime.now(UTC))
    verifiers = [Ed25519Verifier.parse(text) for text in keys] or known.verifiers_parsed
    try:
        notes = [path.read_text("utf-8") for path in kept]
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(f"a checkpoint cannot be read: {error}") from error
    async with standing(directory) as found:
        databases = [Database(m, found.database_url(m.service)) for m in READ_MODELS]
        examination = Examination(found.log, evidence, known, verifiers, databases, notes)
        if found.copied:
            examination.report.notices.append("the system is stopped: a copy was examined")
        return await examination.run()


def _evidence(directory: DataDirectory) -> Evidence:
    return Evidence(directory.path / "audit")


def _signer(directory: DataDirectory, origin: str | None) -> Ed25519Signer:
    seed = directory.audit_seed()
    if origin is None:
        public = Ed25519Signer.from_seed("nameless", seed).verifier.public
        origin = f"cadre.invalid/{sha256(public).hexdigest()[:8]}"
    return Ed25519Signer.from_seed(origin, seed)


def _services(directory: DataDirectory) -> list[Signer]:
    seeds = directory.secrets.signing_keys
    return [Signer.from_seed(name, b64decode(seeds[name])) for name in SERVICES]


def _as_json(report: Report) -> dict[str, object]:
    return {
        "intact": not report.differences,
        "events": report.events,
        "checkpoints": report.checkpoints,
        "covered": report.covered,
        "journal_rows": report.journal_rows,
        "table_rows": report.table_rows,
        "notices": report.notices,
        "differences": [one.as_json() for one in report.differences],
    }


def _print(report: Report) -> None:
    rows = [
        ("events", report.events),
        ("of these under a checkpoint", report.covered),
        ("checkpoints that count", report.checkpoints),
        ("journal rows", sum(report.journal_rows.values())),
        ("table rows", sum(report.table_rows.values())),
    ]
    CONSOLE.print(table("审计 Audit", ("examined", ""), rows))
    for notice in report.notices:
        CONSOLE.print(f"[yellow]![/yellow] {notice}", highlight=False)
    if not report.differences:
        CONSOLE.print("[green]未发现改动 Nothing differs.[/green]")
        return
    shown: Counter[str] = Counter()
    found: list[tuple[object, ...]] = []
    for one in report.differences:
        shown[one.kind] += 1
        if shown[one.kind] <= DIFFERENCES_SHOWN:
            found.append((one.kind, one.position or "", one.subject or "", one.detail))
    CONSOLE.print(table("", ("kind", "position", "subject", "detail"), found))
    for kind, count in shown.items():
        CONSOLE.print(f"[red]{kind}: {count}[/red]")
