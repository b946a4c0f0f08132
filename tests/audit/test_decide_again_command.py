"""``cadre audit decide-again`` on a demonstrated county, running and stopped."""

import asyncio
import json
import shutil
import subprocess
import sys
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from audit.decided_logs import passing
from cadre.cli.installation import system
from cadre.cli.installation.data_directory import DataDirectory
from cadre.cli.main import app
from cadre.contracts.appointment.promotion import Promoted, PromotionRefused
from cadre.contracts.catalogue import CATALOGUE
from cadre.contracts.vocabulary import Rank
from cadre.shared.log.codec import Outgoing, Signer
from cadre.shared.log.signed import SIGNATURE, Message, preimage
from cadre.shared.log.stream import Log
from support.nats_server import NatsServer

pytestmark = [
    pytest.mark.system,
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]


def audit(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["audit", *(str(argument) for argument in arguments)])


def told(*arguments: str | Path) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(audit("decide-again", *arguments, "--json").stdout)
    return answer


@pytest.fixture(scope="module")
def demonstrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A county after its years, decided again while it still ran."""
    data = tmp_path_factory.mktemp("county") / "data"
    demo = ("demo", "--cadres", "30", "--years", "2", "--keep-running", "--json", "--data")
    try:
        subprocess.run(
            [sys.executable, "-m", "cadre.cli.main", *demo, str(data)],
            check=True,
            capture_output=True,
        )
        running = audit("decide-again", "--data", data, "--json")
        assert running.exit_code == 0, running.output
        assert json.loads(running.stdout)["decisions"] > 50
    finally:
        system.stop(data)
    return data


@pytest.fixture
def data(demonstrated: Path, tmp_path: Path) -> Path:
    return shutil.copytree(demonstrated, tmp_path / "data")


def test_a_countys_years_are_decided_the_same(data: Path) -> None:
    result = audit("decide-again", "--data", data, "--all", "--json")
    report = json.loads(result.stdout)
    kinds = {one["type"].split(".")[1] for one in report["shown"]}

    assert result.exit_code == 0, result.output
    assert report["same"]
    assert report["verdicts"]["same"] == report["decisions"] == len(report["shown"])
    assert {"promoted", "decision-taken", "pool-entered", "assessed", "trained"} <= kinds
    assert {one["recorded"]["granted"] for one in report["shown"]} == {True, False}


def test_what_was_corrected_since_would_differ_today(data: Path) -> None:
    report = told("--data", data, "--with-today")

    assert report["same"]
    assert report["differ_today"] == len(report["shown"]) >= 1
    for one in report["shown"]:
        assert one["verdict"] == "same"
        assert one["today"]["news"]
        assert all(news["position"] > one["position"] for news in one["today"]["news"])
    words = audit("decide-again", "--data", data, "--with-today")
    assert words.exit_code == 0
    assert "known now" in words.stdout


@dataclass(frozen=True)
class Forgery:
    """A refusal on the log, and the promotion somebody with the service's key wrote instead."""

    refused: Message
    position: int


def forge(data: Path) -> Forgery:
    """Append, signed by Appointment, what was refused as if every rule had passed."""
    return asyncio.run(_forge(data))


async def _forge(data: Path) -> Forgery:
    seed = DataDirectory.open_data(data).secrets.signing_keys["appointment"]
    signer = Signer.from_seed("appointment", b64decode(seed))
    server = NatsServer(data / "nats")
    server.start()
    try:
        client = await server.connect("appointment")
        log = Log(client)
        messages = [m async for batch in log.read() for m in batch]
        refused = next(m for m in messages if _refused_rank(m) is not None)
        honest = _refused_rank(refused)
        assert honest is not None
        forged = Promoted(
            effective_on=honest.effective_on,
            cadre_id=honest.cadre_id,
            kind="rank",
            rank=Rank(honest.target),
            trained=True,
            findings=passing(honest),
        )
        subject = f"history.{forged.aggregate}.promoted"
        body = forged.model_dump_json().encode()
        event_id = str(uuid4())
        # The expectations of the refusal were stored with it.
        honest_headers = {k: v for k, v in refused.headers.items() if not k.startswith("Nats-")}
        headers = honest_headers | {
            "Nats-Msg-Id": event_id,
            "ce-id": event_id,
            "ce-commandid": str(uuid4()),
            "ce-type": forged.tag(),
        }
        headers[SIGNATURE] = signer.sign(preimage(subject, headers, body))
        (position,) = await log.append([(Outgoing(subject, headers, body), None)])
        await client.close()
        return Forgery(refused, position)
    finally:
        assert server.process is not None
        server.process.terminate()
        server.process.wait()


def _refused_rank(message: Message) -> PromotionRefused | None:
    event = CATALOGUE.read(json.loads(message.body))
    return event if isinstance(event, PromotionRefused) and event.kind == "rank" else None


def test_a_forged_promotion_differs_with_both_traces(data: Path) -> None:
    forgery = forge(data)
    result = audit("decide-again", "--data", data, "--json")
    report = json.loads(result.stdout)

    assert result.exit_code == 1
    assert report["verdicts"]["differs"] == 1
    (found,) = report["shown"]
    assert (found["position"], found["verdict"]) == (forgery.position, "differs")
    assert found["recorded"]["granted"]
    assert not found["again"]["granted"]
    assert all(finding["passed"] for finding in found["recorded"]["findings"])
    honest = json.loads(forgery.refused.body)["findings"]
    assert found["again"]["findings"] == honest
    assert {f["rule"] for f in honest if not f["passed"]} <= {*found["rules"]}
    words = audit("decide-again", "--data", data)
    assert words.exit_code == 1
    assert found["rules"][0] in words.stdout
    assert "✗" in words.stdout


def test_the_decisions_of_one_person_one_motion_or_since_a_day(data: Path) -> None:
    everything = told("--data", data, "--all")["shown"]
    motion = next(one for one in everything if one["type"].endswith("decision-taken.v1"))
    motion_id = motion["subject"].split(".")[3]
    moved = told("--data", data, "--all", "--motion", motion_id)["shown"]
    promoted = next(one for one in everything if one["type"].endswith("promoted.v1"))
    person = promoted["subject"].split(".")[3]
    about = told("--data", data, "--all", "--cadre", person)["shown"]
    day = promoted["effective_on"]
    later = told("--data", data, "--all", "--since", day)["shown"]

    assert motion["position"] in {one["position"] for one in moved}
    assert promoted["position"] in {one["position"] for one in about}
    assert 0 < len(about) < len(everything)
    assert len(later) == sum(one["effective_on"] >= day for one in everything)


def test_what_cannot_be_run_is_exit_code_2(data: Path, tmp_path: Path) -> None:
    assert audit("decide-again", "--data", tmp_path / "nothing").exit_code == 2
    nobody = audit("decide-again", "--data", data, "--cadre", "c-aaaaaaaaaa")
    assert nobody.exit_code == 2
    assert audit("decide-again", "--data", data, "--since", "yesterday").exit_code == 2
