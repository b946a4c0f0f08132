"""Packages: what the program takes for proven, and that nothing can be changed or left out."""

import asyncio
import random
import shutil
import time
import zipfile
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from audit import exports, installations
from audit.exports import KEY, Entries, Exported, keep_events, refuted, write_lines
from audit.installations import AUDITOR, NOW, Histories, Installation
from cadre.audit.cosignature import CosignatureSigner, cosign
from cadre.audit.export.scopes import CHINA, OfCadre, OfPeriod, scope_of
from cadre.audit.extraction import NotProven
from cadre.audit.note import Ed25519Signer
from cadre.audit.package import PackageTooLarge, container, pack
from cadre.shared.deciding.errors import Malformed, NotFound

ANA = installations.ANA
BYTES_SAMPLED = 1_500
WITNESS = CosignatureSigner.from_seed("witness.example/w", b"w" * 32)


@dataclass(frozen=True)
class Packages:
    ana: Exported
    other: Exported
    period: Exported
    before: Exported
    """Of a time when nothing was recorded yet."""
    earlier: Exported
    """Ana under the checkpoint before."""


@pytest.fixture(scope="module")
def packages(histories: Histories, tmp_path_factory: pytest.TempPathFactory) -> Packages:
    folder = tmp_path_factory.mktemp("exports")
    whole = histories.whole.copy(folder / "whole")
    earlier = histories.earlier.copy(folder / "earlier")
    today = _day(whole)
    other = next(person for person in _people() if person != ANA)
    made = asyncio.run(
        exports.export(
            whole,
            OfCadre(ANA),
            OfCadre(other),
            OfPeriod(today - timedelta(days=1), today + timedelta(days=1)),
            OfPeriod(date(2020, 1, 1), date(2020, 12, 31)),
        )
    )
    (before,) = asyncio.run(exports.export(earlier, OfCadre(ANA)))
    return Packages(*made, before)


def _people() -> list[str]:
    return [installations.mini.cadre_id(number) for number in range(3)]


def _day(installation: Installation) -> date:
    (found,) = installation.sql("SELECT max(recorded_ns) FROM journal")
    return datetime.fromtimestamp(found[0] / 1e9, CHINA).date()


def test_a_package_is_proven_by_the_program_alone(packages: Packages, tmp_path: Path) -> None:
    file = tmp_path / "ana.zip"
    file.write_bytes(packages.ana.package)
    told = exports.run(file, "--key", KEY)

    assert told.returncode == 0, told.stdout + told.stderr
    assert "核验通过 PROVEN" in told.stdout
    count = len(packages.ana.events)
    assert f"selection.cadre.{ANA} 第 1 至 {count} 条" in told.stdout
    assert f"training.cadre.{ANA} 无记录" in told.stdout
    assert "未能证明" in told.stdout
    assert f"about: cadre {ANA}".partition(": ")[2] in told.stdout


def test_any_zip_program_opens_it(packages: Packages) -> None:
    with zipfile.ZipFile(BytesIO(packages.ana.package)) as file:
        assert file.testzip() is None
        assert file.namelist() == sorted(file.namelist())
        assert {"checkpoint", "dossier.html", "dossier.pdf", "events.jsonl", "manifest"} < {
            *file.namelist()
        }


def test_the_same_export_has_the_same_bytes(histories: Histories, packages: Packages) -> None:
    time.sleep(1.1)
    (again,) = asyncio.run(exports.export(histories.whole, OfCadre(ANA)))

    assert again.package == packages.ana.package


def test_a_changed_byte_anywhere_is_noticed(packages: Packages) -> None:
    package = packages.ana.package
    chosen = random.Random(1)
    places = chosen.sample(range(len(package)), BYTES_SAMPLED)
    end = len(package) - 22 - 80
    for at in [*places, *range(64), *range(end, len(package))]:
        changed = bytearray(package)
        changed[at] ^= 1 << chosen.randrange(8)
        assert refuted(bytes(changed)), at


def test_bytes_added_or_taken_away_are_noticed(packages: Packages) -> None:
    package = packages.ana.package
    with zipfile.ZipFile(BytesIO(package)) as file:
        commented = BytesIO()
        with zipfile.ZipFile(commented, "w") as other:
            for entry in file.infolist():
                other.writestr(entry, file.read(entry))
            other.comment = b"x"

    assert refuted(package + b"\0")
    assert refuted(b"\0" + package)
    assert refuted(package[:-1])
    assert refuted(commented.getvalue())
    assert refuted(b"")


def test_only_the_signed_manifest_counts(packages: Packages) -> None:
    ana = packages.ana
    entries = dict(ana.entries)
    with zipfile.ZipFile(BytesIO(ana.package)) as file:
        manifest = file.read("manifest")
    stranger = Ed25519Signer.from_seed(AUDITOR.name, b"x" * 32)
    line = manifest.decode().splitlines()[-1]

    more = {**entries, "disclosure.jsonl": b"", "manifest": manifest}
    assert "清单与内容不符" in refuted(container(more))
    assert refuted(pack(ana.about, AUDITOR.name, ana.size, entries, stranger))
    assert refuted(container({**entries, "manifest": manifest + f"{line}\n".encode()}))
    assert "另一检查点" in refuted(pack(ana.about, AUDITOR.name, 7, entries, AUDITOR))
    assert refuted(ana.package, str(stranger.verifier))


