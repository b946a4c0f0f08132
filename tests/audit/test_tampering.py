"""Every way to tamper that we know, done to real files: found, named, and told apart."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from audit import block_files
from audit.installations import (
    ANA,
    AUDITOR,
    EARLIER,
    END,
    FIRST_CHECKPOINT,
    NOW,
    SECOND_CHECKPOINT,
    SERVICE,
    Histories,
    Installation,
    notes_up_to,
)
from cadre.audit.checkpoint import Checkpoint, Root
from cadre.audit.checkpointing import NotSigned, make_checkpoint
from cadre.audit.differences import Difference, Kind
from cadre.audit.examination import Report
from cadre.audit.note import Ed25519Signer, open_note, sign
from cadre.audit.own_evidence import earlier_root
from cadre.contracts.selection.identification import Observed
from cadre.shared.log.codec import Signer
from cadre.shared.log.event_ids import event_id
from cadre.shared.log.signed import SIGNATURE, digest, preimage
from cadre.shared.log.stream import Log
from support.mini import DAY


def kinds(report: Report) -> set[Kind]:
    return {one.kind for one in report.differences}


def at(report: Report, kind: Kind) -> list[int | None]:
    return [one.position for one in report.differences if one.kind is kind]


def only(report: Report, kind: Kind) -> Difference:
    (found,) = [one for one in report.differences if one.kind is kind]
    return found


def body_of(installation: Installation, position: int) -> bytes:
    data = block_files.block(installation.store).read_bytes()
    return next(r.body for r in block_files.records(data) if r.position == position)


async def test_an_untouched_installation_is_intact(whole: Installation) -> None:
    report = await whole.examine()

    assert report.differences == []
    assert report.notices == []
    assert (report.events, report.checkpoints, report.covered) == (END, 2, SECOND_CHECKPOINT)
    assert report.journal_rows == {"selection": END}
    assert report.table_rows == {"selection": END - 3}


async def test_one_flipped_byte_on_disk_is_an_unreadable_event(whole: Installation) -> None:
    path = block_files.block(whole.store)
    data = bytearray(path.read_bytes())
    body = body_of(whole, 100)
    data[data.index(body) + 5] ^= 1
    path.write_bytes(data)
    report = await whole.examine()

    assert at(report, Kind.UNREADABLE) == [100]
    found = only(report, Kind.UNREADABLE)
    assert "damaged" in found.detail
    assert "journal of selection" in found.detail
    assert found.subject is not None
    assert found.subject.endswith(".observed")
    assert kinds(report) == {Kind.UNREADABLE, Kind.TREE_MISMATCH, Kind.BROKEN_CHAIN}


async def test_damage_at_the_end_hides_nothing_before_it(whole: Installation) -> None:
    path = block_files.block(whole.store)
    data = bytearray(path.read_bytes())
    damaged = (FIRST_CHECKPOINT, END - 1, END)
    for position in damaged:
        data[data.index(body_of(whole, position)) + 5] ^= 1
    path.write_bytes(data)
    report = await whole.examine()

    assert report.events == END - len(damaged)
    assert at(report, Kind.UNREADABLE) == list(damaged)


async def test_an_event_altered_with_its_checksum_is_an_altered_event(whole: Installation) -> None:
    body = body_of(whole, 100).replace(b'"positive"', b'"negative"')
    block_files.rewrite(whole.store, {100: body})
    report = await whole.examine()

    assert at(report, Kind.ALTERED) == [100]
    assert kinds(report) == {Kind.ALTERED, Kind.TREE_MISMATCH}
    assert report.notices == ["order and tables are not compared: the log itself is not right"]


async def test_an_event_altered_after_the_last_checkpoint_is_shown_by_its_signed_copy(
    whole: Installation,
) -> None:
    position = SECOND_CHECKPOINT + 2
    body = body_of(whole, position).replace(b'"positive"', b'"negative"')
    block_files.rewrite(whole.store, {position: body})
    report = await whole.examine()

    assert kinds(report) == {Kind.ALTERED}
    found = only(report, Kind.ALTERED)
    assert found.position == position
    assert "signed original is in the journal of selection" in found.detail


async def test_two_events_that_changed_places_in_the_log_are_swapped(whole: Installation) -> None:
    one, two = body_of(whole, 100), body_of(whole, 103)
    block_files.rewrite(whole.store, {100: two, 103: one})
    report = await whole.examine()

    assert at(report, Kind.SWAPPED) == [100, 103]
    assert kinds(report) == {Kind.SWAPPED, Kind.TREE_MISMATCH}


async def test_a_truncated_block_is_missing_events(whole: Installation) -> None:
    path = block_files.block(whole.store)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(body_of(whole, 200))])
    report = await whole.examine()

    assert at(report, Kind.MISSING) == list(range(200, END + 1))
    assert kinds(report) == {Kind.MISSING, Kind.TREE_MISMATCH}


async def test_a_deleted_block_is_missing_events(whole: Installation) -> None:
    block_files.block(whole.store).unlink()
    report = await whole.examine()

    assert at(report, Kind.MISSING) == list(range(1, END + 1))
    assert report.events == 0


async def test_a_store_put_back_to_an_earlier_copy_is_rolled_back(
    whole: Installation, histories: Histories
) -> None:
    shutil.rmtree(whole.store)
    shutil.copytree(histories.earlier.store, whole.store)
    report = await whole.examine()

    assert kinds(report) == {Kind.ROLLED_BACK}
    assert at(report, Kind.ROLLED_BACK) == [EARLIER, EARLIER]
    details = " ".join(one.detail for one in report.differences)
    assert f"{SECOND_CHECKPOINT} events were signed" in details
    assert f"{END - EARLIER} of its events are lost" in details


def observation() -> tuple[str, dict[str, str], bytes]:
    """A valid event of Ana, unsigned, as an operator could make it up."""
    event = Observed(
        cadre_id=ANA,
        effective_on=DAY,
        occasion="project",
        indication="positive",
        observer="督查组",
        note="编造的记录",
    )
    command_id = uuid4()
    headers = {
        "ce-id": str(event_id(str(event.aggregate), command_id, 0)),
        "ce-type": event.tag(),
        "ce-time": NOW.isoformat(),
        "ce-commandid": str(command_id),
    }
    return f"history.{event.aggregate}.observed", headers, event.model_dump_json().encode()


async def append(
    installation: Installation,
    signer: Signer | None,
    key_id: str | None = None,
    previous: str | None = None,
) -> int:
    """Append a made-up event as the log's operator, next in Ana's chain."""
    with installation.server() as server:
        client = await server.connect("operator")
        subject, headers, body = observation()
        aggregate = subject.removesuffix("observed") + ">"
        last = (await Log(client).tail(aggregate, 0))[-1]
        version = int(last.headers["ce-aggregateversion"]) + 1
        headers |= {
            "ce-aggregateversion": str(version),
            "ce-previoushash": previous or digest(last.subject, last.headers, last.body),
        }
        if signer:
            headers["ce-keyid"] = key_id or signer.key_id
            headers[SIGNATURE] = signer.sign(preimage(subject, headers, body))
        reply = await client.request(subject, body, timeout=10, headers=headers)
        await client.close()
        return int(json.loads(reply.data)["seq"])


THIEF = Signer.from_seed("selection", b"t" * 32)


@pytest.mark.parametrize(
    ("signer", "key_id", "detail"),
    [
        (None, None, "bears no signature"),
        (THIEF, None, "no service ever had the key"),
        (THIEF, SERVICE.key_id, "does not hold"),
        (Signer.from_seed("training", b"u" * 32), None, "no service ever had the key"),
    ],
)
async def test_an_event_that_no_service_signed_is_forged(
    whole: Installation, signer: Signer | None, key_id: str | None, detail: str
) -> None:
    position = await append(whole, signer, key_id)
    report = await whole.examine()

    assert position == END + 1
    assert kinds(report) == {Kind.FORGED}
    found = only(report, Kind.FORGED)
    assert found.position == position
    assert detail in found.detail


async def test_an_event_signed_with_another_services_key_is_forged(whole: Installation) -> None:
    training = Signer.from_seed("training", b"u" * 32)
    await append(whole, training)
    keys = whole.evidence.keys()
    assert keys is not None
    report = await whole.examine(keys=keys.with_services([training], NOW))

    assert kinds(report) == {Kind.FORGED}
    assert "another service" in only(report, Kind.FORGED).detail


async def test_a_previous_hash_of_something_else_breaks_the_chain(whole: Installation) -> None:
    await append(whole, SERVICE, previous="0" * 64)
    report = await whole.examine()

    assert kinds(report) == {Kind.BROKEN_CHAIN}
    assert "the previous hash is not of position" in only(report, Kind.BROKEN_CHAIN).detail


async def test_an_event_signed_twice_under_one_id_is_a_repeat_and_breaks_the_chain(
    whole: Installation,
) -> None:
    with whole.server() as server:
        client = await server.connect("operator")
        log = Log(client)
        first = await log.get(100)
        headers = {k: v for k, v in first.headers.items() if not k.startswith("Nats-")}
        await client.request(first.subject, first.body, timeout=10, headers=headers)
        await client.close()
    report = await whole.examine()

    assert kinds(report) == {Kind.REPEATED_ID, Kind.BROKEN_CHAIN}
    assert "position 100" in only(report, Kind.REPEATED_ID).detail
    assert at(report, Kind.BROKEN_CHAIN) == [END + 1]


async def test_a_subject_that_no_service_writes_is_forged(whole: Installation) -> None:
    with whole.server() as server:
        client = await server.connect("operator")
        await client.request("history.nobody.cadre.c-x.said", b"[1]", timeout=10)
        await client.close()
    report = await whole.examine()

    assert kinds(report) == {Kind.FORGED}
    assert only(report, Kind.FORGED).subject == "history.nobody.cadre.c-x.said"


async def test_a_changed_journal_row_is_told_from_a_changed_log(whole: Installation) -> None:
    whole.sql(
        "UPDATE journal SET body = replace(body, 'positive', 'negative') WHERE position = 100"
    )
    report = await whole.examine()

    assert kinds(report) == {Kind.JOURNAL_DIFFERS}
    found = only(report, Kind.JOURNAL_DIFFERS)
    assert (found.position, found.detail) == (100, "the journal of selection has another body")


@pytest.mark.parametrize(
    ("statement", "detail"),
    [
        ("DELETE FROM journal WHERE position = 100", "lacks the event"),
        ("UPDATE journal SET recorded_ns = recorded_ns + 1 WHERE position = 100", "another time"),
        ("UPDATE journal SET headers = '{' WHERE position = 100", "another headers"),
        ("UPDATE journal SET name = 'trained' WHERE position = 100", "another subject"),
    ],
)
async def test_every_part_of_a_journal_row_counts(
    whole: Installation, statement: str, detail: str
) -> None:
    whole.sql(statement)
    report = await whole.examine()

    assert kinds(report) == {Kind.JOURNAL_DIFFERS}
    assert at(report, Kind.JOURNAL_DIFFERS) == [100]
    assert detail in only(report, Kind.JOURNAL_DIFFERS).detail


async def test_two_bodies_that_changed_places_in_the_journal_are_swapped(
    whole: Installation,
) -> None:
    ((one,), (two,)) = (
        whole.sql("SELECT body FROM journal WHERE position = ?", p)[0] for p in (100, 103)
    )
    whole.sql("UPDATE journal SET body = ? WHERE position = 100", two)
    whole.sql("UPDATE journal SET body = ? WHERE position = 103", one)
    report = await whole.examine()

    assert kinds(report) == {Kind.SWAPPED}
    assert at(report, Kind.SWAPPED) == [100, 103]
    assert "journal of selection has the body of position 103" in report.differences[0].detail


@pytest.mark.parametrize(
    ("statement", "detail"),
    [
        ("UPDATE people__1 SET entered_on = '2020-01-01' WHERE cadre_id = ?", "another entered_on"),
        ("UPDATE people__1 SET entered_on = 'soon' || substr(?, 1, 0)", "cannot be read"),
        ("DELETE FROM people__1 WHERE cadre_id = ?", "is missing"),
        ("INSERT INTO people__1 (cadre_id) VALUES (? || 'x')", "comes from no event"),
    ],
)
async def test_a_changed_row_of_a_table_is_found(
    whole: Installation, statement: str, detail: str
) -> None:
    whole.sql(statement, ANA)
    report = await whole.examine()

    assert kinds(report) == {Kind.PROJECTION_DIFFERS}
    found = only(report, Kind.PROJECTION_DIFFERS)
    assert found.subject == "selection.people"
    assert detail in found.detail
    assert (ANA in found.detail) is ("row" in found.detail)


async def test_a_view_that_hides_a_row_is_found(whole: Installation) -> None:
    whole.sql("DROP VIEW people")
    whole.sql(f"CREATE VIEW people AS SELECT * FROM people__1 WHERE cadre_id <> '{ANA}'")
    report = await whole.examine()

    assert kinds(report) == {Kind.PROJECTION_DIFFERS}
    assert "is missing" in only(report, Kind.PROJECTION_DIFFERS).detail


@pytest.fixture
async def rewritten(whole: Installation, histories: Histories, tmp_path: Path) -> Installation:
    """The tail written anew with the service's own key: log, journal and tables fit together."""
    other = histories.earlier.copy(tmp_path / "rewritten")
    shutil.rmtree(other.evidence.folder)
    shutil.copytree(whole.evidence.folder, other.evidence.folder)
    with other.server() as server:
        await other.serve(server, lambda runtime: notes_up_to(runtime, END, "另一种说法"))
    return other


