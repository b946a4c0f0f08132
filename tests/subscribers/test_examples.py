"""The subscribers that ship as examples, run as their readers run them."""

import asyncio
import json
import subprocess
import sys
from base64 import b64decode, b64encode
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cadre.contracts.appointment.promotion import Promoted
from cadre.contracts.appointment.service import ProbationConcluded
from cadre.contracts.event import Forgotten
from cadre.contracts.selection.identification import Observed, Occasion
from cadre.contracts.vocabulary import PostLevel, Rank
from cadre.shared.log.codec import signature_holds
from cadre.shared.log.signed import Message, digest
from subscribers.actors import ENDS_S_MAX, EXAMPLES, Program, Scribe, signer_of
from support import stores
from support.nats_server import NatsServer

ANA, BO = "c-aaaaaaaaaa", "c-bbbbbbbbbb"
TO_POST = Promoted(
    cadre_id=ANA,
    effective_on=date(2026, 3, 2),
    kind="post",
    level=PostLevel.SECTION_DEPUTY,
    post_id="finance-deputy",
    post_title="副局长",
    unit_name="青川县财政局",
    trained=True,
    findings=(),
)
TO_RANK = Promoted(
    cadre_id=BO,
    effective_on=date(2026, 1, 5),
    kind="rank",
    rank=Rank.OFFICER_3,
    trained=False,
    findings=(),
)
CONCLUDED = ProbationConcluded(
    cadre_id=ANA,
    effective_on=date(2027, 3, 2),
    promotion_event=UUID(int=1),
    passed=True,
    assessed_by="县委组织部",
    note="试用期表现优秀",
    post_id="finance-deputy",
)
NOTED = Observed(
    cadre_id=BO,
    effective_on=date(2026, 2, 1),
    occasion=Occasion.PROJECT,
    indication="positive",
    observer="督查组",
    note=Forgotten(),
)


def state_of(program: Program) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(program.state_file.read_text())
    return state


async def test_every_promotion_from_the_beginning_one_line_each(
    scribe: Scribe, program: Program
) -> None:
    await scribe.record(TO_POST)
    await scribe.record(CONCLUDED)
    await scribe.record(TO_RANK)
    post, rank = await program.lines()
    assert post == (
        f"1 2026-03-02 appointment.promoted.v1 cadre/{ANA} kind=post level=section-deputy "
        "post_id=finance-deputy post_title=副局长 unit_name=青川县财政局 trained=true findings=…"
    )
    assert rank == (
        f"3 2026-01-05 appointment.promoted.v1 cadre/{BO} kind=rank rank=officer-3 "
        "trained=false findings=…"
    )


async def test_it_reads_on_from_its_own_position(scribe: Scribe, program: Program) -> None:
    await scribe.record(TO_POST)
    await program.lines()
    await scribe.record(TO_RANK)
    (line,) = await program.lines()
    assert line.startswith("2 ")
    assert await program.lines() == []
    assert state_of(program)["position"] == 2


async def test_an_event_that_comes_again_changes_nothing(scribe: Scribe, program: Program) -> None:
    await scribe.record(TO_POST)
    await program.lines()
    known = state_of(program)
    program.state_file.write_text(json.dumps(known | {"position": 0}))
    await scribe.record(TO_RANK)
    (line,) = await program.lines()
    assert line.startswith("2 ")
    again = state_of(program)
    assert len(again["events"]) == 2
    assert known["events"].items() <= again["events"].items()


async def test_a_correction_names_what_it_corrects(scribe: Scribe, program: Program) -> None:
    wrong = (await scribe.record(TO_POST)).headers["ce-id"]
    right = (
        await scribe.record(
            TO_POST.model_copy(update={"effective_on": date(2026, 3, 9), "supersedes": UUID(wrong)})
        )
    ).headers["ce-id"]
    _, line = await program.lines()
    assert line.endswith(f"corrects={wrong}")
    assert state_of(program)["events"] == {
        wrong: {"effective_on": "2026-03-02", "superseded_by": right},
        right: {"effective_on": "2026-03-09", "superseded_by": None},
    }


async def test_sealed_and_forgotten_fields_are_told_apart(scribe: Scribe, program: Program) -> None:
    await scribe.record(CONCLUDED)
    await scribe.record(NOTED)
    sealed, forgotten = await program.lines("--subject", "history.*.cadre.*.>")
    assert "note=(sealed)" in sealed
    assert "note=(forgotten)" in forgotten


async def test_the_credential_is_found_in_run_json(
    scribe: Scribe, program: Program, tmp_path: Path
) -> None:
    subscriber = {"password": "psubscriber", "user": "subscriber"}
    nats = {"url": program.environment["NATS_URL"], "credentials": {"subscriber": subscriber}}
    run = tmp_path / "run.json"
    run.write_text(json.dumps({"nats": nats}))
    await scribe.record(TO_POST)
    program.environment = {}
    assert len(await program.lines("--run", str(run))) == 1


