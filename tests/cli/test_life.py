"""The demonstration's script, rehearsed in memory with the services' own decisions."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cadre.appointment.reactions import REACTIONS as APPOINTMENT
from cadre.cli.intake.plan import plan_import
from cadre.cli.life import year
from cadre.cli.life.chronicle import Chronicle
from cadre.cli.life.fiction import Scene
from cadre.cli.life.script import HANDLERS, Step, lanes
from cadre.contracts.event import Event, Refusal
from cadre.selection.identities import cadre_id_of
from cadre.selection.profile import RecordBaseline
from cadre.shared.decider import Handler, World
from cadre.shared.errors import NotPossible
from cadre.shared.handling import event_id
from cadre.shared.messages import Command, Envelope, Meta, Recorded
from cadre.supervision.reactions import REACTIONS as SUPERVISION
from cadre.training.reactions import REACTIONS as TRAINING

REACTIONS = {"training": TRAINING, "supervision": SUPERVISION, "appointment": APPOINTMENT}
TODAY = date(2026, 11, 30)


class Rehearsal:
    """The four services without processes or a log: the same handlers, reactions and ids."""

    def __init__(self) -> None:
        self.log: list[Recorded[Event]] = []
        self.histories: dict[tuple[str, str], list[Recorded[Event]]] = defaultdict(list)
        self.states: dict[Any, tuple[Any, int]] = {}
        self.reacted = 0

    def handle(self, service: str, command: Command, meta: Meta) -> list[Event]:
        handler = next(h for h in HANDLERS[service] if h.command is type(command))
        world = self._world(handler, command)
        decided = list(handler.decide(command, world))
        for index, event in enumerate(decided):
            assert any(scope.covers(event) for scope in world.states)
            self._record(event, meta, event_id(str(event.aggregate), meta.command_id, index))
        return decided

    def settle(self) -> None:
        """Let every service react to everything said so far."""
        while self.reacted < len(self.log):
            recorded = self.log[self.reacted]
            self.reacted += 1
            for service, reactions in REACTIONS.items():
                for reaction in reactions:
                    if type(recorded.event) is reaction.event:
                        for command, meta in reaction.commands(recorded, service):
                            self.handle(service, command, meta)

    def _world(self, handler: Handler[Any], command: Command) -> World:
        world = World()
        while missing := [s for s in handler.scopes(command, world) if s not in world.states]:
            for scope in missing:
                history = self.histories[scope.fold.entity, scope.id]
                state, seen = self.states.get(scope, (scope.fold.initial, 0))
                fresh = [r for r in history[seen:] if scope.covers(r.event)]
                state = scope.fold.fold(fresh, state)
                self.states[scope] = (state, len(history))
                world.states[scope] = state
        return world

    def _record(self, event: Event, meta: Meta, key: Any) -> None:
        envelope = Envelope(
            event_id=key,
            version=1,
            command_id=meta.command_id,
            command_hash="",
            actor=meta.actor,
            source_time=datetime(2026, 1, 1, tzinfo=UTC),
            previous_hash="",
        )
        position = len(self.log) + 1
        recorded = Recorded(
            event=event,
            envelope=envelope,
            position=position,
            recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        self.log.append(recorded)
        self.histories[event.entity, event.aggregate.id].append(recorded)


def outcome(rehearsal: Rehearsal, step: Step) -> str:
    meta = Meta(command_id=step.command_id, actor="rehearsal")
    try:
        decided = rehearsal.handle(step.service, step.command, meta)
    except NotPossible as error:
        return f"impossible: {error}" if step.expected != "impossible" else "impossible"
    if not decided:
        return "unchanged"
    return "refused" if isinstance(decided[0], Refusal) else "recorded"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files")


@cache
def written(folder: Path, seed: int, cadres: int, years: int) -> tuple[Chronicle, Rehearsal]:
    """A script, and a rehearsal into which its people have been imported."""
    county = Scene(cadres, seed, year.eve(years))
    files = folder / f"{seed}-{cadres}-{years}"
    county.hand_in(files)
    records = plan_import([files], effective_on=county.on).records
    rehearsal = Rehearsal()
    for record in records:
        told = dict(record.baseline) | {"cadre_id": cadre_id_of(record.command_id)}
        command = RecordBaseline.model_validate(told | {"effective_on": record.effective_on})
        meta = Meta(command_id=record.command_id, actor="import")
        rehearsal.handle("selection", command, meta)
    return year.write(county, records, years), rehearsal


CASES = [(2026, 60, 4), (7, 12, 2), (1, 12, 2), (3, 33, 3), (11, 45, 6), (5, 12, 5)]


@pytest.mark.parametrize(("seed", "cadres", "years"), CASES)
def test_every_step_comes_out_as_the_script_says(
    folder: Path, seed: int, cadres: int, years: int
) -> None:
    chronicle, rehearsal = written(folder, seed, cadres, years)
    for phase in chronicle.script.phases:
        for step in phase.steps:
            assert outcome(rehearsal, step) == step.expected, step.path
        rehearsal.settle()
