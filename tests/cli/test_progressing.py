import json

import pytest

from cadre.cli import progressing
from cadre.cli.progressing import progress


def test_machines_get_a_line_at_the_end_and_few_before_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 0.4, 1.2, 1.3, 1.4])
    monkeypatch.setattr(progressing.time, "monotonic", lambda: next(clock))
    with progress("read", as_json=True) as advance:
        for done in range(1, 5):
            advance(done, 4)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert [json.loads(line) for line in captured.err.splitlines()] == [
        {"progress": "read", "done": 2, "of": 4},
        {"progress": "read", "done": 4, "of": 4},
    ]


def test_what_a_bar_shows_leaves_stdout_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("read", as_json=False) as advance:
        advance(1, 2)
    assert capsys.readouterr().out == ""
