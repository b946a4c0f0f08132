"""Personal values under their person's key: bound to event and field, gone with the key."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadre.contracts.catalogue import CATALOGUE
from cadre.contracts.event import CadreEvent, Forgotten, Sealed
from cadre.contracts.personal import personal_shape
from cadre.contracts.selection.identification import Observed
from cadre.contracts.selection.profile import Baselined, CareerEntry, Standing
from cadre.shared.database.database import Database
from cadre.shared.deciding.errors import Malformed
from cadre.shared.deciding.messages import Envelope
from cadre.shared.keys.keyring import KeyName, Keyring
from cadre.shared.keys.master_keys import MasterKeys
from cadre.shared.log.codec import Codec, Outgoing, Signer, signature_holds
from cadre.shared.log.signed import SIGNED, Message, preimage
from support.environment import Environment

ANA, BO = "c-aaaaaaaaaa", "c-bbbbbbbbbb"
ENVELOPE = Envelope(
    event_id=UUID(int=7),
    version=1,
    command_id=UUID(int=8),
    command_hash="f" * 32,
    actor="clerk",
    source_time=datetime(2026, 3, 2, tzinfo=UTC),
    previous_hash="",
)


@pytest.fixture
async def keyring(environment: Environment) -> AsyncIterator[Keyring]:
    database = Database(environment.database("keys"), durable=True)
    ring = Keyring(database, MasterKeys(b"m" * 32))
    await ring.create()
    yield ring
    await database.close()


@pytest.fixture
def codec(keyring: Keyring) -> Codec:
    return Codec(Signer.from_seed("selection", b"s" * 32), keyring)


def observed(note: str = "在防汛一线连续值守") -> Observed:
    return Observed.model_validate(
        {
            "cadre_id": ANA,
            "effective_on": "2026-03-02",
            "occasion": "project",
            "indication": "positive",
            "observer": "督查组",
            "note": note,
        }
    )


async def sent(codec: Codec, event: CadreEvent) -> Message:
    outgoing = codec.encode(event, ENVELOPE, await codec.keys_for([event]))
    return stored(outgoing)


def stored(outgoing: Outgoing) -> Message:
    return Message(outgoing.subject, outgoing.headers, outgoing.body, 1, 1_772_000_000_000_000_000)


async def test_a_value_opens_where_it_was_sealed(codec: Codec) -> None:
    message = await sent(codec, observed())
    assert "防汛".encode() not in message.body
    recorded = codec.decode(message)
    assert isinstance(recorded.event, Observed)
    assert isinstance(recorded.event.note, Sealed)
    assert (await codec.open(recorded)).event == observed()


async def test_nested_and_dated_values_are_sealed_too(codec: Codec) -> None:
    event = Baselined(
        cadre_id=ANA,
        effective_on=date(2025, 12, 31),
        full_name="张三",
        id_number="990101199001010010",
        birth_date=date(1990, 1, 1),
        birth_month="1990-01",
        sex="male",  # type: ignore[arg-type]
        ethnicity="汉族",
        political="01",  # type: ignore[arg-type]
        education="bachelor",  # type: ignore[arg-type]
        standing=Standing(unit_id="u-1", unit_name="县委办"),
        career=(CareerEntry(kind="work", begins="2012-07", text="某县某局科员"),),
        source_file="名册.xlsx",
        source_sha256="0" * 64,
    )
    message = await sent(codec, event)
    for clear in ("张三", "990101199001010010", "1990-01-01", "某县某局科员"):
        assert clear.encode() not in message.body
    assert (await codec.open(codec.decode(message))).event == event


async def test_a_value_moved_to_another_event_or_altered_does_not_open(codec: Codec) -> None:
    body = json.loads((await sent(codec, observed())).body)
    token: str = body["note"]["sealed"]
    moved = token.replace(str(ENVELOPE.event_id), str(UUID(int=9)))
    altered = token[:-6] + ("AAAAAA" if token[-6:] != "AAAAAA" else "BBBBBB")
    for wrong in (moved, altered, token.replace(".note.", ".observer.")):
        with pytest.raises(Malformed):
            await codec.keyring.open_value(wrong)


async def test_a_token_copied_whole_into_another_event_does_not_open(codec: Codec) -> None:
    first = await sent(codec, observed())
    other = replace(ENVELOPE, event_id=UUID(int=9))
    outgoing = codec.encode(codec.decode(first).event, other, {})
    with pytest.raises(Malformed, match="moved"):
        await codec.open(codec.decode(stored(outgoing)))


async def test_dropping_the_key_forgets_the_person_and_nobody_else(codec: Codec) -> None:
    of_ana = await sent(codec, observed())
    of_bo = await sent(codec, observed().model_copy(update={"cadre_id": BO}))
    assert await codec.keyring.forget(ANA) == 1
    assert await codec.keyring.forget(ANA) == 0
    forgotten = await codec.open(codec.decode(of_ana))
    assert forgotten.event.note == Forgotten()  # type: ignore[attr-defined]
    assert "〔已遗忘〕" in forgotten.event.say()
    assert (await codec.open(codec.decode(of_bo))).event.note == observed().note  # type: ignore[attr-defined]
    assert signature_holds(of_ana, codec.signer.public), "forgetting breaks no signature"


async def test_two_processes_agree_on_a_new_key(environment: Environment, keyring: Keyring) -> None:
    database = Database(environment.database("keys"), durable=True)
    other = Keyring(database, MasterKeys(b"m" * 32))
    name = KeyName(ANA, "selection")
    token = (await keyring.keys([name]))[name].seal("x", UUID(int=1), "note")
    assert (await other.keys([name]))[name].number == 1
    assert await other.open_value(token) == "x"
    await database.close()


async def test_another_master_key_says_so(environment: Environment, keyring: Keyring) -> None:
    await keyring.keys([KeyName(ANA, "selection")])
    database = Database(environment.database("keys"), durable=True)
    with pytest.raises(Malformed, match="CADRE_MASTER_KEY"):
        await Keyring(database, MasterKeys(b"x" * 32)).keys([KeyName(ANA, "selection")])
    await database.close()


@given(st.sampled_from([*SIGNED, "subject", "body"]), st.text(min_size=1, max_size=20))
def test_any_change_breaks_the_signature(field: str, other: str) -> None:
    signer = Signer.from_seed("selection", b"s" * 32)
    headers = {name: name for name in SIGNED}
    message = Message("history.selection.cadre.c-a.x", headers, b"{}", 1, 0)
    signature = signer.sign(preimage(message.subject, headers, message.body))
    signed = replace(message, headers=headers | {"ce-signature": signature})
    assert signature_holds(signed, signer.public)
    match field:
        case "subject":
            changed = replace(signed, subject=signed.subject + other)
        case "body":
            changed = replace(signed, body=signed.body + other.encode())
        case _:
            changed = replace(signed, headers=dict(signed.headers) | {field: field + other})
    assert not signature_holds(changed, signer.public)


def test_only_events_of_persons_hold_personal_fields() -> None:
    assert set(personal_shape(Observed)) == {"note"}
    for event in CATALOGUE.events.values():
        assert issubclass(event, CadreEvent) or not personal_shape(event), event
