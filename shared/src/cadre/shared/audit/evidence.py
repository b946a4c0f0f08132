"""The folder ``audit`` of an installation: everything an auditor may have, nothing secret.

tile/              the tree, see `tiles`
checkpoint         the newest checkpoint, where clients of tlog-tiles look for it
checkpoints.jsonl  every checkpoint ever signed, the oldest first; lines are only ever added
keys.json          public keys, see `public_keys`
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from cadre.shared.audit.note import Ed25519Signer
from cadre.shared.audit.public_keys import PublicKeys
from cadre.shared.errors import Malformed


@dataclass(frozen=True, slots=True)
class Evidence:
    """Reads and writes the folder."""

    folder: Path

    def keys(self) -> PublicKeys | None:
        """The public keys; None before the first checkpoint.

        Raises: Malformed.
        """
        path = self.folder / "keys.json"
        try:
            return PublicKeys.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise Malformed("the public keys cannot be read", where=str(path)) from error

    def keys_or_first(self, signer: Ed25519Signer) -> PublicKeys:
        """The public keys, or those of an installation that has no checkpoint yet."""
        return self.keys() or PublicKeys(origin=signer.name, verifiers=(str(signer.verifier),))

    def write_keys(self, keys: PublicKeys) -> None:
        self._replace("keys.json", keys.model_dump_json(indent=2) + "\n")

    def notes(self) -> list[str]:
        """Every checkpoint as it was signed, the oldest first.

        Raises: Malformed.
        """
        path = self.folder / "checkpoints.jsonl"
        if not path.exists():
            return []
        try:
            return [str(json.loads(line)["note"]) for line in path.read_text("utf-8").splitlines()]
        except (ValueError, KeyError, TypeError) as error:
            raise Malformed("the list of checkpoints cannot be read", where=str(path)) from error

    def add(self, note: str) -> None:
        """Keep a checkpoint."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "checkpoints.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"note": note}, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._replace("checkpoint", note)

    def _replace(self, name: str, text: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / f"{name}.tmp"
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.folder / name)