async def test_it_follows_and_outlives_a_restart_of_the_log(
    scribe: Scribe, program: Program, server: NatsServer
) -> None:
    process = await program.start()
    assert process.stdout is not None
    for position, event in enumerate((TO_POST, TO_RANK), start=1):
        await scribe.record(event)
        line = await asyncio.wait_for(process.stdout.readline(), ENDS_S_MAX)
        assert line.startswith(f"{position} ".encode())
    server.kill()
    server.start()
    await scribe.logs["appointment"].client.close()
    del scribe.logs["appointment"]
    await scribe.record(TO_POST)
    line = await asyncio.wait_for(process.stdout.readline(), ENDS_S_MAX)
    assert line.startswith(b"3 ")


async def test_it_stops_at_a_log_put_back_from_an_older_copy(
    scribe: Scribe, program: Program, server: NatsServer, tmp_path: Path
) -> None:
    await scribe.record(TO_POST)
    older = stores.copy(server, tmp_path / "older")
    await disconnected(scribe)
    await scribe.record(TO_RANK)
    assert len(await program.lines()) == 2
    stores.put_back(server, older)
    await disconnected(scribe)
    for _ in range(2):  # Shorter than what was read; then grown past it.
        code, told = await program.ended("--once")
        assert code == 1
        assert "position 2 is not what was read there" in told
        await scribe.record(TO_POST.model_copy(update={"post_id": "other"}))
    await scribe.record(TO_RANK)
    assert state_of(program)["position"] == 2


async def test_it_stops_when_the_log_is_swapped_while_it_follows(
    scribe: Scribe, program: Program, server: NatsServer, tmp_path: Path
) -> None:
    await scribe.record(TO_POST)
    older = stores.copy(server, tmp_path / "older")
    await disconnected(scribe)
    process = await program.start()
    assert process.stdout is not None
    await scribe.record(TO_RANK)
    for _ in range(2):
        await asyncio.wait_for(process.stdout.readline(), ENDS_S_MAX)
    stores.put_back(server, older)
    await disconnected(scribe)
    for number in range(3):
        await scribe.record(TO_POST.model_copy(update={"post_id": f"other-{number}"}))
    assert await asyncio.wait_for(process.wait(), ENDS_S_MAX) == 1
    assert await process.stdout.read() == b"", "it took events of another branch"


async def disconnected(scribe: Scribe) -> None:
    """Whoever writes next does so over a new connection."""
    for log in scribe.logs.values():
        await log.client.close()
    scribe.logs.clear()


SIGNED_EVENTS = json.loads((EXAMPLES / "signed_events.json").read_text())


def verify(path: Path) -> tuple[int, list[str]]:
    ended = subprocess.run(
        [sys.executable, str(EXAMPLES / "verify.py"), str(path)],
        capture_output=True,
        text=True,
        timeout=ENDS_S_MAX,
        check=False,
    )
    assert ended.stderr == ""
    return ended.returncode, [line.split(" ", 2)[2] for line in ended.stdout.splitlines()]


def test_the_signed_events_are_what_the_services_sign() -> None:
    for event in SIGNED_EVENTS["events"]:
        headers, body = event["headers"], event["body"].encode()
        (key,) = SIGNED_EVENTS["keys"].values()
        message = Message(event["subject"], headers, body, position=1, recorded_ns=0)
        assert digest(event["subject"], headers, body) == event["sha256"]
        assert signature_holds(message, b64decode(key))


async def test_verify_accepts_what_a_service_wrote(scribe: Scribe, tmp_path: Path) -> None:
    written = [await scribe.record(event) for event in (TO_POST, CONCLUDED, NOTED)]
    keys = {
        signer.key_id: b64encode(signer.public).decode()
        for signer in map(signer_of, ("appointment", "selection"))
    }
    events = [
        {"subject": event.subject, "headers": dict(event.headers), "body": event.body.decode()}
        for event in written
    ]
    path = tmp_path / "events.json"
    path.write_text(json.dumps({"keys": keys, "events": events}))
    assert verify(path) == (0, ["holds", "holds", "holds"])


def _tampered() -> dict[str, tuple[dict[str, Any], str]]:
    def change(**headers: str) -> dict[str, Any]:
        given = deepcopy(SIGNED_EVENTS)
        given["events"][1]["headers"] |= headers
        return given

    body = deepcopy(SIGNED_EVENTS)
    body["events"][1]["body"] = body["events"][1]["body"].replace("工作调动", "辞职")
    missing = deepcopy(SIGNED_EVENTS)
    del missing["events"][0]
    other = deepcopy(SIGNED_EVENTS)
    other["events"][1]["subject"] = "history.selection.cadre.c-7f3kq2mz4a.relieved"
    return {
        "body": (body, "no known key has signed it"),
        "actor": (change(**{"ce-actor": "clerk-8"}), "no known key has signed it"),
        "key": (change(**{"ce-keyid": "appointment-00000000"}), "no known key has signed it"),
        "missing": (missing, "version 1 is missing; the event before it is another one"),
        "other service": (other, "the key of another service"),
    }


@pytest.mark.parametrize(("given", "told"), _tampered().values(), ids=_tampered().keys())
def test_verify_finds_what_was_altered(given: Any, told: str, tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    path.write_text(json.dumps(given))
    status, verdicts = verify(path)
    assert status == 1
    assert told in verdicts[-1]
