"""``cadre audit witness``: sign along, from another machine, what a log signs."""

import asyncio
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import httpx
import typer
from pydantic import ValidationError

from cadre.audit.consistency import Extension
from cadre.audit.cosignature import CosignatureVerifier, Policy, cosigned_at
from cadre.audit.note import open_note
from cadre.audit.public_keys import PublicKeys
from cadre.audit.witness import Cosigned, NotCosigned, Offer, Refused, Witness
from cadre.audit.witness_state import WitnessState, write
from cadre.cli.installation.chosen import installation
from cadre.cli.installation.remote_log import remote_log
from cadre.cli.options import DEFAULT_DATA, Data, Settings
from cadre.cli.output import CONSOLE, DIFFERENT, AsJson, fail, print_json
from cadre.shared.deciding.errors import CadreError, Malformed, NotFound, Unavailable

app = typer.Typer(
    help="见证：在另一台机器上核对镜像并会签检查点。 Cosign checkpoints from another machine.",
    no_args_is_help=True,
)
FETCH_S_MAX = 30.0

State = Annotated[
    Path,
    typer.Option(
        "--state", envvar="CADRE_WITNESS", help="The witness's own directory.", file_okay=False
    ),
]


@app.command()
def init(
    state: State,
    name: Annotated[str, typer.Option(help="The witness's name: a URL of yours without https://.")],
    log_key: Annotated[
        str, typer.Option(help="The verifier key that `cadre audit checkpoint` printed.")
    ],
    as_json: AsJson = False,
) -> None:
    """设立见证人。 Make a witness with a key of its own."""
    made = WitnessState.create(state, name, log_key)
    key = str(made.signer.verifier)
    if as_json:
        print_json({"name": name, "origin": made.identity.origin, "key": key})
    else:
        CONSOLE.print(
            f"见证人公钥 witness key: {key}", markup=False, highlight=False, soft_wrap=True
        )


