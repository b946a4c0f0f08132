"""``cadre report``: numbers in two times, and what is behind them."""

from typing import Annotated, Any

import typer
from rich.text import Text

from cadre.appointment.app import SERVICE as APPOINTMENT
from cadre.cli.options import DEFAULT_DATA, Data, Settings
from cadre.cli.output import CONSOLE, AsJson, print_json, table
from cadre.cli.reading import day, known_when
from cadre.cli.services import services
from cadre.client.services import Client, path
from cadre.contracts.vocabulary import SERVICE_ZH
from cadre.selection.app import SERVICE as SELECTION
from cadre.shared.deciding.errors import NotFound
from cadre.shared.showing.reports import Report, Rounding
from cadre.supervision.app import SERVICE as SUPERVISION
from cadre.training.app import SERVICE as TRAINING

REPORTS: dict[str, tuple[str, Report]] = {
    report.name: (service.name, report)
    for service in (SELECTION, TRAINING, SUPERVISION, APPOINTMENT)
    for report in service.reports
}


def report(
    name: Annotated[str | None, typer.Argument(help="Which report; none lists them.")] = None,
    of: Annotated[str | None, typer.Argument(help="Which pool or unit, where it asks.")] = None,
    begin: Annotated[
        str | None, typer.Option("--from", help="First day; else 1 January of --on.")
    ] = None,
    on: Annotated[str | None, typer.Option(help="The day asked about; else today.")] = None,
    known_at: Annotated[
        str | None, typer.Option(help="As known at a position or a time (ISO 8601).")
    ] = None,
    rounding: Annotated[Rounding, typer.Option(help="How shares are rounded.")] = Rounding.HALF_UP,
    shown: Annotated[
        str | None,
        typer.Option("--open", help="Show persons and events behind a figure; or all."),
    ] = None,
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """报表：人与人次，两个时间轴，可查到人和事。 A report, as of a day and as known then."""
    if name is None:
        _list(as_json=as_json)
        return
    if name not in REPORTS:
        raise NotFound(
            f"没有此报表 · no report {name}",
            where=name,
            hint="可先列出全部报表 · `cadre report` lists them",
        )
    service, _ = REPORTS[name]
    position, moment = known_when(known_at)
    client = services(data, settings)
    answer: dict[str, Any] = client.get(
        service,
        f"/reports/{name}",
        **{"from": day(begin, "--from"), "open": shown},
        of=of,
        on=day(on),
        known_at=position,
        known_at_time=moment,
        rounding=rounding.value,
    )
    if as_json:
        print_json(answer)
    else:
        _print(client, answer)


def _list(*, as_json: bool) -> None:
    found = [
        {"report": name, "title": one.title, "of": one.of or None, "service": service}
        for name, (service, one) in REPORTS.items()
    ]
    if as_json:
        print_json(found)
        return
    rows = [(f["report"], f["title"], f["of"] or "", SERVICE_ZH[str(f["service"])]) for f in found]
    CONSOLE.print(table("报表 Reports", ("report", "", "of", ""), rows))


def _print(client: Client, answer: dict[str, Any]) -> None:
    of = f" · {answer['of']}" if answer["of"] else ""
    title = (
        f"{answer['title']}{of}（{answer['begin']} 至 {answer['on']}，位置 {answer['position']}）"
    )
    rows = [(f["key"], f["title"], f["entries"], f["persons"]) for f in answer["figures"]]
    CONSOLE.print(table(title, ("figure", "", "人次", "人"), rows))
    if answer["shares"]:
        shares = [
            (
                share["title"],
                f"{share['part']} / {share['whole']}",
                share["unit"],
                "—" if share["percent"] is None else f"{share['percent']} %",
                share["rounding"],
            )
            for share in answer["shares"]
        ]
        CONSOLE.print(table("", ("share", "of", "", "", "rounding"), shares))
    for figure in answer["figures"]:
        if figure["behind"] is not None:
            _print_behind(client, figure, answer["position"])


def _print_behind(client: Client, figure: dict[str, Any], position: int) -> None:
    rows: list[tuple[object, ...]] = []
    for one in figure["behind"]:
        cadre = one["cadre_id"]
        address = path("histories", "cadre", cadre)
        known = client.get("selection", address, known_at=position)["entries"]
        # A line of an imported career counts too; its id is the event's, a slash and the line.
        wanted = {event.partition("/")[0] for event in one["events"]}
        said = [entry for entry in known if entry["event_id"] in wanted]
        for entry in said:
            told = Text(f"{entry['effective_on']} {entry['says']}")
            rows.append((cadre, entry["position"], told))
    columns = ("cadre", "位置", "事项")
    CONSOLE.print(table(f"{figure['title']}（{figure['key']}）", columns, rows))
