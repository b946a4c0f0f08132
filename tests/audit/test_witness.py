"""A witness on a real mirror: what it cosigns, what it refuses, and what it keeps of that."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from audit.installations import (
    AUDITOR,
    END,
    NOW,
    SECOND_CHECKPOINT,
    SERVICE,
    Histories,
    Installation,
    notes_up_to,
)
from cadre.audit.checkpoint import Checkpoint, Root
from cadre.audit.checkpointing import make_checkpoint
from cadre.audit.consistency import Extension
from cadre.audit.cosignature import CosignatureSigner
from cadre.audit.merkle import proves_consistency
from cadre.audit.note import Ed25519Signer, open_note, sign, split
from cadre.audit.public_keys import PublicKeys
from cadre.audit.tiles import Tiles
from cadre.audit.witness import Cosigned, NotCosigned, Offer, Refused, Witness
from cadre.audit.witness_state import WitnessBusy, WitnessState
from cadre.shared.deciding.errors import Malformed, Unavailable
from cadre.shared.log.stream import Log
from support.nats_server import NatsServer

REPOSITORY = Path(__file__).parents[2]
MIRROR = (REPOSITORY / "deploy" / "audit" / "history-audit.json").read_bytes()
LATER = NOW + timedelta(days=1)
NAME = "witness.example/市纪委"


async def mirror(server: NatsServer) -> Log:
    """The mirror in AUDIT, once it has followed."""
    operator = await server.connect("operator")
    last = await Log(operator).last_position()
    await operator.close()
    client = await server.connect("auditor")
    log = Log(client, "HISTORY_AUDIT")
    await client.request("$JS.API.STREAM.CREATE.HISTORY_AUDIT", MIRROR)
    async with asyncio.timeout(30):
        while await log.last_position() < last:
            await asyncio.sleep(0.05)
    return log


@asynccontextmanager
async def mirrored(installation: Installation) -> AsyncGenerator[Log]:
    with installation.server() as server:
        log = await mirror(server)
        try:
            yield log
        finally:
            await log.client.close()


async def sign_again(
    installation: Installation,
    upto: int = END,
    text: str = "一切如常",
    now: datetime = LATER,
    signer: Ed25519Signer = AUDITOR,
) -> str:
    """Note what happens up to a position, and sign."""
    with installation.server() as server:
        await installation.serve(server, lambda runtime: notes_up_to(runtime, upto, text))
        client = await server.connect("selection")
        signed = await make_checkpoint(
            Log(client), installation.evidence, signer, [SERVICE], now, leaving=()
        )
        await client.close()
    return signed.note


def offer(installation: Installation, note: str | None = None) -> Offer:
    keys = installation.evidence.keys()
    assert keys is not None
    return Offer(note or installation.evidence.notes()[-1], keys)


def parsed(note: str) -> Checkpoint:
    return Checkpoint.parse(split(note)[0])


def altered(note: str, **changes: Any) -> str:
    """A checkpoint that says something else, under the log's own key."""
    return sign(replace(parsed(note), **changes).text, AUDITOR)


@pytest.fixture
def state(tmp_path: Path) -> WitnessState:
    return WitnessState.create(tmp_path / "witness", NAME, str(AUDITOR.verifier))


async def consider(state: WitnessState, log: Log, offered: Offer) -> Cosigned:
    return await Witness(state, log, state.signer).consider(offered)


def told(state: WitnessState) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (state.folder / "log.jsonl").read_text().splitlines()]


async def test_what_the_mirror_gives_is_cosigned(whole: Installation, state: WitnessState) -> None:
    async with mirrored(whole) as log:
        done = await consider(state, log, offer(whole))

    opened = open_note(done.note, [AUDITOR.verifier, state.signer.verifier])
    assert [line.name for line in opened.verified] == [AUDITOR.name, NAME]
    assert done.fresh
    assert done.checkpoint.tree.size == SECOND_CHECKPOINT
    assert state.newest() == done.note


async def test_what_extends_it_is_cosigned_next_and_nothing_twice(
    whole: Installation, state: WitnessState
) -> None:
    async with mirrored(whole) as log:
        first = await consider(state, log, offer(whole))
        again = await consider(state, log, offer(whole))
    await sign_again(whole)
    async with mirrored(whole) as log:
        second = await consider(state, log, offer(whole))

    assert (again.note, again.fresh) == (first.note, False)
    assert (second.checkpoint.tree.size, second.fresh) == (END, True)
    assert [line["size"] for line in told(state)] == [SECOND_CHECKPOINT, END]


async def test_two_trees_of_one_size_are_refused_before_anything_is_read(
    whole: Installation, state: WitnessState
) -> None:
    async with mirrored(whole) as log:
        kept = (await consider(state, log, offer(whole))).note
        tree = Root(SECOND_CHECKPOINT, b"x" * 32)
        fork = altered(whole.evidence.notes()[-1], tree=tree, dated=LATER)
        with pytest.raises(Refused, match="fork: two trees of 290 events"):
            await consider(state, log, offer(whole, fork))

    evidence = state.unresolved()
    assert evidence is not None
    assert (evidence / "before").read_text() == kept == state.newest()
    assert (evidence / "offered").read_text() == fork
    for name in ("before", "offered"):
        assert open_note((evidence / name).read_text(), [AUDITOR.verifier]).verified
    assert told(state)[-1]["fault"] == "fork"


