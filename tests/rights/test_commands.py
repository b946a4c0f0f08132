"""What the command line does itself, with no service between: each command says what it needs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from cadre.cli.installation.calling import client_of
from cadre.cli.installation.chosen import installation
from cadre.cli.installation.data_directory import DataDirectory, NatsRun, Run
from cadre.cli.main import app
from cadre.cli.rights import RIGHTS, guard
from cadre.shared.deciding.errors import Forbidden, Malformed, UnknownCaller
from cadre.shared.deciding.rights import Role
from rights.callers import EACH_ROLE, entry, file_of_tokens, token_of

ARGUMENTS = {
    "audit export": ["cadre", "c-7f3kq2mz4a", "--out", "package.zip"],
    "audit cosigned": ["checkpoint"],
    "audit rotate-key": ["selection"],
    "privacy restore-keys": ["keys.db"],
}
CHECKED = {name: right.role for name, right in RIGHTS.items() if right and right.role}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory that lists a token for each role, and one of a unit's officer."""
    made = DataDirectory.create(tmp_path / "data")
    unit = entry("unit", ["inspector", "operator"], units=["u-1"])
    file_of_tokens(made.path, *EACH_ROLE, unit)
    return made.path


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.delenv("CADRE_TOKEN", raising=False)
    return monkeypatch


def told(command: str, *more: str) -> BaseException | None:
    """What came of a command."""
    arguments = [*command.split(), *ARGUMENTS.get(command, ()), *more]
    return CliRunner().invoke(app, arguments).exception


def is_let_in(command: str, *more: str) -> bool:
    """Whether it was begun; nothing ever ran here, so what each looks for is not there."""
    return not isinstance(told(command, *more), Forbidden | UnknownCaller)


def settings_of(data: Path, **lines: str) -> Path:
    path = data / "settings.env"
    path.write_text("".join(f"CADRE_{name.upper()}={value}\n" for name, value in lines.items()))
    return path


def _names(prefix: str, command: Any, context: Any = None) -> Iterator[str]:
    if isinstance(command, TyperGroup) and prefix not in RIGHTS:
        for name in command.list_commands(context):
            yield from _names(f"{prefix} {name}".strip(), command.get_command(context, name))
    else:
        yield prefix


def test_every_command_is_in_the_list_and_nothing_else() -> None:
    assert set(_names("", get_command(app))) == set(RIGHTS)
    with pytest.raises(TypeError, match="cadre spy"):
        guard("spy", TyperCommand("spy", callback=lambda: None))


@pytest.mark.parametrize("command", CHECKED)
def test_a_command_is_done_for_nobody_without_its_role(
    command: str, data: Path, mine: pytest.MonkeyPatch
) -> None:
    settings = settings_of(data, tokens_file="tokens.toml")
    where = ["--settings", str(settings)]
    for role in Role:
        if role is CHECKED[command]:
            continue
        mine.setenv("CADRE_TOKEN", token_of(role.value))
        for named in (where, ["--data", str(data)]):
            if command == "provision" and named is not where:
                continue
            refused = told(command, *named)
            assert isinstance(refused, Forbidden), (command, role, refused)
            assert CHECKED[command].zh in refused.detail
            assert refused.where == f"cadre {command}"
    mine.setenv("CADRE_TOKEN", token_of("unit"))
    assert "u-1" in str(told(command, *where))
    mine.setenv("CADRE_TOKEN", "of-somebody-else")
    assert isinstance(told(command, *where), UnknownCaller)


@pytest.mark.parametrize("command", ["audit export", "privacy backup-keys"])
def test_who_has_the_role_gets_to_it(command: str, data: Path, mine: pytest.MonkeyPatch) -> None:
    mine.setenv("CADRE_TOKEN", token_of(CHECKED[command].value))
    assert is_let_in(command, "--data", str(data))


def test_the_machine_itself_does_everything(data: Path, mine: pytest.MonkeyPatch) -> None:
    assert is_let_in("privacy backup-keys", "--data", str(data))
    mine.setenv("CADRE_TOKEN", DataDirectory.open_data(data).secrets.api_token)
    assert is_let_in("privacy backup-keys", "--data", str(data))
    (data / "tokens.toml").unlink()
    assert is_let_in("privacy backup-keys", "--data", str(data))
    mine.setenv("CADRE_TOKEN", "of-somebody-else")
    assert isinstance(told("privacy backup-keys", "--data", str(data)), UnknownCaller)


def test_settings_name_the_installations_token_or_somebodys(
    data: Path, mine: pytest.MonkeyPatch
) -> None:
    def doing(**lines: str) -> BaseException | None:
        return told("audit checkpoint", "--settings", str(settings_of(data, **lines)))

    def is_begun(**lines: str) -> bool:
        # It gets as far as to miss the evidence.
        return "CADRE_AUDIT_FOLDER" in str(doing(**lines))

    assert is_begun()
    assert is_begun(api_token="all")
    assert is_begun(api_token="all", tokens_file="tokens.toml")
    assert is_begun(api_token=token_of("operator"), tokens_file="tokens.toml")
    assert isinstance(doing(api_token=token_of("reader"), tokens_file="tokens.toml"), Forbidden)
    assert isinstance(doing(tokens_file="tokens.toml"), UnknownCaller)
    assert isinstance(doing(api_token="all", tokens_file="nowhere.toml"), Malformed)
    mine.setenv("CADRE_TOKEN", token_of("operator"))
    assert is_begun(api_token="all", tokens_file="tokens.toml")
    assert isinstance(doing(api_token="all"), UnknownCaller)


def test_services_are_sent_the_token_of_whoever_asks(data: Path, mine: pytest.MonkeyPatch) -> None:
    nats = NatsRun(url="nats://127.0.0.1:1", pid=1, credentials={})
    run = Run(supervisor_pid=1, api_token="all", public_keys={}, nats=nats, services={})
    mine.setattr(DataDirectory, "read_run", lambda _: run)
    settings = settings_of(data, api_token="all")
    for token, sent in ((None, "all"), ("li", "li")):
        if token:
            mine.setenv("CADRE_TOKEN", token)
        assert client_of(data).find().token == sent
        assert installation(data, settings).client("clerk").find().token == sent
