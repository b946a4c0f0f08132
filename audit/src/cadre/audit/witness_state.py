"""What a witness keeps in a directory of its own, on a machine that is not the log's.

witness.json     its name, and the keys of the log it watches
key              its own seed, readable by the owner only
checkpoint       the newest checkpoint it cosigned, with the cosignature
refused/<time>/  what it would not cosign, for a third party to judge
log.jsonl        every decision, one a line
"""

import contextlib
import fcntl
import json
import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ValidationError

from cadre.audit.checkpoint import Checkpoint
from cadre.audit.cosignature import CosignatureSigner
from cadre.audit.evidence import read_bytes
from cadre.audit.note import Verifier, open_note, verifier_of
from cadre.shared.deciding.errors import CadreError, Malformed, NotFound

SEED_BYTES = 32


class WitnessBusy(CadreError):
    status = 409
    code = "witness-busy"
    title = "另一进程正在使用此见证人 · Another process uses this witness"


class Identity(BaseModel):
    """Who the witness is and whom it watches."""

    name: str
    origin: str
    log_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WitnessState:
    """The directory. What is written is on the disk when a method returns."""

    folder: Path

    @classmethod
    def create(cls, folder: Path, name: str, log_key: str) -> "WitnessState":
        """Make a witness with a fresh key for the log that signs with ``log_key``.

        Raises: NoteError; WitnessBusy when there is one already.
        """
        origin = verifier_of(log_key).name
        seed = secrets.token_bytes(SEED_BYTES)
        CosignatureSigner.from_seed(name, seed)
        if (folder / "witness.json").exists():
            raise WitnessBusy(
                "此处已有见证人 · there is a witness here",
                where=str(folder),
                hint="请另写新目录 · name a new directory",
            )
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        write(folder / "key", b64encode(seed).decode() + "\n")
        identity = Identity(name=name, origin=origin, log_keys=(log_key.strip(),))
        write(folder / "witness.json", identity.model_dump_json(indent=2) + "\n")
        return cls(folder)

    @property
    def identity(self) -> Identity:
        """Name and log.

        Raises: NotFound, Malformed.
        """
        path = self.folder / "witness.json"
        try:
            return Identity.model_validate_json(path.read_bytes())
        except FileNotFoundError as error:
            hint = "请先设立 · make one with `cadre audit witness init`"
            raise NotFound(
                "此处没有见证人 · there is no witness", where=str(self.folder), hint=hint
            ) from error
        except ValidationError as error:
            raise Malformed(
                "见证人的设置无法读取 · the witness's settings cannot be read", where=str(path)
            ) from error

    @property
    def signer(self) -> CosignatureSigner:
        try:
            seed = b64decode((self.folder / "key").read_text("ascii").strip(), validate=True)
            return CosignatureSigner.from_seed(self.identity.name, seed)
        except (OSError, ValueError) as error:
            path = str(self.folder / "key")
            raise Malformed(
                "见证人的密钥无法读取 · the witness's key cannot be read", where=path
            ) from error

    @property
    def log_verifiers(self) -> list[Verifier]:
        return [verifier_of(key) for key in self.identity.log_keys]

    def trust(self, log_key: str) -> None:
        """Take the log's next key as well, once a person has made sure of it.

        Raises: NoteError; Malformed for the key of another log.
        """
        identity = self.identity
        if verifier_of(log_key).name != identity.origin:
            raise Malformed(
                f"此密钥不属于该见证人 · this key is not of {identity.origin}", where=log_key
            )
        keys = dict.fromkeys((*identity.log_keys, log_key.strip()))
        changed = identity.model_copy(update={"log_keys": tuple(keys)})
        write(self.folder / "witness.json", changed.model_dump_json(indent=2) + "\n")

    def newest(self) -> str | None:
        """The newest checkpoint it cosigned; None before the first.

        Raises: Malformed when the file is not what this witness wrote, gone, or an older one.
        """
        path, told = self.folder / "checkpoint", self._largest_told()
        hint = (
            "请恢复原文件；不记得已签内容的见证人不得再签 · "
            "restore it; a witness that forgot what it signed must not sign"
        )
        if not path.exists():
            if told:
                detail = (
                    "最新检查点已丢失 · "
                    f"the newest checkpoint is gone; one of size {told} was cosigned"
                )
                raise Malformed(detail, where=str(path), hint=hint)
            return None
        try:
            note = path.read_text("utf-8")
            size = Checkpoint.parse(open_note(note, [self.signer.verifier]).text).tree.size
        except (Malformed, ValueError, OSError) as error:
            detail = "最新检查点已被改动 · the newest checkpoint is not as this witness wrote it"
            raise Malformed(detail, where=str(path), hint=hint) from error
        if size < told:
            detail = (
                "此检查点不是最新的 · "
                f"this is the checkpoint of size {size}; one of {told} was cosigned later"
            )
            raise Malformed(detail, where=str(path), hint=hint)
        return note

    def _largest_told(self) -> int:
        """The size of the largest checkpoint that its log says it cosigned; 0 for none."""
        sizes = [0]
        for line in (read_bytes(self.folder / "log.jsonl") or b"").splitlines():
            with contextlib.suppress(ValueError, LookupError, TypeError, RecursionError):
                entry = json.loads(line)
                sizes += [int(entry["size"])] if entry["event"] == "cosigned" else []
        return max(sizes)

    def keep(self, note: str) -> None:
        """Remember a cosigned checkpoint as the newest."""
        write(self.folder / "checkpoint", note)

    def refuse(self, at: datetime, files: dict[str, str]) -> Path:
        """Keep the evidence of a refusal; the directory."""
        made = self.folder / "refused" / at.strftime("%Y%m%dT%H%M%S.%fZ")
        made.mkdir(parents=True)
        for name, text in files.items():
            write(made / name, text)
        return made

    def unresolved(self) -> Path | None:
        """The first refusal that no person has resolved."""
        found = sorted((self.folder / "refused").glob("*/refusal.json"))
        return next((p.parent for p in found if not (p.parent / "resolved.json").exists()), None)

    def resolve(self, at: datetime, reason: str) -> list[Path]:
        """Note for every refusal that a person looked into it; the newest checkpoint stays."""
        resolved: list[Path] = []
        while open_one := self.unresolved():
            told = {"resolved_at": at.isoformat(), "reason": reason}
            write(open_one / "resolved.json", json.dumps(told, ensure_ascii=False) + "\n")
            resolved.append(open_one)
        return resolved

    def log(self, at: datetime, what: str, **fields: object) -> None:
        """Add a line to the witness's log."""
        line = {"at": at.isoformat(), "event": what} | fields
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
            file.flush()
            os.fsync(file.fileno())

    @contextlib.contextmanager
    def lock(self) -> Generator[None]:
        """One decision at a time.

        Raises: WitnessBusy.
        """
        with (self.folder / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise WitnessBusy(
                    "另一进程正在处理 · another process is deciding", where=str(self.folder)
                ) from error
            yield


def write(path: Path, text: str) -> None:
    """Replace a file in one step, readable by the owner only, on the disk on return."""
    temporary = path.with_name(f"{path.name}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(os.open(temporary, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
