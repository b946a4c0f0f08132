"""The file of tokens: what it says, and what is told of a wrong one."""

import re
from hashlib import sha256
from pathlib import Path

import pytest

from cadre.shared.deciding.errors import Forbidden, Malformed, UnknownCaller
from cadre.shared.deciding.rights import EVERYTHING_ALLOWED, Caller, Role
from cadre.shared.serving.callers import Callers, speaking
from rights.callers import ALL, entry, file_of_tokens, token_of
from support import mini
from support.documents import REPOSITORY, Shell, block
from support.processes import ServiceProcess, variables

GOOD = entry("li", ["reader", "recorder"], account="clerk-li", units=["u-1", "u-2"])


def callers(directory: Path, *entries: str, **more: object) -> Callers:
    path = file_of_tokens(directory, *entries)
    return Callers.of(mini.settings("nats://127.0.0.1:1", directory, tokens_file=path, **more))


def bearing(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_a_token_carries_roles_units_and_a_name(tmp_path: Path) -> None:
    known = callers(tmp_path, GOOD, entry("gate", ["decider"]))
    assert known.known(bearing(token_of("li"))) == Caller(
        frozenset({Role.READER, Role.RECORDER}), frozenset({"u-1", "u-2"}), "clerk-li"
    )
    assert known.known(bearing(token_of("gate"))) == Caller(frozenset({Role.DECIDER}))
    assert known.known(bearing(ALL)) == EVERYTHING_ALLOWED


def test_the_one_token_can_be_left_out(tmp_path: Path) -> None:
    known = callers(tmp_path, GOOD, api_token="")
    with pytest.raises(UnknownCaller):
        known.known(bearing(""))
    with pytest.raises(ValueError, match="CADRE_TOKENS_FILE"):
        mini.settings("nats://127.0.0.1:1", tmp_path, api_token="")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearing(""),
        bearing("wrong"),
        bearing(token_of("li") + " "),
        {"authorization": token_of("li")},
        {"authorization": f"bearer {token_of('li')}"},
        {"authorization": f"Basic {token_of('li')}"},
        bearing(sha256(token_of("li").encode()).hexdigest()),
    ],
)
def test_what_bears_no_token_is_nobody(tmp_path: Path, headers: dict[str, str]) -> None:
    with pytest.raises(UnknownCaller):
        callers(tmp_path, GOOD).known(headers)


def test_a_named_token_speaks_for_itself_and_a_nameless_one_for_whom_it_says() -> None:
    named, nameless = Caller(frozenset(), name="clerk-li"), Caller(frozenset())
    assert speaking(named, bearing("x")) == {"cadre-actor": "clerk-li"}
    assert speaking(named, {"cadre-actor": "clerk-li"}) == {"cadre-actor": "clerk-li"}
    assert speaking(nameless, bearing("x") | {"cadre-actor": "wang"}) == {"cadre-actor": "wang"}
    for other in ("clerk-wang", "", "Clerk-li"):
        with pytest.raises(Forbidden):
            speaking(named, {"cadre-actor": other})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "token: Field required"),
        ("token = []", "at least 1"),
        (entry("a", ["owner"]), "token.0.roles.0"),
        (entry("a", []), "token.0.roles"),
        (GOOD + GOOD, "token.1: the same token"),
        (GOOD + entry("li", ["reader"]), "token.1: the same token"),
        (
            f'[[token]]\nsha256 = "{sha256(ALL.encode()).hexdigest()}"\nroles = ["reader"]',
            "token.0",
        ),
        (GOOD.replace("u-1", "U 1"), "token.0.units"),
        (GOOD.replace('["u-1", "u-2"]', "[]"), "token.0.units"),
        (GOOD.replace("clerk-li", "李"), "token.0.name"),
        (GOOD.replace("clerk-li", "calendar:selection"), "token.0.name"),
        (GOOD.replace("name", "nmae"), "token.0.nmae"),
        ('[[token]]\ntoken = "clear-text"\nroles = ["reader"]', "token.0.sha256"),
        (f'[[token]]\nsha256 = "{"A" * 64}"\nroles = ["reader"]', "token.0.sha256"),
        ("[[token", "no TOML"),
    ],
)
def test_a_wrong_file_is_told_by_its_place_and_without_what_stands_there(
    tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(Malformed) as error:
        callers(tmp_path, text)
    assert told in str(error.value)
    assert str(tmp_path / "tokens.toml") in str(error.value)
    for secret in ("clear-text", "A" * 64, sha256(token_of("li").encode()).hexdigest()):
        assert secret not in str(error.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(Malformed, match="cannot be read"):
            Callers.of(mini.settings("nats://127.0.0.1:1", tmp_path, tokens_file=path))


def test_a_token_is_made_and_entered_as_the_document_says(tmp_path: Path) -> None:
    script = block("deploy/README.md", "Tokens 1").text + 'echo "$token"\n'
    printed = Shell(tmp_path, {}).require(script, tmp_path).split()
    hashed, token = printed[0], printed[-1]
    page = (REPOSITORY / "deploy/README.md").read_text("utf-8")
    written = page.partition("```toml\n")[2].partition("```")[0]
    text = re.sub(r'sha256 = "[0-9a-f]{64}"', f'sha256 = "{hashed}"', written)
    caller = callers(tmp_path, text).known(bearing(token))
    assert (caller.name, caller.units) == ("clerk-li", frozenset({"u-nzsxqytjnz"}))
    assert caller.roles == {Role.READER, Role.RECORDER}


def test_a_process_with_a_wrong_file_does_not_start(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/x.db"
    wrong = str(file_of_tokens(tmp_path, entry("a", ["owner"])))
    of = variables("nats://127.0.0.1:1", url, url) | {"CADRE_TOKENS_FILE": wrong}
    log = tmp_path / "log"
    one = ServiceProcess(of, log)
    one.start()
    try:
        assert one.ended(120) == 2
    finally:
        one.stop()
    assert "token.0.roles.0" in log.read_text()
    assert "Traceback" not in log.read_text()