@pytest.mark.parametrize("which", [0, 50, -1], ids=["first", "middle", "last"])
def test_an_event_left_out_is_noticed(packages: Packages, which: int) -> None:
    position = packages.ana.events[which]["position"]
    cut = packages.ana.changed(
        lambda entries: keep_events(entries, lambda event: event["position"] != position)
    )

    assert "缺漏" in refuted(cut) or "不衔接" in refuted(cut)


def test_the_end_left_out_together_with_its_proof_is_noticed(packages: Packages) -> None:
    last = packages.ana.events[-1]["position"]

    def cut(entries: Entries) -> None:
        keep_events(entries, lambda event: event["position"] != last)
        older = exports.lines_of(packages.earlier.entries, "heads.jsonl")
        write_lines(entries, "heads.jsonl", older)

    assert "最新记录的证明不成立" in refuted(packages.ana.changed(cut))


def test_nobody_can_be_made_to_have_no_history(packages: Packages) -> None:
    def hide(entries: Entries) -> None:
        keep_events(entries, lambda _event: False)
        heads = exports.lines_of(entries, "heads.jsonl")
        write_lines(entries, "heads.jsonl", [h for h in heads if ANA not in h["aggregate"]])

    def unproven(entries: Entries) -> None:
        hide(entries)
        entries["heads.jsonl"] = b""

    assert "未证明其无记录" in refuted(packages.ana.changed(hide))
    assert "未证明其无记录" in refuted(packages.ana.changed(unproven))


def test_an_event_of_somebody_else_is_noticed(packages: Packages) -> None:
    ana, other = packages.ana, packages.other
    foreign = other.events[3]

    def add(entries: Entries) -> None:
        name = f"proofs/{foreign['position']:012}.tlog-proof"
        entries[name] = other.entries[name]
        events = [*ana.events, foreign]
        write_lines(entries, "events.jsonl", sorted(events, key=lambda one: one["position"]))

    def swap(entries: Entries) -> None:
        gone = ana.events[3]["position"]
        keep_events(entries, lambda event: event["position"] != gone)
        events = exports.lines_of(entries, "events.jsonl")
        name = f"proofs/{foreign['position']:012}.tlog-proof"
        entries[name] = other.entries[name]
        both = sorted([*events, foreign], key=lambda one: one["position"])
        write_lines(entries, "events.jsonl", both)

    assert "混入无关记录" in refuted(ana.changed(add))
    assert refuted(ana.changed(swap))
    assert refuted(ana.changed(lambda _entries: None, about=other.about))


def test_a_proof_of_another_tree_is_noticed(packages: Packages) -> None:
    earlier = packages.earlier.entries

    def one(entries: Entries) -> None:
        name = next(name for name in entries if name.startswith("proofs/"))
        entries[name] = earlier[name]

    def hashes(entries: Entries) -> None:
        name = next(name for name in entries if name.startswith("proofs/"))
        above = earlier[name].partition(b"\n\n")[0]
        entries[name] = above + b"\n\n" + entries["checkpoint"]

    def checkpoint(entries: Entries) -> None:
        entries["checkpoint"] = earlier["checkpoint"]

    assert "证明不属于此记录" in refuted(packages.ana.changed(one))
    assert refuted(packages.ana.changed(hashes))
    assert refuted(packages.ana.changed(checkpoint))


