"""The entries of a package, from the events of an extraction."""

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec

from cadre.audit.completeness import HeadProof
from cadre.audit.export.cited import cited_versions, rule_texts
from cadre.audit.export.dossier import Material, dossier
from cadre.audit.export.motion_file import motion_file
from cadre.audit.export.page import page
from cadre.audit.export.scopes import OfMotion, Taken
from cadre.audit.extraction import Extraction
from cadre.audit.leaf import own
from cadre.shared.deciding.errors import Malformed
from cadre.shared.log.signed import Message

FONT = "pylopdf_fonts_zh_cn"
"""What a PDF is written with; it comes with the extra ``paper``."""


def contents(
    extraction: Extraction,
    taken: Taken,
    material: Material,
    disclosure: Sequence[Mapping[str, object]] | None,
) -> dict[str, bytes]:
    """Every entry but the manifest, by name; a PDF only where a font is installed."""
    texts = {
        "checkpoint": extraction.note,
        "code.json": _code(taken.events),
        "events.jsonl": "".join(_line(_event(message)) for message in taken.events),
        "heads.jsonl": "".join(_line(_head(proof)) for proof in taken.heads),
        "keys": _keys(extraction),
        "rules.toml": _rules(material),
    }
    if disclosure is not None:
        texts["disclosure.jsonl"] = "".join(_line(one) for one in disclosure)
    for message in taken.events:
        texts[f"proofs/{message.position:012}.tlog-proof"] = extraction.proof(message)
    scope = material.scope
    told = motion_file(material, scope) if isinstance(scope, OfMotion) else dossier(material)
    texts["dossier.html"] = page(told)
    entries = {name: text.encode() for name, text in texts.items()}
    if find_spec(FONT) is None:
        return entries
    # Loaded only where it is there: most machines need no font.
    from cadre.audit.export.paper import paper

    return entries | {"dossier.pdf": paper(told, extraction.checkpoint.dated)}


def _line(value: Mapping[str, object]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def _event(message: Message) -> dict[str, object]:
    try:
        body = message.body.decode()
    except UnicodeDecodeError as error:
        where = f"position {message.position}"
        raise Malformed(
            "事件不是文本 · an event is no text",
            where=where,
            hint="请进行核验 · run `cadre audit verify`",
        ) from error
    return {
        "position": message.position,
        "recorded_ns": message.recorded_ns,
        "subject": message.subject,
        "headers": dict(sorted(own(message.headers).items())),
        "body": body,
    }


def _head(proof: HeadProof) -> dict[str, object]:
    return {
        "aggregate": proof.aggregate,
        **proof.head._asdict(),
        "index": proof.index,
        "hashes": [one.hex() for one in proof.hashes],
    }


def _keys(extraction: Extraction) -> str:
    signed = extraction.keys.history[: extraction.checkpoint.keys.size]
    return "".join(f"{entry.line}\n" for entry in signed)


def _code(events: Sequence[Message]) -> str:
    """The versions that decided, by position, and the one that exports."""
    decided: dict[str, list[int]] = {}
    for message in events:
        decided.setdefault(message.headers.get("ce-codeversion", ""), []).append(message.position)
    told = {"exported_by": f"cadre-audit {version('cadre-audit')}", "decided_by": decided}
    return json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _rules(material: Material) -> str:
    versions = cited_versions(material.history)
    return "\n".join(text for _, text in rule_texts(versions).values())
