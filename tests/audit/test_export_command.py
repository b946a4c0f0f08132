"""``cadre audit export`` on a real system, running and stopped."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from audit.exports import refuted
from audit.test_commands import PERSON, quiet
from cadre.cli import system
from cadre.cli.calling import client_of
from cadre.cli.main import app

pytestmark = [
    pytest.mark.system,
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]


def audit(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["audit", *map(str, arguments)])


def told(*arguments: str | Path) -> dict[str, Any]:
    result = audit(*arguments, "--json")
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("exporting") / "data"
    system.start(data)
    try:
        client = client_of(data)
        with client:
            recruited = client.command("selection", "recruit", PERSON)
            assert recruited["outcome"] == "recorded", recruited
            quiet(client)
            (found,) = client.post("selection", "/cadres/find", {"name": "张三"})["cadres"]
        (data / "who").write_text(found["cadre_id"])
        early = audit("export", "cadre", found["cadre_id"], "--out", data / "a", "--data", data)
        assert early.exit_code == 2
        assert "cadre audit checkpoint" in early.output
        told("checkpoint", "--origin", "cadre.example/county", "--data", data)
        running = told("export", "cadre", found["cadre_id"], "--out", data / "a", "--data", data)
        assert refuted((data / "a").read_bytes(), running["key"]) == ""
    finally:
        system.stop(data)
    return data


def test_a_stopped_system_gives_the_same_package(stopped: Path, tmp_path: Path) -> None:
    who, out = (stopped / "who").read_text(), tmp_path / "out.zip"
    answer = told("export", "cadre", who, "--out", out, "--data", stopped)

    assert out.read_bytes() == (stopped / "a").read_bytes()
    assert answer["events"] >= 1
    assert answer["about"] == f"cadre {who}"
    assert [path.name for path in tmp_path.iterdir()] == ["out.zip"]


def test_clear_texts_are_added_only_when_asked_for(stopped: Path, tmp_path: Path) -> None:
    who, out = (stopped / "who").read_text(), tmp_path / "out.zip"
    answer = told("export", "cadre", who, "--out", out, "--open", "--data", stopped)

    assert refuted(out.read_bytes(), answer["key"]) == ""
    with zipfile.ZipFile(out) as file:
        disclosed = [json.loads(line) for line in file.read("disclosure.jsonl").splitlines()]
        assert "张三".encode() not in file.read("events.jsonl")
        assert "个人字段已由导出单位公开为明文" in file.read("dossier.html").decode()
    assert {one["field"]: one["clear"] for one in disclosed}["full_name"] == "张三"
    with zipfile.ZipFile(stopped / "a") as file:
        assert not any("张三".encode() in file.read(name) for name in file.namelist())
        assert "disclosure.jsonl" not in file.namelist()


def test_people_read_where_it_is(stopped: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.zip"
    result = audit("export", "period", "2020-01-01..2020-01-02", "--out", out, "--data", stopped)

    assert result.exit_code == 0, result.output
    assert "已写出 Written" in result.stdout
    assert out.exists()


def test_what_cannot_be_exported_is_exit_code_2(stopped: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.zip"
    data = ["--out", out, "--data", stopped]

    assert audit("export", "cadre", "c-zzzzzzzzzz", *data).exit_code == 2
    assert audit("export", "pool", "p-1", *data).exit_code == 2
    assert audit("export", "period", "2026", *data).exit_code == 2
    who = (stopped / "who").read_text()
    nowhere = tmp_path / "none" / "out.zip"
    assert audit("export", "cadre", who, "--out", nowhere, "--data", stopped).exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_without_the_key_or_the_signed_log_there_is_none(stopped: Path, tmp_path: Path) -> None:
    data = shutil.copytree(stopped, tmp_path / "data")
    who, out = (stopped / "who").read_text(), tmp_path / "out.zip"
    arguments = ("export", "cadre", who, "--out", out, "--data", data)
    secrets = json.loads((data / "secrets.json").read_bytes())
    secrets["audit_key"] = secrets["master_key"]
    (data / "secrets.json").write_text(json.dumps(secrets))
    assert audit(*arguments).exit_code == 2
    (data / "secrets.json").unlink()
    assert audit(*arguments).exit_code == 2

    shutil.copy(stopped / "secrets.json", data / "secrets.json")
    for tile in (data / "audit/tile/0").rglob("*"):
        if tile.is_file():
            tile.write_bytes(bytes(tile.stat().st_size))
    assert audit(*arguments).exit_code == 1
    assert not out.exists()
