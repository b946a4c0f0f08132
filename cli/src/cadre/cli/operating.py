"""``cadre up`` and ``cadre down``."""

from pathlib import Path

import typer

from cadre.cli.installation import system
from cadre.cli.options import DEFAULT_DATA, Data, Settings, only_a_directory
from cadre.cli.output import CONSOLE, DIFFERENT, AsJson, print_json, table


def up(data: Data = DEFAULT_DATA, settings: Settings = None, as_json: AsJson = False) -> None:
    """启动系统并保持运行。 Start the system and leave it running.

    Exit codes: 0 it runs; 1 it runs, and a service says why it takes no commands yet; 2 the
    directory cannot be used, or is used; 3 it did not start.
    """
    only_a_directory(settings, "请启动 · docker compose up -d --wait")
    started = system.start(data)
    run = started.run
    if as_json:
        print_json(run.model_dump(mode="json"))
    else:
        _print(started, data)
    if started.unready:
        raise typer.Exit(DIFFERENT)


def _print(started: system.Started, data: Path) -> None:
    run = started.run
    for one in started.ended:
        CONSOLE.print(f"[yellow]![/yellow] 遗留进程已终止 left over, ended: {one}", highlight=False)
    rows = [("nats", run.nats.url, run.nats.pid)]
    rows += [(name, one.http_url, one.pid) for name, one in run.services.items()]
    CONSOLE.print(table("运行中 Running", ("process", "address", "pid"), rows))
    for name, why in started.unready.items():
        CONSOLE.print(f"[red]![/red] {name}: {why}", highlight=False)
    CONSOLE.print(f"credentials: {data.resolve() / 'run.json'}    stop: cadre down --data {data}")


def down(data: Data = DEFAULT_DATA, settings: Settings = None, as_json: AsJson = False) -> None:
    """停止系统；所有进程结束后才返回。 Stop the system; returns when every process has ended."""
    only_a_directory(settings, "请先停止 · docker compose stop")
    ended = system.stop(data)
    if as_json:
        print_json({"stopped": bool(ended), "ended": ended})
        return
    if not ended:
        CONSOLE.print("没有在运行 Nothing was running.")
        return
    CONSOLE.print(f"已停止 Stopped: {', '.join(ended)}", highlight=False, soft_wrap=True)
