"""A survey in forked processes; in a module that a spawned process can import."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Executor

from cadre.audit.survey import Particulars, Stored, Survey
from cadre.audit.surveyors import Surveyors, forked
from cadre.shared.log.headers import Headers
from cadre.shared.log.signed import Message


def forked_facts(events: list[Stored]) -> list[Particulars]:
    """What processes say of events that were forked from one without threads."""

    async def arriving() -> AsyncIterator[list[Message]]:
        for position, recorded_ns, subject, block, body in events:
            yield [Message(subject, Headers(block), body, position, recorded_ns)]

    async def surveyed(processes: Executor) -> list[Particulars]:
        with Surveyors(Survey(None), len(events), processes) as surveyors:
            return [facts async for some in surveyors.surveyed(arriving()) for _, facts in some]

    with forked() as processes:
        assert processes is not None
        return asyncio.run(surveyed(processes))
