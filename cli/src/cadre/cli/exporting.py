"""``cadre audit export``: one signed package about a person, a motion or a time."""

import asyncio
import os
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.exc import SQLAlchemyError

from cadre.audit.export.contents import contents
from cadre.audit.export.disclosure import disclosed
from cadre.audit.export.dossier import Material
from cadre.audit.export.scopes import Scope, scope_of
from cadre.audit.extraction import Extraction, NotProven
from cadre.audit.note import Ed25519Signer
from cadre.audit.package import pack
from cadre.cli.installation.chosen import Installation, Readable, checkpoint_signer, installation
from cadre.cli.options import DEFAULT_DATA, Data, Settings
from cadre.cli.output import CONSOLE, DIFFERENT, WRONG_INPUT, AsJson, fail, print_json
from cadre.shared.database.database import Database
from cadre.shared.deciding.errors import CadreError, Malformed, NotFound
from cadre.shared.keys.keyring import Keyring
from cadre.shared.log.codec import Codec, Signer, decoded
from cadre.shared.showing.timeline import opened


def export(
    kind: Annotated[str, typer.Argument(help="cadre, motion or period.")],
    what: Annotated[str, typer.Argument(help="An id, or YYYY-MM-DD..YYYY-MM-DD.")],
    out: Annotated[Path, typer.Option(help="The package to write.", dir_okay=False)],
    clear: Annotated[
        bool, typer.Option("--open", help="Add the clear texts of sealed fields.")
    ] = False,
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """导出签名审计包。 Write one signed package that can be verified offline.

    Exit codes: 0 written, 1 the log does not give what was signed, 2 it could not be done.
    """
    try:
        scope = scope_of(kind, what)
        told = asyncio.run(_export(installation(data, settings), scope, out, clear=clear))
    except NotProven as error:
        fail(error, as_json=as_json)
        raise typer.Exit(DIFFERENT) from error
    except CadreError as error:
        fail(error, as_json=as_json)
        raise typer.Exit(WRONG_INPUT) from error
    if as_json:
        print_json(told)
        return
    CONSOLE.print(f"已写出 Written: {out}", markup=False, highlight=False, soft_wrap=True)
    for name in ("about", "events", "size", "sha256", "key"):
        CONSOLE.print(f"{name}: {told[name]}", markup=False, highlight=False, soft_wrap=True)
    if not told["pdf"]:
        CONSOLE.print("无 PDF，此处未装字体 No PDF: no font is installed here")


async def _export(audited: Installation, scope: Scope, out: Path, *, clear: bool) -> dict[str, Any]:
    async with audited.reading() as found:
        extraction = await Extraction.of(found.log, audited.evidence)
        signer = _signer(audited, extraction)
        taken = await scope.take(extraction)
        disclosure = None
        history = [decoded(message) for message in taken.events]
        if clear:
            codec = _codec(audited, found)
            try:
                disclosure = await disclosed(taken.events, codec.keyring)
                history = await opened(codec, taken.events)
            except SQLAlchemyError as error:
                raise Malformed(
                    "数据密钥无法读取 · the data keys cannot be read", where="the key store"
                ) from error
            finally:
                await codec.keyring.database.close()
        material = Material(scope, extraction.checkpoint, history, opened=clear)
        entries = contents(extraction, taken, material, disclosure)
    size = extraction.checkpoint.tree.size
    package = pack(scope.about, extraction.checkpoint.origin, size, entries, signer)
    _write(out, package)
    return {
        "file": str(out),
        "about": scope.about,
        "events": len(taken.events),
        "size": size,
        "sha256": sha256(package).hexdigest(),
        "key": str(signer.verifier),
        "pdf": "dossier.pdf" in entries,
    }


def _signer(audited: Installation, extraction: Extraction) -> Ed25519Signer:
    """The key that signs checkpoints here.

    Raises: NotFound.
    """
    hint = "请在签署检查点之处导出 · export where the checkpoints are signed"
    signer = checkpoint_signer(audited, extraction.keys.origin)
    if str(signer.verifier) not in extraction.keys.verifiers:
        raise NotFound(
            "此处的密钥没有签署过检查点 · the key here signed no checkpoint",
            where=str(signer.verifier),
            hint=hint,
        )
    return signer


def _codec(audited: Installation, found: Readable) -> Codec:
    """Opens sealed fields; signs nothing, so any seed does."""
    database = Database(found.keys_url())
    return Codec(Signer.from_seed("selection", bytes(32)), Keyring(database, audited.masters))


def _write(out: Path, package: bytes) -> None:
    temporary = out.with_name(f"{out.name}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(package)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(out)
    except OSError as error:
        raise Malformed(
            f"导出包无法写入 · the package cannot be written: {error}", where=str(out)
        ) from error
