"""``cadre up`` and ``cadre down``."""

from cadre.cli import system
from cadre.cli.options import DEFAULT_DATA, Data, Settings, only_a_directory
from cadre.cli.output import CONSOLE, AsJson, print_json, table


def up(data: Data = DEFAULT_DATA, settings: Settings = None, as_json: AsJson = False) -> None:
    """启动系统并保持运行。 Start the system and leave it running."""
    only_a_directory(settings, "docker compose up -d --wait")
    run = system.start(data)
    if as_json:
        print_json(run.model_dump(mode="json"))
        return
    rows = [("nats", run.nats.url, run.nats.pid)]
    rows += [(name, one.http_url, one.pid) for name, one in run.services.items()]
    CONSOLE.print(table("运行中 Running", ("process", "address", "pid"), rows))
    CONSOLE.print(f"credentials: {data.resolve() / 'run.json'}    stop: cadre down --data {data}")


def down(data: Data = DEFAULT_DATA, settings: Settings = None, as_json: AsJson = False) -> None:
    """停止系统。 Stop the system."""
    only_a_directory(settings, "docker compose stop")
    stopped = system.stop(data)
    if as_json:
        print_json({"stopped": stopped})
    else:
        CONSOLE.print("已停止 Stopped." if stopped else "没有在运行 Nothing was running.")
