"""Plays a script on a running system: lanes side by side, and a pause until all has settled."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event as Flag

from cadre.cli.client import Client, Refused
from cadre.cli.life.script import Phase, Script, Step, lanes
from cadre.contracts.vocabulary import SERVICES
from cadre.shared.errors import CadreError, Unavailable

SENDERS = 8
SETTLE_S_MAX = 180.0
IMPOSSIBLE = "urn:cadre:problem:not-possible"
ACTORS = {
    "selection": "demo:cadre-office",
    "training": "demo:party-school",
    "supervision": "demo:supervision-office",
    "appointment": "demo:personnel-office",
}
"""Which office's account sends the commands of a service."""

type Result = tuple[Step, list[int]]
"""A step that was carried out, and where its events stand on the log."""


class NotAsWritten(CadreError):
    """A step came to something else than the script says."""

    code = "not-as-written"
    title = "A step of the script came out otherwise"

    def __init__(self, step: Step, came_out: str) -> None:
        told = step.command.model_dump_json(exclude_none=True)
        super().__init__(
            f"{step.command.name} was to come out {step.expected} and came out: {came_out}",
            where=step.path,
            hint=f"the command: {told}",
        )


@dataclass(slots=True)
class Stage:
    """A running system on which a script is played."""

    client: Client
    outcomes: Counter[str] = field(default_factory=Counter[str])
    """How many commands came to what."""
    positions: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    """By path of a step, where its events stand on the log."""

    def play(self, script: Script, advance: Callable[[Phase], None]) -> None:
        """Send every phase and let it settle; ``advance`` is told of each step done.

        Raises: NotAsWritten, or Unavailable when a service stays away.
        """
        clients = {name: replace(self.client, actor=ACTORS[name]) for name in SERVICES}
        with ThreadPoolExecutor(SENDERS) as pool:
            for phase in script.phases:
                halt, done_one = Flag(), partial(advance, phase)
                sent = [
                    pool.submit(_send_lane, clients, lane, halt, done_one)
                    for lane in lanes(phase.steps)
                ]
                done, _ = wait(sent, return_when=FIRST_EXCEPTION)
                if any(future.exception() for future in done):
                    halt.set()
                for future in sent:
                    self._count(future.result())
                self.settle()

    def settle(self) -> int:
        """Wait until tables, journals and reactions of all have reached the end of the log.

        Returns the position of that end. Raises Unavailable when it is not reached in time.
        """
        deadline = time.monotonic() + SETTLE_S_MAX
        while time.monotonic() < deadline:
            ends = [self.client.get(name, "/projections/settled")["position"] for name in SERVICES]
            # A reaction of a later one may have given an earlier one more to do.
            if len(set(ends)) == 1:
                return int(ends[0])
        raise Unavailable("the system does not settle", hint="see `cadre doctor`")

    def _count(self, results: Iterable[Result]) -> None:
        for step, positions in results:
            self.outcomes[step.expected] += 1
            self.positions[step.path] = positions


def _send_lane(
    clients: Mapping[str, Client], lane: Sequence[Step], halt: Flag, advance: Callable[[], None]
) -> list[Result]:
    results: list[Result] = []
    for step in lane:
        if halt.is_set():
            break
        results.append((step, _send(clients[step.service], step)))
        advance()
    return results


def _send(client: Client, step: Step) -> list[int]:
    """The positions of the events of a step that came out as it had to."""
    body = step.command.model_dump(mode="json")
    try:
        answer = client.command(step.service, step.command.name, body, step.command_id)
    except Refused as error:
        if step.expected == "impossible" and error.fields.get("type") == IMPOSSIBLE:
            return []
        raise NotAsWritten(step, str(error)) from error
    if answer["outcome"] != step.expected:
        raise NotAsWritten(step, str(answer["outcome"]))
    return [int(event["position"]) for event in answer["events"]]
