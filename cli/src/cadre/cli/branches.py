"""``cadre log``: what to do when services know another branch of the log than the log has."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from cadre.audit.journals import snapshot
from cadre.cli.auditing import READ_MODELS
from cadre.cli.installation import left_events
from cadre.cli.installation.branch_places import Opened, Place, place
from cadre.cli.installation.left_events import Heading, LeftEvent, Writing
from cadre.cli.options import DEFAULT_DATA, Data, Settings, account
from cadre.cli.output import CONSOLE, DIFFERENT, AsJson, print_json, table
from cadre.cli.recording_again import record_again
from cadre.shared.database.database import Database
from cadre.shared.deciding.errors import Malformed
from cadre.shared.projecting.adopting import Adoption, adopt, adoptions
from cadre.shared.projecting.forks import Fork, other_branch

app = typer.Typer(
    help="日志分支：比较、采用、重新记录。 When the log is another branch than services know.",
    no_args_is_help=True,
)
app.command("record-again")(record_again)

UNFINISHED = "adopting.jsonl"
EVENTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Compared:
    """The log beside the journals of all services."""

    log_end: int
    forks: list[Fork]
    events: list[LeftEvent]
    adopted: list[dict[str, object]]

    @property
    def left(self) -> list[Fork]:
        return [fork for fork in self.forks if fork.left]


@app.command()
def compare(data: Data = DEFAULT_DATA, settings: Settings = None, as_json: AsJson = False) -> None:
    """比较日志与各服务的副本。 Where log and journals went different ways, and what only they hold.

    Exit codes: 0 they are of one branch; 1 they are not.
    """
    compared = asyncio.run(_compare(place(data, settings)))
    _show(compared, as_json=as_json)
    if compared.left:
        raise typer.Exit(DIFFERENT)


@app.command("adopt")
def adopt_log(
    apply: Annotated[
        bool, typer.Option("--apply", help="Do it. Otherwise it is only shown what would be left.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why; goes on record with --apply.")] = "",
    by: Annotated[str, typer.Option(help="Who does it; goes on record.")] = "",
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """采用现有日志，另一分支的事件存入文件。 Go on with the log as it is.

    What services know beyond it goes into a file. They must be stopped.
    Interrupted, the same command goes on.
    Exit codes: 0 done, or nothing is to be done; 1 something would be left.
    """
    if not apply:
        compare(data, settings, as_json)
        return
    if not reason.strip():
        raise Malformed(
            "采用现有日志须写明理由 · to leave a branch needs a reason", where="--reason"
        )
    adopting = Adopting(place(data, settings), by or account(), reason.strip())
    path, events = asyncio.run(adopting.run())
    if as_json:
        print_json({"file": str(path) if path else None, "events": events})
    elif path is None:
        CONSOLE.print("[green]无需采用 Log and journals are of one branch.[/green]")
    else:
        CONSOLE.print(
            f"[green]已采用 Adopted.[/green] {events} 个事件 events: {path}\n"
            f"启动后重新记录 when the services run: cadre log record-again {path}",
            soft_wrap=True,
            highlight=False,
        )


async def _compare(where: Place) -> Compared:
    async with where.reading() as opened, _forks(opened) as forks:
        events = [
            LeftEvent.of(message) async for messages in other_branch(forks) for message in messages
        ]
        adopted = [
            {"service": fork.service} | one
            for fork in forks
            for one in await fork.connection.run_sync(adoptions)
        ]
        return Compared(await opened.log.last_position(), forks, events, adopted)


@contextlib.asynccontextmanager
async def _forks(opened: Opened) -> AsyncGenerator[list[Fork]]:
    async with contextlib.AsyncExitStack() as stack:
        forks: list[Fork] = []
        for service, url in opened.urls.items():
            connection = await stack.enter_async_context(snapshot(url))
            fork = Fork(service, connection, opened.log)
            await fork.find()
            forks.append(fork)
        yield forks


@dataclass(frozen=True, slots=True)
class Adopting:
    """Leaves the branch that services know: first their events are safe, then each leaves it."""

    where: Place
    by: str
    reason: str

    async def run(self) -> tuple[Path | None, int]:
        """Where the events are and how many; nowhere when all are of one branch."""
        unfinished = self.where.folder / UNFINISHED
        async with self.where.changing() as opened:
            begun = left_events.read(unfinished) if unfinished.exists() else None
            async with _forks(opened) as forks:
                left = [fork for fork in forks if fork.left]
                if not left and begun is None:
                    return None, 0
                fork = max((one.common.position for one in left), default=0)
                heading = self._heading(begun, fork)
                count = await _write(unfinished, heading, begun, left)
                marks = [(one.service, one.common, one.reached) for one in left]
            final = unfinished.with_name(f"left-{heading.adopted_at:%Y%m%dT%H%M%SZ}.jsonl")
            adoption = Adoption(datetime.now(UTC), self.by, self.reason, str(final))
            for service, common, reached in marks:
                database = Database(opened.urls[service])
                models = next(one for one in READ_MODELS if one.service == service)
                try:
                    await database.transact(
                        partial(
                            adopt, models=models, adoption=adoption, common=common, reached=reached
                        )
                    )
                finally:
                    await database.close()
            left_events.rename(unfinished, final)
        return final, count

    def _heading(self, begun: left_events.Left | None, fork: int) -> Heading:
        if begun is not None:
            before = begun.heading
            return before.model_copy(update={"fork": max(before.fork, fork)})
        return Heading(adopted_at=datetime.now(UTC), by=self.by, reason=self.reason, fork=fork)


async def _write(
    path: Path, heading: Heading, begun: left_events.Left | None, left: list[Fork]
) -> int:
    """Have every event on the disk that some journal alone holds; how many."""
    # What an earlier run wrote is no longer in the journals that it cut.
    earlier = begun.events if begun else []
    known = {(event.position, event.id) for event in earlier}
    writing = Writing(path, heading)
    writing.add(earlier)
    count = len(earlier)
    async for messages in other_branch(left):
        events = [LeftEvent.of(message) for message in messages]
        new = [event for event in events if (event.position, event.id) not in known]
        writing.add(new)
        count += len(new)
    writing.close()
    return count


def _show(compared: Compared, *, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(compared))
        return
    rows = [
        (
            fork.service,
            "[red]分叉 another branch[/red]" if fork.left else "[green]一致 the same[/green]",
            fork.reached.position,
            fork.common.position if fork.left else "",
            fork.acknowledged.position or "",
        )
        for fork in compared.forks
    ]
    columns = ("service", "", "journal", "last in common", "acknowledged")
    title = f"日志 The log ends at {compared.log_end}"
    CONSOLE.print(table(title, columns, rows))
    _show_events(compared.events)
    for one in compared.adopted:
        CONSOLE.print(
            f"{one['service']}: {one['adopted_at']} {one['adopted_by']}"
            f" 曾采用 adopted the log behind {one['common']}: {one['reason']}",
            highlight=False,
            markup=False,
        )
    if compared.left:
        CONSOLE.print(
            "放回较新的日志，或者 Put the newer log back; or: cadre audit repair"
            "（日志仅缺尾部 where the log only lacks its end）, cadre log adopt",
            soft_wrap=True,
        )


def _show_events(events: Sequence[LeftEvent]) -> None:
    if not events:
        return
    rows = [
        (one.position, one.subject, one.headers.get("ce-type", ""), one.command_id, _actor(one))
        for one in events[:EVENTS_SHOWN]
    ]
    title = f"仅各服务副本所有 Held by the journals alone: {len(events)}"
    CONSOLE.print(table(title, ("position", "subject", "type", "command", "actor"), rows))
    if len(events) > EVENTS_SHOWN:
        CONSOLE.print("…")


def _actor(event: LeftEvent) -> str:
    return escape(event.headers.get("ce-actor", ""))


def _as_json(compared: Compared) -> dict[str, Any]:
    return {
        "log_position": compared.log_end,
        "services": [
            {
                "service": fork.service,
                "another_branch": fork.left,
                "journal_position": fork.reached.position,
                "common": fork.common.position,
                "acknowledged": fork.acknowledged.position or None,
            }
            for fork in compared.forks
        ],
        "events": [
            {
                "position": one.position,
                "recorded_at": one.recorded_at.isoformat(),
                "subject": one.subject,
                "id": one.id,
                "type": one.headers.get("ce-type", ""),
                "command_id": one.command_id,
                "actor": one.headers.get("ce-actor", ""),
            }
            for one in compared.events
        ],
        "adopted": compared.adopted,
    }
