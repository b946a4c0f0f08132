"""Packages with something in them that nobody asked for: the program says what and where."""

import asyncio
import json
import re
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest

from audit import exports
from audit.exports import KEY, Entries, Exported, refuted, write_lines
from audit.installations import ANA, AUDITOR, Histories
from cadre.audit.export.scopes import OfCadre
from cadre.audit.note import sign, split
from cadre.audit.package import MANIFEST, container, manifest_text

type Change = Callable[[Entries], None]


@pytest.fixture(scope="module")
def ana(histories: Histories, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    whole = histories.whole.copy(tmp_path_factory.mktemp("hostile") / "whole")
    (made,) = asyncio.run(exports.export(whole, OfCadre(ANA)))
    assert refuted(made.package) == ""
    return made


@pytest.mark.parametrize(
    "name",
    [
        "extra.txt",
        "../climbing",
        "/absolute",
        "C:\\absolute",
        "proofs/../../climbing",
        "proofs/000000000001.tlog-proof/inside",
        "Manifest",
        "EVENTS.JSONL",
        "dossier.html/",
        "keys ",
        "keys\n",
        "ke\u0301ys",
        "k\u00e9ys",
        "\uff4beys",
        "dossier.html\u202e",
        "\x1b[2J",
        "proofs/٠٠٠٠٠٠٠٠٠٠٠١.tlog-proof",
    ],
)
def test_an_entry_that_is_not_known_is_refused_though_it_may_be_signed(
    ana: Exported, name: str
) -> None:
    if name.isprintable():
        told = refuted(ana.changed(lambda entries: entries.update({name: b"more"})))
    else:
        # No manifest can name it.
        told = refuted(container({**ana.entries, name: b"more"}))

    assert "包内有不明条目" in told
    assert "At byte" in told


def with_line(name: str, alter: Callable[[str], str]) -> Change:
    def change(entries: Entries) -> None:
        first, rest = entries[name].decode().split("\n", 1)
        entries[name] = f"{alter(first)}\n{rest}".encode()

    return change


def member(name: str, value: str) -> Callable[[str], str]:
    return lambda line: f'{line[:-1]},"{name}":{value}}}'


def position(written: str) -> Callable[[str], str]:
    """The position written otherwise; ``{}`` stands for the number."""
    return lambda line: re.sub(r'(?<="position":)\d+', lambda m: written.format(m[0]), line)


def with_header(line: str) -> str:
    event = json.loads(line)
    event["headers"]["Nats-Verdict"] = "cleared"
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def with_disclosure(*clear: str) -> Change:
    """Clear texts for all sealed fields, of the first one these."""

    def change(entries: Entries) -> None:
        program = exports.PROGRAM_LOADED
        told: list[dict[str, Any]] = []
        for event in exports.lines_of(entries, "events.jsonl"):
            for field, token in program.sealed_fields(json.loads(event["body"])):
                digest = program.sha256(token.encode()).hexdigest()
                named = {"position": event["position"], "field": field, "sealed_sha256": digest}
                texts = clear if not told else ["x"]
                told += [named | {"clear": one} for one in texts]
        write_lines(entries, "disclosure.jsonl", told)

    return change


def a_text_beside(entries: Entries) -> None:
    with_disclosure("x")(entries)
    with_line("disclosure.jsonl", member("remark", '"guilty"'))(entries)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (with_line("events.jsonl", member("note", '"promoted"')), "events.jsonl, line 1"),
        (with_line("events.jsonl", member("body", '"{}"')), "events.jsonl, line 1"),
        (with_line("events.jsonl", lambda line: f" {line}"), "events.jsonl, line 1"),
        (with_line("events.jsonl", lambda _line: "[" * 100_000), "events.jsonl, line 1"),
        (with_line("events.jsonl", lambda _line: "[]"), "events.jsonl, line 1"),
        (with_line("events.jsonl", position("NaN")), "events.jsonl, line 1"),
        (with_line("events.jsonl", position("{}.0")), "manifest"),
        (with_line("events.jsonl", position('"{}"')), "manifest"),
        (with_line("events.jsonl", position("true")), "manifest"),
        (with_line("events.jsonl", position("-{}")), "manifest"),
        (with_line("events.jsonl", with_header), "events.jsonl, line 1"),
        (lambda entries: entries.update({"events.jsonl": entries["events.jsonl"][:-1]}),
         "events.jsonl does not end"),
        (with_line("heads.jsonl", member("verdict", "1")), "heads.jsonl, line 1"),
        (with_line("heads.jsonl", lambda line: f"{line}\n{line}"), "heads.jsonl, line 2"),
        (with_line("keys", lambda line: f"{line}\ntrusted me"), "public keys"),
        (with_disclosure("innocent", "guilty"), "Clear texts"),
        (a_text_beside, "disclosure.jsonl, line 1"),
        (with_disclosure(), "Clear texts"),
    ],
)  # fmt: skip
def test_what_a_line_says_beside_is_refused(ana: Exported, change: Change, where: str) -> None:
    told = refuted(ana.changed(change))

    assert where in told
    assert "unreadable" not in told


