"""The peer over HTTP: same framework, same server, Selection's own decision, and no token."""

import os
from typing import Any

import empty_service as empty
from fastapi import FastAPI
from peer import Register
from pydantic import BaseModel

from cadre.selection.deciding.observation import OBSERVATIONS, Observe


class Recorded(BaseModel):
    """What the caller is told; the same of our answer that a caller needs."""

    outcome: str
    position: int
    event: dict[str, Any]


def app() -> FastAPI:
    """The peer's commands; CADRE_BENCH_THREADS says whether they run in threads."""
    app = empty.app()
    register = Register(dict(os.environ))

    def carry_out(command: Observe) -> Recorded:
        person = register.person(command.cadre_id)
        for event in OBSERVATIONS.recorded(command, person.state):
            person.add(event)
        recorded = register.save(person)
        if not recorded:
            return Recorded(outcome="unchanged", position=0, event={})
        told = recorded[-1].domain_event
        return Recorded(
            outcome="recorded",
            position=recorded[-1].notification.id,
            event=told.event.model_dump(mode="json"),  # type: ignore[union-attr]
        )

    if os.environ.get("CADRE_BENCH_THREADS"):

        @app.post("/commands/observe")
        def in_thread(command: Observe) -> Recorded:
            return carry_out(command)

    else:

        @app.post("/commands/observe")
        async def in_loop(command: Observe) -> Recorded:
            return carry_out(command)

    return app
