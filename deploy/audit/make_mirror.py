"""Create the mirror of HISTORY in the account AUDIT, once; safe to run again.

Reads CADRE_NATS_URL, CADRE_NATS_PASSWORD_AUDITOR and, for TLS, CADRE_CA_FILE. Exits with 1 when the
mirror is refused, for instance because one with other settings exists: the auditor cannot change
it, on purpose.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from cadre.shared.log.connection import connect

CONFIG = Path(__file__).with_name("history-audit.json")
CONNECT_ATTEMPTS_MAX = 30


async def main() -> int:
    """Ask for the mirror and say what came of it."""
    ca_file = os.environ.get("CADRE_CA_FILE")
    client = await connect(
        os.environ["CADRE_NATS_URL"],
        ca_file=Path(ca_file) if ca_file else None,
        user="auditor",
        password=os.environ["CADRE_NATS_PASSWORD_AUDITOR"],
        inbox_prefix=b"_INBOX_auditor",
        max_reconnect_attempts=CONNECT_ATTEMPTS_MAX,
    )
    try:
        name = json.loads(CONFIG.read_text("utf-8"))["name"]
        reply = await client.request(f"$JS.API.STREAM.CREATE.{name}", CONFIG.read_bytes())
    finally:
        await client.close()
    answer = json.loads(reply.data)
    if error := answer.get("error"):
        sys.stderr.write(f"{name}: {error['description']}\n")
        return 1
    held = answer["state"]["messages"]
    sys.stdout.write(f"{name} follows HISTORY; it holds {held} events\n")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
