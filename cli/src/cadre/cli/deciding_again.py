"""``cadre audit decide-again``: what comes out when every decision is taken again."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from importlib.metadata import version
from typing import Annotated

import typer

from cadre.appointment.app import SERVICE as APPOINTMENT
from cadre.audit.redecision import Redecision, Verdict
from cadre.cli import redecided
from cadre.cli.installation.chosen import Installation, installation
from cadre.cli.options import DEFAULT_DATA, Data, Settings
from cadre.cli.output import DIFFERENT, WRONG_INPUT, AsJson, fail, print_json
from cadre.cli.redecided import Found
from cadre.contracts.event import Event
from cadre.selection.app import SERVICE as SELECTION
from cadre.shared.deciding.errors import CadreError, NotFound
from cadre.supervision.app import SERVICE as SUPERVISION
from cadre.training.app import SERVICE as TRAINING

SERVICES = (SELECTION, TRAINING, SUPERVISION, APPOINTMENT)


def decide_again(
    cadre: Annotated[str | None, typer.Option(help="Only decisions about this cadre.")] = None,
    motion: Annotated[str | None, typer.Option(help="Only decisions of this motion.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only decisions that hold from this day on."),
    ] = None,
    with_today: Annotated[
        bool,
        typer.Option("--with-today", help="Also: what is known today, would it answer otherwise?"),
    ] = False,
    all_of_them: Annotated[
        bool, typer.Option("--all", help="Show also the decisions that are the same.")
    ] = False,
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """按当时所知重判每一项决定。 Decide again on what was known then, and compare.

    Exit codes: 0 every answer is the same, 1 one differs or cannot be given, 2 it could not be run.
    """
    day = since.date() if since else None
    try:
        found = asyncio.run(
            _decide_again(
                installation(data, settings),
                Choice(cadre, motion, day),
                with_today=with_today,
                all_of_them=all_of_them,
            )
        )
    except CadreError as error:
        fail(error, as_json=as_json)
        raise typer.Exit(WRONG_INPUT) from error
    if as_json:
        print_json(redecided.as_json(found, with_today=with_today))
    else:
        redecided.show(found, with_today=with_today)
    if not found.same:
        raise typer.Exit(DIFFERENT)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which decisions are asked for."""

    cadre: str | None
    motion: str | None
    since: date | None

    def __call__(self, event: Event) -> bool:
        return (
            (self.cadre is None or self.cadre in event.persons)
            and (self.motion is None or getattr(event, "motion_id", None) == self.motion)
            and (self.since is None or event.effective_on >= self.since)
        )

    @property
    def everything(self) -> bool:
        return self.cadre is None and self.motion is None and self.since is None


async def _decide_again(
    audited: Installation,
    choice: Choice,
    *,
    with_today: bool,
    all_of_them: bool,
) -> Found:
    installed = {service.name: version(f"cadre-{service.name}") for service in SERVICES}
    redecision = Redecision(SERVICES, installed)
    async with audited.reading() as stood:
        missing = await redecision.read(stood.log)
    found = Found(Counter(), [], 0, [])
    for one in redecision.redecided(choice, with_today=with_today):
        found.counts[one.verdict] += 1
        found.differ_today += one.today is not None
        if all_of_them or one.verdict is not Verdict.SAME or one.today:
            found.shown.append(one)
    if not found.counts and not choice.everything:
        raise NotFound(
            "没有符合条件的规则决定 · no decision by rules fits",
            hint="请减少筛选条件 · leave out --cadre, --motion or --since to see them",
        )
    if missing:
        found.notices.append(
            f"{missing} events of the log cannot be read: run `cadre audit verify`"
        )
    if redecision.unreadable:
        told = ", ".join(str(position) for position in redecision.unreadable)
        found.notices.append(f"decisions that cannot be read, at position {told}")
    return found
