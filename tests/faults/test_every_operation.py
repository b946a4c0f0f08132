"""Every operation of every service, asked at random from its own document: nothing breaks it.

What comes back has a status, a media type and a shape that the document names, and is no 5xx.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from support.environment import Environment
from support.real_service import TOKEN, service_process

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

SERVICES = ("selection", "training", "supervision", "appointment")
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


@pytest.mark.parametrize("service", SERVICES)
def test_no_question_and_no_command_breaks_a_service(
    service: str, environment: Environment
) -> None:
    with service_process(service, environment, CADRE_WAIT_S_MAX="0.05") as url:
        asked = _asked(url)
        log = (environment.directory / f"{service}.log").read_text()
    assert asked.returncode == 0, _short(asked.stdout)
    assert "crashed" not in log, log[:20_000]


def _short(told: str) -> str:
    return "\n".join(line[:600] for line in told.splitlines())


def _asked(url: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            *("--no-color", "run", f"{url}/openapi.json"),
            *("-H", f"Authorization: Bearer {TOKEN}", "-H", "Cadre-Actor: prober"),
            *("--checks", ",".join(CHECKS), "--phases", "examples,coverage,fuzzing"),
            *(
                "--seed",
                "1",
                "--max-examples",
                "10",
                "--max-time",
                "50",
                "--generation-database",
                "none",
            ),
            *("--generation-allow-x00", "true", "--workers", "1", "--no-shrink"),
            *("--continue-on-failure",),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