async def test_a_tail_rewritten_with_the_services_key_is_found_by_the_checkpoint_alone(
    rewritten: Installation,
) -> None:
    report = await rewritten.examine()
    assert kinds(report) == {Kind.TREE_MISMATCH, Kind.ALTERED}
    assert at(report, Kind.ALTERED) == list(range(EARLIER + 1, SECOND_CHECKPOINT + 1))

    shutil.rmtree(rewritten.evidence.folder / "tile")
    report = await rewritten.examine()
    assert kinds(report) == {Kind.TREE_MISMATCH, Kind.EVIDENCE_GONE}
    found = only(report, Kind.TREE_MISMATCH)
    assert found.position == SECOND_CHECKPOINT
    assert f"the first {FIRST_CHECKPOINT} are" in found.detail
    assert any("no tiles" in notice for notice in report.notices)

    (rewritten.evidence.folder / "checkpoints.jsonl").unlink()
    (rewritten.folder / "last-checkpoint").unlink()
    report = await rewritten.examine()
    assert kinds(report) == {Kind.EVIDENCE_GONE}
    assert any("no checkpoint" in notice for notice in report.notices)


async def test_a_checkpoint_the_auditor_kept_shows_what_the_installation_dropped(
    rewritten: Installation, whole: Installation
) -> None:
    kept = whole.evidence.notes()[-1]
    shutil.rmtree(rewritten.evidence.folder / "tile")
    (rewritten.evidence.folder / "checkpoints.jsonl").unlink()

    report = await rewritten.examine(kept=(kept,))
    assert kinds(report) == {Kind.TREE_MISMATCH, Kind.EVIDENCE_GONE}
    assert (await whole.examine(kept=(kept,))).differences == []


