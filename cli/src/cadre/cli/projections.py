"""``cadre projections``: status, rebuild, parked, retry."""

import time
from typing import Annotated, Any
from uuid import uuid4

import typer

from cadre.cli.options import DEFAULT_DATA, Data, Settings
from cadre.cli.output import CONSOLE, DIFFERENT, AsJson, print_json, table
from cadre.cli.services import services
from cadre.client.services import path
from cadre.contracts.vocabulary import SERVICES
from cadre.shared.deciding.errors import Malformed, Unavailable

app = typer.Typer(help="投影：状态、重建、搁置与重试。 Projections.", no_args_is_help=True)

REBUILD_S_MAX = 3600.0

ServiceName = Annotated[str, typer.Argument(help="selection, training, supervision, appointment.")]


@app.command()
def status(data: Data = DEFAULT_DATA, settings: Settings = None, as_json: AsJson = False) -> None:
    """各服务投影位置。 How far each service has come."""
    client = services(data, settings)
    found = [client.get(name, "/projections") for name in SERVICES]
    if as_json:
        print_json(found)
        return
    rows = [
        (
            one["service"],
            one["log_position"],
            one["position"],
            one["journal_position"],
            one["reactions_position"] if one["reactions_position"] is not None else "—",
            ", ".join(f"{g['number']}:{g['status']}" for g in one["generations"]),
            len(one["parked"]),
            len(one["reactions_failed"]),
        )
        for one in found
    ]
    columns = (
        "service",
        "log",
        "tables",
        "journal",
        "reactions",
        "generations",
        "parked",
        "failed",
    )
    CONSOLE.print(table("", columns, rows))


@app.command()
def rebuild(
    service: ServiceName,
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """重建某服务的投影表。 Build a service's tables anew beside the running ones, then swap."""
    _known(service)
    client = services(data, settings)
    before = _live(client.get(service, "/projections"))
    client.post(service, "/projections/rebuild")
    deadline = time.monotonic() + REBUILD_S_MAX
    with CONSOLE.status(f"rebuilding {service}") as shown:
        while True:
            found = client.get(service, "/projections")
            after = _live(found)
            if after["number"] != before["number"] and not found["rebuilding"]:
                break
            built = [g["position"] for g in found["generations"] if g["status"] == "building"]
            shown.update(
                f"rebuilding {service}: {built[0] if built else 0}/{found['log_position']}"
            )
            if time.monotonic() > deadline:
                raise Unavailable(
                    "重建未完成 · the rebuild did not end",
                    where=service,
                    hint="请查看运行日志 · see its log",
                )
            time.sleep(0.05)
    if as_json:
        print_json({"service": service, "generation": after})
    else:
        CONSOLE.print(f"{service}: generation {after['number']} answers, at {after['position']}")


@app.command()
def parked(data: Data = DEFAULT_DATA, settings: Settings = None, as_json: AsJson = False) -> None:
    """被搁置的事件。 Events that wait, and why; exit code 1 when there are any."""
    client = services(data, settings)
    found: list[dict[str, Any]] = [
        {"in": name, **event}
        for name in SERVICES
        for event in client.get(name, "/projections")["parked"]
    ]
    if as_json:
        print_json(found)
    else:
        rows = [
            (
                e["in"],
                f"{e['service']}.{e['entity']}.{e['entity_id']}",
                e["position"],
                e["error"] or "waits",
            )
            for e in found
        ]
        CONSOLE.print(table("", ("projection", "aggregate", "position", "why"), rows))
    if found:
        raise typer.Exit(DIFFERENT)


@app.command()
def retry(
    service: ServiceName,
    aggregate: Annotated[str, typer.Argument(help="service.entity.id, as `parked` prints it.")],
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """重试被搁置的对象。 Apply what is parked of one aggregate."""
    _known(service)
    answer = services(data, settings).post(service, path("projections", "retry", aggregate))
    if as_json:
        print_json(answer)
    else:
        CONSOLE.print(f"{aggregate}: {answer['result']}")


@app.command("set-aside")
def set_aside(
    service: ServiceName,
    position: Annotated[int, typer.Argument(help="As `parked` prints it.")],
    reason: Annotated[str, typer.Option(help="Why it never held; it is recorded for all to see.")],
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """搁置无法适用的事件，视为自始未生效。 Say of a parked event that it never held."""
    _known(service)
    outcome = services(data, settings).post(
        service,
        "/projections/set-aside",
        {"position": position, "reason": reason},
        **{"Idempotency-Key": str(uuid4())},
    )
    if as_json:
        print_json(outcome)
    elif outcome["outcome"] == "unchanged":
        CONSOLE.print(f"position {position} was set aside before")
    else:
        CONSOLE.print(f"position {position} is set aside by position {outcome['position']}")


def _known(service: str) -> None:
    if service not in SERVICES:
        raise Malformed(
            f"没有此服务 · there is no service {service}",
            hint=f"可选的有 · one of {', '.join(SERVICES)}",
        )


def _live(status: dict[str, Any]) -> dict[str, Any]:
    return next(g for g in status["generations"] if g["status"] == "live")
