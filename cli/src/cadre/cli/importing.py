"""``cadre import``: rosters (xlsx) and appointment forms (LRMX) into baselines."""

import csv
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from cadre.cli.options import DEFAULT_DATA, Data, Settings
from cadre.cli.output import CONSOLE, DIFFERENT, AsJson, print_json, styled, table
from cadre.cli.progressing import progress
from cadre.cli.services import services
from cadre.client.services import Client, Refused, SentCommand
from cadre.intake.files import files_in
from cadre.intake.issues import Issue
from cadre.intake.plan import ImportPlan, plan_import
from cadre.intake.records import Record
from cadre.shared.deciding.errors import Malformed
from cadre.shared.deciding.texts import escaped

SENDERS = 2
"""While one request is being recorded, the next is decided."""
RECORDS_AT_ONCE = 500
ISSUES_SHOWN_MAX = 30


@dataclass(slots=True)
class Imported:
    """What became of the records of a plan."""

    recorded: int = 0
    repeated: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Source and reason."""
    position: int = 0

    def add(self, record: Record, answer: dict[str, Any] | Refused) -> None:
        """Count what became of one record."""
        if isinstance(answer, Refused):
            self.refused.append((str(record.sources[0]), str(answer)))
            return
        self.recorded += not answer["repeated"] and answer["outcome"] == "recorded"
        self.repeated += answer["repeated"] or answer["outcome"] == "unchanged"
        self.position = max(self.position, answer["position"])


def import_files(
    paths: Annotated[
        list[Path], typer.Argument(help="名册 .xlsx、任免审批表 .lrmx 或文件夹。", exists=True)
    ],
    on: Annotated[
        str | None, typer.Option(help="The day the rosters tell of; today if left out.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read and report; send nothing.")
    ] = False,
    issues_file: Annotated[
        Path | None, typer.Option("--issues", help="Write every issue to this CSV file.")
    ] = None,
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """导入名册与任免审批表。 Import files; exit code 1 when a row was refused."""
    with progress("read", as_json=as_json) as advance:
        plan = plan_import(files_in(paths), effective_on=_day(on), advance=advance)
    if issues_file is not None:
        write_issues(issues_file, plan.issues)
    imported = None
    if not dry_run:
        imported = send(services(data, settings), plan.records, as_json=as_json)
    if as_json:
        print_json(_report(plan, imported))
    else:
        print_plan(plan, issues_file)
        if imported is not None:
            print_imported(imported)
    if plan.errors or (imported is not None and imported.refused):
        raise typer.Exit(DIFFERENT)


def send(client: Client, records: Sequence[Record], *, as_json: bool = False) -> Imported:
    """Record every baseline; a repeat of the same sources changes nothing.

    What was sent before a break is found to be there, so the same import simply goes on.
    """
    imported = Imported()
    done = 0
    with progress("import", as_json=as_json) as advance, ThreadPoolExecutor(SENDERS) as pool:
        for part, answers in _in_parallel(pool, client, records):
            for record, answer in zip(part, answers, strict=True):
                imported.add(record, answer)
            done += len(part)
            advance(done, len(records))
    return imported


type Part = tuple[Record, ...]
type Answers = list[dict[str, Any] | Refused]


def _in_parallel(
    pool: ThreadPoolExecutor, client: Client, records: Sequence[Record]
) -> Iterator[tuple[Part, Answers]]:
    waiting: dict[Future[Answers], Part] = {}
    for part in itertools.batched(records, RECORDS_AT_ONCE):
        waiting[pool.submit(_send, client, part)] = part
        if len(waiting) > SENDERS:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            yield from ((waiting.pop(future), future.result()) for future in done)
    while waiting:
        done, _ = wait(waiting, return_when=FIRST_COMPLETED)
        yield from ((waiting.pop(future), future.result()) for future in done)


def _send(client: Client, part: Part) -> Answers:
    commands = [
        SentCommand(
            "record-baseline",
            record.command_id,
            json.loads(record.content) | {"effective_on": record.effective_on.isoformat()},
        )
        for record in part
    ]
    return client.commands("selection", commands)


def print_plan(plan: ImportPlan, issues_file: Path | None = None) -> None:
    """What the files hold, and what is wrong with them, row by row."""
    CONSOLE.print(
        f"文件 files {plan.files}，行 rows {plan.rows}，干部 persons {len(plan.records)}"
        f"（多来源合并 merged {plan.merged}），"
        f"错误 errors {plan.errors}，警告 warnings {plan.warnings}"
    )
    rows = [
        (
            styled("错误", "red") if issue.severity == "error" else styled("警告", "yellow"),
            issue.file,
            issue.row or "",
            issue.column or "",
            f"{issue.what}{'（' + issue.value + '）' if issue.value else ''}",
            issue.remedy,
        )
        for issue in sorted(plan.issues, key=lambda i: (i.severity, i.file, i.row or 0))
    ]
    if rows:
        columns = ("", "文件", "行", "列", "问题", "处理")
        CONSOLE.print(table("", columns, rows[:ISSUES_SHOWN_MAX]))
    if len(rows) > ISSUES_SHOWN_MAX:
        where = f"见 {issues_file}" if issues_file else "用 --issues FILE.csv 写出全部"
        CONSOLE.print(f"…… 另有 {len(rows) - ISSUES_SHOWN_MAX} 条，{where}")


def print_imported(imported: Imported) -> None:
    """What was recorded, repeated and refused."""
    CONSOLE.print(
        f"已记录 recorded {imported.recorded}，重复 repeated {imported.repeated}，"
        f"被拒 refused {len(imported.refused)}"
    )
    if imported.refused:
        CONSOLE.print(table("", ("来源", "原因"), imported.refused[:ISSUES_SHOWN_MAX]))


def write_issues(path: Path, issues: Iterable[Issue]) -> None:
    """All issues as CSV, for screens too; cells that a spreadsheet would compute made text."""
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(("severity", "problem", "file", "row", "column", "value", "what", "remedy"))
        for i in issues:
            cells = (i.severity, i.problem, i.file, i.row, i.column, i.value, i.what, i.remedy)
            writer.writerow([_as_text(cell) for cell in cells])


def _as_text(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    return f"'{escaped(cell)}" if cell.startswith(("=", "+", "-", "@", "\t")) else escaped(cell)


def _report(plan: ImportPlan, imported: Imported | None) -> dict[str, Any]:
    return {
        "files": plan.files,
        "rows": plan.rows,
        "persons": len(plan.records),
        "merged": plan.merged,
        "errors": plan.errors,
        "warnings": plan.warnings,
        "dry_run": imported is None,
        "recorded": imported.recorded if imported else 0,
        "repeated": imported.repeated if imported else 0,
        "refused": [{"source": s, "reason": r} for s, r in imported.refused] if imported else [],
        "issues": [
            {
                "severity": i.severity,
                "problem": str(i.problem),
                "file": i.file,
                "row": i.row,
                "column": i.column,
                "value": i.value,
                "what": i.what,
                "remedy": i.remedy,
            }
            for i in plan.issues
        ],
    }


def _day(text: str | None) -> date:
    if text is None:
        return date.today()  # noqa: DTZ011  # the operator's own calendar day
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Malformed(
            f"不是日期 · {text!r} is not a day",
            where="--on",
            hint="请按格式填写 · write YYYY-MM-DD",
        ) from error
