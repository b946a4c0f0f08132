"""``cadre log record-again``: the events of a branch that was left, as late entries."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from cadre.cli import left_events
from cadre.cli.client import Client, Refused
from cadre.cli.left_events import Left, LeftEvent
from cadre.cli.options import DEFAULT_DATA, Data, Settings
from cadre.cli.output import CONSOLE, DIFFERENT, AsJson, print_json, table
from cadre.cli.services import services

RECORDED, FITS, THERE, ISSUE = "recorded", "fits", "there", "issue"
WORDS = {
    RECORDED: "已重新记录 recorded again",
    FITS: "可重新记录 can be recorded again",
    THERE: "已在日志中 in the log already",
    ISSUE: "须人工决定 for a person to decide",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the events of one decision."""

    events: list[LeftEvent]
    result: str
    positions: list[int]
    why: str


@dataclass(slots=True)
class Recording:
    """Sends decision after decision to the service that made it."""

    left: Left
    client: Client
    apply: bool
    _ids: dict[tuple[str, str, str], list[str]] = field(init=False)
    _assumed: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self._ids = defaultdict(list)
        for event in self.left.events:
            self._ids[event.history].append(event.id)

    def run(self) -> Iterator[Told]:
        """What becomes of each decision, in their order."""
        for group in left_events.groups(self.left.events):
            yield self._send(group)

    def _send(self, group: list[LeftEvent]) -> Told:
        own = {event.id for event in group}
        before: list[str] = []
        after: list[str] = []
        for history in dict.fromkeys(event.history for event in group):
            ids = self._ids[history]
            at = next(place for place, one in enumerate(ids) if one in own)
            before += [one for one in ids[:at] if one not in own]
            after += ids[at:]
        decided = {
            "events": [
                {"subject": one.subject, "headers": one.headers, "body": one.body} for one in group
            ],
            "fork": self.left.heading.fork,
            "before": before,
            "after": after,
            "assumed": self._assumed,
            "apply": self.apply,
        }
        try:
            told: dict[str, Any] = self.client.post(
                group[0].aggregate[0], "/log/recorded-again", decided
            )
        except Refused as error:
            if int(error.fields.get("status", 500)) >= 500:  # noqa: PLR2004
                raise
            return Told(group, ISSUE, [], str(error))
        if told["result"] == FITS:
            self._assumed += own
        return Told(group, told["result"], told["positions"], told["why"])


def record_again(
    file: Annotated[
        Path, typer.Argument(help="What `cadre log adopt` wrote: branches/left-….jsonl.")
    ],
    apply: Annotated[
        bool, typer.Option("--apply", help="Do it. Otherwise it is only shown what can be done.")
    ] = False,
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """把另一分支的事件补录到现有日志。 Record the events of a branch that was left as late entries.

    A second run repeats nothing. Exit codes: 0 every event is in the log, or can be; 1 some are for
    a person to decide.
    """
    left = left_events.read(file)
    with services(data, settings) as client:
        told = _followed(Recording(left, client, apply), len(left.events))
    if as_json:
        print_json([_as_json(one) for one in told])
    else:
        _print(told)
    if any(one.result == ISSUE for one in told):
        raise typer.Exit(DIFFERENT)


def _followed(recording: Recording, count: int) -> list[Told]:
    told: list[Told] = []
    done = 0
    with CONSOLE.status("") as shown:
        for one in recording.run():
            told.append(one)
            done += len(one.events)
            shown.update(f"{done}/{count}")
    return told


def _print(told: list[Told]) -> None:
    issues = [one for one in told if one.result == ISSUE]
    if issues:
        rows = [
            (event.position, event.subject, event.command_id, one.why)
            for one in issues
            for event in one.events
        ]
        columns = ("position was", "subject", "command", "why")
        CONSOLE.print(table(WORDS[ISSUE], columns, rows))
    for result, words in WORDS.items():
        count = sum(len(one.events) for one in told if one.result == result)
        if count:
            CONSOLE.print(f"{count} {words}", highlight=False)
    if any(one.result == FITS for one in told):
        CONSOLE.print("未作改动 Nothing was changed; --apply does it.")


def _as_json(told: Told) -> dict[str, Any]:
    return {
        "command_id": told.events[0].command_id,
        "result": told.result,
        "positions": told.positions,
        "why": told.why,
        "events": [{"position": e.position, "subject": e.subject, "id": e.id} for e in told.events],
    }
