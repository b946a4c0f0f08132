"""The demonstration's script, rehearsed in memory with the services' own decisions."""

import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cadre.appointment.app import SERVICE as APPOINTMENT
from cadre.contracts.appointment.promotion import Promoted, PromotionRefused
from cadre.contracts.appointment.review import ReviewOpened
from cadre.contracts.event import Event, Refusal
from cadre.fiction.life import year
from cadre.fiction.life.chronicle import Chronicle
from cadre.fiction.life.fiction import Scene
from cadre.fiction.life.script import HANDLERS, Step, lanes
from cadre.intake.files import files_in
from cadre.intake.plan import plan_import
from cadre.selection.deciding.profile import RecordBaseline
from cadre.selection.working.identities import cadre_id_of
from cadre.shared.deciding.decider import Handler, World
from cadre.shared.deciding.errors import NotPossible
from cadre.shared.deciding.messages import Command, Envelope, Meta, Recorded
from cadre.shared.deciding.testing import NEW_YEAR_2026_NS
from cadre.shared.log.event_ids import event_id
from cadre.supervision.app import SERVICE as SUPERVISION
from cadre.training.app import SERVICE as TRAINING

REACTIONS = {
    "training": TRAINING.reactions,
    "supervision": SUPERVISION.reactions,
    "appointment": APPOINTMENT.reactions,
}
LATEST = date(2026, 11, 30)


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
            recorded_ns=NEW_YEAR_2026_NS,
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
def written(folder: Path, seed: int, cadres: int, years: int) -> Chronicle:
    """The script for everybody whose record can be imported."""
    county = Scene(cadres, seed, year.eve(years))
    files = folder / f"{seed}-{cadres}-{years}"
    county.hand_in(files)
    records = plan_import(files_in([files]), effective_on=county.on).records
    return year.write(county, records, years)


def imported(chronicle: Chronicle) -> Rehearsal:
    """A rehearsal into which the people of a script have been imported."""
    rehearsal = Rehearsal()
    for record in chronicle.records:
        told = dict(record.baseline) | {"cadre_id": cadre_id_of(record.command_id)}
        command = RecordBaseline.model_validate(told | {"effective_on": record.effective_on})
        meta = Meta(command_id=record.command_id, actor="import")
        rehearsal.handle("selection", command, meta)
    return rehearsal


CASES = [(2026, 60, 4), (7, 12, 2), (1, 12, 2), (3, 33, 3), (11, 45, 6), (5, 12, 5)]
"""Seed, cadres, years."""


def history_of(rehearsal: Rehearsal, cadre_id: str) -> list[Recorded[Event]]:
    return rehearsal.histories["cadre", cadre_id]


def play(rehearsal: Rehearsal, phases: Iterable[Iterable[Step]]) -> None:
    for steps in phases:
        for step in steps:
            assert outcome(rehearsal, step) == step.expected, step.path
        rehearsal.settle()


@pytest.mark.parametrize(("seed", "cadres", "years"), CASES)
def test_every_step_comes_out_as_the_script_says(
    folder: Path, seed: int, cadres: int, years: int
) -> None:
    chronicle = written(folder, seed, cadres, years)
    play(imported(chronicle), (phase.steps for phase in chronicle.script.phases))


def test_lanes_in_any_order_end_in_the_same_histories(folder: Path) -> None:
    """What a phase's lanes share must not exist: they are sent side by side."""
    chronicle = written(folder, *CASES[3])
    ends: list[dict[Any, Event]] = []
    for turned in (False, True):
        rehearsal = imported(chronicle)
        phases = (lanes(phase.steps) for phase in chronicle.script.phases)
        turns = (reversed(found) if turned else found for found in phases)
        play(rehearsal, ([step for lane in found for step in lane] for found in turns))
        ends.append({recorded.event_id: recorded.event for recorded in rehearsal.log})
    assert ends[0] == ends[1]


def test_lanes_share_nothing_and_keep_the_order(folder: Path) -> None:
    chronicle = written(folder, *CASES[3])
    many = 0
    for phase in chronicle.script.phases:
        found = lanes(phase.steps)
        many += len(found) > 1
        assert Counter(s.path for lane in found for s in lane) == Counter(
            s.path for s in phase.steps
        )
        touched = [frozenset[str]().union(*(step.touches for step in lane)) for lane in found]
        assert sum(len(names) for names in touched) == len(frozenset[str]().union(*touched))
        for lane in found:
            places = [phase.steps.index(step) for step in lane]
            assert places == sorted(places)
    assert many > len(chronicle.script.phases) / 2


def test_the_same_seed_tells_the_same_lives_and_another_seed_others(folder: Path) -> None:
    def told(seed: int, name: str) -> list[tuple[str, str, str]]:
        chronicle = written(folder / name, seed, 12, 2)
        steps = chronicle.script.steps
        return [(s.path, str(s.command_id), s.command.model_dump_json()) for s in steps]

    once, again, other = told(7, "once"), told(7, "again"), told(8, "other")
    assert once == again
    assert once != other
    assert not {key for _, key, _ in once} & {key for _, key, _ in other}