async def test_a_rewritten_log_is_not_signed(rewritten: Installation) -> None:
    notes = rewritten.evidence.notes()
    with rewritten.server() as server, pytest.raises(NotSigned, match="tree-mismatch"):
        await rewritten.sign(server)

    assert rewritten.evidence.notes() == notes


async def test_a_rolled_back_log_is_not_signed(whole: Installation, histories: Histories) -> None:
    shutil.rmtree(whole.store)
    shutil.copytree(histories.earlier.store, whole.store)
    with whole.server() as server, pytest.raises(NotSigned, match="rolled-back"):
        await whole.sign(server)


async def test_a_damaged_log_is_not_signed(whole: Installation) -> None:
    path = block_files.block(whole.store)
    data = bytearray(path.read_bytes())
    data[data.index(body_of(whole, 100)) + 5] ^= 1
    path.write_bytes(data)
    with whole.server() as server, pytest.raises(NotSigned, match="missing-event"):
        await whole.sign(server)


async def test_a_checkpoint_signed_by_somebody_else_is_forged(whole: Installation) -> None:
    stranger = Ed25519Signer.from_seed(AUDITOR.name, b"x" * 32)
    text = whole.evidence.notes()[-1].rpartition("\n\n")[0] + "\n"
    whole.evidence.add(sign(text, stranger))
    report = await whole.examine()

    assert kinds(report) == {Kind.FORGED_CHECKPOINT, Kind.EVIDENCE_DIFFERS}
    assert only(report, Kind.EVIDENCE_DIFFERS).subject == "last-checkpoint"
    assert report.checkpoints == 2


