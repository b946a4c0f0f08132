"""What a process tells of itself: never an exception, no flood, no secret, no value."""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import text

from cadre.shared.database.database import Database
from cadre.shared.upkeep import telling
from cadre.shared.upkeep.telling import Flood, LineWriter, Secrets
from support import mini
from support.environment import Environment


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Path]:
    """Where this process tells what happens."""
    path = tmp_path / "told"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    hooks = sys.excepthook, logging.root.handlers[:], logging.root.level
    before = structlog.get_config()
    telling.configure(("geheim wort",), LineWriter(descriptor))
    yield path
    structlog.configure(**before)
    sys.excepthook, logging.root.handlers[:], level = hooks
    logging.root.setLevel(level)
    os.close(descriptor)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_cannot_be_written_is_counted_and_told_once_it_can(tmp_path: Path):
    full = os.open("/dev/full", os.O_WRONLY)
    lines = LineWriter(full)
    lines.msg('{"event": "one"}')
    lines.msg('{"event": "two"}')
    assert lines.lost == 2
    os.close(full)
    lines.msg('{"event": "three"}')  # Nor does a descriptor that is closed raise.
    lines.descriptor = os.open(tmp_path / "log", os.O_CREAT | os.O_WRONLY)
    lines.msg('{"event": "four"}')
    os.close(lines.descriptor)
    assert _lines(tmp_path / "log") == [{"event": "lines lost", "count": 3}, {"event": "four"}]


def test_the_same_again_and_again_is_one_line_with_a_count(told: Path):
    flood = telling.configure((), LineWriter(os.open(told, os.O_WRONLY | os.O_APPEND)))
    flood.every_s = 0
    logger = structlog.get_logger("test")
    for number in range(500):
        logger.warning("interrupted", error=f"position {number} of c-{'abcdefghij'} is not there")
    logger.warning("interrupted", error="the disk is full")
    assert [line["event"] for line in _lines(told)] == ["interrupted", "interrupted"]
    (summary,) = flood.summaries()
    assert summary["repeated"] == 499
    assert flood.summaries() == [], "nothing came since"


def test_a_flood_that_goes_on_is_summed_up_again():
    flood = Flood(every_s=0)
    line = {"event": "interrupted", "level": "warning"}
    flood(None, "", dict(line))
    for wave in (3, 5):
        for _ in range(wave):
            with pytest.raises(structlog.DropEvent):
                flood(None, "", dict(line))
        assert [one["repeated"] for one in flood.summaries()] == [wave]


def test_floods_of_libraries_are_held_back_too(told: Path):
    for _ in range(20):
        logging.getLogger("uvicorn.error").error("it is broken")
    assert [line["event"] for line in _lines(told)] == ["it is broken"]


@pytest.mark.parametrize(
    "line",
    [
        "geheim wort",
        "postgresql://u:geheim%20wort@host",
        json.dumps({"password": "geheim wort"}),
        repr({"password": "geheim wort"}),
    ],
)
def test_no_secret_stands_in_a_line(line: str):
    assert "geheim" not in Secrets(["geheim wort"])(None, "", line)


@pytest.mark.parametrize("secret", ['a"b\\c密码', "Pa/ss?w#rd@1", "p'a:s'word"])
def test_no_secret_of_odd_signs_nor_a_piece_of_it(secret: str):
    hide = Secrets([secret])
    for form in (secret, json.dumps(secret), json.dumps(secret, ensure_ascii=False), repr(secret)):
        assert secret not in hide(None, "", form)
        assert json.dumps(secret)[1:-1] not in hide(None, "", form)
    assert "ss?w" not in Secrets(["Pass?word"])(None, "", "invalid port 'Pass?word'")
    assert "Pass" not in Secrets(["Pass?word"])(None, "", "invalid literal for int(): 'Pass'")


async def test_no_value_of_a_statement_stands_in_a_line(environment: Environment, told: Path):
    database = Database(environment.database("values"))
    await database.transact(lambda c: c.execute(text("CREATE TABLE t (n int PRIMARY KEY, s text)")))
    await database.transact(lambda c: c.execute(text("INSERT INTO t VALUES (7, 'x')")))
    logger = structlog.get_logger("test")
    failing = (
        ("INSERT INTO t VALUES (:n, :s)", {"n": 7, "s": "张三丰"}),
        ("INSERT INTO t VALUES (:n, :s)", {"n": "张三丰", "s": "x"}),
        ("SELECT no_such FROM t WHERE s = :s", {"s": "张三丰"}),
        ("INSERT INTO no_such VALUES (:s)", {"s": "张三丰"}),
    )
    errors = 0
    for statement, values in failing:
        try:
            await database.transact(lambda c, s=statement, v=values: c.execute(text(s), v))
        except Exception as error:
            errors += 1
            logger.warning("failed", error=telling.told(error), statement=statement)
            logger.exception("crashed")
            logging.getLogger("library").exception("crashed too")
    await database.close()
    assert errors >= 3
    text_told = await asyncio.to_thread(told.read_text)
    assert len(text_told.splitlines()) >= 2 * errors
    assert "张三丰" not in text_told
    assert json.dumps("张三丰")[1:-1] not in text_told


def test_settings_name_every_secret_they_hold(tmp_path: Path):
    settings = mini.settings(
        "nats://who:logword1@127.0.0.1:4222",
        tmp_path,
        database_url="postgresql+asyncpg://u:table%2Fword@h/d",
        keys_url="postgresql+asyncpg://u:key-word@h/d",
    )
    secrets = set(settings.secrets())
    assert {"logword1", "table/word", "table%2Fword", "key-word", "token", "pselection"} <= secrets
    assert (b"m" * 32).hex() in secrets