async def test_a_rewritten_log_is_refused_with_a_proof_that_anybody_can_check(
    histories: Histories, whole: Installation, state: WitnessState, tmp_path: Path
) -> None:
    async with mirrored(whole) as log:
        before = (await consider(state, log, offer(whole))).checkpoint
    rewritten = histories.earlier.copy(tmp_path / "rewritten")
    note = await sign_again(rewritten, END, "从未发生")
    async with mirrored(rewritten) as log:
        with pytest.raises(Refused, match="fork: the tree of 295 events begins with other 290"):
            await consider(state, log, offer(rewritten))

    evidence = state.unresolved()
    assert evidence is not None
    proof = Extension.parse((evidence / "proof").read_text())
    prefix = Root.parse(*(evidence / "prefix").read_text().split())
    assert proof.note == note
    new = parsed(note).tree
    assert proves_consistency(proof.proof, prefix.size, prefix.hash, new.size, new.hash)
    assert prefix.size == before.tree.size
    assert prefix != before.tree


async def test_a_log_that_signs_what_the_mirror_never_got_is_refused(
    histories: Histories, whole: Installation, state: WitnessState, tmp_path: Path
) -> None:
    rewritten = histories.earlier.copy(tmp_path / "rewritten")
    await sign_again(rewritten, SECOND_CHECKPOINT, "从未发生")
    async with mirrored(whole) as log:
        with pytest.raises(Refused, match="mirror-differs: the mirror gives another tree of 290"):
            await consider(state, log, offer(rewritten))

    assert state.newest() is None


async def test_heads_that_the_mirror_does_not_give_are_refused(
    whole: Installation, state: WitnessState
) -> None:
    newest = whole.evidence.notes()[-1]
    note = altered(newest, heads=Root(parsed(newest).heads.size, b"h" * 32))
    async with mirrored(whole) as log:
        with pytest.raises(Refused, match="newest events at 290 give another root"):
            await consider(state, log, offer(whole, note))


async def test_a_smaller_checkpoint_is_never_cosigned(
    histories: Histories, whole: Installation, state: WitnessState
) -> None:
    older, newest = whole.evidence.notes()
    async with mirrored(whole) as log:
        await consider(state, log, offer(whole))
        with pytest.raises(NotCosigned, match="an older checkpoint"):
            await consider(state, log, offer(whole, older))
        assert state.unresolved() is None
        with pytest.raises(Refused, match="rolled-back: signed later, 290 events"):
            await consider(state, log, offer(whole, altered(older, dated=LATER)))

    assert parsed(state.newest() or "") == parsed(newest)


async def test_an_older_checkpoint_of_another_history_is_a_fork(
    whole: Installation, state: WitnessState
) -> None:
    older, _ = whole.evidence.notes()
    forged = altered(older, tree=Root(parsed(older).tree.size, b"o" * 32))
    async with mirrored(whole) as log:
        await consider(state, log, offer(whole))
        with pytest.raises(Refused, match="fork: the tree of 290 events begins with other 260"):
            await consider(state, log, offer(whole, forged))


async def test_keys_that_vanish_are_refused(whole: Installation, state: WitnessState) -> None:
    keys = whole.evidence.keys()
    assert keys is not None
    async with mirrored(whole) as log:
        await consider(state, log, offer(whole))
        fewer = keys.model_copy(update={"history": keys.history[:1]})
        note = altered(whole.evidence.notes()[-1], keys=fewer.root(), dated=LATER)
        with pytest.raises(Refused, match="keys-differ"):
            await consider(state, log, Offer(note, fewer))


async def test_keys_that_are_not_those_signed_are_no_fault_of_the_log(
    whole: Installation, state: WitnessState
) -> None:
    async with mirrored(whole) as log:
        with pytest.raises(NotCosigned, match="public keys"):
            await consider(state, log, Offer(whole.evidence.notes()[-1], PublicKeys(origin="x")))
    assert state.unresolved() is None


async def test_it_refuses_until_a_person_resolves_it_and_then_again(
    whole: Installation, state: WitnessState
) -> None:
    fork = altered(whole.evidence.notes()[-1], tree=Root(290, b"x" * 32), dated=LATER)
    async with mirrored(whole) as log:
        kept = await consider(state, log, offer(whole))
        with pytest.raises(Refused):
            await consider(state, log, offer(whole, fork))
        with pytest.raises(Refused, match="a refusal stands"):
            await consider(state, log, offer(whole))
        (resolved,) = state.resolve(LATER, "备份恢复所致")
        assert (await consider(state, log, offer(whole))).note == kept.note
        with pytest.raises(Refused, match="two trees"):
            await consider(state, log, offer(whole, fork))

    assert json.loads((resolved / "resolved.json").read_text())["reason"] == "备份恢复所致"


