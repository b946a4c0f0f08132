"""Nothing that a clerk wrote repaints the screen of whoever reads it."""

import io
import json

import pytest
from rich.console import Console

from cadre.audit.export.document import Document, Pairs, Section
from cadre.audit.export.page import page
from cadre.cli import output
from cadre.cli.reading import print_history
from cadre.shared.deciding.errors import Malformed

HOSTILE = "\x1b[2J\x9b31m\u202e [red]甲[/red] \u2066乙\x07"
SIGNS = "\x1b\x9b\u202e\u2066\x07"


def entry(says: str) -> dict[str, object]:
    return {
        "position": 1,
        "effective_on": "2026-03-02",
        "recorded_at": "2026-03-02T10:00:00",
        "service": "selection",
        "says": says,
        "actor": HOSTILE,
        "superseded_by": None,
        "supersedes": None,
        "late": False,
        "findings": [],
    }


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    told = io.StringIO()
    monkeypatch.setattr(output.CONSOLE, "_file", told)
    monkeypatch.setattr(output.ERRORS, "_file", told)
    return told


def test_an_old_event_with_such_a_text_is_shown_escaped(screen: io.StringIO) -> None:
    assert isinstance(output.CONSOLE, Console)
    print_history({"entries": [entry(HOSTILE)]})
    output.CONSOLE.print(output.table(HOSTILE, ("a",), [[HOSTILE]]))
    output.fail(Malformed(HOSTILE), as_json=False)
    shown = screen.getvalue()
    assert not set(SIGNS) & set(shown)
    assert "\\u202e" in "".join(shown.split())
    assert "[red]甲[/red]" in "".join(shown.split())


def test_a_command_in_an_error_is_never_broken(screen: io.StringIO) -> None:
    hint = f"请 · {'look ' * 40}run `cadre audit checkpoint`"
    output.fail(Malformed("甲" * 100, hint=hint), as_json=False)
    assert screen.getvalue().count("\n") == 1
    assert "`cadre audit checkpoint`" in screen.getvalue()


def test_a_document_for_machines_means_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"says": HOSTILE})
    shown = capsys.readouterr().out
    assert not set(SIGNS) & set(shown)
    assert json.loads(shown) == {"says": HOSTILE}


def test_a_page_shows_it_escaped() -> None:
    facts = Pairs([("说", HOSTILE + "<script>")])
    made = page(Document("题", "摘要", [Section("节", [facts])]))
    shown = made if isinstance(made, str) else made.decode()
    assert not set(SIGNS) & set(shown)
    assert "<script>" not in shown.split("<body", 1)[-1]
