"""What is gone of the audit's own evidence, or altered, is named; and nothing is signed over it."""

import asyncio
import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from audit.installations import (
    AUDITOR,
    END,
    FIRST_CHECKPOINT,
    NOW,
    SECOND_CHECKPOINT,
    Histories,
    Installation,
    notes_up_to,
)
from audit.test_tampering import kinds
from cadre.audit.checkpoint import Checkpoint
from cadre.audit.checkpointing import NotSigned, make_checkpoint
from cadre.audit.cosignature import CosignatureSigner, cosign
from cadre.audit.differences import Difference, Kind
from cadre.audit.note import split
from cadre.audit.own_evidence import OwnEvidence
from cadre.audit.public_keys import Retirement
from cadre.audit.repairs import ProvenBy, RepairRecord, add_repair, repairs
from cadre.shared.deciding.errors import Malformed
from cadre.shared.log.codec import Signer
from cadre.shared.log.stream import Log

GONE, DIFFERS, TILE = Kind.EVIDENCE_GONE, Kind.EVIDENCE_DIFFERS, Kind.TILE_DIFFERS
LIST = "checkpoints.jsonl"
MEMORY = "last-checkpoint"
RENEWED = Signer.from_seed("selection", b"n" * 32)
LAST = END + 4

type Tamper = Callable[[Path], Any]


