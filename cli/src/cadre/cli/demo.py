"""``cadre demo``: several years of lives, played on a system of its own and shown."""

import asyncio
import contextlib
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from cadre.cli import demonstrated
from cadre.cli.importing import Imported, send
from cadre.cli.installation import system
from cadre.cli.installation.calling import client_of
from cadre.cli.installation.data_directory import DataDirectory, Run
from cadre.cli.installation.ownership import DataDirectoryError
from cadre.cli.output import CONSOLE, DIFFERENT, ERRORS, AsJson, print_json
from cadre.cli.progressing import bar
from cadre.fiction.life import year
from cadre.fiction.life.chronicle import Chronicle
from cadre.fiction.life.facts import Facts, gather
from cadre.fiction.life.fiction import Scene
from cadre.fiction.life.script import Phase, Script
from cadre.fiction.life.stage import Stage
from cadre.intake.files import files_in
from cadre.intake.plan import ImportPlan, plan_import
from cadre.shared.deciding.errors import CadreError, Malformed
from cadre.shared.log.connection import connect
from cadre.shared.log.stream import Log

ISSUES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Shown:
    """A demonstration that came to its end."""

    plan: ImportPlan
    imported: Imported
    chronicle: Chronicle
    stage: Stage
    facts: Facts
    played_s: float
    """Seconds for the script alone."""


