"""The glossary's tables follow from the contracts; what people wrote around them stays."""

from pathlib import Path
from typing import Literal

import pytest

from cadre.contracts import glossary
from cadre.contracts.catalogue import CATALOGUE, Catalogue
from cadre.contracts.event import Event
from cadre.contracts.glossary import BEGIN, END, NotTold, main, written

PAGE = f"# Words\n\n| word | 词 |\n\n{BEGIN}\nold\n{END}\n\n## Kept by hand\n"


class Sung(Event):
    """歌咏 · Somebody sang, as `Heard` says.

    Loudly.
    """

    entity = "choir"
    key = "choir_id"
    type: Literal["training.sung.v1"] = "training.sung.v1"
    choir_id: str


class Hummed(Sung):
    """Somebody hummed."""

    type: Literal["training.hummed.v1"] = "training.hummed.v1"  # type: ignore[assignment]


def with_event(monkeypatch: pytest.MonkeyPatch, event: type[Event]) -> None:
    events = CATALOGUE.events | {event.tag(): event}  # type: ignore[operator]
    monkeypatch.setattr(glossary, "CATALOGUE", Catalogue(events))


def test_what_people_wrote_stays_and_writing_again_changes_nothing() -> None:
    page = written(PAGE)
    assert page.startswith("# Words\n\n| word | 词 |\n\n")
    assert page.endswith("\n\n## Kept by hand\n")
    assert "\nold\n" not in page
    assert "| `excellent` | 优秀 | ceiling per unit (ASM-03) |\n" in page
    assert "### RoutineGrade · 平时考核等次\n" in page
    assert "| `good` | 好 |\n" in page
    assert written(page) == page


def test_a_new_event_has_a_row_by_being_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with_event(monkeypatch, Sung)
    row = "| `training.sung.v1` | 歌咏 | Somebody sang, as Heard says. Loudly | choir |\n"
    assert row in written(PAGE)


def test_one_that_has_no_chinese_name_is_not_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_event(monkeypatch, Hummed)
    page = tmp_path / "glossary.md"
    page.write_text(PAGE, "utf-8")
    for task in ("check", "write"):
        assert main([task, "--page", str(page)]) == 1
        assert "Hummed" in capsys.readouterr().out
    assert page.read_text("utf-8") == PAGE


def test_the_gate_asks_for_what_is_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "glossary.md"
    page.write_text(PAGE, "utf-8")
    assert main(["check", "--page", str(page)]) == 1
    assert "make schemas" in capsys.readouterr().out
    assert page.read_text("utf-8") == PAGE
    assert main(["write", "--page", str(page)]) == 0
    assert main(["check", "--page", str(page)]) == 0


@pytest.mark.parametrize("line", [BEGIN, END])
def test_a_page_without_a_place_for_them_is_refused(line: str) -> None:
    with pytest.raises(NotTold, match="lacks"):
        written(PAGE.replace(line, ""))