async def test_a_key_slipped_into_the_list_is_found(whole: Installation) -> None:
    keys = whole.evidence.keys()
    assert keys is not None
    whole.evidence.write_keys(
        keys.model_copy(
            update={"history": (keys.services[0].model_copy(update={"public": THIEF_PUBLIC}),)}
        )
    )
    report = await whole.examine()

    assert Kind.KEYS_DIFFER in kinds(report)


THIEF_PUBLIC = "A" * 43 + "="


async def test_a_changed_tile_is_told_from_a_changed_log(whole: Installation) -> None:
    path = whole.evidence.folder / "tile/0/000"
    data = bytearray(path.read_bytes())
    data[32 * 99] ^= 1
    path.write_bytes(data)
    report = await whole.examine()

    assert kinds(report) == {Kind.TILE_DIFFERS}
    assert {one.subject for one in report.differences} == {"tile/0/000", "tile/1/000.p/1"}


async def test_a_missing_tile_is_found(whole: Installation) -> None:
    (whole.evidence.folder / "tile/0/000").unlink()
    report = await whole.examine()

    assert kinds(report) == {Kind.TILE_DIFFERS}


async def test_tiles_that_were_altered_too_locate_nothing(rewritten: Installation) -> None:
    (tile,) = (rewritten.evidence.folder / "tile/0/001.p").glob("34")
    data = bytearray(tile.read_bytes())
    data[-1] ^= 1
    tile.write_bytes(data)
    report = await rewritten.examine()

    assert kinds(report) == {Kind.TREE_MISMATCH, Kind.TILE_DIFFERS}