@pytest.mark.parametrize(
    "change",
    [
        {"body": '{"type":"selection.observed.v1"}'},
        {"recorded_ns": 1},
        {"subject": "history.selection.cadre.c-aaaaaaaaaa.observed"},
        {"position": 2},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_altered_event_is_noticed(packages: Packages, change: dict[str, Any]) -> None:
    def alter(entries: Entries) -> None:
        events = packages.ana.events
        events[5] |= change
        write_lines(entries, "events.jsonl", events)

    assert refuted(packages.ana.changed(alter))


def test_an_altered_key_is_noticed(packages: Packages) -> None:
    def alter(entries: Entries) -> None:
        entries["keys"] = entries["keys"].replace(b"selection", b"appointment", 1)

    assert "公钥清单" in refuted(packages.ana.changed(alter))


def test_a_witness_that_is_asked_for_must_have_cosigned(packages: Packages) -> None:
    def cosigned(entries: Entries) -> None:
        before = entries["checkpoint"]
        after = cosign(before.decode(), WITNESS).encode()
        for name, data in list(entries.items()):
            if name == "checkpoint" or name.startswith("proofs/"):
                entries[name] = data.replace(before, after)

    def forged(entries: Entries) -> None:
        cosigned(entries)
        lines = entries["checkpoint"].splitlines(keepends=True)
        other = CosignatureSigner.from_seed(WITNESS.name, b"v" * 32)
        wrong = cosign(packages.ana.entries["checkpoint"].decode(), other).splitlines(keepends=True)
        assert lines[-1] != wrong[-1].encode()
        entries["checkpoint"] = b"".join([*lines[:-1], wrong[-1].encode()])

    witness = str(WITNESS.verifier)
    assert refuted(packages.ana.changed(cosigned), KEY, witness) == ""
    assert refuted(packages.ana.changed(cosigned)) == ""
    assert "缺少见证签名" in refuted(packages.ana.package, KEY, witness)
    assert "缺少见证签名" in refuted(packages.ana.changed(forged), KEY, witness)


def test_a_period_holds_every_position_and_its_neighbours(packages: Packages) -> None:
    period = packages.period
    assert len(period.events) == period.size
    assert refuted(period.package) == ""

    for left_out in (1, 150, period.size):
        cut = period.changed(
            lambda entries, gone=left_out: keep_events(entries, lambda e: e["position"] != gone)
        )
        assert refuted(cut), left_out


def test_a_time_without_events_is_proven_by_what_stands_beside_it(packages: Packages) -> None:
    assert [event["position"] for event in packages.before.events] == [1]
    assert refuted(packages.before.package) == ""
    later = packages.before.changed(lambda _entries: None, about="period 2020-01-01..2999-12-31")
    assert "末尾有缺漏" in refuted(later)


def test_days_of_a_period_are_days_in_china(packages: Packages) -> None:
    first = packages.period.events[0]["recorded_ns"]
    told = scope_of("period", "2026-03-01..2026-03-31")

    assert isinstance(told, OfPeriod)
    assert told.about == "period 2026-03-01..2026-03-31"
    assert CHINA.utcoffset(None) == timedelta(hours=8)
    assert first > 0


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("period", "2026-03-01"),
        ("period", "2026-03-31..2026-03-01"),
        ("period", "soon..later"),
        ("pool", "p-1"),
    ],
)
def test_what_cannot_be_exported_is_refused(kind: str, what: str) -> None:
    with pytest.raises(Malformed):
        scope_of(kind, what)


async def test_somebody_unknown_has_no_package(whole: Installation) -> None:
    with pytest.raises(NotFound):
        await exports.export(whole, OfCadre("c-zzzzzzzzzz"))


async def test_a_log_that_is_not_as_signed_gives_no_package(
    whole: Installation, histories: Histories, tmp_path: Path
) -> None:
    tile = next(path for path in (whole.folder / "audit/tile/0").rglob("*") if path.is_file())
    good = tile.read_bytes()
    tile.write_bytes(bytes(len(good)))
    with pytest.raises(NotProven, match="tile"):
        await exports.export(whole, OfCadre(ANA))
    tile.write_bytes(good)

    keys = whole.evidence.keys()
    assert keys
    last = keys.history[-1].model_copy(update={"known_since": NOW + timedelta(days=1)})
    whole.evidence.write_keys(keys.model_copy(update={"history": (*keys.history[:-1], last)}))
    with pytest.raises(NotProven, match="keys"):
        await exports.export(whole, OfCadre(ANA))

    rolled_back = histories.earlier.copy(tmp_path / "rolled-back")
    shutil.rmtree(rolled_back.evidence.folder)
    shutil.copytree(histories.whole.evidence.folder, rolled_back.evidence.folder)
    with pytest.raises(NotProven, match="missing"):
        await exports.export(rolled_back, OfCadre(ANA))
    shutil.rmtree(rolled_back.evidence.folder)
    with pytest.raises(NotFound, match="no checkpoint"):
        await exports.export(rolled_back, OfCadre(ANA))


def test_a_package_has_a_limit() -> None:
    entries = {f"{number:06}": b"" for number in range(40_001)}

    with pytest.raises(PackageTooLarge):
        pack("cadre c", "origin", 1, entries, AUDITOR)


def test_what_cannot_be_verified_is_exit_code_2(packages: Packages, tmp_path: Path) -> None:
    file = tmp_path / "ana.zip"
    file.write_bytes(packages.ana.package)
    stranger = str(Ed25519Signer.from_seed(AUDITOR.name, b"x" * 32).verifier)

    assert exports.run(tmp_path / "nothing.zip", "--key", KEY).returncode == 2
    assert exports.run(file, "--key", "no key").returncode == 2
    assert exports.run(file, "--key", KEY[:-2] + "AA").returncode == 2
    assert exports.run(file).returncode == 2
    assert exports.run(file, "--key", stranger).returncode == 1
    file.write_bytes(b"PK\3\4")
    assert exports.run(file, "--key", KEY).returncode == 1


def test_the_programs_hash_is_written_down() -> None:
    page = (exports.PROGRAM.parents[1] / "audit/export.md").read_text("utf-8")

    assert f"`{sha256(exports.PROGRAM.read_bytes()).hexdigest()}`" in page