@pytest.mark.parametrize(("seed", "cadres", "years"), CASES)
def test_steps_have_ids_of_their_own_and_commands_that_travel(
    folder: Path, seed: int, cadres: int, years: int
) -> None:
    steps = written(folder, seed, cadres, years).script.steps
    assert len({step.command_id for step in steps}) == len(steps)
    for step in steps:
        sent = step.command.model_dump_json()
        assert type(step.command).model_validate_json(sent) == step.command
        assert step.command.effective_on <= LATEST


@pytest.mark.parametrize(("seed", "cadres", "years"), CASES)
def test_a_life_is_told_in_its_order_until_the_ending(
    folder: Path, seed: int, cadres: int, years: int
) -> None:
    """Nothing is recorded late but what the ending adds."""
    chronicle = written(folder, seed, cadres, years)
    rehearsal = imported(chronicle)
    play(rehearsal, (phase.steps for phase in chronicle.script.phases[:-1]))
    for member in chronicle.members:
        days = [r.event.effective_on for r in history_of(rehearsal, member.cadre_id)]
        assert days == sorted(days), member.role
    before = len(rehearsal.log)
    play(rehearsal, [chronicle.script.phases[-1].steps])
    assert all(r.event.effective_on < date(2026, 11, 1) for r in rehearsal.log[before:])


def test_the_protagonist_meets_all_services_and_the_correction_opens_reviews(
    folder: Path,
) -> None:
    chronicle = written(folder, *CASES[0])
    rehearsal = imported(chronicle)
    play(rehearsal, (phase.steps for phase in chronicle.script.phases))
    hero, marks = chronicle.protagonist.cadre_id, chronicle.marks
    history = history_of(rehearsal, hero)
    assert {r.event.service() for r in history} == set(HANDLERS)
    by_id = {r.event_id: r.event for r in history}
    promoted = by_id[marks["hero-rank"]]
    assert isinstance(promoted, Promoted)
    assert "RNK-09" in {finding.rule for finding in promoted.findings}
    reviews = [r.event for r in history if isinstance(r.event, ReviewOpened)]
    assert {review.decision_event for review in reviews} == {
        marks["hero-rank"],
        marks["hero-post"],
    }
    wrong = marks[f"grade/{chronicle.first - 1}/{hero}"]
    assert {review.corrected_event for review in reviews} == {wrong}
    assert by_id[marks["correction"]].supersedes == wrong


def test_the_refused_promotion_has_three_reasons_and_an_earliest_day(folder: Path) -> None:
    chronicle = written(folder, *CASES[0])
    rehearsal = imported(chronicle)
    play(rehearsal, (phase.steps for phase in chronicle.script.phases))
    refused = next(
        r.event
        for r in history_of(rehearsal, chronicle.sanctioned.cadre_id)
        if r.event_id == chronicle.marks["refused-rank"]
    )
    assert isinstance(refused, PromotionRefused)
    failed = {finding.rule for finding in refused.findings if not finding.passed}
    assert failed == {"RNK-07", "RNK-13", "RNK-14"}
    promoted = [
        r.event.effective_on
        for r in history_of(rehearsal, chronicle.sanctioned.cadre_id)
        if isinstance(r.event, Promoted)
    ]
    assert refused.earliest is not None
    assert promoted[0] < refused.effective_on < refused.earliest <= promoted[1]


def run_demo(data: Path, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cadre.cli.main", "demo", "--json", "--data", str(data)]
    return subprocess.run(
        [*command, *more], check=False, capture_output=True, text=True, timeout=280
    )


@pytest.mark.system
def test_the_demonstration_shows_what_it_promises(tmp_path: Path) -> None:
    data = tmp_path / "data"
    done = run_demo(data, "--cadres", "12", "--years", "2", "--seed", "7")
    assert done.returncode == 0, done.stdout + done.stderr
    shown = json.loads(done.stdout)
    steps = written(tmp_path, 7, 12, 2).script.steps
    expected = Counter(step.expected for step in steps)
    assert {name: shown["commands"][name] for name in expected} == expected
    assert sum(shown["events"]["by_type"].values()) == shown["events"]["total"]
    assert shown["events"]["total"] == shown["replay"][0]["position"]
    hero = shown["protagonist"]
    assert {entry["service"] for entry in hero["history"]["entries"]} == set(HANDLERS)
    assert [entry["data"]["grade"] for entry in hero["forgotten"]] == ["excellent"]
    learnt = {entry["type"] for entry in hero["learnt"]}
    assert learnt == {
        "supervision.assessed.v1",
        "training.trained.v1",
        "appointment.review-opened.v1",
    }
    assert not shown["refused_promotion"]["findings"][1]["passed"]
    assert all(one["equal"] for one in shown["replay"])
    assert shown["waiting"] == []
    again = run_demo(data)
    assert again.returncode == 2
    assert json.loads(again.stdout)["type"] == "urn:cadre:problem:data-directory"