@pytest.fixture(scope="module")
def signed(histories: Histories, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Four checkpoints, a key that was retired, and a repair on record."""
    made = histories.whole.copy(tmp_path_factory.mktemp("signed") / "whole")
    newest = Checkpoint.parse(split(made.evidence.notes()[-1])[0])
    proven = ProvenBy(size=newest.tree.size, root=newest.tree.hash.hex(), dated=newest.dated)
    record = RepairRecord(
        repaired_at=NOW,
        by="tester",
        reason="a drill",
        checkpoint=proven,
        end=END,
        restored=(),
        left=(),
        kept="nats.before-repair",
    )
    add_repair(made.evidence.folder, record)
    asyncio.run(_sign_twice(made))
    return made


async def _sign_twice(made: Installation) -> None:
    with made.server() as server:
        await made.sign(server)
        await made.serve(server, lambda runtime: notes_up_to(runtime, LAST))
        await sign(made, server)


async def sign(made: Installation, server: Any) -> None:
    client = await server.connect("selection")
    later = NOW + timedelta(days=1)
    try:
        await make_checkpoint(Log(client), made.evidence, AUDITOR, [RENEWED], later)
    finally:
        await client.close()


@pytest.fixture
def copy(signed: Installation, tmp_path: Path) -> Installation:
    return signed.copy(tmp_path / "copy")


def looked_at(copy: Installation, **changes: Any) -> list[Difference]:
    own = OwnEvidence(copy.evidence, [AUDITOR.verifier], repairs(copy.evidence.folder), **changes)
    return own.differences()


def lines(change: Callable[[list[str]], list[str]], name: str = LIST) -> Tamper:
    def tamper(folder: Path) -> None:
        path = folder / "audit" / name
        path.write_text("".join(change(path.read_text().splitlines(keepends=True))))

    return tamper


def write(name: str, data: bytes) -> Tamper:
    return lambda folder: (folder / name).write_bytes(data)


def alter(name: str, at: int = -1, by: int = 1) -> Tamper:
    def tamper(folder: Path) -> None:
        data = bytearray((folder / name).read_bytes())
        data[at] ^= by
        (folder / name).write_bytes(data)

    return tamper


def remove(*names: str) -> Tamper:
    def tamper(folder: Path) -> None:
        for name in names:
            path = folder / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return tamper


def put_back(folder: Path) -> None:
    """The list and the newest checkpoint as they were before the last one was signed."""
    lines(lambda all_of_them: all_of_them[:-1])(folder)
    newest = json.loads((folder / "audit" / LIST).read_text().splitlines()[-1])["note"]
    (folder / "audit" / "checkpoint").write_text(newest)


def forget_too(folder: Path) -> None:
    put_back(folder)
    (folder / MEMORY).write_bytes((folder / "audit" / "checkpoint").read_bytes())


def another_size(folder: Path) -> None:
    note = (folder / "audit" / "checkpoint").read_text()
    (folder / "audit" / "checkpoint").write_text(note.replace(f"\n{LAST}\n", f"\n{LAST + 1}\n"))


def cut(name: str, count: int = 9) -> Tamper:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-count])


def duplicate(name: str, other: str) -> Tamper:
    return lambda folder: shutil.copy(folder / name, folder / other)


ALTERATIONS: list[tuple[str, Tamper, Kind, str]] = [
    ("the first", lines(lambda old: old[1:]), GONE, LIST),
    ("one in the middle", lines(lambda old: old[:1] + old[2:]), GONE, LIST),
    ("two in the middle", lines(lambda old: old[:1] + old[3:]), GONE, LIST),
    ("the newest of the list", lines(lambda old: old[:-1]), GONE, LIST),
    ("the newest", put_back, GONE, LIST),
    ("the newest and the memory of it", forget_too, GONE, LIST),
    ("the whole list", remove(f"audit/{LIST}"), GONE, LIST),
    ("list and newest", remove(f"audit/{LIST}", "audit/checkpoint"), GONE, LIST),
    ("the folder", remove("audit"), GONE, LIST),
    ("all but the tiles", remove(f"audit/{LIST}", "audit/checkpoint", MEMORY), GONE, LIST),
    ("the file of the newest", remove("audit/checkpoint"), GONE, "checkpoint"),
    ("the keys", remove("audit/keys.json"), GONE, "keys.json"),
    ("the tiles", remove("audit/tile"), GONE, "tile"),
    ("the record of a repair", remove("audit/repairs.jsonl"), GONE, "repairs.jsonl"),
    ("a note altered", lines(lambda old: [old[0], old[1].replace("e", "f", 1), *old[2:]]),
     DIFFERS, f"{LIST}, line 2"),
    ("a date altered", lines(lambda old: [old[0].replace("2026", "2025"), *old[1:]]),
     DIFFERS, LIST),
    ("two exchanged", lines(lambda old: [old[1], old[0], *old[2:]]), DIFFERS, LIST),
    ("one doubled", lines(lambda old: [*old, old[1]]), DIFFERS, f"{LIST}, line 5"),
    ("the list cut off", cut(f"audit/{LIST}"), DIFFERS, f"{LIST}, line 4"),
    ("its last newline cut off", cut(f"audit/{LIST}", 1), DIFFERS, f"{LIST}, line 4"),
    ("no text", write(f"audit/{LIST}", b"\xff\0\xfe"), DIFFERS, f"{LIST}, line 1"),
    ("nested deep", write(f"audit/{LIST}", b"[" * 100_000 + b"\n"), DIFFERS, f"{LIST}, line 1"),
    ("a lone surrogate", write(f"audit/{LIST}", b'{"note": "\\ud800"}\n'), DIFFERS,
     f"{LIST}, line 1"),
    ("the newest older", lambda folder: (folder / "audit/checkpoint").write_text(
        json.loads((folder / "audit" / LIST).read_text().splitlines()[1])["note"]), DIFFERS,
     "checkpoint"),
    ("the newest of another size", another_size, DIFFERS, "checkpoint"),
    ("the newest cut off", cut("audit/checkpoint"), DIFFERS, "checkpoint"),
    ("the newest no text", write("audit/checkpoint", b"\xff\0"), DIFFERS, "checkpoint"),
    ("the memory altered", write(MEMORY, b"\xff\0"), DIFFERS, MEMORY),
    ("a copy of the newest", duplicate("audit/checkpoint", "audit/checkpoint.1"), DIFFERS,
     "checkpoint.1"),
    ("a copy of the list", duplicate(f"audit/{LIST}", "audit/list.jsonl"), DIFFERS, "list.jsonl"),
    ("a cosigned line", write("audit/cosigned.jsonl", b"{}\n"), DIFFERS, "cosigned.jsonl, line 1"),
    ("a record altered", alter("audit/repairs.jsonl", 0), DIFFERS, "repairs.jsonl, line 1"),
    ("a reason altered", lambda folder: (folder / "audit/repairs.jsonl").write_text(
        (folder / "audit/repairs.jsonl").read_text().replace("drill", "grudge")), DIFFERS,
     "repairs.jsonl"),
    ("an older tile", alter("audit/tile/0/001.p/4"), TILE, "tile/0/001.p/4"),
    ("an older tile cut off", cut("audit/tile/0/001.p/4"), TILE, "tile/0/001.p/4"),
    ("a tile too long", lambda folder: (folder / "audit/tile/0/000").write_bytes(
        (folder / "audit/tile/0/000").read_bytes() + b"x"), TILE, "tile/0/000"),
    ("a stray in the tree", write("audit/tile/0/old", b""), TILE, "tile/0/old"),
    ("a tile under another name", duplicate("audit/tile/0/000", "audit/tile/0/0"), TILE,
     "tile/0/0"),
    ("a tile of a larger tree", duplicate("audit/tile/0/001.p/4", "audit/tile/0/001.p/99"), GONE,
     LIST),
]  # fmt: skip


def test_nothing_is_said_of_a_whole_folder(copy: Installation) -> None:
    notes = copy.evidence.notes()
    checkpoints = [Checkpoint.parse(split(note)[0]) for note in notes]

    assert [one.tree.size for one in checkpoints] == [
        FIRST_CHECKPOINT,
        SECOND_CHECKPOINT,
        END,
        LAST,
    ]
    assert [one.earlier and one.earlier.size for one in checkpoints] == [0, 1, 2, 3]
    assert [one.repairs and one.repairs.size for one in checkpoints] == [None, None, 1, 1]
    assert looked_at(copy, key_made=True, kept=notes) == []


@pytest.mark.parametrize(
    ("tamper", "kind", "place"),
    [one[1:] for one in ALTERATIONS],
    ids=[one[0] for one in ALTERATIONS],
)
def test_what_is_gone_or_altered_is_named(
    copy: Installation, tamper: Tamper, kind: Kind, place: str
) -> None:
    tamper(copy.folder)
    found = looked_at(copy)

    assert (kind, place) in {(one.kind, one.subject) for one in found}
    assert all(one.detail and one.hint for one in found)


def test_a_memory_that_is_gone_is_named_where_the_key_is(copy: Installation) -> None:
    remove(MEMORY)(copy.folder)

    assert looked_at(copy) == []
    (found,) = looked_at(copy, key_made=True)
    assert (found.kind, found.subject) == (GONE, MEMORY)


def test_a_checkpoint_that_somebody_else_has_must_be_in_the_list(copy: Installation) -> None:
    newest = copy.evidence.notes()[-1]
    witness = CosignatureSigner.from_seed("witness.example/w", b"w" * 32)
    copy.evidence.add_cosigned(cosign(newest, witness))
    assert looked_at(copy) == []
    forget_too(copy.folder)
    remove("audit/tile")(copy.folder)
    places = {one.subject for one in looked_at(copy)}
    assert places == {LIST, "tile"}

    remove("audit/cosigned.jsonl")(copy.folder)
    assert [one.subject for one in looked_at(copy, kept=[newest])] == [LIST, "tile"]


def test_what_a_killed_or_full_checkpoint_left_half_written_is_no_difference(
    copy: Installation,
) -> None:
    folder = copy.evidence.folder
    for name in ("keys.json", LIST, "tile/0/000", "tile/0/000.p/49"):
        (folder / f"{name}.tmp").parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.tmp").write_bytes(b"half")
    assert looked_at(copy) == []


async def test_the_log_is_held_to_a_checkpoint_that_is_only_remembered(
    copy: Installation,
) -> None:
    keys = copy.evidence.keys()
    remove("audit")(copy.folder)
    report = await copy.examine(keys=keys)

    assert (report.checkpoints, report.covered) == (1, LAST)
    assert kinds(report) == {GONE}


async def test_public_keys_that_were_there_are_missed(copy: Installation) -> None:
    keys = copy.evidence.keys()
    assert keys is not None
    (retired,) = [one for one in keys.history if isinstance(one, Retirement)]
    for history in (
        [one for one in keys.history if one is not retired],
        keys.history[1:],
        [*keys.history[:-1], retired.model_copy(update={"after": 1})],
    ):
        copy.evidence.write_keys(keys.model_copy(update={"history": tuple(history)}))
        found = await copy.examine(keys=copy.evidence.keys())
        assert Kind.KEYS_DIFFER in kinds(found)


def retire_nobody(folder: Path) -> None:
    path = folder / "audit/keys.json"
    keys = json.loads(path.read_text())
    keys["history"] = [one for one in keys["history"] if one["kind"] != "retired"]
    path.write_text(json.dumps(keys))


@pytest.mark.parametrize(
    ("tamper", "why"),
    [
        (lines(lambda old: old[:1] + old[2:]), "evidence-gone"),
        (put_back, "evidence-gone"),
        (remove("audit"), "evidence-gone"),
        (remove(f"audit/{LIST}", "audit/checkpoint", MEMORY), "evidence-gone"),
        (remove("audit/keys.json"), "evidence-gone"),
        (remove("audit/repairs.jsonl"), "evidence-gone"),
        (cut(f"audit/{LIST}"), "evidence-differs"),
        (retire_nobody, "keys-differ"),
    ],
    ids=[
        "middle",
        "newest",
        "folder",
        "all checkpoints",
        "keys",
        "repairs",
        "cut off",
        "retirement",
    ],
)
async def test_nothing_is_signed_over_what_is_gone(
    copy: Installation, tamper: Tamper, why: str
) -> None:
    tamper(copy.folder)
    with copy.server() as server, pytest.raises(NotSigned, match=why):
        await sign(copy, server)


async def test_signing_mends_what_only_repeats_the_evidence(copy: Installation) -> None:
    remove("audit/checkpoint", "audit/tile", MEMORY)(copy.folder)
    before = copy.evidence.notes()
    with copy.server() as server:
        await sign(copy, server)

    assert copy.evidence.notes() == before
    assert looked_at(copy, key_made=True) == []


@pytest.mark.parametrize("name", [LIST, "checkpoint", "keys.json", "repairs.jsonl"])
async def test_a_file_that_cannot_be_read_is_a_clear_error(copy: Installation, name: str) -> None:
    path = copy.folder / "audit" / name
    path.unlink()
    path.mkdir()

    with pytest.raises(Malformed, match="cannot be read") as error:
        await copy.examine(keys=copy.evidence.keys() if name != "keys.json" else None)
    assert error.value.where is not None
    assert name in error.value.where
