"""``cadre find``, ``history`` and ``replay``."""

from datetime import date, datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from cadre.cli.options import DEFAULT_DATA, Data, Settings
from cadre.cli.output import CONSOLE, DIFFERENT, AsJson, print_json, styled, table
from cadre.cli.services import services
from cadre.client.questions import compare, history_of
from cadre.contracts.vocabulary import SERVICE_ZH, SERVICES
from cadre.shared.deciding.errors import Malformed

ID_NUMBER_LENGTH = 18


def find(
    who: Annotated[str, typer.Argument(help="姓名或身份证号。 A name or an ID number.")],
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """按姓名或身份证号查找干部。 Find cadres; exit code 1 when there is none."""
    by_number = len(who) == ID_NUMBER_LENGTH and who[:17].isdigit()
    key = "id_number" if by_number else "name"
    answer = services(data, settings).post("selection", "/cadres/find", {key: who})
    found = answer["cadres"]
    if as_json:
        print_json(found)
    else:
        rows = [(c["cadre_id"], c["full_name"], c["unit_name"]) for c in found]
        CONSOLE.print(table("", ("id", "姓名", "单位"), rows))
    if not found:
        raise typer.Exit(DIFFERENT)


def history(
    cadre: Annotated[str, typer.Argument(help="The cadre's id, c-…; see `cadre find`.")],
    on: Annotated[str | None, typer.Option(help="What held on this day, YYYY-MM-DD.")] = None,
    known_at: Annotated[
        str | None, typer.Option(help="As known at a position or a time (ISO 8601).")
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Headers and sealed fields as stored.")
    ] = False,
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """成长史：两个时间轴。 A cadre's whole growth history, in two times."""
    position, moment = known_when(known_at)
    answer = history_of(
        services(data, settings),
        cadre,
        on=day(on),
        known_at=position,
        known_at_time=moment,
        raw=raw,
    )
    if as_json or raw:
        print_json(answer)
    else:
        print_history(answer)


def print_history(answer: dict[str, Any], title: str = "成长史") -> None:
    """The timeline: position, when it held, when it was recorded, which service, what, by whom."""
    made = table(title, ("位置", "生效", "记录于", "", "事项", "经办"), ())
    for entry in answer["entries"]:
        says = Text(entry["says"])
        if entry["superseded_by"]:
            says.stylize("strike dim")
            says.append("  （已更正）", "yellow")
        if entry["supersedes"]:
            says.append("  （更正）", "yellow")
        if entry["late"]:
            says.append("  （补录）", "cyan")
        for finding in entry["findings"]:
            mark = "✓" if finding["passed"] else "✗"
            says.append(
                f"\n  {mark} {finding['rule']} {finding['instrument']}{finding['article']}"
                f"（{finding['version']} 版）：{finding['reason']}",
                "dim",
            )
        made.add_row(
            str(entry["position"]),
            entry["effective_on"],
            entry["recorded_at"][:19].replace("T", " "),
            SERVICE_ZH[entry["service"]],
            says,
            entry["actor"],
        )
    CONSOLE.print(made)


def replay(
    service: Annotated[str | None, typer.Argument(help="Only this service.")] = None,
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """从第 1 条重放并与现有表比较。 Replay the log from position 1 and compare tables."""
    client = services(data, settings)
    names = [service] if service else list(SERVICES)
    found = [compare(client, name) for name in names]
    if as_json:
        print_json(found)
    else:
        print_comparison(found)
    if not all(one["equal"] for one in found):
        raise typer.Exit(DIFFERENT)


def print_comparison(found: list[dict[str, Any]]) -> None:
    """One line per service."""
    rows = [
        (
            one["service"],
            one["position"],
            one["tables"],
            one["rows"],
            one["sha256"][:16],
            styled("相同 equal", "green")
            if one["equal"]
            else styled(f"不同 differ: {', '.join(one['differing'])}", "red"),
        )
        for one in found
    ]
    columns = ("service", "position", "tables", "rows", "sha256", "replayed from 1")
    CONSOLE.print(table("重放核对 Replay check", columns, rows))


def day(text: str | None, where: str = "--on") -> str | None:
    """A day as given on the command line."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise Malformed(
            f"不是日期 · {text!r} is not a day", where=where, hint="请按格式填写 · write YYYY-MM-DD"
        ) from error


def known_when(text: str | None) -> tuple[int | None, str | None]:
    """A position or a moment, as given on the command line."""
    if text is None:
        return None, None
    try:
        if text.isdecimal():
            return int(text), None
        return None, datetime.fromisoformat(text).astimezone().isoformat()
    except (ValueError, OverflowError) as error:
        raise Malformed(
            f"既不是位置也不是时间 · {text!r} is neither a position nor a time",
            where="--known-at",
            hint="请填写数字，或时间 · write a number, or a time like 2026-11-20T10:00:00",
        ) from error