@app.command()
def run(
    state: State,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            help="The folder `audit`: its path or URL; or a file with a checkpoint, or with what "
            "`checkpoint --since` wrote.",
        ),
    ],
    nats: Annotated[str, typer.Option(envvar="CADRE_NATS_URL", help="Where the mirror is.")],
    password: Annotated[
        str, typer.Option(envvar="CADRE_NATS_PASSWORD_AUDITOR", help="Better in the environment.")
    ],
    user: Annotated[str, typer.Option(help="The user that reads the mirror.")] = "auditor",
    stream: Annotated[str, typer.Option(help="The mirror.")] = "HISTORY_AUDIT",
    ca_file: Annotated[
        Path | None,
        typer.Option(envvar="CADRE_CA_FILE", help="Whose certificates are trusted.", exists=True),
    ] = None,
    keys: Annotated[
        Path | None, typer.Option(help="keys.json, if it is not beside the checkpoint.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Where the cosigned checkpoint goes; else it is printed.")
    ] = None,
    every: Annotated[
        float | None, typer.Option(help="Look again after so many seconds, for ever.", min=1)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """核对镜像并会签；有矛盾即拒绝。 Cosign the newest checkpoint if the mirror gives it.

    Exit codes: 0 cosigned, or nothing new; 1 refused; 2 wrong input; 3 try again later.
    """
    kept = WitnessState(state)

    async def once() -> Cosigned:
        offer = read_offer(source, keys)
        async with remote_log(nats, user, password, stream, ca_file) as mirror:
            return await Witness(kept, mirror, kept.signer).consider(offer)

    while True:
        try:
            done = asyncio.run(once())
            _publish(done, output, as_json=as_json)
        except (Refused, NotCosigned) as error:
            kept.log(datetime.now(UTC), "not cosigned", detail=str(error))
            sys.stderr.write(f"WITNESS DOES NOT SIGN: {error}\n")
            if as_json:
                print_json(error.problem())
            if every is None or isinstance(error, Refused):
                raise typer.Exit(DIFFERENT) from error
        except Unavailable as error:
            if every is None:
                raise
            fail(error, as_json=as_json)
        if every is None:
            return
        time.sleep(every)


def _publish(done: Cosigned, output: Path | None, *, as_json: bool) -> None:
    if output is not None:
        write(output, done.note)
        output.chmod(0o644)
    if as_json:
        size = done.checkpoint.tree.size
        print_json({"size": size, "fresh": done.fresh, "checkpoint": done.note})
    elif output is None:
        sys.stdout.write(done.note)
    elif done.fresh:
        CONSOLE.print(f"已会签 Cosigned {done.checkpoint.tree.size} → {output}", highlight=False)


@app.command()
def trust(
    state: State,
    log_key: Annotated[str, typer.Argument(help="The log's next verifier key.")],
) -> None:
    """信任日志的新公钥（先行当面核实）。 Take the log's next key; make sure of it first."""
    kept = WitnessState(state)
    with kept.lock():
        kept.trust(log_key)
        kept.log(datetime.now(UTC), "trusted", key=log_key)
    CONSOLE.print(f"已信任 Trusted {log_key}", markup=False, highlight=False, soft_wrap=True)


@app.command()
def resolve(
    state: State,
    reason: Annotated[str, typer.Option(help="What was found out; kept beside the evidence.")],
) -> None:
    """查明后解除拒绝状态；已签内容不变。 Let the witness look again, once a person has looked.

    What it cosigned stays: it refuses again as long as the log contradicts it.
    """
    kept = WitnessState(state)
    with kept.lock():
        now = datetime.now(UTC)
        done = kept.resolve(now, reason)
        kept.log(now, "resolved", reason=reason, refusals=[path.name for path in done])
    CONSOLE.print(f"已解除 Resolved: {len(done)}", highlight=False)


def read_offer(source: str, keys: Path | None = None) -> Offer:
    """What an installation published: over HTTP, in a folder, or carried by hand as a file.

    Raises: NotFound, Malformed, Unavailable.
    """
    if source.startswith(("http://", "https://")):
        note, beside = _fetched(f"{source}/checkpoint"), None
        listed = read(keys) if keys else _fetched(f"{source}/keys.json")
    else:
        path = Path(source)
        beside = path if path.is_dir() else path.parent
        note = read(path / "checkpoint" if path.is_dir() else path)
        listed = read(keys or beside / "keys.json")
    try:
        known = PublicKeys.model_validate_json(listed)
    except ValidationError as error:
        raise Malformed("公钥无法读取 · the public keys cannot be read", where=source) from error
    if not note.startswith("old "):
        return Offer(note, known)
    extension = Extension.parse(note)
    return Offer(extension.note, known, extension)


def read(path: Path) -> str:
    """The text of a file.

    Raises: NotFound.
    """
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(f"无法读取 · cannot be read: {error}", where=str(path)) from error


def _fetched(url: str) -> str:
    try:
        response = httpx.get(url, timeout=FETCH_S_MAX, follow_redirects=False)
        response.raise_for_status()
    except httpx.HTTPError as error:
        raise Unavailable(f"无法获取 · cannot be fetched: {error}", where=url) from error
    return response.text


def cosigned(
    file: Annotated[Path, typer.Argument(help="The checkpoint as the witness gave it back.")],
    data: Data = DEFAULT_DATA,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """收存见证人会签的检查点。 Keep a checkpoint that a witness cosigned, under DIR/audit."""
    evidence = installation(data, settings).evidence
    known, note = evidence.keys(), read(file)
    if known is None:
        raise NotFound("尚无检查点 · there is no checkpoint yet", where=str(evidence.folder))
    opened = open_note(note, known.verifiers_parsed)
    own = {one.rpartition("\n\n")[0] for one in evidence.notes()}
    if note.rpartition("\n\n")[0] not in own:
        error = NotSignedHere(
            "检查点由本日志的密钥签署，却不在此处的检查点中 · "
            "this log's key signed it, and it is not among the checkpoints here",
            where=str(file),
            hint="请以该检查点核验 · "
            "run `cadre audit verify --checkpoint FILE`: the log may have been forked",
        )
        fail(error, as_json=as_json)
        raise typer.Exit(DIFFERENT)
    evidence.add_cosigned(note)
    others = [f"{one.name} {cosigned_at(one)}" for one in opened.unknown]
    if as_json:
        print_json({"size": int(opened.text.split("\n")[1]), "unverified": others})
    else:
        CONSOLE.print("已收存 Kept; verified with `cadre audit verify --witness KEY`:")
        for one in others:
            CONSOLE.print(f"  {one}", markup=False, highlight=False)


class NotSignedHere(CadreError):
    status = 409
    code = "not-signed-here"
    title = "检查点不属于本系统 · This checkpoint is not of this installation"


def policy(keys: list[str], quorum: int | None) -> Policy:
    """The policy of the options ``--witness`` and ``--witnesses-min``: all of them if none is said.

    Raises: NoteError, Malformed.
    """
    parsed = {one.public: one for one in map(CosignatureVerifier.parse, keys)}
    needed = len(parsed) if quorum is None else quorum
    if needed > len(parsed):
        raise Malformed(
            f"所需见证人数不成立 · {needed} of {len(parsed)} witnesses cannot be asked for"
        )
    return Policy(tuple(parsed.values()), needed)
