"""The container of an export: a zip file without slack, and a signed list of what is in it.

A file of the same entries always has the same bytes: entries sorted by name and stored as they are,
one date for all, no comments, no extra fields. So whoever verifies builds the file again from its
entries and compares. The entry ``manifest`` is a signed note with size and SHA-256 of each other.
"""

import io
import zipfile
from collections.abc import Mapping
from hashlib import sha256

from cadre.audit.note import Signer, sign
from cadre.shared.deciding.errors import CadreError

FORMAT = "cadre-export-v1"
"""Begins a manifest. A checkpoint begins with its origin: neither passes for the other."""
MANIFEST = "manifest"
ENTRIES_MAX = 40_000
BYTES_MAX = 1 << 31
"""Below the limits of a plain zip file."""
EVENTS_MAX = 20_000
_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX, _MODE = 3, 0o100644


class PackageTooLarge(CadreError):
    status = 413
    code = "package-too-large"
    title = "超出一个导出包的容量 · This is too much for one package"


def manifest_text(about: str, origin: str, size: int, entries: Mapping[str, bytes]) -> str:
    """What the signature stands under: what the export is about, which tree, which entries."""
    lines = [FORMAT, f"origin {origin}", f"tree {size}", f"about {about}"]
    lines += [
        f"{sha256(data).hexdigest()} {len(data)} {name}" for name, data in sorted(entries.items())
    ]
    return "\n".join(lines) + "\n"


def pack(about: str, origin: str, size: int, entries: Mapping[str, bytes], signer: Signer) -> bytes:
    """The bytes of a package. Names are ASCII.

    Raises: PackageTooLarge.
    """
    if len(entries) > ENTRIES_MAX or sum(map(len, entries.values())) > BYTES_MAX:
        detail = f"内容过多 · {len(entries)} entries, {sum(map(len, entries.values()))} bytes"
        raise PackageTooLarge(
            detail, where=about, hint="请减少一次导出的内容 · export less at a time"
        )
    signed = sign(manifest_text(about, origin, size, entries), signer)
    return container({**entries, MANIFEST: signed.encode()})


def container(entries: Mapping[str, bytes]) -> bytes:
    """The zip file of some entries."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for name, data in sorted(entries.items()):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system = _UNIX
            entry.external_attr = _MODE << 16
            file.writestr(entry, data)
    return buffer.getvalue()
