"""``cadre audit rotate-key`` and ``keys``: keys come and go, their history stays."""

import asyncio
import os
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from cadre.audit.checkpointing import NotSigned, Signed, make_checkpoint
from cadre.audit.note import Signer as NoteSigner
from cadre.audit.public_keys import PublicKeys, Retirement
from cadre.audit.witness_state import write
from cadre.cli.installation.chosen import Local, checkpoint_signer, installation
from cadre.cli.installation.data_directory import DataDirectory
from cadre.cli.installation.standing_log import StandingLog, copied, copy_of
from cadre.cli.options import DEFAULT_DATA, Data, Settings, only_a_directory
from cadre.cli.output import CONSOLE, DIFFERENT, AsJson, fail, print_json, table
from cadre.contracts.vocabulary import SERVICES
from cadre.shared.deciding.errors import Malformed, NotFound
from cadre.shared.log.codec import Signer


class Which(StrEnum):
    """Whose key."""

    SELECTION = "selection"
    TRAINING = "training"
    SUPERVISION = "supervision"
    APPOINTMENT = "appointment"
    CHECKPOINTS = "checkpoints"


def rotate_key(
    which: Annotated[Which, typer.Argument(help="Whose key: a service's, or that of checkpoints.")],
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """更换签名密钥（须先停机）；旧密钥此前所签仍有效。 Replace a signing key of a stopped system.

    Signs a checkpoint before, makes the key, retires the old one at the log's end, and signs again;
    the last checkpoint under a leaving checkpoint key bears both signatures.
    """
    only_a_directory(settings, "请看部署说明 · see Signing keys in deploy/README.md")
    audited = Local(DataDirectory.open_data(data))
    try:
        with audited.directory.lock():
            signed = asyncio.run(_rotate(audited, which))
    except NotSigned as error:
        fail(error, as_json=as_json)
        raise typer.Exit(DIFFERENT) from error
    if as_json:
        print_json({"checkpoint": signed.note, "keys": _rows(signed.keys)})
        return
    CONSOLE.print(signed.note, markup=False, highlight=False, soft_wrap=True)
    _print(signed.keys)


async def _rotate(audited: Local, which: Which) -> Signed:
    known = audited.evidence.keys()
    origin = known.origin if known else None
    before = checkpoint_signer(audited, origin)
    with TemporaryDirectory(prefix="cadre-audit-") as folder:
        copy_of(audited.directory, Path(folder))
        async with copied(Path(folder)) as found:
            await _sign(found, audited, before)
            audited.directory.renew(None if which is Which.CHECKPOINTS else which)
            if which is not Which.CHECKPOINTS:
                return await _sign(found, audited, before)
            return await _sign(found, audited, checkpoint_signer(audited, before.name), before)


async def _sign(
    found: StandingLog, audited: Local, signer: NoteSigner, *leaving: NoteSigner
) -> Signed:
    now = datetime.now(UTC)
    return await make_checkpoint(
        found.log,
        audited.evidence,
        signer,
        audited.holders,
        now,
        leaving=leaving,
        readings=found.readings,
    )


def keys(data: Data = DEFAULT_DATA, settings: Settings = None, as_json: AsJson = False) -> None:
    """公钥沿革：启用与停用的日期。 The public keys and when each was in use."""
    evidence = installation(data, settings).evidence
    known = evidence.keys()
    if known is None:
        raise NotFound("尚无检查点 · there is no checkpoint yet", where=str(evidence.folder))
    if as_json:
        print_json({"origin": known.origin, "keys": _rows(known)})
    else:
        _print(known)


def public_keys(
    output: Annotated[Path, typer.Option(help="The file of settings to write.", dir_okay=False)],
) -> None:
    """由各服务签名密钥（环境变量）写出公钥设置。 Write the public halves of CADRE_SIGNING_KEY_*."""
    pairs: list[str] = []
    for service in SERVICES:
        name = f"CADRE_SIGNING_KEY_{service.upper()}"
        try:
            signer = Signer.from_seed(service, b64decode(os.environ[name], validate=True))
        except (KeyError, ValueError) as error:
            raise Malformed(
                "须为 32 字节的 base64 · 32 bytes in base64 are wanted", where=name
            ) from error
        pairs.append(f"{service}={b64encode(signer.public).decode()}")
    write(output, f"CADRE_AUDIT_PUBLIC_KEYS={','.join(pairs)}\n")


def _rows(known: PublicKeys) -> list[dict[str, object]]:
    ends = known.retirements
    entries = [one for one in known.history if not isinstance(one, Retirement)]
    rows: list[dict[str, object]] = []
    for one in entries:
        service = one.kind == "service"
        key = one.key_id if service else one.verifier
        end = ends.get(key)
        rows.append(
            {
                "key": key,
                "signs": one.service if service else Which.CHECKPOINTS.value,
                "from": one.known_since.isoformat(),
                "until": end.until.isoformat() if end else None,
                "last_position": end.after if end else None,
            }
        )
    return rows


def _print(known: PublicKeys) -> None:
    columns = ("signs", "key", "from", "until", "last_position")
    rows = [[row[name] or "" for name in columns] for row in _rows(known)]
    CONSOLE.print(table("公钥 Public keys", columns, rows))
