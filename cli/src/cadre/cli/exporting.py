"""``cadre audit export``: one signed package about a person, a motion or a time."""

import asyncio
import os
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.exc import SQLAlchemyError

from cadre.cli.data_directory import DataDirectory
from cadre.cli.export.contents import contents
from cadre.cli.export.disclosure import disclosed
from cadre.cli.export.dossier import Material
from cadre.cli.export.scopes import Scope, scope_of
from cadre.cli.options import DEFAULT_DATA, Data
from cadre.cli.output import CONSOLE, DIFFERENT, WRONG_INPUT, AsJson, fail, print_json
from cadre.cli.standing_log import Standing, standing
from cadre.shared.audit.evidence import Evidence
from cadre.shared.audit.extraction import Extraction, NotProven
from cadre.shared.audit.note import Ed25519Signer
from cadre.shared.audit.package import pack
from cadre.shared.codec import Codec, Signer, decoded
from cadre.shared.database import Database
from cadre.shared.errors import CadreError, Malformed, NotFound
from cadre.shared.history import opened
from cadre.shared.keyring import Keyring
from cadre.shared.master_keys import MasterKeys


def export(
    kind: Annotated[str, typer.Argument(help="cadre, motion or period.")],
    what: Annotated[str, typer.Argument(help="An id, or YYYY-MM-DD..YYYY-MM-DD.")],
    out: Annotated[Path, typer.Option(help="The package to write.", dir_okay=False)],
    clear: Annotated[
        bool, typer.Option("--open", help="Add the clear texts of sealed fields.")
    ] = False,
    data: Data = DEFAULT_DATA,
    as_json: AsJson = False,
) -> None:
    """导出签名审计包。 Write one signed package that can be verified offline.

    Exit codes: 0 written, 1 the log does not give what was signed, 2 it could not be done.
    """
    try:
        scope = scope_of(kind, what)
        told = asyncio.run(_export(DataDirectory.open_data(data), scope, out, clear=clear))
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


async def _export(
    directory: DataDirectory, scope: Scope, out: Path, *, clear: bool
) -> dict[str, Any]:
    async with standing(directory) as found:
        extraction = await Extraction.of(found.log, Evidence(directory.path / "audit"))
        signer = _signer(directory, extraction)
        taken = await scope.take(extraction)
        disclosure = None
        history = [decoded(message) for message in taken.events]
        if clear:
            codec = await _codec(directory, found)
            try:
                disclosure = await disclosed(taken.events, codec.keyring)
                history = await opened(codec, taken.events)
            except SQLAlchemyError as error:
                raise Malformed("the data keys cannot be read", where="db/keys.db") from error
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
    }


def _signer(directory: DataDirectory, extraction: Extraction) -> Ed25519Signer:
    """The key that signs checkpoints here.

    Raises: NotFound.
    """
    hint = "export where the checkpoints are signed"
    if not (directory.path / "secrets.json").exists():
        raise NotFound("there are no keys here to sign with", where=str(directory.path), hint=hint)
    signer = Ed25519Signer.from_seed(extraction.keys.origin, directory.audit_seed())
    if str(signer.verifier) not in extraction.keys.verifiers:
        raise NotFound("the key here signed no checkpoint", where=str(signer.verifier), hint=hint)
    return signer


async def _codec(directory: DataDirectory, found: Standing) -> Codec:
    """Opens sealed fields; signs nothing here."""
    secrets = directory.secrets
    path = found.databases / "keys.db"
    if not path.exists():
        raise NotFound("there are no data keys", where=str(path), hint="export without --open")
    database = Database(f"sqlite+aiosqlite:///{path}")
    keyring = Keyring(database, MasterKeys(b64decode(secrets.master_key)))
    return Codec(
        Signer.from_seed("selection", b64decode(secrets.signing_keys["selection"])), keyring
    )


def _write(out: Path, package: bytes) -> None:
    temporary = out.with_name(f"{out.name}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(package)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(out)
    except OSError as error:
        raise Malformed(f"the package cannot be written: {error}", where=str(out)) from error
