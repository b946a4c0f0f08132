"""``cadre privacy``: restrict, lift, forget; who read what; the master key; backups of keys."""

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from cadre.cli.installation.data_directory import DataDirectory
from cadre.cli.installation.key_backups import KEPT_DAYS_MAX, KeyBackups
from cadre.cli.installation.master_change import change_master, change_master_in, masters_of
from cadre.cli.options import DEFAULT_DATA, Data, Settings, only_a_directory
from cadre.cli.output import CONSOLE, DIFFERENT, AsJson, print_json, table
from cadre.cli.services import services
from cadre.client.services import Client, path
from cadre.contracts.selection.privacy import ErasureReason
from cadre.shared.deciding.calendar import today_in_china
from cadre.shared.deciding.errors import Malformed

app = typer.Typer(
    help="个人信息：限制处理、删除、查阅记录、密钥。 Restrict, forget, readings, keys.",
    no_args_is_help=True,
)

INSTEAD = (
    "请转储并恢复密钥数据库 · dump and restore the database `keys`: see Backup in deploy/README.md"
)
Cadre = Annotated[str, typer.Argument(help="The cadre's id, c-…; see `cadre find`.")]
Basis = Annotated[str, typer.Option(help="The provision or document; no name in it.")]


@app.command()
def restrict(
    cadre: Cadre,
    until: Annotated[str, typer.Option(help="Last day of the retention period, YYYY-MM-DD.")],
    basis: Basis,
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """限制处理：法定保存期内只存储。 Store the data and use them for nothing else."""
    wish = {"cadre_id": cadre, "retained_until": _day(until, "--until"), "basis": basis}
    _send(
        services(data, settings),
        "restrict",
        wish,
        f"已限制处理 Restricted until {until}.",
        as_json=as_json,
    )


@app.command()
def lift(
    cadre: Cadre,
    basis: Basis,
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """解除限制处理。 Let the data be used again."""
    wish = {"cadre_id": cadre, "basis": basis}
    _send(services(data, settings), "lift-restriction", wish, "已解除 Lifted.", as_json=as_json)


@app.command()
def restrictions(
    data: Data = DEFAULT_DATA, settings: Settings = None, as_json: AsJson = False
) -> None:
    """限制处理名单；保存期已满的应予删除。 Whose data may only be stored, and until when."""
    with services(data, settings) as client:
        answer = client.get("selection", "/restrictions")
    if as_json:
        print_json(answer)
        return
    rows = [
        (one["cadre_id"], one["retained_until"], one["basis"], "期满 ended" if one["ended"] else "")
        for one in answer["restrictions"]
    ]
    CONSOLE.print(table("限制处理 Restricted", ("id", "until", "basis", ""), rows))


@app.command()
def forget(
    cadre: Cadre,
    basis: Basis,
    reason: Annotated[ErasureReason, typer.Option(help="个人信息保护法第四十七条的情形。")],
    ground: Annotated[
        str | None, typer.Option(help="Why, although the cadre holds a post or is a candidate.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would go; exit code 1 if refused.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """删除个人信息：销毁密钥，不可恢复。 Destroy a person's keys; nothing brings them back."""
    wish = {
        "cadre_id": cadre,
        "basis": basis,
        "reason": reason.value,
        "ground": ground,
        "effective_on": today_in_china().isoformat(),
    }
    with services(data, settings) as client:
        preview = client.post("selection", "/forgettings/preview", wish)
        if not as_json:
            _print_preview(preview)
        if dry_run:
            if as_json:
                print_json(preview)
            raise typer.Exit(DIFFERENT if preview["hindrances"] else 0)
        if not yes and not preview["hindrances"]:
            typer.confirm("销毁后无人能再读取，确定？ Nobody can undo this. Go on?", abort=True)
        outcome = client.command("selection", "forget", wish)
    _tell(outcome, "已删除 Forgotten: the keys are destroyed.", as_json=as_json)


@app.command()
def readings(
    cadre: Annotated[str, typer.Option(help="Whose supervision material was read.")],
    since: Annotated[str | None, typer.Option(help="From this day on, YYYY-MM-DD.")] = None,
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """查阅记录：谁在何时看过监督材料。 Who was shown the supervision material, and when."""
    start = f"{_day(since, '--since')}T00:00:00+08:00" if since else None
    with services(data, settings) as client:
        answer = client.get("supervision", path("readings", cadre), since=start)
    if as_json:
        print_json(answer["readings"])
        return
    rows = [_reading(one) for one in answer["readings"]]
    columns = ("时间", "查阅人", "服务", "内容", "目的", "依据")
    CONSOLE.print(table("查阅记录 Readings", columns, rows))


@app.command("rotate-master")
def rotate_master(
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """更换主密钥（须先停机）。 Wrap all keys under a new master key and destroy the old one."""
    if settings is None:
        changed = asyncio.run(change_master(DataDirectory.open_data(data)))
    else:
        changed = asyncio.run(change_master_in(settings))
    if as_json:
        print_json({"keys": changed.keys, "resumed": changed.resumed})
        return
    CONSOLE.print(f"已更换 Changed: {changed.keys} keys wrapped anew; the old key is gone.")
    CONSOLE.print(
        "旧的密钥备份已失效，请重新备份 Older backups of keys are worthless: make a new one."
    )


@app.command("backup-keys")
def backup_keys(
    keep_days: Annotated[
        int, typer.Option(min=1, max=KEPT_DAYS_MAX, help="Delete backups older than this.")
    ] = KEPT_DAYS_MAX,
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """备份密钥库，并清除过期备份。 Back up the key store, and delete old backups of it."""
    only_a_directory(settings, INSTEAD)
    backups = KeyBackups(DataDirectory.open_data(data))
    now = datetime.now(UTC)
    made = backups.make(now)
    gone = backups.prune(now, keep_days)
    if as_json:
        print_json({"backup": str(made), "deleted": [str(path) for path in gone]})
    else:
        CONSOLE.print(f"{made}    deleted: {len(gone)}", highlight=False, soft_wrap=True)


@app.command("restore-keys")
def restore_keys(
    backup: Annotated[Path, typer.Argument(help="A file made by `cadre privacy backup-keys`.")],
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """恢复密钥库（须先停机）。 Put a backup back; whoever was forgotten stays so."""
    only_a_directory(settings, INSTEAD)
    directory = DataDirectory.open_data(data)
    lost = KeyBackups(directory).restore(backup, masters_of(directory.secrets))
    if as_json:
        print_json({"forgotten_again": lost})
    else:
        CONSOLE.print(f"已恢复 Restored; forgotten persons kept out: {lost}.")


def _send(services: Client, name: str, wish: dict[str, Any], told: str, *, as_json: bool) -> None:
    body = wish | {"effective_on": today_in_china().isoformat()}
    with services as client:
        _tell(client.command("selection", name, body), told, as_json=as_json)


def _tell(outcome: dict[str, Any], told: str, *, as_json: bool) -> None:
    if as_json:
        print_json(outcome)
    else:
        CONSOLE.print(told if outcome["outcome"] == "recorded" else "无变化 Nothing to do.")


def _print_preview(preview: dict[str, Any]) -> None:
    rows = [("密钥 key", purpose, count) for purpose, count in preview["keys"].items()]
    rows += [("索引 index", name, count) for name, count in preview["index_rows"].items()]
    rows += [("密文 sealed", tag, count) for tag, count in preview["sealed_values"].items()]
    title = f"{preview['cadre_id']} 将不可读 will become unreadable"
    CONSOLE.print(table(title, ("", "", "n"), rows))
    for hindrance in preview["hindrances"]:
        CONSOLE.print(f"[red]✗[/red] {escape(hindrance)}", highlight=False)


def _reading(one: dict[str, Any]) -> tuple[str, ...]:
    reader = one["reader"]
    return (
        one["at"][:19].replace("T", " "),
        reader["actor"],
        one["service"],
        one["route"],
        reader["purpose"] or "",
        reader["legal_ground"] or "",
    )


def _day(text: str, where: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise Malformed(
            f"不是日期 · {text!r} is not a day", where=where, hint="请按格式填写 · write YYYY-MM-DD"
        ) from error
