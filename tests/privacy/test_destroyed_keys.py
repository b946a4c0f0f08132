"""Events say themselves which keys are gone: a new kind of them needs nothing but its contract."""

import json
from collections.abc import AsyncIterator
from datetime import date
from typing import Any, Literal

import pytest

from cadre.contracts.catalogue import CATALOGUE, Catalogue
from cadre.contracts.event import CadreEvent, Forgotten, KeysDestroyed, Personal, Text
from cadre.contracts.examples import example
from cadre.shared.database.database import Database
from cadre.shared.keys.key_store import Lost
from cadre.shared.keys.keyring import KeyName, Keyring
from cadre.shared.keys.master_keys import MasterKeys
from cadre.shared.log.signed import Message
from cadre.shared.log.stream import Log
from cadre.shared.running.forgetting import forget_again, lost_by
from support.aside import written
from support.environment import Environment

ANA, BO = "c-aaaaaaaaaa", "c-bbbbbbbbbb"


class PageWritten(CadreEvent):
    """A page of a diary, sealed with a key of its own."""

    type: Literal["selection.page-written.v1"] = "selection.page-written.v1"
    page: str
    text: Personal[Text]

    @property
    def key_purpose(self) -> str:
        return _purpose(self.page)


class PageShredded(KeysDestroyed):
    """Nobody can read a page any more."""

    type: Literal["selection.page-shredded.v2"] = "selection.page-shredded.v2"
    page: str

    @property
    def destroyed_purpose(self) -> str:
        return _purpose(self.page)


def _purpose(page: str) -> str:
    return f"selection:page:{page}"


def _from_v1(body: dict[str, Any]) -> dict[str, Any]:
    return {"page": body.pop("number"), **body, "type": PageShredded.tag()}


DIARY = Catalogue.of([PageWritten, PageShredded], {"selection.page-shredded.v1": _from_v1})
TODAY = date(2026, 3, 2)


def shredded(page: str) -> bytes:
    return PageShredded(cadre_id=ANA, effective_on=TODAY, page=page).model_dump_json().encode()


def of_v1(page: str) -> bytes:
    body = {"cadre_id": ANA, "effective_on": "2026-03-02", "number": page}
    return json.dumps(body | {"type": "selection.page-shredded.v1"}).encode()


SUBJECT = f"history.selection.cadre.{ANA}.page-shredded"


def message(kind: str, body: bytes, subject: str = SUBJECT) -> Message:
    return Message(subject, {"ce-type": kind}, body, 1, 0)


@pytest.mark.parametrize(
    ("kind", "body", "lost"),
    [
        ("selection.page-shredded.v2", shredded("7"), Lost(ANA, "selection:page:7")),
        ("selection.page-shredded.v1", of_v1("8"), Lost(ANA, "selection:page:8")),
        ("selection.page-shredded.v2", b"{}", None),
        ("selection.page-shredded.v2", b"\xff", None),
        ("selection.page-shredded.v3", shredded("7").replace(b".v2", b".v3"), None),
        ("", b"", None),
    ],
)
def test_an_event_names_the_key_that_is_gone(kind: str, body: bytes, lost: Lost | None) -> None:
    assert lost_by(message(kind, body), DIARY) == lost


def test_all_that_the_log_holds_today_is_known() -> None:
    found: dict[str, bool] = {}
    for tag, kind in CATALOGUE.events.items():
        body = example(kind) | ({"cadre_id": ANA} if issubclass(kind, CadreEvent) else {})
        subject = f"history.{kind.service()}.{kind.entity}.{ANA}.{kind.name()}"
        lost = lost_by(message(tag, json.dumps(body).encode(), subject))
        if lost is not None:
            assert lost.person == ANA
            found[tag] = lost.purpose is None
    assert found == {
        "selection.cadre-forgotten.v1": True,
        "supervision.off-duty-note-expired.v1": False,
    }


@pytest.fixture
async def ring(environment: Environment) -> AsyncIterator[Keyring]:
    database = Database(environment.database("keys"), durable=True)
    found = Keyring(database, MasterKeys(b"m" * 32))
    await found.create()
    yield found
    await database.close()


async def test_keys_that_a_backup_brought_back_go_again(
    environment: Environment, ring: Keyring
) -> None:
    names = [KeyName(who, _purpose(page)) for who in (ANA, BO) for page in "789"]
    keys = await ring.keys([*names, KeyName(ANA, "selection")])
    tokens = {name: key.seal("一", "0", "text") for name, key in keys.items()}
    await written(environment, SUBJECT, "selection.page-shredded.v2", b"{}")
    await written(environment, SUBJECT, "selection.page-shredded.v2", shredded("7"))
    await written(environment, SUBJECT, "selection.page-shredded.v1", of_v1("8"))
    client = await environment.server.connect("selection")
    try:
        assert await forget_again(Log(client), ring.database.engine, DIARY) == 2
        assert await forget_again(Log(client), ring.database.engine, DIARY) == 0
    finally:
        await client.close()
    opened = {
        name: await Keyring(ring.database, ring.masters).open_value(tokens[name]) for name in tokens
    }
    gone = {KeyName(ANA, _purpose("7")), KeyName(ANA, _purpose("8"))}
    assert {name for name, value in opened.items() if value == Forgotten()} == gone