async def test_only_the_key_it_was_given_counts_until_the_next_is_trusted(
    whole: Installation, state: WitnessState
) -> None:
    renewed = Ed25519Signer.from_seed(AUDITOR.name, b"n" * 32)
    await sign_again(whole, signer=renewed)
    async with mirrored(whole) as log:
        with pytest.raises(NotCosigned, match="no known key"):
            await consider(state, log, offer(whole))
        with pytest.raises(Malformed, match=r"not of cadre\.example"):
            state.trust(str(Ed25519Signer.from_seed("other.example", b"n" * 32).verifier))
        state.trust(str(renewed.verifier))
        assert (await consider(state, log, offer(whole))).checkpoint.tree.size == END


async def test_a_mirror_that_is_behind_is_waited_for(
    whole: Installation, histories: Histories, state: WitnessState, tmp_path: Path
) -> None:
    behind = histories.earlier.copy(tmp_path / "behind")
    async with mirrored(behind) as log:
        with pytest.raises(Unavailable, match="holds 270 events, the checkpoint covers 290"):
            await consider(state, log, offer(whole))
    assert state.unresolved() is None


async def test_a_proof_that_came_along_must_prove(whole: Installation, state: WitnessState) -> None:
    older, newest = whole.evidence.notes()
    tiles = Tiles(whole.evidence.folder, SECOND_CHECKPOINT)
    good = Extension.of(tiles, parsed(older).tree.size, newest)
    keys = offer(whole).keys
    async with mirrored(whole) as log:
        await consider(state, log, Offer(older, keys, Extension(0, (), older)))
        bad = Extension(good.old, (b"x" * 32, *good.proof[1:]), newest)
        with pytest.raises(NotCosigned, match="proves nothing"):
            await consider(state, log, Offer(newest, keys, bad))
        with pytest.raises(NotCosigned, match="--since 260"):
            await consider(state, log, Offer(newest, keys, Extension(0, (), newest)))
        assert (await consider(state, log, Offer(newest, keys, good))).fresh


async def test_a_clock_that_went_back_signs_nothing(
    whole: Installation, state: WitnessState
) -> None:
    older, newest = whole.evidence.notes()
    signer = state.signer
    late, early = (CosignatureSigner(NAME, signer.private, lambda at=at: at) for at in (LATER, NOW))
    keys = offer(whole).keys
    async with mirrored(whole) as log:
        await Witness(state, log, late).consider(Offer(older, keys))
        with pytest.raises(NotCosigned, match="clock"):
            await Witness(state, log, early).consider(Offer(newest, keys))
    assert parsed(state.newest() or "").tree.size == parsed(older).tree.size


async def test_state_that_somebody_touched_is_not_signed_on(
    whole: Installation, state: WitnessState
) -> None:
    async with mirrored(whole) as log:
        done = await consider(state, log, offer(whole))
        state.keep(done.note.replace("\n290\n", "\n200\n"))
        with pytest.raises(Malformed, match="not as this witness wrote it"):
            await consider(state, log, offer(whole))


async def test_a_witness_that_lost_its_memory_does_not_begin_anew(
    whole: Installation, state: WitnessState
) -> None:
    older, newest = whole.evidence.notes()
    keys = whole.evidence.keys()
    assert keys is not None
    with whole.server() as server:
        client = await server.connect("selection")
        log = Log(client)
        await consider(state, log, Offer(older, keys))
        before = state.newest()
        assert before is not None
        await consider(state, log, Offer(newest, keys))
        (state.folder / "checkpoint").unlink()
        with pytest.raises(Malformed, match="the newest checkpoint is gone; one of size 290"):
            await consider(state, log, Offer(newest, keys))
        state.keep(before)
        with pytest.raises(Malformed, match="one of 290 was cosigned later"):
            await consider(state, log, Offer(newest, keys))
        await client.close()


async def test_one_process_decides_at_a_time(whole: Installation, state: WitnessState) -> None:
    async with mirrored(whole) as log:
        with state.lock(), pytest.raises(WitnessBusy):
            await consider(state, log, offer(whole))


def test_a_witness_is_made_once_and_its_key_is_its_own(state: WitnessState) -> None:
    with pytest.raises(WitnessBusy):
        WitnessState.create(state.folder, NAME, str(AUDITOR.verifier))
    assert (state.folder / "key").stat().st_mode & 0o077 == 0
    assert state.identity.origin == AUDITOR.name


async def test_the_cosigned_checkpoint_is_on_the_disk_before_it_is_given_out(
    whole: Installation, state: WitnessState, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_self: WitnessState, _note: str) -> None:
        raise OSError("no space left")

    async with mirrored(whole) as log:
        monkeypatch.setattr(WitnessState, "keep", fails)
        with pytest.raises(OSError, match="no space"):
            await consider(state, log, offer(whole))
        monkeypatch.undo()
    assert state.newest() is None