def demo(
    data: Annotated[
        Path | None,
        typer.Option("--data", help="A new directory to keep; a temporary one if left out."),
    ] = None,
    cadres: Annotated[int, typer.Option(min=12, max=3000, help="How many people.")] = 60,
    years: Annotated[int, typer.Option(min=2, max=6, help="How many years, up to 2026.")] = 3,
    seed: Annotated[int, typer.Option(help="The same seed tells the same lives.")] = 2026,
    keep_running: Annotated[
        bool, typer.Option("--keep-running", help="Leave the system running; needs --data.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """演示：虚构县若干年的选育管用。 Years of a fictional county; exit code 1 on a difference."""
    if keep_running and data is None:
        raise Malformed(
            "保持运行须指定目录 · --keep-running needs a directory",
            where="--data",
            hint="请写新目录 · name a new one",
        )
    begun = time.monotonic()
    with _place(data) as path:
        system.start(path)
        try:
            shown = _show(path, cadres, seed, years, quiet=as_json)
            elapsed_s = time.monotonic() - begun
            if as_json:
                print_json(_document(shown, elapsed_s))
            else:
                demonstrated.tell(shown.facts)
                _print_end(shown, elapsed_s, data, running=keep_running)
        finally:
            if not keep_running:
                system.stop(path)
    if not shown.facts.equal or shown.facts.waiting:
        raise typer.Exit(DIFFERENT)


@contextlib.contextmanager
def _place(data: Path | None) -> Generator[Path]:
    """The directory to work in; a temporary one stays only where something failed.

    Raises: DataDirectoryError when something is in it.
    """
    if data is None:
        path = Path(tempfile.mkdtemp(prefix="cadre-demo-"))
        try:
            yield path
        except CadreError:
            ERRORS.print(f"保留以供检查 kept for a look: {path}", highlight=False)
            raise
        except BaseException:
            shutil.rmtree(path, ignore_errors=True)
            raise
        shutil.rmtree(path, ignore_errors=True)
        return
    if data.exists() and any(data.iterdir()):
        raise DataDirectoryError(
            "演示须从空白历史开始 · a demonstration begins with an empty history",
            where=str(data),
            hint="请指定新目录或空目录 · name a new or empty directory with --data",
        )
    yield data


def _show(path: Path, cadres: int, seed: int, years: int, *, quiet: bool) -> Shown:
    """Generate, import, play, look."""
    county = Scene(cadres, seed, year.eve(years))
    county.hand_in(path / "files")
    plan = plan_import(files_in([path / "files"]), effective_on=county.on)
    client = client_of(path, "demo:import")
    imported = send(client, plan.records)
    if not quiet:
        _print_import(path, plan, imported)
    chronicle = year.write(county, plan.records, years)
    stage = Stage(client)
    begun = time.monotonic()
    _play(stage, chronicle.script)
    played_s = time.monotonic() - begun
    run = DataDirectory.open_data(path).read_run()
    facts = gather(chronicle, stage, lambda: asyncio.run(count_events(run)))
    return Shown(plan, imported, chronicle, stage, facts, played_s)


async def count_events(run: Run) -> dict[str, int]:
    """The log's events by type, read with the credential that can only read."""
    credential = run.nats.credentials["subscriber"]

    async def ignore(_error: Exception) -> None:
        """The server deletes the consumer by itself: this credential may not."""

    client = await connect(
        run.nats.url,
        user=credential.user,
        password=credential.password,
        inbox_prefix=b"_INBOX_subscriber",
        error_cb=ignore,
    )
    try:
        counts: Counter[str] = Counter()
        async for messages in Log(client).read():
            counts.update(message.headers["ce-type"] for message in messages)
        return dict(sorted(counts.items()))
    finally:
        await client.close()


def _play(stage: Stage, script: Script) -> None:
    with bar() as progress:
        task = progress.add_task("", total=len(script.steps))

        def advance(phase: Phase) -> None:
            progress.update(task, advance=1, description=phase.title)

        stage.play(script, advance)


def _print_import(path: Path, plan: ImportPlan, imported: Imported) -> None:
    CONSOLE.print(
        f"导入 {path / 'files'}：文件 files {plan.files}，行 rows {plan.rows}，"
        f"干部 persons {len(plan.records)}（多来源合并 merged {plan.merged}），"
        f"已记录 recorded {imported.recorded}，"
        f"错误 errors {plan.errors}，警告 warnings {plan.warnings}"
    )
    for issue in sorted(plan.issues, key=lambda i: i.severity)[:ISSUES_SHOWN]:
        told = f"{issue.file} 第 {issue.row} 行：{issue.what}；{issue.remedy}"
        CONSOLE.print(f"  [dim]{escape(told)}[/dim]")
    if len(plan.issues) > ISSUES_SHOWN:
        CONSOLE.print(f"  [dim]…… 另有 {len(plan.issues) - ISSUES_SHOWN} 条[/dim]")


def _print_end(shown: Shown, elapsed_s: float, data: Path | None, *, running: bool) -> None:
    outcomes = shown.stage.outcomes
    sent = sum(outcomes.values())
    CONSOLE.print(
        f"\n命令 commands {sent}（记录 recorded {outcomes['recorded']}，"
        f"拒绝并记录 refused {outcomes['refused']}，不可能 impossible {outcomes['impossible']}），"
        f"事件 events {sum(shown.facts.counts.values())}；"
        f"用时 {elapsed_s:.1f} s，其中剧本 {shown.played_s:.1f} s（{sent / shown.played_s:.0f}/s）"
    )
    if data is None:
        return
    hero = shown.facts.protagonist.cadre_id
    start = "" if running else f"  cadre up --data {data}\n"
    CONSOLE.print(
        f"数据留在 {data}，接着可以：\n{start}"
        f"  cadre history {hero} --data {data}\n"
        f"  cadre find {shown.facts.refused.full_name} --data {data}\n"
        f"  cadre replay --data {data}\n"
        f"  cadre down --data {data}",
        highlight=False,
    )


def _document(shown: Shown, elapsed_s: float) -> dict[str, Any]:
    county = shown.chronicle.county
    return {
        "cadres": county.cadres,
        "seed": county.seed,
        "years": len(shown.chronicle.years),
        "import": {
            "files": shown.plan.files,
            "persons": len(shown.plan.records),
            "recorded": shown.imported.recorded,
            "errors": shown.plan.errors,
            "warnings": shown.plan.warnings,
        },
        "commands": {"total": sum(shown.stage.outcomes.values()), **shown.stage.outcomes},
        "elapsed_s": round(elapsed_s, 1),
        **demonstrated.as_document(shown.facts),
    }