def test_the_disclosure_that_others_are_made_from_is_proven(ana: Exported) -> None:
    assert refuted(ana.changed(with_disclosure("x"))) == ""


def test_a_checkpoint_that_says_more_than_is_known_is_refused(ana: Exported) -> None:
    before = ana.entries["checkpoint"].decode()
    text, _ = split(before)

    def saying(change: Callable[[str], str]) -> Change:
        def say(entries: Entries) -> None:
            after = sign(change(text), AUDITOR).encode()
            for name, data in list(entries.items()):
                entries[name] = data.replace(before.encode(), after)

        return say

    doubled = text.splitlines()[3]
    assert doubled.startswith("dated ")
    for change in (
        lambda text: f"{text}cleared yes\n",
        lambda text: f"{text}{doubled}\n",
        lambda text: text.replace("dated ", "dated dated "),
        lambda text: text.replace(f"\n{ana.size}\n", f"\n0{ana.size}\n"),
        lambda text: text.replace(f"\n{ana.size}\n", f"\n+{ana.size}\n"),
    ):
        assert refuted(ana.changed(saying(change)))
    told = refuted(ana.changed(saying(lambda text: f"{text}cleared yes\n")))
    assert "检查点含有不明内容" in told


def signed(ana: Exported, change: Callable[[str], str]) -> bytes:
    """The package with a manifest of another wording."""
    text = manifest_text(ana.about, AUDITOR.name, ana.size, ana.entries)
    manifest = sign(change(text), AUDITOR).encode()
    return container({**ana.entries, MANIFEST: manifest})


def test_only_the_known_format_is_read(ana: Exported) -> None:
    told = refuted(signed(ana, lambda text: text.replace("-v1", "-v2", 1)))
    assert "清单的格式不同" in told
    assert "cadre-export-v2" in told
    for change in (
        lambda text: text.replace("about ", "", 1),
        lambda text: f"{text}more\n",
        lambda text: text.replace("about cadre", "about pool", 1),
        lambda text: text.replace("tree ", "tree 0", 1),
    ):
        assert refuted(signed(ana, change))
    whole = signed(ana, str)
    with zipfile.ZipFile(BytesIO(whole)) as file:
        manifest = file.read(MANIFEST)
    assert refuted(whole) == ""
    assert "签名笺不完整" in refuted(container({**ana.entries, MANIFEST: manifest[:-1]}))


def zipped(ana: Exported, write: Callable[[zipfile.ZipFile, str, bytes], None]) -> bytes:
    """The entries of a package, written by somebody else's program."""
    buffer = BytesIO()
    with zipfile.ZipFile(BytesIO(ana.package)) as file, zipfile.ZipFile(buffer, "w") as other:
        for name in file.namelist():
            write(other, name, file.read(name))
    return buffer.getvalue()


def entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    made.create_system, made.external_attr = 3, mode << 16
    return made


def doubled(file: zipfile.ZipFile, name: str, data: bytes) -> None:
    file.writestr(entry(name), data)
    if name == "keys":
        file.writestr(entry(name), b"others\n")


def compressed(file: zipfile.ZipFile, name: str, data: bytes) -> None:
    kind = zipfile.ZIP_DEFLATED if name == "keys" else zipfile.ZIP_STORED
    file.writestr(entry(name), data, kind)


def linked(file: zipfile.ZipFile, name: str, data: bytes) -> None:
    file.writestr(entry(name, (stat.S_IFLNK if name == "keys" else stat.S_IFREG) | 0o644), data)


def commented(file: zipfile.ZipFile, name: str, data: bytes) -> None:
    made = entry(name)
    made.comment = b"cleared" if name == "keys" else b""
    file.writestr(made, data)


def dated(file: zipfile.ZipFile, name: str, data: bytes) -> None:
    made = entry(name)
    made.date_time = (2026, 1, 1, 0, 0, 0) if name == "keys" else made.date_time
    file.writestr(made, data)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("write", "why"),
    [
        (doubled, "keys doubled"),
        (compressed, "keys is compressed by method 8"),
        (linked, "what lists the entries is not as it must be"),
        (commented, "what lists the entries is not as it must be"),
        (dated, "keys is cut short, dated otherwise or altered"),
    ],
)
def test_a_zip_file_of_another_form_is_refused(
    ana: Exported, write: Callable[[zipfile.ZipFile, str, bytes], None], why: str
) -> None:
    told = refuted(zipped(ana, write))

    assert why in told
    assert "At byte" in told


def patched(ana: Exported, at: int, data: bytes) -> bytes:
    """The package with other bytes in the header of its first entry, the checkpoint."""
    return ana.package[:at] + data + ana.package[at + len(data) :]


def forms(ana: Exported) -> Iterator[tuple[bytes, str]]:
    package = ana.package
    end = len(package)
    yield patched(ana, 6, b"\x01\x00"), "checkpoint is encrypted or flagged"
    yield patched(ana, 18, struct.pack("<I", 0xFFFFFFFF)), "checkpoint is cut short"
    yield patched(ana, 26, struct.pack("<H", 0xFFFF)), "unknown entry"
    yield package + b"more", f"At byte {end}: "
    yield package + package, f"At byte {end}: "
    yield package[:-1], "At byte"
    yield b"#!/bin/sh\n" + package, "does not begin with an entry"
    yield b"", "does not begin with an entry"
    yield package[:20], "form"


def test_what_stands_before_and_behind_and_in_headers_is_refused(ana: Exported) -> None:
    for package, why in forms(ana):
        assert why in refuted(package)


def test_more_than_a_package_may_have_is_not_looked_at(
    ana: Exported, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports.PROGRAM_LOADED, "BYTES_MAX", len(ana.package) - 1)

    assert "包过大" in refuted(ana.package)


def test_no_name_in_a_package_moves_the_terminal(ana: Exported, tmp_path: Any) -> None:
    file = tmp_path / "hostile.zip"
    hostile = "\x1b[2J\u202e\n核验通过 PROVEN"
    file.write_bytes(signed(ana, lambda text: text.replace("-export-v1", f"-\u202e{'x' * 9}", 1)))
    told = exports.run(file, "--key", KEY)
    assert told.returncode == 1
    assert "\\u202e" in told.stdout
    assert "\u202e" not in told.stdout

    file.write_bytes(container({**ana.entries, hostile: b""}))
    told = exports.run(file, "--key", KEY)
    assert told.returncode == 1
    assert not {"\x1b", "\u202e"} & {*told.stdout}
    assert "核验通过 PROVEN" not in told.stdout.splitlines()
