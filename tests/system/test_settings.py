"""Every command finds a system by a file of settings as it does by its data directory."""

import gc
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.main
from typer.core import TyperGroup
from typer.testing import CliRunner

from cadre.cli import system
from cadre.cli.data_directory import DataDirectory
from cadre.cli.main import app
from cadre.cli.output import fail
from cadre.contracts.vocabulary import SERVICES
from cadre.shared.errors import CadreError
from support.nats_server import free_port

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(300),
    # The supervisor outlives the call that started it: that is what it is for.
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]

SAMPLES = Path(__file__).parents[2] / "samples" / "county"
ANA = "c-g4jacvj4pn"
ELSEWHERE = {"demo", "audit public-keys"} | {
    f"audit witness {name}" for name in ("init", "run", "trust", "resolve")
}
"""Commands that speak of no installed system: they make one, or have places of their own."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("system") / "data"
    system.start(path)
    yield path
    system.stop(path)


@pytest.fixture(scope="module")
def lines(data: Path) -> dict[str, str]:
    """Where the system is, as an .env would say it."""
    directory = DataDirectory.open_data(data)
    run, secrets = directory.read_run(), directory.secrets
    urls = {f"CADRE_URL_{name.upper()}": one.http_url for name, one in run.services.items()}
    signing = {f"CADRE_SIGNING_KEY_{n.upper()}": k for n, k in secrets.signing_keys.items()}
    passwords = {
        f"CADRE_NATS_PASSWORD_{user.upper()}": one.password
        for user, one in run.nats.credentials.items()
    }
    return {
        **urls,
        **signing,
        **passwords,
        "CADRE_API_TOKEN": run.api_token,
        "CADRE_NATS_URL": run.nats.url,
        # There is no mirror here: the log itself is read, by who may read it.
        "CADRE_AUDIT_USER": "subscriber",
        "CADRE_AUDIT_STREAM": "HISTORY",
        "CADRE_NATS_PASSWORD_AUDITOR": run.nats.credentials["subscriber"].password,
        "CADRE_NATS_PASSWORD_OPERATOR": secrets.nats_passwords["operator"],
        "CADRE_AUDIT_FOLDER": str(data / "audit"),
        "CADRE_AUDIT_KEY": json.loads((data / "secrets.json").read_text())["audit_key"] or "",
        "CADRE_MASTER_KEY": secrets.master_key,
        "CADRE_KEYS_URL": f"sqlite+aiosqlite:///{data / 'db' / 'keys.db'}",
    }


@pytest.fixture(scope="module")
def settings(data: Path, lines: dict[str, str]) -> Path:
    directory = DataDirectory.open_data(data)
    directory.audit_seed()
    told = lines | {"CADRE_AUDIT_KEY": directory.secrets.audit_key or ""}
    file = write(data.parent / "env", told)
    cadre("import", SAMPLES, "--on", "2025-12-31", "--settings", file, code=1)
    return file


def write(path: Path, lines: dict[str, str]) -> Path:
    path.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
    return path


def cadre(*words: str | Path, code: int = 0, **environment: str) -> str:
    """Run the command; what it printed, an error too."""
    with warnings.catch_warnings():
        # A command leaves its connections to the end of its process, and here all share one.
        warnings.simplefilter("ignore", ResourceWarning)
        found, told = _invoked([str(word) for word in words], environment)
        gc.collect()
    assert found == code, (words, told)
    return told


def _invoked(words: list[str], environment: dict[str, str]) -> tuple[int, str]:
    done = CliRunner().invoke(app, words, env=environment)
    if isinstance(done.exception, CadreError):
        return fail(done.exception, as_json=False), done.output + str(done.exception)
    return done.exit_code, done.output


def _leaves(command: object, name: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(command, TyperGroup):
        yield name, command
        return
    context = typer.Context(command)
    for below in command.list_commands(context):
        yield from _leaves(command.get_command(context, below), f"{name} {below}".strip())


def test_every_command_that_speaks_of_a_system_takes_settings() -> None:
    without = {
        name
        for name, command in _leaves(typer.main.get_command(app))
        if "--settings" not in {option for one in command.params for option in one.opts}
    }

    assert without == ELSEWHERE


def test_every_answer_is_the_same(data: Path, settings: Path) -> None:
    cadre("audit", "checkpoint", "--settings", settings)
    for words in (
        "find 杨颖",
        f"history {ANA}",
        f"history {ANA} --raw",
        "report",
        "report pools --on 2026-06-30",
        "replay",
        "projections parked",
        "privacy restrictions",
        "audit keys",
        "audit decide-again",
    ):
        wanted = cadre(*words.split(), "--json", "--data", data)
        assert cadre(*words.split(), "--json", "--settings", settings) == wanted, words
    found = json.loads(cadre("audit", "verify", "--json", "--settings", settings))
    assert found["intact"]
    assert found["covered"] > 0


def test_what_changes_something_works_too(settings: Path, tmp_path: Path) -> None:
    person = (ANA, "--basis", "某规定", "--settings", settings)

    assert "Restricted" in cadre("privacy", "restrict", *person, "--until", "2030-12-31")
    assert "Lifted" in cadre("privacy", "lift", *person)
    assert "generation" in cadre("projections", "rebuild", "training", "--settings", settings)
    read = json.loads(cadre("privacy", "readings", "--cadre", ANA, "--json", *person[3:]))
    assert "selection" in {one["service"] for one in read}
    assert "already" in cadre("provision", "--settings", settings)
    cadre("privacy", "forget", *person, "--reason", "consent-withdrawn", "--dry-run")
    out = tmp_path / "open.zip"
    cadre("audit", "export", "cadre", ANA, "--out", out, "--open", "--settings", settings)
    assert out.stat().st_size > 0


def test_the_doctor_looks_at_each_service_and_the_log(
    settings: Path, lines: dict[str, str], tmp_path: Path
) -> None:
    well = json.loads(cadre("doctor", "--json", "--settings", settings))
    assert all(one["ok"] for one in well)
    for service in SERVICES:
        assert {f"{service} {what}" for what in ("version", "ready", "lag", "parked")} <= {
            one["name"] for one in well
        }
    assert {"stream", "read-only credential"} <= {one["name"] for one in well}

    nobody = f"http://127.0.0.1:{free_port()}"
    wrong = write(tmp_path / "wrong", lines | {"CADRE_URL_TRAINING": nobody})
    told = json.loads(cadre("doctor", "--json", "--settings", wrong, code=1))
    assert {one["name"].split()[0] for one in told if not one["ok"]} == {"training"}
    strange = write(tmp_path / "strange", lines | {"CADRE_API_TOKEN": "another"})
    told = json.loads(cadre("doctor", "--json", "--settings", strange, code=1))
    assert [one["name"] for one in told if not one["ok"]] == [f"{s} answers" for s in SERVICES]
    mute = write(tmp_path / "mute", lines | {"CADRE_NATS_PASSWORD_SUBSCRIBER": "pwrong"})
    told = json.loads(cadre("doctor", "--json", "--settings", mute, code=1))
    assert [one["name"] for one in told if not one["ok"]] == ["log"]


def test_the_environment_wins_and_the_command_line_before_it(
    data: Path, settings: Path, lines: dict[str, str], tmp_path: Path
) -> None:
    strange = write(tmp_path / "env", lines | {"CADRE_API_TOKEN": "another"})

    cadre("find", "杨颖", "--settings", strange, code=2)
    cadre("find", "杨颖", "--settings", strange, CADRE_API_TOKEN=lines["CADRE_API_TOKEN"])
    cadre("find", "杨颖", CADRE_SETTINGS=str(settings))
    cadre("find", "杨颖", "--data", data, CADRE_SETTINGS=str(strange))
    both = cadre("find", "杨颖", "--data", data, "--settings", settings, code=2)
    assert "name one" in both


@pytest.mark.parametrize(
    ("gone", "words", "told"),
    [
        ("CADRE_API_TOKEN", "find 杨颖", "CADRE_API_TOKEN"),
        ("CADRE_NATS_PASSWORD_SUBSCRIBER", "doctor", "CADRE_NATS_PASSWORD_SUBSCRIBER"),
        ("CADRE_NATS_PASSWORD_AUDITOR", "audit decide-again", "CADRE_NATS_PASSWORD_AUDITOR"),
        ("CADRE_AUDIT_FOLDER", "audit verify", "CADRE_AUDIT_FOLDER"),
        ("CADRE_AUDIT_KEY", "audit checkpoint", "CADRE_AUDIT_KEY"),
        ("CADRE_NATS_PASSWORD_OPERATOR", "provision", "CADRE_NATS_PASSWORD_OPERATOR"),
    ],
)
def test_a_setting_that_is_missing_is_named(
    lines: dict[str, str], tmp_path: Path, gone: str, words: str, told: str
) -> None:
    left = {name: value for name, value in lines.items() if name != gone}
    file = write(tmp_path / "env", left)

    assert told in cadre(*words.split(), "--settings", file, code=2)


@pytest.mark.parametrize("wrong", ["CADRE_PORT_TRAINING=many", "CADRE_SIGNING_KEY_TRAINING=short"])
def test_a_setting_that_cannot_be_read_is_named_without_its_value(
    tmp_path: Path, wrong: str
) -> None:
    file = tmp_path / "env"
    file.write_text(f"{wrong}\n")
    name, _, value = wrong.partition("=")

    told = cadre("find", "杨颖", "--settings", file, code=2)

    assert name in told
    assert value not in told
