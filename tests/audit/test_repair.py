"""A log that lost or altered events gets them back from the journals, proven, in their places."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from audit import block_files
from audit.installations import (
    AUDITOR,
    END,
    NOW,
    SECOND_CHECKPOINT,
    SERVICE,
    Installation,
    notes_up_to,
)
from audit.test_tampering import at, body_of, kinds
from cadre.audit.blocks import BlockWriter
from cadre.audit.checkpoint import Checkpoint
from cadre.audit.differences import Kind
from cadre.audit.journals import JournalCopy, snapshot
from cadre.audit.note import open_note
from cadre.audit.public_keys import PublicKeys
from cadre.audit.repair import Plan, Proof, Repair, Was
from cadre.audit.stored import extent_of
from cadre.audit.tiles import Tiles
from cadre.shared.log.stream import STREAM, Log

KEYS = {key.key_id: key for key in PublicKeys(origin="").with_services([SERVICE], NOW).services}


@dataclass(frozen=True)
class Mended:
    plan: Plan
    installation: Installation


async def mend(damaged: Installation, folder: Path) -> Mended:
    """Repair into a copy of an installation."""
    notes = damaged.evidence.notes()
    checkpoints = [Checkpoint.parse(open_note(n, [AUDITOR.verifier]).text) for n in notes]
    size = checkpoints[-1].tree.size if checkpoints else 0
    mended = damaged.copy(folder)
    msgs = block_files.block(mended.store).parent
    shutil.rmtree(msgs)
    with damaged.copy(folder.with_name("read")).server() as server:
        client = await server.connect("selection")
        try:
            log = Log(client)
            async with snapshot(f"sqlite+aiosqlite:///{damaged.folder}/selection.db") as held:
                journal = JournalCopy("selection", held)
                await journal.start()
                tiles = Tiles(damaged.evidence.folder, size)
                extent = await extent_of(log)
                repair = Repair(log, extent, [journal], checkpoints, tiles, KEYS)
                with BlockWriter(msgs, STREAM) as writer:
                    plan = await repair.run(writer)
        finally:
            await client.close()
    return Mended(plan, mended)


def restored(plan: Plan) -> list[int]:
    return [one.position for one in plan.restored]


def damage(installation: Installation, *positions: int) -> None:
    path = block_files.block(installation.store)
    data = bytearray(path.read_bytes())
    for position in positions:
        data[data.index(body_of(installation, position)) + 5] ^= 1
    path.write_bytes(data)


async def test_an_intact_log_is_written_again_as_it_was(
    whole: Installation, tmp_path: Path
) -> None:
    mended = await mend(whole, tmp_path / "mended")

    assert (mended.plan.restored, mended.plan.left, mended.plan.not_given) == ([], [], [])
    report = await mended.installation.examine()
    assert report.differences == []
    assert report.events == END


async def test_a_damaged_record_is_restored_with_its_position_and_time(
    whole: Installation, tmp_path: Path
) -> None:
    damage(whole, 100)
    mended = await mend(whole, tmp_path / "mended")

    (one,) = mended.plan.restored
    assert (one.position, one.was, one.proof) == (100, Was.UNREADABLE, Proof.CHECKPOINT)
    assert one.journals == ("selection",)
    assert mended.plan.proven
    assert (await mended.installation.examine()).differences == []


async def test_an_altered_event_gives_way_to_the_signed_one(
    whole: Installation, tmp_path: Path
) -> None:
    late = SECOND_CHECKPOINT + 2
    for position in (100, late):
        body = body_of(whole, position).replace(b'"positive"', b'"negative"')
        block_files.rewrite(whole.store, {position: body})
    mended = await mend(whole, tmp_path / "mended")

    assert [(one.position, one.was, one.proof) for one in mended.plan.restored] == [
        (100, Was.ALTERED, Proof.CHECKPOINT),
        (late, Was.ALTERED, Proof.CHAIN),
    ]
    assert (await mended.installation.examine()).differences == []


async def test_a_log_cut_off_is_restored_to_where_the_journal_had_come(
    whole: Installation, tmp_path: Path
) -> None:
    path = block_files.block(whole.store)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(body_of(whole, 200))])
    mended = await mend(whole, tmp_path / "mended")

    assert restored(mended.plan) == list(range(200, END + 1))
    assert (await mended.installation.examine()).differences == []


async def test_without_tiles_the_whole_tree_is_the_proof(
    whole: Installation, tmp_path: Path
) -> None:
    shutil.rmtree(whole.evidence.folder / "tile")
    damage(whole, 100)
    mended = await mend(whole, tmp_path / "mended")

    assert restored(mended.plan) == [100]
    assert mended.plan.proven
    assert not mended.plan.singly
    (left,) = (await mended.installation.examine()).differences
    assert (left.kind, left.subject) == (Kind.EVIDENCE_GONE, "tile")


@pytest.mark.parametrize("with_tiles", [True, False])
async def test_a_journal_that_was_altered_too_restores_nothing(
    whole: Installation, tmp_path: Path, *, with_tiles: bool
) -> None:
    if not with_tiles:
        shutil.rmtree(whole.evidence.folder / "tile")
    damage(whole, 100)
    whole.sql("UPDATE journal SET recorded_ns = recorded_ns + 1 WHERE position = 100")
    mended = await mend(whole, tmp_path / "mended")

    if with_tiles:
        (left,) = mended.plan.left
        assert (left.position, left.was) == (100, Was.UNREADABLE)
        assert "selection: not the event that was signed for" in left.why
    else:
        # Its signature holds; that its time is another one shows at the root alone.
        assert not mended.plan.proven


async def test_what_no_journal_holds_stays_empty_and_moves_nothing(
    whole: Installation, tmp_path: Path
) -> None:
    damage(whole, 100, 200, END)
    whole.sql("DELETE FROM journal WHERE position IN (100, ?)", END)
    mended = await mend(whole, tmp_path / "mended")
    report = await mended.installation.examine()

    assert restored(mended.plan) == [200]
    assert [(one.position, one.why) for one in mended.plan.left] == [
        (100, "no journal holds it"),
        (END, "no journal holds it"),
    ]
    assert at(report, Kind.MISSING) == [100, END]
    assert report.events == END - 2
    assert Kind.TREE_MISMATCH in kinds(report)


async def test_services_go_on_after_a_repair(whole: Installation, tmp_path: Path) -> None:
    path = block_files.block(whole.store)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(body_of(whole, 200))])
    mended = (await mend(whole, tmp_path / "mended")).installation
    with mended.server() as server:
        await mended.serve(server, lambda runtime: notes_up_to(runtime, END + 5))
        await mended.sign(server)
    report = await mended.examine()

    assert report.differences == []
    assert (report.events, report.covered) == (END + 5, END + 5)
