"""The emptiest application on the services' framework and server."""

from fastapi import FastAPI


def app() -> FastAPI:
    """One route that does nothing."""
    made = FastAPI()

    @made.get("/empty")
    async def nothing() -> dict[str, str]:
        return {}

    return made
