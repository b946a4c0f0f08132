"""The gate: what was published stays readable, what is new gets published."""

import json
from datetime import date
from pathlib import Path
from typing import ClassVar, Literal

import pytest

from cadre.contracts import CATALOGUE, Catalogue, Event
from cadre.contracts.catalogue import Body
from cadre.contracts.schemas import FOLDER, Published, main

REPOSITORY = Path(__file__).parents[2]
GOLDEN = sorted((REPOSITORY / FOLDER / "golden").glob("*.json"))


class Noted(Event):
    """Something was written down."""

    entity: ClassVar[str] = "note"
    key: ClassVar[str] = "note_id"
    type: Literal["tests.noted.v1"] = "tests.noted.v1"
    note_id: str
    text: str


class NotedWithPlace(Noted):
    """Something was written down somewhere."""

    place: str | None = None


class NotedNarrower(Event):
    """Something was written down, without its text."""

    entity: ClassVar[str] = "note"
    key: ClassVar[str] = "note_id"
    type: Literal["tests.noted.v1"] = "tests.noted.v1"
    note_id: str


class NotedAgain(Event):
    """Something was written down, in lines."""

    entity: ClassVar[str] = "note"
    key: ClassVar[str] = "note_id"
    type: Literal["tests.noted.v2"] = "tests.noted.v2"  # pyright: ignore[reportIncompatibleVariableOverride]
    note_id: str
    lines: tuple[str, ...]


def _into_lines(body: Body) -> Body:
    rest = {name: value for name, value in body.items() if name != "text"}
    return rest | {"type": "tests.noted.v2", "lines": body["text"].splitlines()}


FIRST = Catalogue.of([Noted])


@pytest.fixture
def published(tmp_path: Path) -> Path:
    assert main(["write", "--folder", str(tmp_path)], FIRST) == 0
    return tmp_path


def _check(folder: Path, catalogue: Catalogue) -> int:
    return main(["check", "--folder", str(folder)], catalogue)


def test_what_was_just_written_passes(published: Path) -> None:
    assert _check(published, FIRST) == 0


def test_a_new_optional_field_only_asks_to_be_written(
    published: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grown = Catalogue.of([NotedWithPlace])

    assert _check(published, grown) == 1
    assert "make schemas" in capsys.readouterr().out
    assert main(["write", "--folder", str(published)], grown) == 0
    assert _check(published, grown) == 0


def test_a_new_event_only_asks_to_be_written(published: Path) -> None:
    grown = Catalogue.of([Noted, NotedAgain])

    assert _check(published, grown) == 1
    assert main(["write", "--folder", str(published)], grown) == 0
    assert _check(published, grown) == 0


def test_a_breaking_change_is_refused_even_by_write(
    published: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = Catalogue.of([NotedNarrower])

    assert _check(published, broken) == 1
    assert main(["write", "--folder", str(published)], broken) == 1
    assert "tests.noted.v1: $.text: the field was removed" in capsys.readouterr().out
    assert _check(published, FIRST) == 0


def test_a_breaking_change_of_an_unpublished_type_may_be_written(published: Path) -> None:
    broken = Catalogue.of([NotedNarrower])

    assert main(["write", "--unpublished", "--folder", str(published)], broken) == 0
    assert _check(published, broken) == 0


def test_a_type_may_only_go_when_an_upcast_reads_it(
    published: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _check(published, Catalogue.of([NotedAgain])) == 1
    assert "tests.noted.v1: the type was removed" in capsys.readouterr().out

    replaced = Catalogue.of([NotedAgain], {"tests.noted.v1": _into_lines})
    assert main(["write", "--folder", str(published)], replaced) == 0
    assert _check(published, replaced) == 0


def test_a_golden_body_is_written_once(published: Path) -> None:
    golden = published / "golden" / "tests.noted.v1.json"
    recorded = {**json.loads(golden.read_text()), "text": "as it was recorded"}
    golden.write_text(json.dumps(recorded))

    assert main(["write", "--folder", str(published)], Catalogue.of([NotedWithPlace])) == 0

    assert json.loads(golden.read_text()) == recorded


def test_an_upcast_brings_a_golden_body_up_to_date(published: Path) -> None:
    golden = json.loads((published / "golden" / "tests.noted.v1.json").read_text())
    catalogue = Catalogue.of([NotedAgain], {"tests.noted.v1": _into_lines})

    event = catalogue.read(golden | {"text": "one\ntwo"})

    assert event == NotedAgain(
        note_id=golden["note_id"], effective_on=date(2026, 3, 1), lines=("one", "two")
    )


def test_the_contracts_fit_what_was_published() -> None:
    current = Published(REPOSITORY / FOLDER, CATALOGUE)

    assert current.breaking() == []
    assert current.unwritten() == []


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_golden_body_still_reads_as_it_was_recorded(path: Path) -> None:
    body = json.loads(path.read_text("utf-8"))

    event = CATALOGUE.read(body)

    assert path.stem in CATALOGUE.upcasts or (
        event.model_dump(mode="json", exclude_unset=True) == body
    )


def test_every_type_ever_published_has_a_golden_body() -> None:
    schemas = {path.name for path in (REPOSITORY / FOLDER / "schemas").glob("*.json")}

    assert {path.name for path in GOLDEN} == schemas
