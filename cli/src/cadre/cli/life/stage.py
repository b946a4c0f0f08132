"""Plays a script on a running system: lanes side by side, and a pause until all has settled."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event as Flag
from typing import Any

from cadre.cli.data_directory import SERVICES
from cadre.cli.life.script import Phase, Script, Step, lanes
from cadre.cli.system import Client, Refused
from cadre.shared.errors import CadreError, Unavailable

SENDERS = 4
SETTLE_S_MAX = 180.0
POLL_S = 0.02
POSSIBLE = "urn:cadre:problem:not-possible"
ACTORS = {
    "selection": "demo:cadre-office",
    "training": "demo:party-school",
    "supervision": "demo:supervision-office",
    "appointment": "demo:personnel-office",
}
"""Which office's account sends the commands of a service."""


class NotAsWritten(CadreError):
    """A step came to something else than the script says."""

    code = "not-as-written"
    title = "A step of the script came out otherwise"

    def __init__(self, step: Step, came_out: str) -> None:
        told = step.command.model_dump_json(exclude_none=True)
        super().__init__(
            f"{step.command.name} was to be {step.expected} and was {came_out}",
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
                    pool.submit(self._send_lane, clients, lane, halt, done_one)
                    for lane in lanes(phase.steps)
                ]
                done, _ = wait(sent, return_when=FIRST_EXCEPTION)
                if any(future.exception() for future in done):
                    halt.set()
                for future in sent:
                    future.result()
                self.settle()

    def settle(self) -> int:
        """Wait until tables, journals and reactions of all have reached the end of the log.

        Returns the position of that end. Raises Unavailable when it is not reached in time.
        """
        deadline = time.monotonic() + SETTLE_S_MAX
        while True:
            found = [self.client.get(name, "/projections") for name in SERVICES]
            # The last to answer knows the end; the others said later or earlier where they are.
            end = int(found[-1]["log_position"])
            if all(_reached(status) >= end for status in found):
                return end
            if time.monotonic() > deadline:
                told = ", ".join(f"{one['service']} {_reached(one)}" for one in found)
                raise Unavailable(
                    f"the system does not settle: end {end}, {told}", hint="see `cadre doctor`"
                )
            time.sleep(POLL_S)

    def _send_lane(
        self,
        clients: dict[str, Client],
        lane: Sequence[Step],
        halt: Flag,
        advance: Callable[[], None],
    ) -> None:
        for step in lane:
            if halt.is_set():
                return
            self._send(clients[step.service], step)
            advance()

    def _send(self, client: Client, step: Step) -> None:
        body = step.command.model_dump(mode="json")
        try:
            answer = client.command(step.service, step.command.name, body, step.command_id)
            came_out = str(answer["outcome"])
        except Refused as error:
            possible = error.fields.get("type") != POSSIBLE
            came_out = f"an error: {error}" if possible else "impossible"
            if came_out == step.expected:
                self.outcomes[came_out] += 1
                return
            raise NotAsWritten(step, f"impossible: {error}") from error
        if came_out != step.expected:
            raise NotAsWritten(step, came_out)
        self.outcomes[came_out] += 1
        self.positions[step.path] = [int(event["position"]) for event in answer["events"]]


def _reached(status: dict[str, Any]) -> int:
    """How far a service has come with everything it does."""
    places = [status["position"], status["journal_position"]]
    if status["reactions_position"] is not None:
        places.append(status["reactions_position"])
    return min(int(place) for place in places)
