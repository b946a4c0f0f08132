"""Talking to a running system's services over HTTP."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self, cast
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx

from cadre.shared.deciding.errors import (
    CadreError,
    LostRace,
    Malformed,
    OutcomeUnknown,
    Unavailable,
)

RETRY_S_MAX = 60.0
ANSWER_S_MAX = 60.0
AGAIN_S = 0.2


class Refused(CadreError):
    """A service answered with a problem; its fields are kept."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(
            str(problem.get("detail", "服务拒绝办理 · the service refused")),
            where=problem.get("where"),
            hint=problem.get("hint"),
        )
        self.fields = problem

    def problem(self) -> dict[str, object]:
        return self.fields


def path(*parts: str) -> str:
    """An address whose parts stand for themselves, whatever signs they hold."""
    return "".join(f"/{quote(part, safe='', errors='surrogateescape')}" for part in parts)


class Where(NamedTuple):
    """Where the services answer, by name, and what they are shown."""

    urls: Mapping[str, str]
    token: str


class SentCommand(NamedTuple):
    """One of many commands that go together."""

    name: str
    id: UUID
    body: dict[str, Any]


@dataclass(slots=True)
class Client:
    """HTTP calls to a running system's services, found again after a restart."""

    find: Callable[[], Where]
    actor: str = "cli"
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=ANSWER_S_MAX))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, service: str, path: str, **params: Any) -> Any:
        """A query's answer.

        Raises: Refused, Unavailable.
        """
        given = {name: value for name, value in params.items() if value is not None}
        return self._call(service, "GET", path, params=given)

    def post(
        self, service: str, path: str, body: dict[str, Any] | None = None, **headers: str
    ) -> Any:
        """An action's answer."""
        return self._call(service, "POST", path, json=body, headers=headers)

    def command(
        self, service: str, name: str, body: dict[str, Any], command_id: UUID | None = None
    ) -> dict[str, Any]:
        """Send a command, the same id again until an answer is certain.

        Raises: Refused when it is wrong; Unavailable when the service stays away.
        """
        headers = {"Idempotency-Key": str(command_id or uuid4())}
        answer: dict[str, Any] = self._call(
            service, "POST", f"/commands/{name}", json=body, headers=headers
        )
        return answer

    def commands(
        self, service: str, commands: Sequence[SentCommand]
    ) -> list[dict[str, Any] | Refused]:
        """Send many commands in one request, some again until each answer is certain.

        The outcomes in their order; a refusal stands in the place of whom it concerns.
        """
        deadline = time.monotonic() + RETRY_S_MAX
        answers: dict[UUID, dict[str, Any]] = {}
        waiting = list(commands)
        while waiting:
            body = [{"name": c.name, "id": str(c.id), "body": c.body} for c in waiting]
            told: list[dict[str, Any]] = self._call(service, "POST", "/commands", json=body)
            answers |= {command.id: answer for command, answer in zip(waiting, told, strict=True)}
            if time.monotonic() > deadline:
                break
            waiting = [command for command in waiting if _may_pass(answers[command.id])]
            if waiting:
                time.sleep(AGAIN_S)
        return [
            answers[c.id] if "outcome" in answers[c.id] else Refused(answers[c.id])
            for c in commands
        ]

    def _call(self, service: str, method: str, path: str, **options: Any) -> Any:
        deadline = time.monotonic() + RETRY_S_MAX
        while True:
            try:
                where = self.find()
                headers = {"Cadre-Actor": self.actor} | options.pop("headers", {})
                headers |= {"Authorization": f"Bearer {where.token}"}
                options["headers"] = headers
                response = self.http.request(method, where.urls[service] + path, **options)
                if not _passing(response):
                    return _answer(response)
            except (httpx.InvalidURL, UnicodeError) as error:
                raise Malformed(
                    f"内容无法发送 · this cannot be sent: {error}",
                    hint="请使用可打印的字符 · write it in signs that can be printed",
                ) from error
            except (httpx.TransportError, OSError) as error:
                if time.monotonic() > deadline:
                    raise Unavailable(
                        f"服务没有应答 · {service} does not answer: {error}",
                        hint="请检查系统 · see `cadre doctor`",
                    ) from error
            else:
                if time.monotonic() > deadline:
                    return _answer(response)
            time.sleep(AGAIN_S)


def _passing(response: httpx.Response) -> bool:
    """Whether the same request may well succeed in a moment."""
    if response.status_code == LostRace.status:
        told = _told(response)
        return isinstance(told, dict) and _may_pass(cast("dict[str, Any]", told))
    return response.status_code in {Unavailable.status, OutcomeUnknown.status}


def _may_pass(answer: dict[str, Any]) -> bool:
    """Whether this is a problem that the same command may not meet again."""
    passing = (LostRace, Unavailable, OutcomeUnknown)
    return answer.get("type") in {f"urn:cadre:problem:{kind.code}" for kind in passing}


def _answer(response: httpx.Response) -> Any:
    told = _told(response)
    if response.is_success and told is None:
        raise Unavailable(
            "该地址应答的不是本系统的服务 · what answers there is no service of Cadre",
            where=str(response.url.copy_with(query=None)),
            hint="请核对各服务的地址 · see where the services are: in run.json, or in the settings",
        )
    if response.is_success:
        return told
    status = response.status_code
    known = isinstance(told, dict)
    raise Refused(
        cast("dict[str, Any]", told)
        if known
        else {"detail": f"服务拒绝办理 · HTTP {status}", "status": status}
    )


def _told(response: httpx.Response) -> Any:
    """The JSON of an answer; None where it is none."""
    try:
        return response.json()
    except ValueError:
        return None