async def test_heads_that_the_log_does_not_give_are_found(whole: Installation) -> None:
    newest = Checkpoint.parse(open_note(whole.evidence.notes()[-1], [AUDITOR.verifier]).text)
    heads = Root(newest.heads.size, newest.tree.hash)
    other = replace(newest, heads=heads, earlier=earlier_root(whole.evidence.notes()))
    whole.evidence.add(sign(other.text, AUDITOR))
    report = await whole.examine()

    assert kinds(report) == {Kind.TREE_MISMATCH}
    with whole.server() as server, pytest.raises(NotSigned, match="tree-mismatch"):
        await whole.sign(server)


async def test_a_checkpoint_of_another_log_does_not_count(whole: Installation) -> None:
    newest = Checkpoint.parse(open_note(whole.evidence.notes()[-1], [AUDITOR.verifier]).text)
    earlier = earlier_root(whole.evidence.notes())
    other = replace(newest, origin="elsewhere.example/log", earlier=earlier)
    whole.evidence.add(sign(other.text, AUDITOR))
    report = await whole.examine()

    assert kinds(report) == {Kind.FORGED_CHECKPOINT}
    assert "another log" in only(report, Kind.FORGED_CHECKPOINT).detail


async def test_checkpoints_by_a_replaced_key_still_count(whole: Installation) -> None:
    replaced = Ed25519Signer.from_seed(AUDITOR.name, b"r" * 32)
    with whole.server() as server:
        client = await server.connect("selection")
        signed = await make_checkpoint(Log(client), whole.evidence, replaced, [SERVICE], NOW)
        await client.close()
    report = await whole.examine(verifiers=signed.keys.verifiers_parsed)

    assert signed.fresh
    assert signed.keys.verifiers == (str(AUDITOR.verifier), str(replaced.verifier))
    assert report.differences == []
    assert (report.checkpoints, report.covered) == (3, END)
