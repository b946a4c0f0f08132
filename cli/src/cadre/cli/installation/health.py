"""What the services say of themselves, asked within a time limit and never believed blindly."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import BaseModel, ValidationError

ANSWER_S_MAX = 5.0


class ToldFault(BaseModel):
    """One entry of ``faults`` in the answer of ``/health/ready``."""

    name: str
    detail: str = ""
    hint: str = ""
    stops: str = "commands"
    age_s: float = 0.0


class _Answer(BaseModel):
    version: str | None = None
    faults: list[ToldFault] = []


@dataclass(frozen=True, slots=True)
class Health:
    """What came when a service was asked; ``silent`` when it took the call and never answered."""

    ready: bool
    faults: list[ToldFault]
    unanswered: str | None = None
    silent: bool = False
    version: str | None = None

    @property
    def why(self) -> str:
        """Why it is not ready."""
        if self.unanswered is not None:
            return self.unanswered
        said = "; ".join(f"{one.name}: {one.detail}" for one in self.faults)
        return said or "it does not say why it is not ready"


def health_of(answer: httpx.Response) -> Health:
    """What an answer of ``/health/ready`` says."""
    try:
        told: Any = answer.json()
        said = _Answer.model_validate(told)
    except (ValueError, ValidationError):
        why = f"it answers {answer.status_code} with something else than its health"
        return Health(ready=False, faults=[], unanswered=why)
    return Health(ready=answer.is_success, faults=said.faults, version=said.version)


def unanswered(error: Exception) -> Health:
    """A call that failed."""
    silent = isinstance(error, httpx.TimeoutException | TimeoutError)
    said = f"no answer within {ANSWER_S_MAX:g} s" if silent else str(error) or type(error).__name__
    return Health(ready=False, faults=[], unanswered=said, silent=silent)


async def ask(client: httpx.AsyncClient, url: str) -> Health:
    """Ask a service once; it is not waited for longer than `ANSWER_S_MAX`."""
    try:
        # The client's own limit begins anew with every byte.
        async with asyncio.timeout(ANSWER_S_MAX):
            return health_of(await client.get(f"{url}/health/ready", timeout=ANSWER_S_MAX))
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return unanswered(error)


async def ask_all(urls: Mapping[str, str]) -> dict[str, Health]:
    """Ask several at once; by their names."""
    async with httpx.AsyncClient() as client:
        found = await asyncio.gather(*(ask(client, url) for url in urls.values()))
    return dict(zip(urls, found, strict=True))
