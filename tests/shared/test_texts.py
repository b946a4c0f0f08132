"""What a command may hold: what every store takes and every screen can show, told by its field."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from cadre.contracts.catalogue import CATALOGUE
from cadre.contracts.event import Event
from cadre.contracts.examples import _Maker, example
from cadre.shared.database.database import Database, create_missing
from cadre.shared.deciding.messages import Command, Envelope, Recorded
from cadre.shared.deciding.texts import (
    FIRST_DAY,
    LAST_DAY,
    NUMBER_MAX,
    TEXT_LENGTH_MAX,
    escaped,
    faults,
)
from cadre.shared.projecting.generations import LIVE, METADATA, Generation
from cadre.shared.showing.service import Service
from support.environment import Environment

SERVICES: list[Service] = [
    import_module(f"cadre.{name}.app").SERVICE
    for name in ("selection", "training", "supervision", "appointment")
]
COMMANDS: list[type[Command]] = [h.command for s in SERVICES for h in s.handlers]
HOSTILE = [
    "甲\x00乙",
    "\x1b[2J张三",
    "张三\r李四",
    "张\x7f三",
    "\x9b31m红",
    "\u202e三张",
    "\u2066三张",
    "\u200f三张",
    "张\u2028三",
    "张三\U000e0041",
    "\ud800",
]
HARMLESS = ["𠮷野家", "李·阿卜杜", "张\u200b三", "葛\U000e0100", "[red]甲[/red]", "O’Brien"]
EXTREME: list[object] = [
    *("𠮷" * TEXT_LENGTH_MAX, "𠮷" * 20, "a" * 63, "2200-12", "2200"),
    *(NUMBER_MAX, 2200, 2000, 400, 100, 50, float(NUMBER_MAX), 2000.0, 1.0),
]


def leaves(value: Any, path: tuple[object, ...] = ()) -> Iterator[tuple[tuple[object, ...], Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, held in items:
        if isinstance(held, dict | list):
            yield from leaves(held, (*path, key))
        else:
            yield (*path, key), held


def with_value(body: Any, path: tuple[object, ...], value: object) -> Any:
    changed = deepcopy(body)
    at = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return changed


def body_of(command: type[Command]) -> dict[str, Any]:
    """A body that is taken."""
    schema = command.model_json_schema()
    body: dict[str, Any] = _Maker(schema.get("$defs", {}), None).fields(schema)
    body |= {"supersedes": str(uuid4())} if "supersedes" in body else {}
    body |= {"item": "hard-task-1"} if "item" in body else {}
    if command.name.endswith("assess") or command.name == "correct-assessment":
        body |= {"kind": "year", "grade": "excellent"}
    if refused_with(command, body):
        required = {*schema["required"]}
        body = {name: value for name, value in body.items() if name in required}
    assert refused_with(command, body) == []
    return body


def refused_with(command: type[Command], body: dict[str, Any]) -> list[str]:
    """The fields that are named when this is refused; none when it is taken."""
    try:
        return [where for where, _ in faults(command.model_validate(body))]
    except ValidationError as error:
        return [".".join(map(str, item["loc"])) for item in error.errors()]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_text_of_every_command_is_refused_by_its_field(command: type[Command]) -> None:
    body = body_of(command)
    texts = [path for path, value in leaves(body) if isinstance(value, str)]
    assert texts
    for path in texts:
        where = ".".join(map(str, path))
        for hostile in HOSTILE:
            named = refused_with(command, with_value(body, path, hostile))
            assert any(name == where or name.startswith(f"{where}.") for name in named), (
                where,
                hostile,
                named,
            )


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_numbers_and_days_beyond_every_column_are_refused_by_their_field(
    command: type[Command],
) -> None:
    body = body_of(command)
    for path, value in leaves(body):
        wrong: list[object] = []
        if isinstance(value, int | float) and not isinstance(value, bool):
            wrong = [2**31, 2**63, -(2**31), float("inf"), float("nan")]
        elif isinstance(value, str) and _is_day(value):
            wrong = ["0001-01-01", "9999-12-31"]
        for one in wrong:
            where = ".".join(map(str, path))
            named = refused_with(command, with_value(body, path, one))
            assert any(name == "" or name.startswith(where) for name in named), (where, one, named)


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len("2026-01-01")


@pytest.mark.parametrize("text", HARMLESS)
def test_names_as_people_have_them_are_taken(text: str) -> None:
    observe = next(command for command in COMMANDS if command.name == "observe")
    for name in ("observer", "note"):
        assert refused_with(observe, body_of(observe) | {name: text}) == []
    assert refused_with(observe, body_of(observe) | {"note": "第一行\n\t第二行"}) == []
    assert refused_with(observe, body_of(observe) | {"observer": "甲\n乙"}) == ["observer"]


def at_the_bounds(event: type[Event]) -> Iterator[Event]:
    """Events with every field as large as a command lets it be."""
    for day in (FIRST_DAY, LAST_DAY):
        body: Any = example(event)
        for path, value in list(leaves(body)):
            # A rule and a target are named by the code, not by a caller.
            if path[-1] in {"type", "cadre_id", "rule", "target"} or isinstance(value, bool):
                continue
            candidates = [day.isoformat()] if isinstance(value, str) and _is_day(value) else EXTREME
            for candidate in candidates:
                if type(candidate) is not type(value):
                    continue
                changed = with_value(body, path, candidate)
                try:
                    CATALOGUE.read(changed)
                except ValueError:
                    continue
                body = changed
                break
        yield CATALOGUE.read(body)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
async def test_every_event_that_a_command_can_cause_fits_the_tables(
    service: Service, environment: Environment
) -> None:
    database = Database(environment.database(service.name))
    models = service.read_models
    generation = Generation.new(models, 1, LIVE)
    events = [event for kind in CATALOGUE.events.values() for event in at_the_bounds(kind)]
    changes = [models.changes(_recorded(event)) for event in events]
    await database.transact(lambda c: (create_missing(c, METADATA), generation.create(c)))
    for event, made in zip(events, changes, strict=True):
        try:
            await database.transact(lambda c, made=made: generation.apply(c, made))
        except Exception as error:  # noqa: BLE001  # told with the event that does not fit
            pytest.fail(f"{event.tag()}: {str(error)[:500]}")
    await database.close()


def _recorded(event: Event) -> Recorded[Event]:
    envelope = Envelope(
        event_id=uuid4(),
        version=1,
        command_id=uuid4(),
        command_hash="",
        actor="tester",
        source_time=datetime.now(UTC),
        previous_hash="",
    )
    return Recorded(event, envelope, 1, 1)


def test_what_is_shown_escaped_reads_back_from_json() -> None:
    text = "".join(HOSTILE[:-1])
    shown = escaped(json.dumps(text, ensure_ascii=False))
    assert json.loads(shown) == text
    assert all(sign.isprintable() for sign in shown if sign != " ")
    assert escaped(shown) == shown
    assert escaped("第一行\n𠮷") == "第一行\n𠮷"
